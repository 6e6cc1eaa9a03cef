"""A recorded video as a camera."""

import numpy as np
import pytest

from bt_robot.robot.cameras import video_source
from bt_robot.robot.cameras.settings import VideoCameraSettings
from bt_robot.robot.cameras.sources import SourceLost
from bt_robot.robot.cameras.video_source import VideoSource
from tests.robot.camera_kit import picture, write_video


class Clock:
    """Time that passes when it is waited for."""

    def __init__(self):
        self.now_s = 100.0
        self.waits = []

    def monotonic(self):
        return self.now_s

    def wait(self, time_s):
        self.waits.append(time_s)
        self.now_s += time_s
        return False


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(video_source, "time", clock)
    return clock


@pytest.fixture
def path(tmp_path):
    return write_video(tmp_path / "run.avi", count=10, fps=20.0)


def opened(clock, path, **settings):
    source = VideoSource(VideoCameraSettings(path, **settings), clock.wait)
    source.open()
    return source


def test_it_plays_at_the_recorded_rate(clock, path):
    source = opened(clock, path)
    assert source.fps == 20.0
    frames = [source.read() for _ in range(10)]
    source.close()
    assert [frame.captured_s for frame in frames] == pytest.approx([100.0 + n / 20.0 for n in range(10)])
    assert np.abs(frames[7].image.astype(int) - picture(7)).mean() < 8


def test_it_plays_at_another_rate_when_told(clock, path):
    source = opened(clock, path, fps=5.0)
    times = [source.read().captured_s for _ in range(3)]
    source.close()
    assert times == pytest.approx([100.0, 100.2, 100.4])


def test_it_begins_again_at_the_end(clock, path):
    source = opened(clock, path)
    hashes = [source.read().content_hash for _ in range(25)]
    source.close()
    assert hashes[:5] == hashes[10:15] == hashes[20:]
    assert len(set(hashes)) == 10


def test_without_a_loop_it_is_lost_at_the_end(clock, path):
    source = opened(clock, path, loop=False)
    for _ in range(10):
        source.read()
    with pytest.raises(SourceLost, match=f"the video '{path}' is over"):
        source.read()
    source.close()


def test_after_a_pause_it_goes_on_without_a_burst(clock, path):
    source = opened(clock, path)
    source.read()
    clock.now_s += 1.0
    assert [source.read().captured_s for _ in range(3)] == pytest.approx([101.0, 101.05, 101.10])
    source.close()


def test_pictures_are_turned(clock, path):
    source = opened(clock, path, rotate=90)
    assert source.read().image.shape == (64, 48, 3)
    source.close()


def test_what_can_not_be_played_is_told(clock, tmp_path):
    with pytest.raises(SourceLost, match=r"the video 'nowhere\.mp4' is not there"):
        opened(clock, "nowhere.mp4")
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    with pytest.raises(SourceLost, match=r"is no video that can be played; expected e\.g\. \.mp4 or \.avi"):
        opened(clock, str(text))
    with pytest.raises(SourceLost):
        VideoSource(VideoCameraSettings("x"), clock.wait).read()
