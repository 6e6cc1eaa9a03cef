"""What a config can say about cameras, and in which words it is refused."""

from collections.abc import Mapping
from typing import Annotated

import pytest

from bt_robot.config.source import Problems, parse
from bt_robot.config.values import Tagged, read_value
from bt_robot.robot.cameras.settings import (
    CAMERA_KINDS,
    CameraSettings,
    OpenCvCameraSettings,
    ScriptedCameraSettings,
    SimulatedCameraSettings,
    Step,
    VideoCameraSettings,
    from_json,
    largest,
    to_json,
)

CAMERAS = Mapping[str, Annotated[CameraSettings, Tagged("type", CAMERA_KINDS, default="opencv")]]


def read(text):
    problems = Problems()
    value = read_value(parse(text, "x.yaml", problems), CAMERAS, problems, "cameras")
    return value, [str(problem) for problem in problems.found]


def test_every_kind_of_camera_can_be_written_and_opencv_is_meant_without_a_word():
    cameras, problems = read("""
wrist: {type: opencv, device: /dev/v4l/by-id/usb-cam-video-index0, width: 1280, height: 720, fps: 15, fourcc: YUYV}
realsense: {device: 0, rotate: 180, max_age_s: 1}
lerobot: {index_or_path: '2'}
street: {device: http://camera.local/stream, fourcc: any}
old: {type: video, path: run.mp4, loop: false, fps: 10}
cell: {type: simulated, view: top}
demo: {type: scripted, script: [{do: play, for_s: 2}, {do: slow, amount: 0.1}]}
""")
    assert problems == []
    assert cameras == {
        "wrist": OpenCvCameraSettings("/dev/v4l/by-id/usb-cam-video-index0", 1280, 720, 15.0, "YUYV"),
        "realsense": OpenCvCameraSettings(0, rotate=180, max_age_s=1.0),
        "lerobot": OpenCvCameraSettings("2"),
        "street": OpenCvCameraSettings("http://camera.local/stream", fourcc="any"),
        "old": VideoCameraSettings("run.mp4", loop=False, fps=10.0),
        "cell": SimulatedCameraSettings("top"),
        "demo": ScriptedCameraSettings(script=(Step("play", 2.0), Step("slow", amount=0.1))),
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: {width: 640}", "x.yaml:1:4: cameras.a: 'device' is missing; expected a whole number or text"),
        ("a: {device: -1}", "x.yaml:1:4: cameras.a: device: -1; expected a path under /dev/v4l/by-id, an index such"),
        ("a: {device: 0, fourcc: MJPEG}", "x.yaml:1:4: cameras.a: fourcc: 'MJPEG'; expected four characters such as"),
        ("a: {device: 0, width: 8}", "x.yaml:1:23: width: '8'; expected a whole number from 16 to 4096"),
        ("a: {device: 0, rotate: 45}", "x.yaml:1:24: unknown rotate '45'; expected one of 0, 180, 270, 90"),
        ("a: {device: 0, hight: 480}", "x.yaml:1:16: unknown key 'hight'; expected one of device, fourcc, fps,"),
        ("a: {type: usb, device: 0}", "x.yaml:1:11: unknown cameras.a.type 'usb'; expected one of opencv, scripted,"),
        ("a: {type: simulated, view: side}", "x.yaml:1:28: unknown view 'side'; expected one of front, top, wrist"),
    ],
)
def test_what_can_not_be_meant_is_refused_with_its_place(text, problem):
    _, problems = read(text)
    assert len(problems) == 1
    assert problems[0].startswith(problem)


@pytest.mark.parametrize(
    "settings",
    [
        OpenCvCameraSettings("/dev/video0", rotate=90),
        VideoCameraSettings("x.mp4", fps=None),
        ScriptedCameraSettings(script=(Step("pause", 1.0), Step("corrupt", None, 0.25))),
    ],
)
def test_settings_reach_the_capture_process_as_they_are(settings):
    line = to_json(settings)
    assert "\n" not in line
    assert from_json(line) == settings


@pytest.mark.parametrize(
    ("device", "shown"),
    [
        (0, "0"),
        ("/dev/v4l/by-id/usb-x", "/dev/v4l/by-id/usb-x"),
        ("rtsp://me:secret@camera.local:554/1", "rtsp://***@camera.local:554/1"),
        ("http://camera.local/a@b", "http://camera.local/a@b"),
    ],
)
def test_a_password_in_a_url_is_never_shown(device, shown):
    assert OpenCvCameraSettings(device).shown == shown


def test_the_room_for_pictures_is_known_beforehand_but_for_a_video():
    assert largest(OpenCvCameraSettings(0, 800, 600)) == (800, 600)
    assert largest(ScriptedCameraSettings(32, 24)) == (32, 24)
    assert largest(VideoCameraSettings("x")) == (4096, 4096)
