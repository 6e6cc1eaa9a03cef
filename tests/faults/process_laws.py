"""What the packet log of an arm must say, whatever became of the programs that drove it."""

import math
from itertools import pairwise, takewhile

from bt_robot.robot.so101.wire.registers import GOAL_POSITION, TORQUE_LIMIT
from tests.faults.process_kit import IDS, PAN

PAUSE_S = 0.1
BRAKE_S = 0.3
"""Until an arm that is to be parked stands still; from the speed of these tests it takes less [s]."""


def goal_rows(log, since_s=0.0):
    """Every goal write: when [s], and the goals of all servos that it goes to [ticks]."""
    rows = []
    for packet in log.kinds("sync_write"):
        values = {i: packet.value(GOAL_POSITION, i) for i in packet.values}
        if packet.time_s > since_s and None not in values.values():
            rows.append((packet.time_s, values))
    return rows


def longest_cycle_s(log, from_s, to_s=math.inf):
    """The longest time between two questions of the guardian: what the machine's load adds is in it [s]."""
    times = [packet.time_s for packet in log.kinds("sync_read")]
    return max(after - before for before, after in pairwise(times) if after > from_s and before < to_s)


def standstill_s(log, since_s):
    """When, after some time, the goals first stood still [s]; None if they never did."""
    for (_, before), (time_s, after) in pairwise(goal_rows(log)):
        if time_s > since_s and before == after:
            return time_s
    return None


def last_move_s(log, until_s=math.inf):
    """When a goal last differed from the one before [s]."""
    rows = [row for row in goal_rows(log) if row[0] < until_s]
    return max(time_s for (_, before), (time_s, after) in pairwise(rows) if before != after)


def braking_cycles(bench, log, from_s, to_s):
    """How many of its cycles the guardian needs to brake from the speed that its goals had."""
    rows = [row for row in goal_rows(log) if from_s < row[0] < to_s]
    cycles = 0
    for joint in bench.plan.joints:
        steps = [abs(after[joint.servo_id] - before[joint.servo_id]) for (_, before), (_, after) in pairwise(rows)]
        cycles = max(cycles, math.ceil((max(steps) + 1) / (joint.envelope.acceleration * bench.plan.cycle_s**2)))
    return cycles


def assert_held_within(bench, log, last_s, notices_s):
    """The goals stood still soon after the last one that the controller sent; return when [s].

    Time is counted in the guardian's cycles, one of which may be under way: a busy machine makes them longer, not more.

    Args:
        bench: Whose log it is.
        log: What was on the line.
        last_s: When the controller sent its last goal, or later [s].
        notices_s: How long it may take until the guardian brakes [s].
    """
    still_s = standstill_s(log, last_s)
    cycles = [packet for packet in log.kinds("sync_read") if last_s < packet.time_s <= still_s]
    assert (
        len(cycles) <= math.ceil(notices_s / bench.plan.cycle_s) + braking_cycles(bench, log, last_s - 0.1, still_s) + 2
    )
    return still_s


def let_go_s(bench, log):
    """When the torque began to come down for good, below what carries a stopped arm [s]."""
    off_s = log.torque_writes(PAN)[0][0]
    limits = [(time_s, value) for time_s, _, value in log.writes(TORQUE_LIMIT, PAN) if time_s < off_s]
    falling = takewhile(lambda write: write[1] < bench.plan.stop_torque, reversed(limits))
    return min(time_s for time_s, _ in falling)


def assert_nothing_written(log):
    assert {packet.kind for packet in log} <= {"ping", "read", "sync_read", "reply"}


def assert_lawful(bench, log):
    """No goal outside the limits, and none further from the one before than the speed limit allows in a cycle."""
    plan, rows = bench.plan, goal_rows(log)
    for joint in plan.joints:
        ticks = [goals[joint.servo_id] for _, goals in rows if joint.servo_id in goals]
        assert joint.envelope.lower - 1 <= min(ticks) <= max(ticks) <= joint.envelope.upper + 1
        fastest = max(abs(after - before) for before, after in pairwise(ticks))
        assert fastest <= joint.envelope.velocity * plan.cycle_s + 1, joint.name


def assert_parked(bench, log, since_s):
    """The goals went to the park position, in no more time than the config gives it."""
    rows = goal_rows(log, since_s)
    for joint in bench.plan.joints:
        assert abs(rows[-1][1][joint.servo_id] - joint.park) <= 2, joint.name
    pauses = [after for (before, _), (after, _) in pairwise(rows) if after - before > PAUSE_S]
    began_s = max([rows[0][0], *pauses])  # to an arm that stands still and waits nothing is said
    assert rows[-1][0] - began_s <= bench.plan.park_s + longest_cycle_s(log, since_s) + BRAKE_S


def assert_let_go_softly(bench, log):
    """Torque went down gradually before it was switched off, for all servos; the servos say that it is off."""
    carries, most = bench.plan.stop_torque, 1000 * bench.plan.cycle_s + 1  # full to none in a second, and rounding
    for servo_id in IDS:
        off_s = log.torque_writes(servo_id)[0][0]
        limits = [value for time_s, _, value in log.writes(TORQUE_LIMIT, servo_id) if time_s < off_s]
        assert limits[-1] == 0
        steps = [before - after for before, after in pairwise(limits) if after < carries]
        assert max(steps) <= most, f"id {servo_id} was dropped: {limits}"
        assert [value for _, _, value in log.torque_writes(servo_id)] == [0] * len(log.torque_writes(servo_id))
        assert len(log.torque_writes(servo_id)) >= 3
        assert log.goal_writes(servo_id)[-1][0] < off_s
    assert bench.torque() == [0] * len(IDS)


def assert_held_where_it_was(log, since_s, until_s=math.inf):
    """From some time on, every goal is the same."""
    goals = [goals for time_s, goals in goal_rows(log) if since_s < time_s < until_s]
    assert all(goals[0] == each for each in goals), "it was moved"
