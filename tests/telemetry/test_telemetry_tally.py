"""The numbers of a run."""

import numpy as np
import pytest

from bt_robot.messages import Command, LinkState, Verdict
from bt_robot.telemetry.tally import Tally


def tallied(records):
    tally = Tally()
    for record in records:
        tally.publish(record)
    return tally.numbers


def test_every_kind_of_tick_is_counted(record, chunk):
    numbers = tallied(
        [
            record(0, stalled=True, verdict=Verdict(held=True)),
            record(1, chunk=chunk),
            record(2, stalled=True, verdict=Verdict(held=True)),
            record(3, verdict=Verdict(clamped=("gripper: velocity", "pan: position"))),
            record(4, verdict=Verdict(refused="pan is nan", held=True), skipped=2),
            record(5, verdict=Verdict(clamped=("gripper: velocity",)), link=LinkState(False, "gone", errors=3)),
        ]
    )
    total = numbers.total
    assert (total.ticks, total.chunks.accepted) == (6, 1)
    assert total.duration_s == pytest.approx(5 / 30)
    assert (total.wait_ticks, total.stall_ticks) == (1, 1)  # waiting for the very first chunk is no stall
    assert (total.hold_ticks, total.clamped_ticks, total.refused_ticks) == (3, 2, 1)
    assert numbers.overruns == 1
    assert numbers.clamps == {"gripper: velocity": 2, "pan: position": 1}
    assert numbers.link.errors == 3
    assert numbers.skills == {"t/pick": total}


def test_the_hash_changes_with_any_bit_of_any_command(record):
    base = tallied([record(0), record(1)]).commands_sha256
    assert tallied([record(0), record(1)]).commands_sha256 == base
    nudged = Command(1, np.nextafter(record(1).command.positions, 9.0), np.zeros(3))
    assert tallied([record(0), record(1, command=nudged)]).commands_sha256 != base
    assert tallied([record(1), record(0)]).commands_sha256 != base


def test_a_run_without_ticks_has_numbers_too():
    numbers = tallied([])
    assert (numbers.total.ticks, numbers.total.stall_share, numbers.total.latency.p50_s) == (0, 0.0, None)
    assert numbers.skills == {}
