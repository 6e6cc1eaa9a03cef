"""hold_position: stand still for a reason, and say it."""

import numpy as np
import pytest

from bt_robot.messages import Health, LinkState, Status
from bt_robot.nodes.hold_position import HoldPosition


def test_it_holds_for_ever_by_default_and_proposes_nothing(world):
    leaf = HoldPosition()
    assert world.tick(leaf, start=True).status is Status.RUNNING
    assert world.tick(leaf, after_s=1e6).status is Status.RUNNING
    assert world.proposal is None


def test_it_says_what_it_holds_for_and_fails_with_it_in_the_end(world):
    world.policy.state = LinkState(available=False, reason="connection refused")
    leaf = HoldPosition(**{"while": "policy_unavailable", "at_most_s": 10.0})
    assert world.tick(leaf, start=True).reason == "holding for 0.0 s: policy unavailable: connection refused"
    assert world.tick(leaf, after_s=9.9).status is Status.RUNNING
    outcome = world.tick(leaf, after_s=0.2)
    assert (outcome.status, outcome.reason) == (
        Status.FAILURE,
        "held for 10.1 s; policy unavailable: connection refused",
    )


def test_it_declines_when_the_policy_was_not_the_trouble(world):
    world.plan.actions = np.zeros((4, 3))
    outcome = world.tick(HoldPosition(**{"while": "policy_unavailable"}), start=True)
    assert (outcome.status, outcome.reason) == (Status.FAILURE, "nothing to hold for: the policy is available")


def test_it_declines_when_nobody_has_asked_the_policy(world):
    outcome = world.tick(HoldPosition(**{"while": "policy_unavailable"}), start=True)
    assert outcome.reason == "nothing to hold for: the policy is available"


def test_an_answer_that_does_not_come_is_a_reason(world):
    world.policy.state = LinkState(available=True, in_flight=True)
    outcome = world.tick(HoldPosition(**{"while": "policy_unavailable"}), start=True)
    assert outcome.reason == "holding for 0.0 s: no actions from the policy"


def test_the_time_starts_anew_with_every_hold(world):
    leaf = HoldPosition(at_most_s=1.0)
    world.tick(leaf, start=True)
    world.now_s = 50.0
    assert world.tick(leaf, start=True).reason == "holding for 0.0 s"


def test_an_unknown_reason_is_no_port_value():
    with pytest.raises(TypeError):
        HoldPosition(whle="always")


@pytest.mark.parametrize(
    ("health", "reason"),
    [
        (Health(stopped="no servo answers"), "no servo answers"),
        (
            Health(doubts=("camera 'wrist': stale", "camera 'front': stale")),
            "camera 'wrist': stale; camera 'front': stale",
        ),
    ],
)
def test_it_holds_for_a_robot_that_may_recover(world, health, reason):
    world.plan.actions, world.health = np.zeros((4, 3)), health
    leaf = HoldPosition(**{"while": "unavailable"})
    assert world.tick(leaf, start=True).reason == f"holding for 0.0 s: {reason}"
    world.health = Health()
    assert world.tick(leaf).reason == "nothing to hold for: the policy is available"


def test_it_holds_for_the_policy_as_well_when_it_holds_for_both(world):
    world.policy.state = LinkState(available=False, reason="connection refused")
    outcome = world.tick(HoldPosition(**{"while": "unavailable"}), start=True)
    assert outcome.reason == "holding for 0.0 s: policy unavailable: connection refused"


def test_a_strained_joint_is_nothing_to_hold_for(world):
    world.plan.actions, world.health = np.zeros((4, 3)), Health(strain="elbow_flex (id 3): blocked")
    assert world.tick(HoldPosition(**{"while": "unavailable"}), start=True).status is Status.FAILURE


def test_who_holds_for_the_policy_only_does_not_look_at_the_robot(world):
    world.plan.actions, world.health = np.zeros((4, 3)), Health(stopped="no servo answers")
    assert world.tick(HoldPosition(**{"while": "policy_unavailable"}), start=True).status is Status.FAILURE
