"""All cameras together, with cameras made for the test and a clock by hand."""

import threading

import numpy as np
import pytest

from bt_robot.errors import RobotRefused
from bt_robot.messages import Frame
from bt_robot.robot.cameras.base import CameraCondition
from bt_robot.robot.cameras.captured import CapturedCamera
from bt_robot.robot.cameras.rig import CameraRig, rig_of
from bt_robot.robot.cameras.settings import (
    OpenCvCameraSettings,
    ScriptedCameraSettings,
    SimulatedCameraSettings,
    VideoCameraSettings,
)
from bt_robot.robot.cameras.simulated import SimulatedCamera
from tests.robot.camera_kit import device_tree

PICTURE = np.zeros((48, 64, 3), np.uint8)


class MadeCamera:
    """Shows and says what the test wants."""

    def __init__(self, name, refusal=""):
        self.name = name
        self.refusal = refusal
        self.frame = None
        self.said = CameraCondition(fresh=True)
        self.opened = self.closed = self.asked = 0
        self.gate = None

    def open(self):
        self.opened += 1
        if self.gate is not None:
            self.gate.wait(60)
        if self.refusal:
            raise RobotRefused(self.refusal)

    def newest(self, now_s):
        return self.frame

    def condition(self, now_s):
        self.asked += 1
        return self.said

    def close(self):
        self.closed += 1

    def show(self, captured_s):
        self.frame = Frame(self.name, captured_s, lambda: PICTURE)

    def doubt(self, words, reason="", lost=False):
        self.said = CameraCondition(fresh=False, doubt=words, reason=reason, lost=lost)

    def well(self, *warnings, interval_s=0.0):
        self.said = CameraCondition(fresh=True, warnings=warnings, interval_s=interval_s)


@pytest.fixture
def front():
    return MadeCamera("front")


@pytest.fixture
def wrist():
    return MadeCamera("wrist")


@pytest.fixture
def rig(front, wrist):
    return CameraRig({"front": front, "wrist": wrist})


def test_all_are_opened_at_the_same_time(rig, front, wrist):
    front.gate = wrist.gate = threading.Barrier(2)  # each waits for the other
    rig.open()
    assert rig.names == ("front", "wrist")
    assert (front.closed, wrist.closed) == (0, 0)


def test_when_some_can_not_be_opened_all_are_closed_and_each_reason_is_told():
    cameras = [MadeCamera("a"), MadeCamera("b", "camera 'b': not there"), MadeCamera("c", "camera 'c': too large")]
    with pytest.raises(RobotRefused) as refused:
        CameraRig({camera.name: camera for camera in cameras}).open()
    assert str(refused.value) == "camera 'b': not there\ncamera 'c': too large"
    assert [camera.closed for camera in cameras] == [1, 1, 1]


def test_an_unexpected_error_closes_all_too(rig, front, wrist):
    def fail():
        raise ZeroDivisionError

    front.open = fail
    with pytest.raises(ZeroDivisionError):
        rig.open()
    assert (front.closed, wrist.closed) == (1, 1)


def test_without_cameras_there_is_nothing_to_see_or_to_doubt():
    rig = CameraRig({})
    rig.open()
    assert (rig.frames(1.0), rig.doubts(1.0), rig.lost(1.0), rig.notes()) == ({}, (), (), ())
    rig.close()


def test_the_newest_frames_are_handed_over_and_each_camera_is_asked_once_for_a_time(rig, front, wrist):
    front.show(1.0)
    assert rig.frames(1.0) == {"front": front.frame}
    wrist.show(1.02)
    assert rig.doubts(1.0) == ()
    assert rig.frames(1.03) == {"front": front.frame, "wrist": wrist.frame}
    assert rig.conditions(1.03) == {"front": front.said, "wrist": wrist.said}
    assert front.asked == wrist.asked == 2


def test_doubts_and_losses_are_told_with_what_is_known(rig, front, wrist):
    wrist.doubt("camera 'wrist': no new picture for 0.21 s")
    assert rig.doubts(1.0) == ("camera 'wrist': no new picture for 0.21 s",)
    assert rig.lost(1.0) == ()
    wrist.doubt("camera 'wrist': no new picture for 0.61 s", "it was unplugged", lost=True)
    assert rig.doubts(2.0) == rig.lost(2.0) == ("camera 'wrist': no new picture for 0.61 s; it was unplugged",)


def test_a_person_is_told_each_thing_once(rig, front, wrist):
    rig.doubts(0.0)
    assert rig.notes() == ()
    for tick in range(21, 90):
        reason = "it was unplugged" if tick > 60 else ""
        wrist.doubt(f"camera 'wrist': no new picture for 0.{tick} s", reason, lost=tick > 50)
        rig.doubts(tick / 100)
    wrist.well()
    rig.doubts(1.5)
    assert rig.notes() == (
        "camera 'wrist': no new picture for 0.21 s",
        "camera 'wrist': no new picture for 0.51 s; it counts as lost",
        "camera 'wrist': it was unplugged",
        "camera 'wrist': its pictures are fresh again after 1.3 s",
    )
    assert rig.notes() == ()
    wrist.doubt("camera 'wrist': no new picture for 0.2 s", "it was unplugged")
    rig.doubts(2.0)
    assert rig.notes() == ("camera 'wrist': no new picture for 0.2 s", "camera 'wrist': it was unplugged")


def test_a_warning_is_told_when_it_begins(rig, front):
    for tick in range(30):
        if 5 <= tick < 10 or tick >= 20:
            front.well("camera 'front': its pictures are black")
        else:
            front.well()
        assert rig.doubts(tick / 10) == ()
    assert rig.notes() == ("camera 'front': its pictures are black",) * 2


def test_frames_that_do_not_belong_together_are_in_doubt(rig, front, wrist):
    front.show(1.0)
    wrist.show(0.92)
    assert rig.doubts(1.0) == ("camera 'wrist' is 0.080 s behind 'front', 0.050 s are allowed",)
    wrist.show(0.96)
    assert rig.doubts(1.01) == ()
    wrist.show(0.92)
    rig.doubts(1.02)
    assert rig.notes() == ("camera 'wrist' is 0.080 s behind 'front', 0.050 s are allowed",)
    rig.doubts(20.0)
    assert len(rig.notes()) == 1  # after a while it is told again


def test_beside_a_slower_camera_an_earlier_frame_is_handed_over(rig, front, wrist):
    shown = []
    for tick in range(10):
        front.show(tick / 30)
        wrist.show(tick / 30 - 0.1)
        shown.append(front.frame)
        frames = rig.frames(tick / 30)
        if tick >= 4:
            assert frames["front"] is shown[tick - 3]
            assert frames["wrist"] is wrist.frame
            assert rig.doubts(tick / 30) == ()


def test_slow_cameras_may_be_apart_by_one_and_a_half_periods(rig, front, wrist):
    front.show(1.0)
    wrist.show(0.86)
    wrist.well(interval_s=0.1)
    assert rig.doubts(1.0) == ()
    wrist.show(0.84)
    assert rig.doubts(1.01) == ("camera 'wrist' is 0.160 s behind 'front', 0.150 s are allowed",)


def test_a_camera_that_is_in_doubt_is_not_compared(rig, front, wrist):
    front.show(5.0)
    wrist.show(1.0)
    wrist.doubt("camera 'wrist': no new picture for 4.00 s")
    assert rig.doubts(5.0) == ("camera 'wrist': no new picture for 4.00 s",)


def test_closing_closes_all_any_number_of_times(rig, front, wrist):
    rig.close()
    rig.close()
    assert (front.closed, wrist.closed) == (2, 2)


def test_a_config_becomes_cameras_of_each_kind(tmp_path):
    root = device_tree(tmp_path, (0, "C270", "usb-C270-video-index0", "", 0))
    settings = {
        "wrist": OpenCvCameraSettings(0),
        "old": VideoCameraSettings("x.mp4"),
        "demo": ScriptedCameraSettings(),
        "cell": SimulatedCameraSettings("top"),
    }
    rig = rig_of(settings, simulated=lambda view, now_s: Frame(view, now_s, lambda: PICTURE), root=root)
    kinds = [type(camera) for camera in rig._cameras.values()]
    assert kinds == [CapturedCamera, CapturedCamera, CapturedCamera, SimulatedCamera]
    assert [camera.name for camera in rig._cameras.values()] == ["wrist", "old", "demo", "cell"]
    assert rig.notes() == (
        "camera 'wrist': /dev/video0 may be another camera after a replug or restart;"
        " write device: /dev/v4l/by-id/usb-C270-video-index0",
    )


def test_a_simulated_camera_needs_a_simulation():
    with pytest.raises(RobotRefused, match="camera 'cell' is simulated, but the robot is not: write type: opencv"):
        rig_of({"cell": SimulatedCameraSettings("top")})
