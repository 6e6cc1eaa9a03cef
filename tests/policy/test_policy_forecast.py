"""Whether the arm will wait for answers, told before it moves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.policy.chunks.execution import Execution
from bt_robot.policy.chunks.forecast import forecast
from bt_robot.policy.dialect.profile import load_profile
from tests.scale import examples

PROFILE = load_profile("standin")
SHORT = replace(PROFILE, horizon=10, execute_steps=5)


def test_a_long_chunk_covers_a_slow_server():
    found = forecast(PROFILE, Execution(), 30.0, 0.3)
    assert (found.delay_steps, found.horizon_steps, found.stall_share) == (9, 50, 0.0)
    assert found.words == "d 9 + margin 2 < H 50 [control steps]: the arm will not wait for answers"


def test_a_short_chunk_does_not():
    found = forecast(SHORT, Execution(), 30.0, 0.3)
    assert found.words == (
        "d 9 + margin 2 >= H 10 [control steps]: the arm will stand still 38 % of the time, because a chunk is 9 steps"
        " old when it arrives and must last for 9 more; use a faster server, a longer horizon, or"
        " policy.execution.speed below 1"
    )


def test_half_speed_makes_a_chunk_last_twice_as_long():
    assert forecast(SHORT, Execution(), 30.0, 0.3).stall_share > 0.0
    assert forecast(SHORT, Execution(speed=0.5), 30.0, 0.3).stall_share == 0.0


def test_waiting_for_every_answer_costs_a_round_trip_a_chunk():
    found = forecast(PROFILE, Execution(strategy="sync"), 30.0, 0.3)
    assert found.stall_share == pytest.approx(9 / 34, abs=0.02)
    assert "with strategy sync the arm will stand still 26 % of the time" in found.words


@settings(max_examples=examples(60))
@given(st.integers(2, 60), st.integers(0, 80), st.integers(0, 4))
def test_no_strategy_that_asks_ahead_stalls_when_a_chunk_lasts_for_two_delays(horizon, delay, margin):
    profile = replace(PROFILE, horizon=horizon, execute_steps=max(1, horizon // 2))
    found = forecast(profile, Execution(margin_steps=margin), 30.0, delay / 30.0)
    assert (found.stall_share == 0.0) == (2 * delay <= horizon)
    if not found.stall_share:
        assert delay < horizon
