"""Frames whose pictures were taken already are passed on as they are."""

import numpy as np
import pytest

from bt_robot.telemetry.jpeg import encode_jpeg
from bt_robot.telemetry.kept import KeptFrame
from bt_robot.telemetry.recorder.shutter import Shutter

JPEG = encode_jpeg(np.full((8, 8, 3), 100, np.uint8))


def test_the_picture_can_be_looked_at():
    image = KeptFrame("front", 1.0, JPEG).image
    assert image.shape == (8, 8, 3)
    assert image.mean() == pytest.approx(100, abs=2)


def test_without_a_picture_it_says_so():
    with pytest.raises(ValueError, match="this picture of the camera 'front' was not kept"):
        _ = KeptFrame("front", 1.0, None).image


def test_a_shutter_takes_the_picture_that_is_there_and_passes_over_none():
    frames = {"front": KeptFrame("front", 0.0, JPEG), "wrist": KeptFrame("wrist", 0.0, None)}
    ((frame, jpeg),) = Shutter(10.0).pictures(frames, 0.0)
    assert (frame.camera, jpeg) == ("front", JPEG)
    assert jpeg is JPEG
