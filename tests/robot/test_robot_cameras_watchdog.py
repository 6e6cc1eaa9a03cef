"""When a capture process is replaced, on a clock by hand."""

import pytest

from bt_robot.robot.cameras.shared_frames import State
from bt_robot.robot.cameras.watchdog import trouble

HUNG = "its capture process hung and was killed"


@pytest.mark.parametrize(
    ("state", "limit_s"), [(State.STARTING, 30.0), (State.OPENING, 10.0), (State.CAPTURING, 2.0), (State.LOST, 2.0)]
)
def test_a_process_that_shows_no_life_is_replaced(state, limit_s):
    assert trouble(100.0 + limit_s, 50.0, state, 100.0, 30.0, None) == ""
    assert trouble(100.1 + limit_s, 50.0, state, 100.0, 30.0, None) == HUNG


def test_its_start_counts_as_a_sign_of_life():
    assert trouble(129.0, 100.0, State.STARTING, 0.0, 0.0, None) == ""
    assert trouble(131.0, 100.0, State.STARTING, 0.0, 0.0, None) == HUNG


def test_a_slow_camera_may_take_three_periods_for_a_picture():
    assert trouble(102.9, 50.0, State.CAPTURING, 100.0, 1.0, None) == ""
    assert trouble(103.1, 50.0, State.CAPTURING, 100.0, 1.0, None) == HUNG


@pytest.mark.parametrize(("code", "how"), [(-9, "signal 9"), (1, "exit code 1"), (0, "exit code 0")])
def test_a_process_that_ended_is_replaced(code, how):
    assert trouble(100.0, 50.0, State.CAPTURING, 100.0, 30.0, code) == f"its capture process ended ({how})"
