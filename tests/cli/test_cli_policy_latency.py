"""What would help an arm that waits is told only where it would help."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bt_robot.cli.checking.latency import explain
from bt_robot.cli.checking.observations import Seen
from bt_robot.cli.checking.report import Check, Spread
from bt_robot.cli.settings import load_settings
from bt_robot.policy.chunks.forecast import forecast
from bt_robot.policy.dialect.profile import load_profile

SHORT = replace(load_profile("so101_degrees"), horizon=10, execute_steps=5)


def always(duration_s):
    return None if duration_s is None else Spread(duration_s, duration_s, duration_s)


def told(total_s, *assignments, server_s=None, network_s=None):
    settings = load_settings("fake", list(assignments))
    check = Check(settings, SHORT, "ws://gpu:8000", ("go",), Seen({}, np.zeros(6), ()), 1)
    outlook = forecast(SHORT, settings.policy.execution, settings.control_hz, total_s)
    assert outlook.stall_share > 0.0
    parts = {"server": always(server_s), "network": always(network_s)}
    return [finding.words for finding in explain(always(total_s), parts, outlook, check)]


@pytest.mark.parametrize(
    ("server_s", "network_s", "words"),
    [
        (0.28, 0.02, "most of the time is the model's: a faster GPU, fewer denoising steps, or a longer horizon"),
        (0.02, 0.28, "most of the time passes outside the model: a nearer server, a cable, no other clients before it"),
        (None, 0.30, "the server does not tell how long it computes, so network and model can't be told apart"),
    ],
)
def test_the_greatest_part_of_a_long_wait_is_named(server_s, network_s, words):
    assert told(0.3, server_s=server_s, network_s=network_s) == [words]


def test_a_model_of_a_few_milliseconds_is_not_blamed_for_a_strategy_that_waits():
    assert told(0.007, "policy.execution.strategy=sync", server_s=0.0056, network_s=0.001) == []


def test_a_quick_model_is_named_where_every_millisecond_counts():
    sync = ("policy.execution.strategy=sync", "control_hz=200")
    (words,) = told(0.02, *sync, server_s=0.016, network_s=0.001)
    assert words.startswith("most of the time is the model's")
