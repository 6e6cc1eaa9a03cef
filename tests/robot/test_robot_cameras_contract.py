"""What every camera must do; a new camera adds one line to CAMERAS."""

import time

import numpy as np
import pytest

from bt_robot.messages import Frame
from bt_robot.robot.cameras.base import CameraCondition
from bt_robot.robot.cameras.captured import CapturedCamera
from bt_robot.robot.cameras.settings import OpenCvCameraSettings, VideoCameraSettings
from bt_robot.robot.cameras.simulated import SimulatedCamera
from tests.robot.camera_kit import HEIGHT, WIDTH, MjpegServer, picture, scripted, until, watch, write_video


@pytest.fixture
def live():
    with MjpegServer() as server:
        yield server


def _simulated(live, folder):
    def look(view, now_s):
        image = picture(int(now_s * 30))
        image.setflags(write=False)
        return Frame(view, now_s, lambda: image)

    return SimulatedCamera("wrist", "front", look)


CAMERAS = {
    "opencv": lambda live, folder: CapturedCamera("wrist", OpenCvCameraSettings(live.url, WIDTH, HEIGHT)),
    "video": lambda live, folder: CapturedCamera("wrist", VideoCameraSettings(write_video(folder / "run.avi"))),
    "scripted": lambda live, folder: scripted("wrist"),
    "simulated": _simulated,
}


@pytest.fixture(params=CAMERAS)
def camera(request, live, tmp_path):
    camera = CAMERAS[request.param](live, tmp_path)
    yield camera
    camera.close()


@pytest.fixture
def opened(camera):
    camera.open()
    return camera


def test_it_has_the_name_that_the_config_gave_it(camera):
    assert camera.name == "wrist"


def test_before_it_is_opened_it_shows_nothing_and_says_so(camera):
    assert camera.newest(time.monotonic()) is None
    condition = camera.condition(time.monotonic())
    assert (condition.fresh, condition.doubt) == (False, "camera 'wrist': it is not open")


def test_opened_means_that_there_is_a_picture(opened):
    frame = opened.newest(time.monotonic())
    assert frame.camera == "wrist"
    assert frame.image.shape == (HEIGHT, WIDTH, 3)
    assert frame.image.dtype == np.uint8


def test_its_times_are_monotonic_ones(opened):
    before_s = time.monotonic() - 5.0
    until(lambda: before_s < opened.newest(time.monotonic()).captured_s <= time.monotonic())


def test_there_is_a_newer_picture_after_a_while_and_the_earlier_one_stays_as_it_was(opened):
    first = opened.newest(time.monotonic())
    copy = first.image.copy()
    until(lambda: opened.newest(time.monotonic()).captured_s > first.captured_s)
    np.testing.assert_array_equal(first.image, copy)
    assert first.image is first.image


def test_pictures_cannot_be_changed_by_whom_they_are_given(opened):
    with pytest.raises(ValueError, match="read-only"):
        opened.newest(time.monotonic()).image[0, 0, 0] = 1


def test_it_shows_colours_as_rgb(opened):
    def red_mark():
        image = opened.newest(time.monotonic()).image.astype(int)
        return (image[:, :, 0] - image[:, :, 2]).max() > 100

    until(red_mark)


def test_while_pictures_come_they_are_fresh_and_counted(opened):
    condition = watch(opened, lambda c: c.fresh and c.counts.frames >= 5)
    assert (condition.doubt, condition.reason, condition.lost, condition.warnings) == ("", "", False, ())
    assert condition.latency_s >= 0.0
    assert condition == CameraCondition(
        fresh=True, counts=condition.counts, latency_s=condition.latency_s, interval_s=condition.interval_s
    )


def test_opening_twice_and_closing_at_any_time_are_allowed(camera):
    camera.close()
    camera.open()
    camera.open()
    camera.close()
    camera.close()
    assert camera.newest(time.monotonic()) is None
    assert not camera.condition(time.monotonic()).fresh
    camera.open()
    assert camera.newest(time.monotonic()) is not None
