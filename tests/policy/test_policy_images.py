"""Pictures resized as openpi_client resizes them, which is with Pillow."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.cbook import get_sample_data
from PIL import Image

from bt_robot.policy.dialect.images import jpeg, picture, resize_with_pad
from tests.scale import examples

MEAN_BOUND, MAX_BOUND = 1.0, 8  # grey levels of 255


def noise(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def gradient(height, width):
    y, x = np.mgrid[0:height, 0:width]
    planes = [x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)]
    return np.stack(planes, axis=-1).astype(np.uint8)


def photograph(height, width):
    """A portrait that comes with matplotlib, in a camera's size, with every detail it can hold."""
    with get_sample_data("grace_hopper.jpg") as file, Image.open(file) as photo:
        return np.asarray(photo.convert("RGB").resize((width, height), Image.Resampling.LANCZOS))


def checkerboard(height, width):
    """The most detail there is: what a picture that is not averaged well shows as stripes."""
    y, x = np.mgrid[0:height, 0:width]
    return np.repeat(((x + y) % 2 * 255).astype(np.uint8)[:, :, None], 3, axis=2)


def pillows(image, height, width):
    """Do what openpi_client.image_tools.resize_with_pad does (policy-wire.md 1.5)."""
    h, w = image.shape[:2]
    ratio = max(w / width, h / height)
    inner_h, inner_w = max(1, int(h / ratio)), max(1, int(w / ratio))
    inner = Image.fromarray(image).resize((inner_w, inner_h), Image.Resampling.BILINEAR)
    whole = Image.new("RGB", (width, height), 0)
    whole.paste(inner, (max(0, int((width - inner_w) / 2)), max(0, int((height - inner_h) / 2))))
    return np.asarray(whole)


def off(image, height=224, width=224):
    """Return how far our picture is from Pillow's, (mean, max) grey levels."""
    difference = np.abs(resize_with_pad(image, height, width).astype(int) - pillows(image, height, width))
    return difference.mean(), difference.max()


SIZES = {
    "VGA": (480, 640),
    "720p": (720, 1280),
    "1080p": (1080, 1920),
    "RealSense": (480, 848),
    "portrait": (640, 480),
    "square": (448, 448),
    "little shrunk": (240, 320),
    "hardly shrunk": (225, 225),
    "between filtering and averaging": (540, 540),
    "hardly filtered": (620, 620),
    "enlarged": (120, 160),
    "enlarged a lot": (30, 40),
    "a strip": (16, 1000),
    "beyond the filter": (1440, 2560),
}


@pytest.mark.parametrize("draw", [noise, gradient, photograph, checkerboard])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_resized_picture_is_pillows_within_a_few_grey_levels(size, draw):
    mean, most = off(draw(*size))
    assert mean <= MEAN_BOUND
    assert most <= MAX_BOUND


@pytest.mark.parametrize("draw", [noise, gradient, photograph])
def test_a_camera_of_640_by_480_is_pillows_within_four_grey_levels(draw):
    mean, most = off(draw(480, 640))
    assert mean < 0.6
    assert most <= 4


@settings(max_examples=examples(60))
@given(st.integers(1, 400), st.integers(1, 400), st.integers(8, 64), st.integers(8, 64))
def test_every_picture_fits_into_every_size_as_pillow_fits_it(height, width, to_height, to_width):
    mean, most = off(noise(height, width), to_height, to_width)
    assert mean <= MEAN_BOUND
    assert most <= MAX_BOUND


def test_a_picture_of_the_right_size_is_returned_as_it_is():
    image = noise(224, 224)
    assert resize_with_pad(image, 224, 224) is image


@pytest.mark.parametrize("grey", [0, 9, 200, 255])
@pytest.mark.parametrize(("height", "width", "rows"), [(480, 640, 28), (720, 1280, 49), (240, 320, 28), (120, 160, 28)])
def test_a_wide_grey_picture_stays_grey_between_black_rows(height, width, rows, grey):
    fitted = resize_with_pad(np.full((height, width, 3), grey, np.uint8), 224, 224).astype(int)
    assert (fitted[:rows] == 0).all()
    assert (fitted[-rows:] == 0).all()
    assert (np.abs(fitted[rows:-rows] - grey) <= 1).all()
    assert (fitted[rows + 1 : -rows - 1, 1:-1] == grey).all()


def test_a_tall_picture_gets_black_columns():
    fitted = resize_with_pad(np.full((640, 480, 3), 9, np.uint8), 224, 224)
    assert (fitted[:, :28] == 0).all()
    assert (fitted[:, 28:-28] == 9).all()
    assert (fitted[:, -28:] == 0).all()


def test_white_stays_white_at_the_borders_and_never_wraps_around():
    image = np.full((480, 640, 3), 255, np.uint8)
    image[5:475, 5:635] = noise(470, 630)
    fitted = resize_with_pad(image, 224, 224)
    assert (fitted[28] > 200).all()
    assert off(image)[1] <= MAX_BOUND


def test_a_picture_cut_out_of_a_larger_one_is_resized_by_its_own_pixels():
    whole = noise(500, 700)
    cut = whole[10:490, 30:670]
    np.testing.assert_array_equal(resize_with_pad(cut, 224, 224), resize_with_pad(cut.copy(), 224, 224))


def test_a_picture_with_colours_first_holds_the_same_values_in_memory_of_its_own():
    image = noise(480, 640)
    first, last = picture(image, 224, 224, "chw"), picture(image, 224, 224, "hwc")
    assert first.shape == (3, 224, 224)
    assert first.flags.c_contiguous
    np.testing.assert_array_equal(first.transpose(1, 2, 0), last)


def test_a_jpeg_file_holds_the_resized_picture_in_the_right_colours():
    red = np.zeros((480, 640, 3), np.uint8)
    red[:, :, 0] = 200
    file = picture(red, 224, 224, "chw", jpeg_quality=95)
    decoded = cv2.cvtColor(cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert decoded.shape == (224, 224, 3)
    assert np.abs(decoded[112, 112].astype(int) - [200, 0, 0]).max() < 6


def test_a_jpeg_file_of_lower_quality_is_smaller():
    image = photograph(224, 224)
    assert len(jpeg(image, 50)) < len(jpeg(image, 95)) < image.nbytes
