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


def test_an_answer_tells_how_old_and_how_clear_its_evidence_is():
    assert success("gap 0.12", age_s=0.034, confidence=0.931).reason == "gap 0.12; 0.03 s old, confidence 0.93"
    assert failure("no gap", confidence=1.0).reason == "no gap; confidence 1.00"
    assert success(age_s=2.0).reason == "2.00 s old"
    outcome = failure("no gap", age_s=0.5, confidence=0.0)
    assert (outcome.age_s, outcome.confidence, outcome.declined) == (0.5, 0.0, False)


def test_age_and_confidence_are_no_reason():
    with pytest.raises(ValueError, match="a failure needs a reason"):
        failure(" ", age_s=0.1, confidence=0.5)


@pytest.mark.parametrize("confidence", [-0.01, 1.01, float("nan")])
def test_a_confidence_is_a_share(confidence):
    with pytest.raises(ValueError, match=r"a confidence is within 0 … 1, and this is"):
        success("gap", confidence=confidence)
