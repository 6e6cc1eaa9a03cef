"""A tree can be tried on an arm in memory, with leaves of one's own."""

from __future__ import annotations

import pytest

from bt_robot.errors import LoadError
from bt_robot.messages import Status
from bt_robot.robot.fake import FakeRobot
from bt_robot.testing import run_tree
from bt_robot.tree import Action, failure


class Complain(Action):
    """Fail at once."""

    type_name = "complain"

    def on_tick(self, ctx):
        return failure("no luck")


def test_a_motion_ends_where_it_shall():
    trial = run_tree("move_to: {joints: [0.1, -1.5, 1.3, 1.1, 0.0, 0.5], speed: 1.0}")
    assert (trial.status, trial.reason, trial.failed_path) == (Status.SUCCESS, "", "")
    assert trial.joints[0] == pytest.approx(0.1, abs=0.01)
    assert trial.start[0] != pytest.approx(0.1, abs=0.01)
    assert len(trial.commands) == len(trial.records) > 3


def test_a_failure_comes_with_its_reason_and_place():
    trial = run_tree("sequence:\n  - observe\n  - complain", [Complain])
    assert (trial.status, trial.reason, trial.failed_path) == (Status.FAILURE, "no luck", "trial/complain")


def test_what_never_ends_is_ended():
    trial = run_tree("hold_position", max_time_s=0.5)
    assert trial.status is Status.FAILURE
    assert "the time limit of 0.5 s is over" in trial.reason


def test_a_wrong_tree_is_told_like_everywhere():
    with pytest.raises(LoadError, match="did you mean 'complain'"):
        run_tree("complian", [Complain])


def test_the_robot_may_be_given_and_is_closed():
    robot = FakeRobot()
    run_tree("observe", robot=robot, control_hz=50)
    assert not robot._connected
