"""Pictures are taken at most so often, on a grid, and none twice."""

import numpy as np
import pytest

from bt_robot.messages import Frame
from bt_robot.telemetry.jpeg import decode_jpeg
from bt_robot.telemetry.recorder.shutter import Shutter


def frame(captured_s, camera="front"):
    return Frame(camera, captured_s, lambda: np.full((8, 8, 3), 100, np.uint8))


def taken(shutter, hz, seconds, one_in=1):
    """The times at which a picture is taken of a camera that has a new one in every tick."""
    ticks = [step / hz for step in range(round(hz * seconds))]
    return [time_s for time_s in ticks for _ in shutter.pictures({"front": frame(time_s)}, time_s, one_in)]


@pytest.mark.parametrize(("hz", "rate_hz"), [(30, 10), (50, 10), (500, 10), (30, 2), (25, 10), (7, 3)])
def test_a_second_has_as_many_pictures_as_asked_for(hz, rate_hz):
    times_s = taken(Shutter(rate_hz), hz, 4)
    assert len(times_s) == 4 * rate_hz
    assert times_s[0] == 0.0


def test_no_picture_is_older_than_the_control_period_allows():
    assert taken(Shutter(10), 5, 2) == pytest.approx(np.arange(10) / 5)


def test_when_room_is_short_only_one_in_so_many_is_taken():
    assert taken(Shutter(10), 30, 4, one_in=4) == pytest.approx([0.0, 0.4, 0.8, 1.2, 1.6, 2.0, 2.4, 2.8, 3.2, 3.6])


def test_a_camera_without_a_new_picture_is_passed_over():
    shutter, still = Shutter(10), frame(0.0)
    times_s = [i / 10 for i in range(5) for _ in shutter.pictures({"front": still}, i / 10)]
    assert times_s == [0.0]


def test_the_same_picture_seen_from_a_late_tick_is_not_taken_again():
    """A tick's time is its deadline: in a late one, what was captured looks older by as much."""
    shutter = Shutter(10)
    seen = [(0.0, 0.0), (0.1, -0.0001), (0.2, 0.0), (0.3, 0.0005), (0.4, 0.0082)]
    times_s = [now_s for now_s, captured_s in seen for _ in shutter.pictures({"front": frame(captured_s)}, now_s)]
    assert times_s == [0.0, 0.4]


def test_cameras_are_independent_and_the_picture_is_a_jpeg():
    shutter = Shutter(10)
    frames = {"front": frame(0.0), "wrist": frame(0.0, "wrist")}
    found = list(shutter.pictures(frames, 0.0))
    assert [each.camera for each, _ in found] == ["front", "wrist"]
    assert decode_jpeg(found[0][1]).shape == (8, 8, 3)
