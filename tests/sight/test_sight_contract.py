"""What every sight must do: look in the background or at once, at most so often, and live on whatever comes."""

import threading
import time

import pytest

from bt_robot.messages import Frame, Marker
from bt_robot.sight.background import BackgroundSight
from bt_robot.sight.inline import InlineSight
from bt_robot.sight.looks import LOOK_EVERY_S

from sight_kit import RED, frame, picture, with_patch  # isort: skip

HERE = with_patch(picture(120, 160), 0.25, 0.5, 20)
NOWHERE = picture(120, 160)


@pytest.fixture(params=[InlineSight, BackgroundSight])
def sight(request):
    sight = request.param()
    yield sight
    sight.close()


def found(sight, wanted, shown):
    """Ask until the frame was looked at; return what the look tells."""
    until_s = time.monotonic() + 20.0
    while time.monotonic() < until_s:
        sighting = sight.find(wanted, shown)
        if sighting is not None and sighting.captured_s == shown.captured_s:
            return sighting
        time.sleep(0.001)
    raise AssertionError("the picture was never looked at")


def test_a_look_tells_where_the_thing_is_and_when_the_picture_was_taken(sight):
    sighting = found(sight, RED, frame(HERE, 3.5))
    assert sighting.captured_s == 3.5
    assert [round(spot.x, 2) for spot in sighting.spots] == [0.25]


def test_what_is_not_there_is_an_answer_too(sight):
    assert found(sight, RED, frame(NOWHERE)).spots == ()


def test_cameras_and_things_are_kept_apart(sight):
    assert found(sight, RED, frame(HERE, camera="front")).spots
    assert found(sight, RED, frame(NOWHERE, camera="wrist")).spots == ()
    assert found(sight, Marker("4x4_50", 1), frame(HERE, camera="front")).spots == ()
    assert found(sight, RED, frame(HERE, camera="front")).spots


def test_a_picture_too_soon_after_the_one_before_is_not_looked_at(sight):
    found(sight, RED, frame(HERE, 1.0))
    looks = []
    soon = Frame("front", 1.0 + LOOK_EVERY_S / 2, lambda: looks.append(1) or NOWHERE)
    assert sight.find(RED, soon).spots
    later = found(sight, RED, frame(NOWHERE, 1.0 + LOOK_EVERY_S))
    assert later.spots == ()
    assert looks == []


def test_a_camera_whose_time_went_back_was_restarted(sight):
    found(sight, RED, frame(HERE, 100.0))
    assert found(sight, RED, frame(NOWHERE, 0.5)).spots == ()


def test_a_picture_that_can_not_be_had_is_told_and_the_next_one_is_looked_at(sight):
    def broken():
        raise OSError("the decoder gave up")

    sighting = found(sight, RED, Frame("front", 0.0, broken))
    assert (sighting.trouble, sighting.spots) == ("OSError: the decoder gave up", ())
    assert found(sight, RED, frame(HERE, 1.0)).spots


def test_a_sight_that_looks_in_the_background_makes_nobody_wait():
    begun, gate, sight = threading.Event(), threading.Event(), BackgroundSight()

    def slow():
        begun.set()
        gate.wait(20.0)
        return HERE

    assert sight.find(RED, Frame("front", 0.0, slow)) is None
    assert begun.wait(20.0)
    assert sight.find(RED, frame(NOWHERE, 0.4)) is None  # passed over for the newer one
    assert sight.find(RED, frame(HERE, 0.41)) is None
    gate.set()
    assert found(sight, RED, frame(HERE, 0.41)).spots
    sight.close()


def test_a_closed_sight_has_no_thread_and_looks_no_more():
    sight = BackgroundSight()
    found(sight, RED, frame(HERE, 0.0))
    sight.close()
    sight.close()
    assert "sight" not in {thread.name for thread in threading.enumerate()}
    assert sight.find(RED, frame(NOWHERE, 5.0)).captured_s == 0.0


def test_a_sight_that_is_never_asked_starts_no_thread():
    sight = BackgroundSight()
    assert "sight" not in {thread.name for thread in threading.enumerate()}
    sight.close()


def test_a_sight_in_simulated_time_answers_in_the_same_tick():
    assert InlineSight().find(RED, frame(HERE, 0.0)).spots
