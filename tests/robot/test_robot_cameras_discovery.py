"""Which cameras there are, in a made-up tree of devices."""

import pytest

from bt_robot.errors import RobotRefused
from bt_robot.robot.cameras import discovery
from bt_robot.robot.cameras.discovery import VideoDevice
from bt_robot.robot.cameras.settings import OpenCvCameraSettings
from tests.robot.camera_kit import device_tree

C270 = "usb-046d_C270_1234-video-index0"
C920 = "usb-046d_C920_5678-video-index0"
PORT1, PORT2 = "pci-0000:00:14.0-usb-0:1:1.0-video-index0", "pci-0000:00:14.0-usb-0:2:1.0-video-index0"


@pytest.fixture
def root(tmp_path):
    return device_tree(
        tmp_path,
        (0, "C270 HD WEBCAM", C270, PORT1, 0),
        (1, "C270 HD WEBCAM", C270.replace("index0", "index1"), "", 1),
        (2, "HD Pro Webcam C920", C920, PORT2, 0),
        (10, "No Serial", "", PORT2.replace("0:2", "0:3"), 0),
        (11, "Bare", "", "", 0),
    )


def test_devices_are_listed_with_names_and_stable_paths_but_without_metadata_nodes(root):
    found = discovery.devices(root)
    assert [device.node for device in found] == ["/dev/video0", "/dev/video2", "/dev/video10", "/dev/video11"]
    assert found[0] == VideoDevice(
        "/dev/video0", "C270 HD WEBCAM", f"/dev/v4l/by-id/{C270}", f"/dev/v4l/by-path/{PORT1}"
    )
    assert [device.stable for device in found] == [
        f"/dev/v4l/by-id/{C270}",
        f"/dev/v4l/by-id/{C920}",
        f"/dev/v4l/by-path/{PORT2.replace('0:2', '0:3')}",
        "/dev/video11",
    ]


def test_a_machine_without_cameras_has_none(tmp_path):
    assert discovery.devices(tmp_path) == ()
    assert discovery.listed(()) == "no camera is plugged in"


@pytest.mark.parametrize("device", [2, "2", "/dev/video2", f"/dev/v4l/by-id/{C920}", f"/dev/v4l/by-path/{PORT2}"])
def test_an_index_and_every_path_of_a_camera_mean_the_path_that_stays_with_it(root, device):
    assert discovery.node_of(device, root) == "/dev/video2"
    assert discovery.stable_path(device, root) == f"/dev/v4l/by-id/{C920}"


@pytest.mark.parametrize("device", ["http://camera.local/stream", "/dev/video7", "rtsp://x/1"])
def test_what_is_no_device_of_this_machine_means_itself(root, device):
    assert discovery.node_of(device, root) == device
    assert discovery.stable_path(device, root) == device


def test_a_missing_camera_is_refused_with_the_paths_of_those_that_are_there(root):
    with pytest.raises(RobotRefused) as refused:
        discovery.refuse_missing("wrist", 7, root)
    assert str(refused.value) == (
        f"camera 'wrist': there is no /dev/video7; plugged in: /dev/v4l/by-id/{C270} (C270 HD WEBCAM),"
        f" /dev/v4l/by-id/{C920} (HD Pro Webcam C920),"
        f" /dev/v4l/by-path/{PORT2.replace('0:2', '0:3')} (No Serial), /dev/video11 (Bare)"
    )
    discovery.refuse_missing("wrist", 2, root)
    discovery.refuse_missing("wrist", f"/dev/v4l/by-id/{C270}", root)
    discovery.refuse_missing("wrist", "http://camera.local/stream", root)


def test_an_index_is_accepted_with_the_advice_to_write_the_path(root):
    cameras = {
        "wrist": OpenCvCameraSettings(2),
        "front": OpenCvCameraSettings(f"/dev/v4l/by-id/{C270}"),
        "side": OpenCvCameraSettings("/dev/video11"),
        "street": OpenCvCameraSettings("http://camera.local/stream"),
    }
    assert discovery.advice(cameras, root) == (
        "camera 'wrist': /dev/video2 may be another camera after a replug or restart;"
        f" write device: /dev/v4l/by-id/{C920}",
    )


def test_two_names_for_one_camera_are_refused(root):
    cameras = {"wrist": OpenCvCameraSettings(0), "front": OpenCvCameraSettings(f"/dev/v4l/by-id/{C270}")}
    with pytest.raises(RobotRefused, match="the cameras 'wrist' and 'front' are the same device, /dev/video0; give"):
        discovery.advice(cameras, root)
