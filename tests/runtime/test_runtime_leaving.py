"""A leaf that needs several ticks to let go gets them, within the run and at its end, and not for ever."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from bt_robot.arm import so101
from bt_robot.messages import Status
from bt_robot.policy.chunks.plan import Plan
from bt_robot.policy.link.silent import SilentPolicy
from bt_robot.robot.fake import FakeRobot
from bt_robot.runtime.clock import SimulatedClock
from bt_robot.runtime.loop import Loop
from bt_robot.telemetry.audit import audit
from bt_robot.tree import Action, Condition, Input, Registry, build_tree, failure, parse_tree, running, success

PERIOD_S = 1 / 30
OPEN, CLOSED = 1.0, 0.0


class Grip(Action):
    """Hold something; when halted, open the gripper before letting go."""

    type_name = "grip"
    leave_at_most_s: ClassVar[float] = 0.5
    lets_go = Input(bool, default=True, doc="whether it is ever done")

    def on_tick(self, ctx):
        return self._move(ctx, CLOSED)

    def on_halt(self, ctx):
        return running("opening")

    def on_leaving(self, ctx):
        self._move(ctx, OPEN)
        done = self.lets_go and ctx.observation.joints[-1] > OPEN - 0.01
        return success("open") if done else running("opening")

    def _move(self, ctx, opening):
        joints = ctx.observation.joints.copy()
        joints[-1] = opening
        ctx.propose(joints)
        return running("holding")


class After(Condition):
    """Hold after some time."""

    type_name = "after"
    at_s = Input(float, doc="when [s]")

    def on_tick(self, ctx):
        return success() if ctx.now_s > self.at_s else failure("not yet")


class Notes:
    """A sink that keeps everything."""

    def __init__(self):
        self.records = []

    def publish(self, record):
        self.records.append(record)

    def close(self):
        pass


def tree_of(root):
    return build_tree(parse_tree(f"tree: t\nroot: {root}\n", "t.yaml", Registry([Grip, After])))


def run(root, **changes):
    robot, notes = FakeRobot(), Notes()
    robot.connect()
    loop = Loop(
        robot=robot,
        tree=tree_of(root),
        link=SilentPolicy(),
        plan=Plan(10, 5),
        clock=SimulatedClock(PERIOD_S),
        limits=so101.LIMITS,
        poses={},
        sinks=[notes],
        **{"max_time_s": 5.0, **changes},
    )
    return loop.run(), robot, notes.records


def opening(robot):
    return float(robot.commands[-1].positions[-1])


def assert_safe(robot):
    positions = [command.positions for command in robot.commands]
    assert audit(positions, so101.REST, so101.LIMITS, PERIOD_S) == []


def test_a_leaf_that_is_halted_in_a_run_opens_the_gripper_before_the_run_succeeds():
    ending, robot, records = run("{reactive_fallback: [{after: {at_s: 0.5}}, grip]}")
    assert ending.status is Status.SUCCESS
    assert opening(robot) == pytest.approx(OPEN, abs=0.02)
    leaving = [record for record in records if record.nodes[2].reason == "leaving: opening"]
    assert len(leaving) > 3
    assert {record.status for record in leaving} == {Status.RUNNING}
    assert_safe(robot)


@pytest.mark.parametrize("how", [{"max_time_s": 0.5}, {"interrupted": None}], ids=["time limit", "interrupt"])
def test_a_leaf_that_is_halted_by_the_end_of_the_run_gets_its_time_too(how):
    if "interrupted" in how:
        asked = iter([False] * 10 + [True] * 1000)
        how = {"interrupted": lambda: next(asked)}
    ending, robot, records = run("grip", **how)
    assert ending.status is Status.FAILURE
    assert opening(robot) == pytest.approx(OPEN, abs=0.02)
    told = [(record.status, record.nodes[0].reason) for record in records[-2:]]
    assert told == [(Status.RUNNING, "leaving: opening"), (Status.FAILURE, "holding")]  # how the tree ended
    assert_safe(robot)


def test_a_leaf_that_never_lets_go_is_cut_off_and_the_arm_comes_to_rest(caplog):
    ending, robot, records = run("{grip: {lets_go: false}}", max_time_s=0.5)
    assert ending.reason.startswith("the time limit of 0.5 s is over")
    assert "t was cut off while it was leaving: it had 0.5 s to let go" in caplog.text
    assert 1.0 <= records[-1].time_s < 1.5
    assert np.max(np.abs(robot.commands[-1].velocities)) < 1e-6
    assert robot.stops == 1


def test_a_second_interrupt_cuts_it_off_at_once(caplog):
    asked = iter([False] * 10 + [True])
    robot, notes = FakeRobot(), Notes()
    robot.connect()
    real, seen = robot.observe, []

    def observe(step, now_s):
        seen.append(step)
        if len(seen) == 14:
            raise KeyboardInterrupt
        return real(step, now_s)

    robot.observe = observe
    loop = Loop(
        robot=robot,
        tree=tree_of("{grip: {lets_go: false}}"),
        link=SilentPolicy(),
        plan=Plan(10, 5),
        clock=SimulatedClock(PERIOD_S),
        limits=so101.LIMITS,
        poses={},
        sinks=[notes],
        interrupted=lambda: next(asked),
    )
    with pytest.raises(KeyboardInterrupt):
        loop.run()
    assert "t was cut off while it was leaving: the run is over" in caplog.text
    assert robot.stops == 1


def test_an_edited_tree_takes_over_only_when_the_old_one_has_let_go():
    edits = iter([None] * 5 + [tree_of("{after: {at_s: 0}}")] + [None] * 1000)
    ending, robot, _ = run("grip", edits=lambda: next(edits))
    assert ending.status is Status.SUCCESS
    assert opening(robot) == pytest.approx(OPEN, abs=0.02)
