"""An outcome is a status with its words, and no failure is without words."""

from __future__ import annotations

import pytest

from bt_robot.messages import Status
from bt_robot.tree import Outcome, declined, failure, running, success


def test_the_four_things_a_leaf_can_say():
    assert success() == Outcome(Status.SUCCESS)
    assert success("held") == Outcome(Status.SUCCESS, "held")
    assert running("2 s left") == Outcome(Status.RUNNING, "2 s left")
    assert failure("too far") == Outcome(Status.FAILURE, "too far")
    assert declined("not yet") == Outcome(Status.FAILURE, "not yet", declined=True)


@pytest.mark.parametrize("say", [failure, declined])
@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_failure_needs_a_reason(say, reason):
    with pytest.raises(ValueError, match="a failure needs a reason"):
        say(reason)


def test_a_leaf_that_was_ticked_is_not_idle():
    with pytest.raises(ValueError, match="a leaf that was ticked can't be IDLE"):
        Outcome(Status.IDLE)
