"""`bt-arm cameras`: what is plugged in, and what it sees."""

import cv2
import pytest

from bt_robot.cli.arm.main import main
from bt_robot.robot.cameras.discovery import VideoDevice
from tests.cli.arm_kit import fits

CONFIG = """\
robot:
  type: so101
  port: emulated
  cameras:
    front: {type: scripted, width: 64, height: 48, fps: 30}
    wrist: {type: simulated, view: wrist}
"""


@pytest.fixture
def plugged_in(monkeypatch):
    def plug(*found):
        monkeypatch.setattr("bt_robot.robot.cameras.discovery.devices", lambda *_: found)

    plug()
    return plug


def test_cameras_are_listed_by_the_path_that_stays(command, plugged_in):
    by_id = "/dev/v4l/by-id/usb-046d_C920-video-index0"
    plugged_in(VideoDevice("/dev/video0", "C920", by_id), VideoDevice("/dev/video2", ""))
    done = command(main, "cameras")
    assert done.code == 0
    assert done.out.splitlines() == [by_id, "    C920, now /dev/video0", "/dev/video2", "    a camera, now /dev/video2"]
    found = command(main, "cameras", "--json").json
    assert (found["status"], [device["path"] for device in found["devices"]]) == ("OK", [by_id, "/dev/video2"])


def test_no_camera_at_all_says_what_to_try(command, plugged_in):
    done = command(main, "cameras")
    assert done.code == 1
    assert "no camera is plugged in" in done.out
    assert fits(done.out)
    assert command(main, "cameras", "--snapshot", "x").code == 3


def test_a_picture_of_each_camera_of_a_config_is_saved(command, plugged_in, tmp_path, monkeypatch):
    monkeypatch.setattr("bt_robot.cli.arm.camera_look._WATCH_S", 0.3)
    config = tmp_path / "mine.yaml"
    config.write_text(CONFIG)
    done = command(main, "cameras", "--config", config, "--snapshot", tmp_path / "shots", "--json")
    assert done.code == 0
    assert set(done.json["cameras"]) == {"front"}
    front = done.json["cameras"]["front"]
    assert (front["good"], front["width"], front["height"]) == (True, 64, 48)
    assert front["rate_hz"] > 0
    assert cv2.imread(front["file"]).shape == (48, 64, 3)


def test_a_camera_that_is_not_there_fails_and_is_named(command, plugged_in, tmp_path):
    config = tmp_path / "mine.yaml"
    config.write_text(CONFIG.replace("{type: scripted, width: 64, height: 48, fps: 30}", "{device: 5}"))
    done = command(main, "cameras", "--config", config)
    assert done.code == 1
    assert "FAIL camera camera 'front': there is no /dev/video5; no camera is plugged in" in " ".join(done.out.split())
    assert fits(done.out)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--set", "robot.bus_hz=50"), "--set changes a config; give --config, too"),
        (("--config", "sim"), "is no SO-101"),
        (("--config", "so101_emulated", "--snapshot", __file__), "name another folder"),
    ],
)
def test_what_is_not_meant_is_a_usage_error(command, plugged_in, flags, words, tmp_path):
    if "so101_emulated" in flags:
        config = tmp_path / "mine.yaml"
        config.write_text(CONFIG)
        flags = ("--config", config, *flags[2:])
    done = command(main, "cameras", *flags)
    assert done.code == 2
    assert words in done.err
