"""The loop: the order of a tick, and an arm at rest whatever ends it."""

import logging
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from bt_robot.arm import so101
from bt_robot.errors import RobotError
from bt_robot.messages import ActionChunk, Health, Status
from bt_robot.policy.chunks.plan import Plan
from bt_robot.policy.link.silent import SilentPolicy
from bt_robot.robot.fake import FakeRobot
from bt_robot.runtime.clock import PacedClock, SimulatedClock, WallClock
from bt_robot.runtime.loop import Loop
from bt_robot.telemetry.audit import audit
from bt_robot.tree import Action, Registry, build_tree, failure, parse_tree, running, success

PERIOD_S = 1 / 30
AWAY = so101.REST + np.array([0.5, 0.3, -0.3, 0.2, 0.1, 0.3])


class Go(Action):
    """Propose a far-away pose, for ever."""

    type_name = "go"

    def on_tick(self, ctx):
        ctx.propose(AWAY)
        return running("going")


class Poison(Action):
    """Propose what is no number."""

    type_name = "poison"

    def on_tick(self, ctx):
        ctx.propose(AWAY * np.nan)
        return running("poisoning")


class Throw(Action):
    """Raise in the tick that is five steps in."""

    type_name = "throw"

    def on_tick(self, ctx):
        if ctx.observation.step >= 5:
            raise ZeroDivisionError("division by zero")
        return running("not yet")


class Block(Action):
    """Take a second of wall time in step 3, and propose a motion in every step."""

    type_name = "block"

    def on_tick(self, ctx):
        ctx.propose(AWAY)
        if ctx.observation.step == 3:
            WALL.now_s += 1.0
        return running("working")


class Idle(Action):
    """Do nothing, for ever."""

    type_name = "idle"

    def on_tick(self, ctx):
        return running("idle")


class Wanting(Action):
    """Want an action that nobody plans."""

    type_name = "wanting"

    def on_tick(self, ctx):
        ctx.plan.action(ctx.observation.step)
        return running("wanting")


class Obey(Action):
    """Propose the planned action, for ever."""

    type_name = "obey"

    def on_tick(self, ctx):
        action = ctx.plan.action(ctx.observation.step)
        if action is not None:
            ctx.propose(action)
        return running("obeying")


class Halted(Action):
    """Move away, and note when it is halted."""

    type_name = "halted"
    halts: ClassVar[list] = []

    def on_tick(self, ctx):
        ctx.propose(AWAY)
        return running("going")

    def on_halt(self, ctx):
        self.halts.append(ctx)


class Stream(Action):
    """Propose a stream of targets that keeps every limit."""

    type_name = "stream"

    def on_tick(self, ctx):
        ctx.propose(wave(ctx.observation.step))
        return running("streaming")


def wave(step):
    return so101.REST + 0.2 * (1 - np.cos(step * 2 * np.pi / 60)) * np.array([1.0, 1.0, -1.0, 0.5, 0.5, 1.0])


class Done(Action):
    """Succeed at once."""

    type_name = "done"

    def on_tick(self, ctx):
        return success()


class Refuse(Action):
    """Fail at once."""

    type_name = "refuse"

    def on_tick(self, ctx):
        return failure("no reason to go on")


class Wall:
    """A wall clock that moves when slept on, or when a leaf takes its time."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s

    def sleep(self, seconds):
        self.now_s += seconds


WALL = Wall()


class Notes:
    """A sink that keeps everything."""

    def __init__(self):
        self.records = []

    def publish(self, record):
        self.records.append(record)


class Broken:
    """A sink that can't."""

    def publish(self, record):
        raise OSError("disk full")


def tree_of(root, name="t"):
    """Build a one-line tree."""
    registry = Registry([Go, Poison, Throw, Block, Idle, Wanting, Follow, Obey, Halted, Stream, Done, Refuse, Telling])
    return build_tree(parse_tree(f"tree: {name}\nroot: {root}\n", "t.yaml", registry))


def run(root, *, robot=None, sinks=(), **changes):
    """Run a one-line tree on a perfect arm; return the ending, the robot and the records."""
    link, plan, clock = (changes.pop(name, None) for name in ("link", "plan", "clock"))
    tree = tree_of(root)
    robot = robot or FakeRobot()
    robot.connect()
    notes = Notes()
    loop = Loop(
        robot=robot,
        tree=tree,
        link=link or SilentPolicy(),
        plan=plan or Plan(10, 5),
        clock=clock or SimulatedClock(PERIOD_S),
        limits=so101.LIMITS,
        poses={},
        sinks=[*sinks, notes],
        **{"max_time_s": 1.0, **changes},
    )
    return loop.run(), robot, notes.records


def positions(robot):
    return [command.positions for command in robot.commands]


def test_a_tree_that_succeeds_or_fails_ends_the_run_and_the_arm_is_stopped():
    ending, robot, _ = run("done")
    assert (ending.status, robot.stops) == (Status.SUCCESS, 1)
    ending, robot, _ = run("{sequence: [done, refuse]}")
    assert (ending.status, ending.reason, ending.failed_path) == (Status.FAILURE, "no reason to go on", "t/refuse")
    assert robot.stops == 1


def test_every_tick_sends_exactly_one_command_that_keeps_the_limits():
    _, robot, records = run("go")
    assert [command.step for command in robot.commands] == [record.step for record in records]
    assert audit(positions(robot), so101.REST, so101.LIMITS, PERIOD_S) == []
    assert np.allclose(positions(robot)[-1], AWAY)


def test_a_tick_without_a_proposal_holds():
    _, robot, records = run("idle")
    assert all(record.verdict.held for record in records)
    assert np.allclose(positions(robot), so101.REST)


class Stopping(FakeRobot):
    """Does not follow from step 5 to 9, and has sunk a little when it does again."""

    def observe(self, step, now_s):
        if step == 5:
            self._joints = self._joints - 0.05
        observation = super().observe(step, now_s)
        return replace(observation, health=Health(stopped="no servo answers" if 5 <= step < 10 else ""))


def test_a_robot_that_is_stopped_gets_the_pose_it_is_in_and_goes_on_from_there():
    _, robot, records = run("go", robot=Stopping())
    assert all(record.verdict.held for record in records[5:10])
    for record in records[5:10]:
        np.testing.assert_allclose(record.command.positions, record.observation.joints)
    assert records[5].events == ("robot stopped: no servo answers",)
    assert records[10].events == ("robot: all well again",)
    assert audit(positions(robot)[5:], positions(robot)[5], so101.LIMITS, PERIOD_S) == []
    assert np.allclose(positions(robot)[-1], AWAY)


def test_an_emergency_stop_ends_the_run_with_its_reason(caplog):
    robot = FakeRobot()

    class Alarm:
        def publish(self, record):
            if record.step == 3:
                robot.emergency_stop("space pressed")

    with caplog.at_level(logging.CRITICAL):
        ending, _, records = run("go", robot=robot, sinks=[Alarm()])
    assert (ending.status, ending.reason) == (Status.FAILURE, "emergency stop: space pressed")
    assert len(records) == 4


def test_a_proposal_that_is_no_number_is_refused_holds_and_is_told_once():
    _, robot, records = run("poison")
    assert np.allclose(positions(robot), so101.REST)
    assert {record.verdict.refused for record in records} == {"shoulder_pan is nan, not a finite number"}
    assert [record.events for record in records if record.events] == [
        ("command refused: shoulder_pan is nan, not a finite number",)
    ]


def test_an_exception_in_a_leaf_becomes_its_failure_with_its_path_and_the_sibling_is_halted(caplog):
    with caplog.at_level(logging.CRITICAL):
        ending, robot, records = run("{parallel: [throw, go]}")
    assert ending.failed_path == "t/throw"
    assert ending.reason == "raised ZeroDivisionError: division by zero"
    assert next(record.step for record in records if record.status is Status.FAILURE) == 5
    assert robot.stops == 1


def test_two_nodes_that_command_the_arm_in_one_tick_get_it_held(caplog):
    with caplog.at_level(logging.CRITICAL):
        ending, robot, _ = run("{parallel: [go, {go: {name: again}}]}")
    assert ending.reason.startswith("raised ProposalError: a second command in the same tick")
    assert np.allclose(positions(robot), so101.REST)


def test_a_decision_that_took_too_long_is_not_executed_and_the_slow_node_is_named():
    WALL.now_s = 0.0
    _, robot, records = run("block", clock=PacedClock(SimulatedClock(PERIOD_S), WALL, WALL.sleep), max_time_s=0.5)
    assert [record.step for record in records if record.verdict.held] == [3]
    assert records[3].events[0].startswith("the tick took 1.00 s, ")
    assert records[3].events[0].endswith(" of it in t; holding")
    assert (records[4].skipped, records[5].skipped) == (29, 0)
    assert audit(positions(robot), so101.REST, so101.LIMITS, PERIOD_S) == []


def test_on_real_time_missed_steps_are_skipped_and_the_arm_starts_again_from_rest():
    WALL.now_s = 0.0
    _, robot, records = run("block", clock=WallClock(PERIOD_S, WALL, WALL.sleep), max_time_s=2.0)
    steps = [record.step for record in records]
    assert steps[:5] == [0, 1, 2, 3, 33]
    restart = robot.commands[4].velocities
    assert np.all(np.abs(restart) <= so101.LIMITS.acceleration * PERIOD_S + 1e-9)


def test_the_time_limit_ends_the_run_with_its_reason():
    ending, robot, records = run("idle", max_time_s=0.5)
    assert (ending.status, ending.reason) == (Status.FAILURE, "the time limit of 0.5 s is over; it was: idle")
    assert ending.failed_path == "t"
    assert records[-1].time_s == pytest.approx(0.5)
    assert robot.stops == 1


def test_an_interrupt_ends_the_run_after_the_tick_with_the_arm_stopped():
    asked = iter([False, False, True])
    ending, robot, records = run("go", interrupted=lambda: next(asked))
    assert (ending.interrupted, ending.reason, robot.stops) == (True, "interrupted", 1)
    assert [record.status for record in records[:3]] == [Status.RUNNING] * 3
    assert all(record.verdict.held for record in records[3:])
    assert records[-1].nodes == records[2].nodes  # the picture of the tree shows where it was interrupted


def test_a_second_interrupt_breaks_out_at_once_and_still_stops_the_arm():
    def insist():
        raise KeyboardInterrupt

    robot = FakeRobot()
    with pytest.raises(KeyboardInterrupt):
        run("go", robot=robot, interrupted=insist)
    assert robot.stops == 1


class Failing(FakeRobot):
    """A robot whose measurements stop in step 4."""

    def observe(self, step, now_s):
        if step == 4:
            raise RobotError("no servo answers; is the cable in?")
        return super().observe(step, now_s)


def test_a_robot_that_stops_measuring_ends_the_run_with_its_words(caplog):
    with caplog.at_level(logging.CRITICAL):
        ending, robot, _ = run("go", robot=Failing())
    assert (ending.status, ending.reason) == (Status.FAILURE, "no servo answers; is the cable in?")
    assert robot.stops == 1


class Clumsy(FakeRobot):
    """A robot that sends something else than it was told."""

    def command(self, command):
        super().command(command)
        return command.positions * 0.5


def test_the_record_tells_what_was_really_sent_and_the_next_command_keeps_its_speed_from_there():
    _, robot, records = run("idle", robot=Clumsy(), max_time_s=0.2)
    assert np.allclose(records[0].command.positions, so101.REST * 0.5)
    moved = np.abs(robot.commands[1].positions - records[0].command.positions)
    assert np.all(moved <= so101.LIMITS.velocity * PERIOD_S + 1e-9)


def test_a_sink_that_fails_is_switched_off_and_the_run_goes_on(caplog):
    with caplog.at_level(logging.CRITICAL):
        ending, _, records = run("idle", sinks=[Broken()], max_time_s=0.3)
    assert ending.reason == "the time limit of 0.3 s is over; it was: idle"
    assert len(records) == 10


@pytest.mark.parametrize("root", ["go", "{sequence: [{timeout: {duration_s: 0.1, child: go}}]}"])
def test_however_it_ends_the_arm_is_braked_within_its_limits_before_it_is_stopped(root):
    _, robot, records = run(root, max_time_s=0.1)
    assert np.max(np.abs(records[2].command.velocities)) > 1.0  # it ended in full motion
    assert np.allclose(robot.commands[-1].velocities, 0.0, atol=1e-9)
    assert audit(positions(robot), so101.REST, so101.LIMITS, PERIOD_S) == []
    assert len(records) == len(robot.commands)  # the braking is told like every other tick


def test_running_leaves_are_halted_before_the_arm_is_stopped():
    Halted.halts.clear()
    run("halted", max_time_s=0.2)
    assert Halted.halts == [None]


def test_a_stream_within_the_limits_passes_the_loop_unchanged():
    _, robot, _ = run("stream", max_time_s=1.5)
    assert np.allclose(positions(robot)[:40], [wave(step) for step in range(40)], atol=1e-12)


class Epochs(SilentPolicy):
    """A link that counts epochs."""

    def __init__(self):
        self.epochs = 0

    def new_epoch(self):
        self.epochs += 1


class Telling(Action):
    """Tell a person something in the third tick."""

    type_name = "telling"

    def on_tick(self, ctx):
        if ctx.observation.step == 2:
            ctx.tell("look at this")
        return running("telling")


def test_what_a_leaf_tells_is_an_event_of_its_tick():
    _, _, records = run("telling")
    assert [record.step for record in records if "look at this" in record.events] == [2]


def test_an_answer_under_way_becomes_stale_when_something_else_moves_the_arm_and_only_then():
    moved, still = Epochs(), Epochs()
    run("go", link=moved)
    run("idle", link=still)
    assert moved.epochs > 0
    assert still.epochs == 0


class Lost(FakeRobot):
    """A robot that has lost an encoder: at the start, or in what it says it sent."""

    def __init__(self, measured, sent):
        super().__init__()
        self.measured, self.sent = measured, sent

    def observe(self, step, now_s):
        observation = super().observe(step, now_s)
        return replace(observation, joints=np.where(np.arange(6) == 2, self.measured, observation.joints))

    def command(self, command):
        super().command(command)
        return np.where(np.arange(6) == 1, self.sent, command.positions)


@pytest.mark.parametrize(
    ("robot", "words", "commands"),
    [
        (Lost(np.nan, 0.0), "the robot measured nan for elbow_flex; expected a finite number", 0),
        (Lost(0.0, np.inf), "the robot sent inf for shoulder_lift; expected a finite number", 1),
    ],
    ids=["measured", "sent"],
)
def test_a_robot_that_tells_no_finite_numbers_ends_the_run_before_they_reach_a_command(robot, words, commands, caplog):
    with caplog.at_level(logging.CRITICAL):
        ending, robot, _ = run("go", robot=robot)
    assert (ending.status, ending.reason) == (Status.FAILURE, words)
    assert len(robot.commands) == commands
    assert np.all(np.isfinite(positions(robot)))
    assert robot.stops == 1


class Buggy(FakeRobot):
    """A driver that raises what it should not."""

    def observe(self, step, now_s):
        if step == 3:
            raise OSError("device vanished")
        return super().observe(step, now_s)


def test_an_unexpected_exception_ends_the_run_with_its_words_and_the_arm_stopped(caplog):
    with caplog.at_level(logging.CRITICAL):
        ending, robot, _ = run("go", robot=Buggy())
    assert ending.reason == "internal error: OSError: device vanished"
    assert robot.stops == 1


def test_a_person_is_told_once_when_the_policys_actions_stay_away():
    _, _, records = run("wanting", max_time_s=8.0)
    told = [(record.time_s, record.events) for record in records if record.events]
    assert told == [
        (pytest.approx(3.0, abs=0.05), ("no actions from the policy for 3 s; is query_policy ticked in every tick?",))
    ]


class Unplugged(FakeRobot):
    """A robot that can't even be stopped."""

    def stop(self):
        raise RobotError("unplugged")


def test_a_robot_that_cant_be_stopped_does_not_hide_how_the_run_ended(caplog):
    with caplog.at_level(logging.CRITICAL):
        ending, _, _ = run("done", robot=Unplugged())
    assert ending.status is Status.SUCCESS


class Follow(Action):
    """Propose the planned action; fail in step 2 after having proposed it."""

    type_name = "follow"

    def on_tick(self, ctx):
        action = ctx.plan.action(ctx.observation.step)
        if action is not None:
            ctx.propose(action)
        return failure("changed my mind") if ctx.observation.step == 2 else running("following")


def test_an_action_whose_proposal_was_withdrawn_counts_as_never_executed_and_the_plan_is_dropped():
    plan, link = Plan(20, 10), Epochs()
    plan.accept(ActionChunk(np.tile(AWAY, (20, 1)), 0, 0, "go", 0.1), 0)
    run("{fallback: [follow, idle]}", plan=plan, link=link, max_time_s=0.5)
    assert plan.stats.executed == 2
    assert len(plan.remaining(3)) == 0
    assert link.epochs == 1


class Scripted(SilentPolicy):
    """A link whose chunks arrive at given times."""

    def __init__(self, chunks):
        super().__init__()
        self.chunks = chunks

    def poll(self, now_s):
        return self.chunks.pop(round(now_s / PERIOD_S), None)


def test_a_person_is_told_of_a_chunk_that_came_too_late_in_its_tick():
    def chunk(observed_step, length):
        return ActionChunk(np.tile(so101.REST, (length, 1)), observed_step, 0, "go", 0.1)

    link = Scripted({2: chunk(0, 20), 9: chunk(1, 5)})
    _, _, records = run("obey", link=link, plan=Plan(20, 20), max_time_s=0.5)
    assert {record.step: record.events for record in records if record.events} == {
        9: ("chunk late: its 5 actions were over when it came; more in a row or within 10 s are only counted",)
    }
    assert (records[9].splice.outcome, records[9].plan.late) == ("late", 1)


def edits(*trees):
    """Offer each tree in the step that it stands for."""
    steps = iter(range(10**6))
    offers = dict(trees)
    return lambda: offers.get(next(steps))


def test_an_edited_tree_takes_over_once_the_arm_is_at_rest():
    ending, robot, records = run("halted", edits=edits((4, tree_of("{sequence: [go]}", "new"))))
    taken = next(i for i, record in enumerate(records) if record.layout is not records[0].layout)
    assert [node.path for node in records[taken].layout] == ["new", "new/go"]
    told = {record.step: record.events for record in records if record.events}
    assert told[4] == ("the tree was edited; holding until the arm is at rest",)
    assert told[taken] == ("the edited tree takes over, from its root",)
    assert all(record.verdict.held for record in records[4:taken])
    assert all(record.status is Status.RUNNING for record in records)
    assert np.max(np.abs(records[taken - 1].command.velocities)) < 1e-9
    assert audit(positions(robot), so101.REST, so101.LIMITS, PERIOD_S) == []
    assert np.allclose(positions(robot)[-1], AWAY)
    assert ending.failed_path == "new/go"


def test_why_an_edit_changes_nothing_is_told_and_the_tree_goes_on():
    words = ("the edit changes nothing:", "t.yaml:3:5: no such node")
    _, _, records = run("go", edits=edits((3, words)))
    assert [record.events for record in records[:5]] == [(), (), (), words, ()]
    assert all(record.nodes[0].ticked and record.layout is records[0].layout for record in records)


def test_what_an_edit_interrupts_is_halted_first(monkeypatch):
    monkeypatch.setattr(Halted, "halts", [])
    _, _, records = run("halted", edits=edits((5, tree_of("halted"))), max_time_s=10 * PERIOD_S)
    assert len(Halted.halts) == 2
    assert {state.status for state in records[5].nodes} == {Status.IDLE}


def test_the_newest_of_the_edits_made_while_the_arm_brakes_takes_over():
    both = edits((4, tree_of("idle", "one")), (5, tree_of("done", "two")))
    ending, _, records = run("go", edits=both)
    assert {record.layout[0].path for record in records} == {"t", "two"}
    assert ending.status is Status.SUCCESS


def test_an_arm_at_rest_lets_an_edited_tree_take_over_at_once():
    _, _, records = run("idle", edits=edits((3, tree_of("go", "new"))))
    assert [record.layout[0].path for record in records[:5]] == ["t", "t", "t", "new", "new"]
    assert records[3].events == (
        "the tree was edited; holding until the arm is at rest",
        "the edited tree takes over, from its root",
    )
