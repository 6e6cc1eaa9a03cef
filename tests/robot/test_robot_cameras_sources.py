"""Which source the settings mean, and what a captured picture is."""

import numpy as np
import pytest

from bt_robot.robot.cameras.choice import source_for
from bt_robot.robot.cameras.settings import OpenCvCameraSettings, ScriptedCameraSettings, VideoCameraSettings
from bt_robot.robot.cameras.sources import Captured
from tests.robot.camera_kit import picture


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (OpenCvCameraSettings(0), "OpenCvSource"),
        (VideoCameraSettings("x.mp4"), "VideoSource"),
        (ScriptedCameraSettings(), "ScriptedSource"),
    ],
)
def test_each_kind_of_settings_has_its_source(settings, name):
    assert type(source_for(settings, lambda time_s: False, lambda: "")).__name__ == name


def test_equal_pictures_have_equal_hashes_and_others_do_not():
    first, same, other = (Captured.of(picture(number), 0.0) for number in (1, 1, 2))
    assert first.content_hash == same.content_hash != other.content_hash


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_turned_picture_keeps_its_corner(degrees):
    image = np.zeros((2, 3, 3), np.uint8)
    image[0, 0] = 9
    turned = Captured.of(image, 0.0, degrees).image
    corner = {0: (0, 0), 90: (0, -1), 180: (-1, -1), 270: (-1, 0)}[degrees]  # clockwise
    assert turned[corner].tolist() == [9, 9, 9]
    assert turned.sum() == 27
