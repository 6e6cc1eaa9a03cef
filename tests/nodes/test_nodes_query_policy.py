"""query_policy: keep the plan filled, never wait, fail with the reason."""

import numpy as np

from bt_robot.messages import LinkState, Status
from bt_robot.nodes.query_policy import QueryPolicy


def planned(world, count, prompt="pick"):
    world.plan.actions, world.plan.prompt = np.zeros((count, 3)), prompt


def test_it_asks_when_the_plan_wants_more_and_only_then(world):
    planned(world, 20)
    leaf = QueryPolicy(prompt="pick")
    assert world.tick(leaf, start=True).status is Status.SUCCESS
    assert world.policy.offers == []
    world.plan.more = True
    assert world.tick(leaf).reason == "20 actions planned"
    assert world.policy.offers == [(1, "pick")]


def test_another_prompt_is_asked_for_at_once_while_old_actions_go_on(world):
    planned(world, 20, prompt="pick")
    assert world.tick(QueryPolicy(prompt="place"), start=True).status is Status.SUCCESS
    assert world.policy.offers == [(0, "place")]
    assert len(world.plan.actions) == 20


def test_on_switch_stop_forgets_the_old_actions(world):
    planned(world, 20, prompt="pick")
    world.tick(QueryPolicy(prompt="place", on_switch="stop"), start=True)
    assert len(world.plan.actions) == 0


def test_an_empty_plan_is_waited_for_with_patience_and_then_fails(world):
    leaf = QueryPolicy(prompt="pick", patience_s=1.0)
    assert world.tick(leaf, start=True).status is Status.SUCCESS
    assert [world.tick(leaf, after_s=0.3).status for _ in range(3)] == [Status.SUCCESS] * 3
    outcome = world.tick(leaf, after_s=0.2)
    assert (outcome.status, outcome.reason) == (Status.FAILURE, "no actions from the policy for 1.1 s")
    planned(world, 5)
    assert world.tick(leaf).status is Status.SUCCESS
    planned(world, 0)
    assert world.tick(leaf).status is Status.SUCCESS  # patience begins anew


def test_time_in_which_it_was_not_asked_does_not_count_as_waiting(world):
    leaf = QueryPolicy(prompt="pick", patience_s=1.0)
    world.tick(leaf, start=True)
    assert world.tick(leaf, after_s=60.0).status is Status.SUCCESS


def test_without_a_policy_the_rest_of_the_plan_is_used_and_then_it_fails_with_the_reason(world):
    world.policy.state = LinkState(available=False, reason="connection refused")
    leaf = QueryPolicy(prompt="pick")
    planned(world, 3)
    outcome = world.tick(leaf, start=True)
    assert (outcome.status, outcome.reason) == (
        Status.SUCCESS,
        "3 actions planned; policy unavailable: connection refused",
    )
    planned(world, 0)
    outcome = world.tick(leaf)
    assert (outcome.status, outcome.reason) == (Status.FAILURE, "policy unavailable: connection refused")


def test_it_goes_on_asking_while_the_policy_is_unavailable(world):
    world.policy.state = LinkState(available=False, reason="gone")
    world.plan.more = True
    leaf = QueryPolicy(prompt="pick")
    world.tick(leaf, start=True)
    world.tick(leaf)
    assert len(world.policy.offers) == 2


def test_the_latency_is_written(world):
    world.policy.state = LinkState(available=True, latency_s=0.25)
    leaf = QueryPolicy(prompt="pick")
    world.tick(leaf, start=True)
    assert leaf.latency_s == 0.25


def test_the_link_knows_the_prompt_in_force_in_every_tick_asked_or_not(world):
    leaf = QueryPolicy(prompt="pick")
    planned(world, 3)
    world.plan.prompt, world.plan.more = "pick", False
    world.tick(leaf, start=True)
    world.tick(leaf)
    assert world.policy.prompts == ["pick", "pick"]
    assert world.policy.offers == []
