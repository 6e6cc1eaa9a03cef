"""The pictures of a run that goes on."""

import threading

import numpy as np
import pytest

from bt_robot.messages import Frame, Observation
from bt_robot.telemetry.jpeg import decode_jpeg
from bt_robot.telemetry.view.album import LiveAlbum

LONGEST_S = 20.0


class Shown:
    """Takes note of what is shown, and lets a test wait for it."""

    def __init__(self):
        self.shots = []
        self._more = threading.Condition()

    def __call__(self, camera, shot):
        with self._more:
            self.shots.append((camera, shot))
            self._more.notify_all()

    def wait_for(self, count):
        with self._more:
            assert self._more.wait_for(lambda: len(self.shots) >= count, LONGEST_S)


@pytest.fixture
def shown():
    return Shown()


@pytest.fixture
def album(shown):
    album = LiveAlbum(shown, rate_hz=10.0)
    yield album
    album.close()


def with_picture(record, time_s, grey, **others):
    frames = {"front": Frame("front", time_s, lambda: np.full((8, 8, 3), grey, np.uint8)), **others}
    return record(0, time_s=time_s, observation=Observation(0, time_s, np.zeros(3), frames))


def test_a_picture_is_shown_and_kept(record, album, shown):
    album.publish(with_picture(record, 1.0, 100))
    shown.wait_for(1)
    album.publish(with_picture(record, 2.0, 200))
    shown.wait_for(2)
    camera, shot = shown.shots[0]
    assert (camera, shot.captured_s) == ("front", 1.0)
    assert decode_jpeg(shot.jpeg).mean() == pytest.approx(100, abs=2)
    assert album.at("front", 1.9) == shot
    assert decode_jpeg(album.at("front", 2.0).jpeg).mean() == pytest.approx(200, abs=2)


def test_before_the_first_picture_there_is_none(record, album, shown):
    assert album.at("front", 1.0) is None
    album.publish(with_picture(record, 1.0, 100))
    shown.wait_for(1)
    assert album.at("front", 0.9) is None
    assert album.at("nowhere", 1.0) is None


def test_pictures_are_taken_no_oftener_than_asked(record, album, shown):
    for k in range(31):
        album.publish(with_picture(record, k / 30, k))
        if k % 3 == 0:
            shown.wait_for(k // 3 + 1)
    assert [shot.captured_s for _, shot in shown.shots] == pytest.approx([k / 10 for k in range(11)])


def test_a_camera_that_broke_does_not_cost_the_other(record, album, shown, caplog):
    def broken():
        raise ValueError("unplugged")

    frame = Frame("wrist", 1.0, broken)
    album.publish(with_picture(record, 1.0, 100, wrist=frame))
    shown.wait_for(1)
    album.publish(with_picture(record, 2.0, 100, wrist=frame))
    shown.wait_for(2)
    assert {camera for camera, _ in shown.shots} == {"front"}


def test_a_camera_that_is_slow_makes_nobody_wait(record, album, shown):
    looked_at, going_on = threading.Event(), threading.Event()

    def slow():
        looked_at.set()
        going_on.wait(LONGEST_S)
        return np.zeros((8, 8, 3), np.uint8)

    album.publish(record(0, time_s=0.0, observation=Observation(0, 0.0, np.zeros(3), {"a": Frame("a", 0.0, slow)})))
    assert looked_at.wait(LONGEST_S)
    for k in range(1, 1000):
        album.publish(with_picture(record, float(k), 7))
    going_on.set()
    shown.wait_for(2)
    assert [shot.captured_s for _, shot in shown.shots] == [0.0, 999.0]


def test_the_disk_is_given_back(album):
    album.close()
    assert album.at("front", 1.0) is None
