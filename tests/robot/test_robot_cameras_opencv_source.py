"""OpenCV as a source: real files and a real stream, and a V4L2 device as OpenCV's source describes it."""

import time

import cv2
import numpy as np
import pytest

from bt_robot.robot.cameras import opencv_source
from bt_robot.robot.cameras.opencv_source import OpenCvSource
from bt_robot.robot.cameras.settings import OpenCvCameraSettings
from bt_robot.robot.cameras.sources import CorruptFrame, SourceLost
from tests.robot.camera_kit import MjpegServer, jpeg_of, picture, write_video


def source_of(device, width=64, height=48, **settings):
    return OpenCvSource(OpenCvCameraSettings(device, width, height, **settings), lambda: "")


@pytest.fixture
def mjpg(tmp_path):
    return write_video(tmp_path / "cam.avi")


def read_all(source):
    frames = []
    try:
        while True:
            frames.append(source.read())
    except SourceLost:
        return frames


def read_until(source, wanted, count=200):
    """Read until a picture is good or damaged, as wanted."""
    for _ in range(count):
        try:
            source.read()
        except CorruptFrame:
            if wanted == "damaged":
                return
        else:
            if wanted == "good":
                return
    raise AssertionError(f"no {wanted} picture")


def test_an_mjpg_stream_is_decoded_here_and_not_by_opencv(mjpg):
    source = source_of(mjpg)
    source.open()
    assert source._raw
    frames = read_all(source)
    source.close()
    assert len(frames) == 30
    assert len({frame.content_hash for frame in frames}) > 1
    assert frames[0].image.shape == (48, 64, 3)
    assert np.abs(frames[5].image.astype(int) - picture(5)).mean() < 8


def test_any_other_format_is_decoded_by_opencv(tmp_path):
    source = source_of(write_video(tmp_path / "cam.avi", fourcc="XVID"), fourcc="FMP4")
    source.open()
    assert not source._raw
    frames = read_all(source)
    source.close()
    assert len(frames) == 30
    assert np.abs(frames[5].image.astype(int) - picture(5)).mean() < 12  # RGB, not BGR


def test_the_time_of_a_picture_from_the_network_is_when_it_came():
    with MjpegServer() as server:
        source = source_of(server.url, fourcc="any")
        source.open()
        before_s = time.monotonic()
        captured_s = [source.read().captured_s for _ in range(5)]
        source.close()
    assert before_s <= captured_s[0]
    assert captured_s == sorted(captured_s)
    assert captured_s[-1] <= time.monotonic()


def test_damaged_pictures_are_dropped_one_by_one():
    with MjpegServer() as server:
        source = source_of(server.url)
        source.open()
        assert source._raw
        source.read()
        server.change = lambda data: data[: len(data) // 2]
        read_until(source, "damaged")
        server.change = lambda data: data
        read_until(source, "good")
        source.close()


@pytest.mark.parametrize(
    ("degrees", "turn"), [(0, lambda i: i), (90, lambda i: np.rot90(i, 3)), (180, lambda i: i[::-1, ::-1])]
)
def test_pictures_are_turned_clockwise(mjpg, degrees, turn):
    straight, turned = source_of(mjpg), source_of(mjpg, rotate=degrees)
    images = []
    for source in (straight, turned):
        source.open()
        images.append(source.read().image)
        source.close()
    np.testing.assert_array_equal(images[1], turn(images[0]))
    assert images[1].flags.c_contiguous


def test_a_wrong_size_is_refused_with_what_to_write(mjpg):
    source = source_of(mjpg, 640, 480)
    with pytest.raises(SourceLost) as lost:
        source.open()
    assert str(lost.value) == (
        f"{mjpg} gives pictures of 64x48, the config says 640x480: write width: 64, height: 48, or another size"
        " that it offers"
    )
    with pytest.raises(SourceLost):
        source.read()


def test_a_wrong_format_is_refused_with_what_to_write(mjpg):
    with pytest.raises(SourceLost) as lost:
        source_of(mjpg, fourcc="YUYV").open()
    assert str(lost.value).startswith(f"{mjpg} sends MJPG, the config says YUYV: write fourcc: MJPG, or another")


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ("/dev/video63", "/dev/video63 can't be opened: it is not there"),
        (63, "63 can't be opened: it is not there"),
        ("/dev/null", "/dev/null can't be opened: it gives no video, or another program uses it; see 'fuser -v"),
        (
            "http://a:b@127.0.0.1:9/x",
            "http://***@127.0.0.1:9/x can't be opened: does the server run, and is the URL right?",
        ),
    ],
)
def test_what_can_not_be_opened_says_why(device, words):
    with pytest.raises(SourceLost) as lost:
        source_of(device).open()
    assert str(lost.value).startswith(words)


def test_it_opens_again_after_the_end(mjpg):
    source = source_of(mjpg)
    for _ in range(2):
        source.open()
        assert len(read_all(source)) == 30
    source.close()
    source.close()


class V4l2Device:
    """A device as OpenCV 5.0's cap_v4l.cpp treats it; the class plays cv2.VideoCapture, too."""

    def __init__(self):
        self.set_calls = []
        self.values = {
            cv2.CAP_PROP_FRAME_WIDTH: 640.0,
            cv2.CAP_PROP_FRAME_HEIGHT: 480.0,
            cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*"YUYV")),
            cv2.CAP_PROP_FPS: 30.0,
            cv2.CAP_PROP_CONVERT_RGB: 1.0,
        }
        self.sizes = {(64, 48), (640, 480)}
        self.formats = {"MJPG", "YUYV"}
        self.rates = {30.0, 15.0}
        self.stamp_s = None
        self.data = jpeg_of(picture(1))
        self.opened = self.released = 0
        self.grabs = True

    def __call__(self, device, backend):
        assert backend == cv2.CAP_V4L2
        self.device = device
        self.opened += 1
        return self

    def isOpened(self):  # noqa: N802 (OpenCV's name)
        return True

    def getBackendName(self):  # noqa: N802 (OpenCV's name)
        return "V4L2"

    def set(self, key, value):
        self.set_calls.append((key, value))
        if key == cv2.CAP_PROP_FOURCC and int(value).to_bytes(4, "little").decode() not in self.formats:
            return False
        if key == cv2.CAP_PROP_FPS and value not in self.rates:
            return True  # the driver takes the nearest, and OpenCV says yes
        if key == cv2.CAP_PROP_FRAME_HEIGHT:
            width = self.values[cv2.CAP_PROP_FRAME_WIDTH]
            if (width, value) not in self.sizes:
                self.values[cv2.CAP_PROP_FRAME_WIDTH], value = 640.0, 480.0
        self.values[key] = float(value)
        return True

    def get(self, key):
        if key == cv2.CAP_PROP_POS_MSEC:
            return (time.monotonic() if self.stamp_s is None else self.stamp_s) * 1000.0
        return self.values[key]

    def grab(self):
        return self.grabs

    def retrieve(self):
        if self.values[cv2.CAP_PROP_CONVERT_RGB]:
            return True, picture(1)[:, :, ::-1].copy()
        return True, np.frombuffer(self.data, np.uint8)[None, :]

    def release(self):
        self.released += 1


@pytest.fixture
def device(monkeypatch):
    device = V4l2Device()
    monkeypatch.setattr(opencv_source.cv2, "VideoCapture", device)
    monkeypatch.setattr(opencv_source, "_is_device", lambda path: True)
    return device


def test_a_device_is_set_up_format_first_and_gives_its_own_bytes(device):
    source = source_of("/dev/v4l/by-id/usb-cam-video-index0")
    source.open()
    assert device.device == "/dev/v4l/by-id/usb-cam-video-index0"
    keys = [key for key, _ in device.set_calls]
    assert keys == [
        cv2.CAP_PROP_BUFFERSIZE,
        cv2.CAP_PROP_FOURCC,
        cv2.CAP_PROP_FRAME_WIDTH,
        cv2.CAP_PROP_FRAME_HEIGHT,
        cv2.CAP_PROP_FPS,
        cv2.CAP_PROP_CONVERT_RGB,
    ]
    assert source.read().image.shape == (48, 64, 3)
    device.data = device.data[:-30]
    with pytest.raises(CorruptFrame):
        source.read()
    source.close()
    assert device.released == 1


def test_an_index_is_opened_as_an_index(device):
    source_of("2").open()
    assert device.device == 2


def test_a_picture_keeps_the_drivers_time_if_it_is_of_this_clock(device):
    source = source_of(0)
    source.open()
    device.stamp_s = time.monotonic() - 0.08
    assert source.read().captured_s == pytest.approx(device.stamp_s)
    for stamp_s in (0.0, -1.0, time.monotonic() + 100.0, 1.7e9):
        device.stamp_s = stamp_s
        before_s = time.monotonic()
        assert before_s <= source.read().captured_s <= time.monotonic()


def test_a_format_that_the_device_does_not_have_is_refused(device):
    device.formats = {"YUYV"}
    with pytest.raises(SourceLost, match="sends YUYV, the config says MJPG: write fourcc: YUYV, or another format"):
        source_of(0).open()
    assert device.released == 1


def test_a_size_that_the_device_does_not_have_is_refused(device):
    with pytest.raises(SourceLost, match=r"640, height: 480, .*'v4l2-ctl -d /dev/video0 --list-formats-ext' lists"):
        source_of(0, 320, 240).open()


def test_uncompressed_pictures_are_converted_by_opencv(device):
    source = source_of(0, fourcc="YUYV")
    source.open()
    assert (cv2.CAP_PROP_CONVERT_RGB, 0) not in device.set_calls
    np.testing.assert_array_equal(source.read().image, picture(1))


def test_a_slower_device_tells_its_rate(device):
    device.values[cv2.CAP_PROP_FPS] = 15.0
    source = source_of(0, fps=60.0)
    source.open()
    assert source.fps == 15.0


def test_a_device_that_stops_is_lost(device):
    source = source_of("/dev/video0")
    source.open()
    source.read()
    device.grabs = False
    with pytest.raises(SourceLost, match=r"/dev/video0 gives no pictures$"):
        source.read()


def test_a_device_that_never_gives_a_picture_is_told_with_the_usual_causes(device):
    device.grabs = False
    source = source_of("/dev/video0")
    source.open()
    with pytest.raises(SourceLost, match="gives no pictures: another program may use it, or the USB port is too slow"):
        source.read()


def test_a_picture_of_another_size_is_dropped(device):
    source = source_of(0)
    source.open()
    device.data = jpeg_of(picture(1, 128, 96))
    with pytest.raises(CorruptFrame, match="a picture of 128x96"):
        source.read()


def test_an_error_of_opencv_is_a_lost_device(device):
    source = source_of(0)
    source.open()

    def fail():
        raise cv2.error("no")

    device.grab = fail
    with pytest.raises(SourceLost, match="OpenCV failed"):
        source.read()
    device.isOpened = fail
    with pytest.raises(SourceLost, match="OpenCV failed"):
        source.open()
