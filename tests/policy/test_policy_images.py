"""Pictures resized as openpi_client resizes them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.policy.images import resize_with_pad
from tests.scale import examples


def textured(height, width):
    """A picture with detail at every scale down to a few pixels, and sensor noise."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8)


def test_a_picture_of_the_right_size_is_returned_as_it_is():
    image = textured(224, 224)
    assert resize_with_pad(image, 224, 224) is image


@pytest.mark.parametrize(("height", "width", "rows"), [(480, 640, 28), (720, 1280, 49)])
def test_a_wide_picture_gets_black_rows_above_and_below(height, width, rows):
    image = np.full((height, width, 3), 200, np.uint8)
    fitted = resize_with_pad(image, 224, 224)
    assert (fitted[:rows] == 0).all()
    assert (fitted[-rows:] == 0).all()
    assert (fitted[rows:-rows] == 200).all()


def test_a_tall_picture_gets_black_columns():
    fitted = resize_with_pad(np.full((640, 480, 3), 9, np.uint8), 224, 224)
    assert (fitted[:, :28] == 0).all()
    assert (fitted[:, 28:-28] == 9).all()


def test_a_shrunk_picture_is_pillows_within_half_a_grey_level():
    pillow = pytest.importorskip("PIL.Image")
    image = textured(480, 640)
    reference = np.asarray(pillow.fromarray(image).resize((224, 168), pillow.Resampling.BILINEAR))
    difference = np.abs(resize_with_pad(image, 224, 224)[28:-28].astype(int) - reference)
    assert difference.mean() < 0.5
    assert difference.max() <= 7


@settings(max_examples=examples(50))
@given(st.integers(1, 90), st.integers(1, 90), st.integers(8, 40), st.integers(8, 40))
def test_every_size_fits_into_every_size(height, width, to_height, to_width):
    fitted = resize_with_pad(np.full((height, width, 3), 255, np.uint8), to_height, to_width)
    assert fitted.shape == (to_height, to_width, 3)
    assert fitted.dtype == np.uint8
    assert fitted.max() == 255
