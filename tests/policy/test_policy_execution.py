"""What a config says about execution, and what comes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bt_robot.messages import ActionChunk
from bt_robot.policy.chunks.execution import Execution
from bt_robot.policy.chunks.strategies import Align, Blend, Continue, Gate, Latest
from bt_robot.policy.dialect.profile import load_profile
from tests.policy.policy_kit import chunk

PROFILE = replace(load_profile("standin"), horizon=50, execute_steps=20, rate_hz=30.0)
DELTA = replace(PROFILE, action_kind="delta", rtc=None)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("auto", Gate), ("align", Gate), ("sync", Latest), ("latest", Latest), ("blend", Blend), ("rtc", Continue)],
)
def test_each_strategy_has_its_class(name, kind):
    assert isinstance(Execution(strategy=name).plan(PROFILE, 30.0)._strategy, kind)


def test_auto_is_align_for_targets_and_latest_for_increments():
    assert Execution().resolved(incremental=False) == "align"
    assert Execution().resolved(incremental=True) == "latest"


@pytest.mark.parametrize("name", ["blend", "align", "rtc"])
@pytest.mark.parametrize("kind", ["delta", "velocity"])
def test_increments_are_never_merged_as_positions(name, kind):
    with pytest.raises(ValueError, match=f"execution.strategy '{name}' merges positions, but the policy's actions are"):
        Execution(strategy=name).plan(replace(DELTA, action_kind=kind), 30.0)


@pytest.mark.parametrize("name", ["auto", "sync", "latest"])
def test_increments_can_be_executed_as_they_are(name):
    assert isinstance(Execution(strategy=name).plan(DELTA, 30.0)._strategy, Latest)


def test_the_profiles_numbers_are_taken_to_the_control_rate():
    plan = Execution(margin_steps=0).plan(PROFILE, 60.0)
    rows = chunk(length=100).actions
    plan.accept(ActionChunk(rows, 0, 0, "go", 0.0), 0)
    wanted = []
    for step in range(100):
        wanted.append(plan.wants_more(step))
        plan.action(step)
        plan.end_tick(step)
    assert wanted.index(True) == 40


def test_the_fade_is_given_in_seconds():
    inner = Execution(strategy="align", fade_s=0.5).plan(PROFILE, 100.0)._strategy._inner
    assert inner == Align(50, 0.087)
