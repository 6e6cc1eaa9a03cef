"""A person holds a run, steps it, breaks it at nodes, answers for them and changes what they do."""

from __future__ import annotations

import threading
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.arm import so101
from bt_robot.errors import RobotError
from bt_robot.messages import ActionChunk, LinkState, Status
from bt_robot.messages.steering import Asked, Breakpoint, Wish
from bt_robot.nodes import standard_registry
from bt_robot.policy.chunks.plan import Plan
from bt_robot.policy.link.silent import SilentPolicy
from bt_robot.robot.fake import FakeRobot
from bt_robot.runtime.clock import SimulatedClock
from bt_robot.runtime.loop import Loop
from bt_robot.runtime.people import Board
from bt_robot.runtime.steering import Helm
from bt_robot.telemetry.audit import audit
from bt_robot.tree import Action, Condition, Input, Output, Registry, build_tree, failure, parse_tree, running, success
from tests.scale import examples

PERIOD_S = 1 / 30
AWAY = so101.REST + np.array([0.5, 0.3, -0.3, 0.2, 0.1, 0.3])


class Go(Action):
    """Propose a far-away pose, for ever."""

    type_name = "go"

    def on_tick(self, ctx):
        ctx.propose(AWAY)
        return running("going")


class Clocked(Action):
    """Note the tree's clock, and how old the measurement looks."""

    type_name = "clocked"
    seen: ClassVar[list[tuple[float, float]]] = []

    def on_tick(self, ctx):
        self.seen.append((ctx.now_s, ctx.now_s - ctx.observation.time_s))
        return running("looking")


class Ends(Action):
    """End at once, in its own words."""

    type_name = "ends"
    how = Input(str, default="S", doc="S or F")
    after = Input(int, default=0, minimum=0, maximum=100, doc="ticks before")
    ticks: ClassVar[list[str]] = []

    def on_start(self, ctx):
        self.count = 0

    def on_tick(self, ctx):
        self.ticks.append(ctx.path)
        self.count += 1
        if self.count <= self.after:
            return running("not yet")
        return success("its own end") if self.how == "S" else failure("its own reason")


class Guard(Condition):
    """Hold, and count how often it is asked."""

    type_name = "guarded"
    asked: ClassVar[list[float]] = []

    def on_tick(self, ctx):
        self.asked.append(ctx.now_s)
        return success()


class Count(Action):
    """Write a number to a key in every second tick."""

    type_name = "count"
    number = Output(int, doc="how often it was ticked")

    def __init__(self, **values):
        super().__init__(**values)
        self.ticks = 0

    def on_tick(self, ctx):
        self.ticks += 1
        if self.ticks % 2 == 0:
            self.number = self.ticks
        return running("counting")


class Slow(Action):
    """Take five ticks to let go."""

    type_name = "slow"
    leaves: ClassVar[list[float]] = []

    def on_tick(self, ctx):
        return running("holding on")

    def on_halt(self, ctx):
        return running("letting go")

    def on_leaving(self, ctx):
        self.leaves.append(ctx.now_s)
        return success() if len(self.leaves) == 5 else running("letting go")


REGISTRY = Registry([*standard_registry().leaves.values(), Go, Clocked, Ends, Guard, Count, Slow])


@pytest.fixture(autouse=True)
def fresh():
    for log in (Clocked.seen, Ends.ticks, Guard.asked, Slow.leaves):
        log.clear()


class Person:
    """A sink that keeps the records, and does things right after the ticks of some steps."""

    def __init__(self, helm, script):
        self.helm, self.script, self.records, self.refused = helm, script, [], []

    def publish(self, record):
        self.records.append(record)
        for does in self.script.get(record.step, ()):
            if callable(does):
                does()
            elif why := self.helm.wish(does if isinstance(does, Wish) else Wish(does), "anna"):
                self.refused.append(why)


class PromptLink(SilentPolicy):
    """Answers every question after three steps with small motions, and keeps what it was asked."""

    def __init__(self):
        super().__init__()
        self.asked, self.epochs, self.epoch, self._job = [], [], 0, None

    @property
    def state(self):
        return LinkState(available=True, in_flight=self._job is not None)

    def offer(self, observation, prompt):
        if self._job is not None:
            return False
        self.asked.append((observation.step, observation.time_s, prompt))
        self._job = (observation, prompt, self.epoch)
        return True

    def new_epoch(self):
        self.epoch += 1

    def poll(self, now_s):
        if self._job is None or now_s < self._job[0].time_s + 3 * PERIOD_S - 1e-9:
            return None
        (observation, prompt, epoch), self._job = self._job, None
        if epoch != self.epoch:
            return None
        actions = observation.joints + np.linspace(0.01, 0.1, 10)[:, None] * np.ones(6)
        return ActionChunk(actions, observation.step, epoch, prompt, 3 * PERIOD_S)


def tree_of(root, name="t"):
    return build_tree(parse_tree(f"tree: {name}\nroot: {root}\n", "t.yaml", REGISTRY))


def loop_of(robot, tree, person, helm, link=None, plan=None, **changes):
    """The loop of a run that a person looks at and steers."""
    return Loop(
        robot=robot,
        tree=tree,
        link=link or SilentPolicy(),
        plan=plan or Plan(10, 5),
        clock=SimulatedClock(PERIOD_S),
        limits=so101.LIMITS,
        poses={},
        sinks=[person],
        helm=helm,
        **changes,
    )


def run(root, script, **changes):
    """Run a one-line tree, held and steered as the script says; return the ending, the person and the robot."""
    helm, steps = changes.pop("helm", None) or Helm(), iter(range(300))
    person = Person(helm, script)
    robot = FakeRobot()
    robot.connect()
    link, plan = changes.pop("link", None), changes.pop("plan", None)
    changes = {"max_time_s": 1.0, "interrupted": lambda: next(steps, None) is None, **changes}
    loop = loop_of(robot, tree_of(root) if isinstance(root, str) else root, person, helm, link, plan, **changes)
    ending = loop.run()
    assert [command.step for command in robot.commands] == [record.step for record in person.records]
    assert audit([command.positions for command in robot.commands], so101.REST, so101.LIMITS, PERIOD_S) == []
    return ending, person, robot


def modes(person):
    return "".join(record.mode[0] for record in person.records)


# Hold and resume


def test_a_run_that_is_held_brakes_the_arm_and_goes_on_from_there_when_it_is_resumed():
    _, person, robot = run("go", {1: ["hold"], 30: ["resume"]})
    held = [record for record in person.records if record.mode == "held"]
    assert [record.step for record in held] == list(range(2, 31))
    assert all(record.verdict.held and record.proposal is None for record in held)
    assert np.max(np.abs(held[-1].command.velocities)) < 1e-9
    assert not np.allclose(held[-1].command.positions, AWAY)
    assert np.allclose(robot.commands[-1].positions, AWAY)


def test_the_acts_and_their_events_are_in_the_record_of_the_tick_that_they_come_before():
    _, person, _ = run("go", {4: ["hold"], 8: ["resume"]})
    acts = {record.step: (record.acts, record.wishes) for record in person.records if record.acts}
    assert acts == {5: (("anna: hold",), (Wish("hold"),)), 9: (("anna: resume",), (Wish("resume"),))}
    assert person.records[5].events == ("person: anna: hold",)


def test_what_is_so_already_is_no_act():
    _, person, _ = run("go", {3: ["resume"], 5: ["hold", "hold"]})
    assert [record.acts for record in person.records if record.acts] == [("anna: hold",)]


def test_the_clock_of_the_tree_stands_still_while_it_is_held_and_ages_stay_true():
    run("clocked", {4: ["hold"], 20: ["resume"]})
    times, ages = zip(*Clocked.seen, strict=True)
    np.testing.assert_allclose(np.diff(times), PERIOD_S)
    np.testing.assert_allclose(ages, 0.0, atol=1e-9)


def test_no_time_limit_runs_out_because_a_person_thinks():
    ending, person, _ = run("{timeout: {duration_s: 0.5, child: clocked}}", {4: ["hold"], 200: ["resume"]})
    assert ending.failed_path == "t"
    assert len(Clocked.seen) == 16
    assert person.records[-1].step == 196 + 15
    ending, person, _ = run("clocked", {4: ["hold"], 200: ["resume"]}, max_time_s=0.5)
    assert "the time limit of 0.5 s is over" in ending.reason
    assert person.records[-1].step == 196 + 15


def test_since_when_a_node_stands_is_told_on_the_clock_of_the_run():
    _, person, _ = run("{sequence: [{ends: {after: 9}}, go]}", {4: ["hold"], 20: ["resume"]})
    began = next(record for record in person.records if record.nodes[2].status is Status.RUNNING)
    assert began.nodes[2].since_s == pytest.approx(began.time_s)


def test_a_leaf_that_lets_go_at_the_end_has_its_time_however_long_the_run_was_held():
    ending, person, _ = run("slow", {4: ["hold"], 200: ["resume"]}, max_time_s=0.5)
    assert person.records[-1].time_s > 6.0
    np.testing.assert_allclose(np.diff(Slow.leaves), PERIOD_S)
    assert (len(Slow.leaves), ending.reason[:13]) == (5, "the time limi")


def test_a_leaf_that_is_halted_lets_go_when_the_run_goes_on():
    script = {4: [Wish("skip", "t/slow"), "hold"], 20: ["resume"], 22: ["hold"], 40: ["resume"]}
    _, person, _ = run("{sequence: [slow, clocked]}", script)
    assert len(Slow.leaves) == 5
    np.testing.assert_allclose(np.diff(Slow.leaves), PERIOD_S)
    assert all(record.proposal is None for record in person.records if record.mode == "held")


def test_a_run_that_is_held_can_be_interrupted():
    steps = iter(range(20))
    ending, person, _ = run("go", {4: ["hold"]}, interrupted=lambda: next(steps, None) is None)
    assert ending.interrupted
    assert person.records[-1].mode == "held"


def test_what_was_planned_is_dropped_when_the_run_is_held_and_asked_for_anew_when_it_goes_on():
    link, plan = PromptLink(), Plan(10, 5)
    root = "{reactive_sequence: [{query_policy: {prompt: go}}, execute_chunk]}"
    _, person, _ = run(root, {8: ["hold"], 20: ["resume"]}, link=link, plan=plan)
    assert person.records[8].planned_steps > 0
    assert [record.planned_steps for record in person.records[9:21]] == [0] * 12
    assert not [step for step, _, _ in link.asked if 9 <= step <= 20]
    assert next(step for step, _, _ in link.asked if step > 20) == 21
    assert [record.planned_steps for record in person.records[21:24]] == [0, 0, 0]
    for step, time_s, _ in link.asked:
        assert time_s == pytest.approx(step * PERIOD_S)


# Steps


def test_a_step_ticks_the_tree_once_and_the_arm_holds_before_and_after():
    _, person, _ = run("go", {2: ["hold"], 20: ["step"], 40: ["step"], 45: [Wish("resume")]})
    assert modes(person)[:46] == "rrr" + "h" * 18 + "s" + "h" * 19 + "s" + "h" * 4
    assert person.records[21].proposal is not None
    assert person.records[22].proposal is None


def test_a_step_takes_one_period_of_the_clock_of_the_tree():
    run("clocked", {2: ["hold"], 20: ["step"], 40: ["step"], 60: ["resume"]})
    np.testing.assert_allclose(np.diff([now_s for now_s, _ in Clocked.seen]), PERIOD_S)


def test_a_step_of_a_run_that_is_not_held_is_its_last_before_it_is():
    _, person, _ = run("go", {2: ["step"], 9: ["resume"]})
    assert modes(person)[:10] == "rrrs" + "h" * 6


def test_a_run_can_be_stepped_until_the_status_of_a_node_changes():
    _, person, _ = run("{sequence: [{ends: {after: 9}}, go]}", {2: ["hold"], 20: ["step_to_change"], 45: ["resume"]})
    assert modes(person)[:46] == "rrr" + "h" * 18 + "s" * 7 + "h" * 18
    assert [state.status.value for state in person.records[27].nodes] == ["RUNNING", "SUCCESS", "RUNNING"]


def test_between_steps_the_plan_waits_and_every_step_executes_one_action():
    link, plan = PromptLink(), Plan(10, 5)
    root = "{reactive_sequence: [{query_policy: {prompt: go}}, execute_chunk]}"
    script = {2: ["hold"], **{step: ["step"] for step in range(10, 200, 10)}, 199: ["resume"]}
    _, person, _ = run(root, script, link=link, plan=plan)
    planned = [record.plan.executed for record in person.records]
    assert planned[11] == 0  # this step asked
    assert np.diff([planned[11 + 10 * i] for i in range(1, 8)]).tolist() == [1] * 6
    assert planned[19] == planned[12]


POLICY = "{reactive_sequence: [{query_policy: {prompt: go}}, execute_chunk]}"


def test_a_plan_that_waited_between_steps_is_dropped_when_the_run_goes_on():
    link = PromptLink()
    script = {2: ["hold"], **{step: ["step"] for step in range(10, 60, 10)}, 60: ["resume"]}
    _, person, _ = run(POLICY, script, link=link)
    assert person.records[60].planned_steps > 0
    assert person.records[61].planned_steps == 0
    assert 61 in [step for step, _, _ in link.asked]


def test_a_plan_that_was_under_way_is_dropped_after_the_step_that_ended_it():
    _, person, _ = run(POLICY, {6: ["step"], 20: ["resume"]}, link=PromptLink())
    assert [record.planned_steps > 0 for record in person.records[6:9]] == [True, True, False]


def test_a_run_that_is_stepped_to_the_next_change_is_held_by_a_breakpoint_too():
    script = {0: ["hold", at("t/ends", "SUCCESS")], 5: ["step_to_change"]}
    _, person, _ = run("{sequence: [{ends: {after: 5}}, clocked]}", script)
    assert person.records[-1].mode == "held"
    assert modes(person)[:15] == "r" + "h" * 5 + "s" * 5 + "h" * 4
    assert "breakpoint: t/ends waits with SUCCESS" in person.records[10].events


def test_a_run_that_is_stepped_is_held_when_whoever_steers_is_gone():
    helm = Helm()
    gone = {20: ["step_to_change"], 25: [lambda: helm.let_go("anna")], 30: ["resume"]}
    _, person, _ = run("go", gone, helm=helm)
    assert modes(person)[:31] == "r" * 21 + "s" * 5 + "h" * 5
    assert person.records[26].acts == ("anna: gone; holding",)
    assert person.records[26].wishes == (Wish("hold"),)


@pytest.mark.parametrize("before", [[], ["hold"]])
def test_a_run_that_is_not_stepped_stays_as_it_is_when_whoever_steers_is_gone(before):
    helm = Helm()
    _, person, _ = run("go", {2: before, 5: [lambda: helm.let_go("anna")], 9: ["resume"]}, helm=helm)
    assert modes(person)[6] == ("h" if before else "r")
    assert not any("gone" in act for record in person.records for act in record.acts)


# Breakpoints


def at(path, status):
    return Wish("breakpoint", path, status)


def test_a_node_waits_before_it_begins_while_those_above_it_are_ticked():
    root = "{reactive_sequence: [guarded, {ends: {after: 3}}]}"
    _, person, _ = run(
        f"{{sequence: [{{ends: {{after: 3}}}}, {root}]}}",
        {0: [at("t/reactive_sequence/ends", "RUNNING")], 30: ["resume"]},
    )
    assert len(Guard.asked) > 20
    assert Ends.ticks.count("t/reactive_sequence/ends") == 4
    waiting = person.records[20]
    assert (waiting.mode, waiting.nodes[4].status, waiting.nodes[4].reason) == (
        "running",
        Status.RUNNING,
        "held by a breakpoint",
    )
    assert person.records[3].events[-1] == "breakpoint: t/reactive_sequence/ends waits before it begins"
    assert person.records[31].acts == ("anna: go on from the breakpoint",)
    assert person.records[-1].status is Status.SUCCESS


def test_the_clock_of_the_tree_stands_still_while_a_node_waits_and_ages_stay_true():
    root = "{timeout: {duration_s: 0.3, child: {parallel: [clocked, {ends: {after: 99}}]}}}"
    script = {0: [at("t/parallel/ends", "SUCCESS"), Wish("parameter", "t/parallel/ends", name="after", text="3")]}
    ending, person, _ = run(root, {**script, 60: ["resume"]})
    assert (ending.failed_path, ending.reason[:21]) == ("t", "not done within 0.3 s")
    assert person.records[-1].step > 60
    times, ages = zip(*Clocked.seen, strict=True)
    np.testing.assert_allclose(ages, 0.0, atol=1e-9)
    assert len({round(now_s, 9) for now_s in times}) < 12
    assert len(times) > 60


@pytest.mark.parametrize(("how", "status"), [("S", "SUCCESS"), ("F", "FAILURE"), ("S", "any"), ("F", "any")])
def test_a_node_waits_with_its_end_and_tells_it_in_its_own_words_when_it_may(how, status):
    script = {0: [at("t/ends", status)], 10: ["resume"], 20: ["resume"]}
    ending, person, _ = run(f"{{sequence: [{{wait: {{duration_s: 0.1}}}}, {{ends: {{how: {how}}}}}]}}", script)
    assert Ends.ticks == ["t/ends"]
    end = Status.SUCCESS if how == "S" else Status.FAILURE
    assert any(f"breakpoint: t/ends waits with {end}" in record.events for record in person.records)
    assert person.records[-1].nodes[2].reason in ("its own end", "its own reason")
    assert (ending.status, ending.reason) == (end, "" if how == "S" else "its own reason")


def test_a_breakpoint_that_is_taken_away_lets_its_node_go_on():
    script = {0: [at("t/ends", "SUCCESS")], 10: [Wish("unbreak", "t/ends", "SUCCESS")]}
    ending, person, _ = run("{sequence: [{wait: {duration_s: 0.1}}, ends]}", script)
    assert (ending.status, person.records[-1].step, Ends.ticks) == (Status.SUCCESS, 11, ["t/ends"])


def test_a_node_that_waits_and_is_halted_waits_no_more():
    seen = []
    look = [lambda: seen.append(helm.breakpoints)]
    helm = Helm()
    root = "{sequence: [{wait: {duration_s: 0.1}}, {fallback: [{reactive_sequence: [guarded, go]}, clocked]}]}"
    path, guard = "t/fallback/reactive_sequence/go", Wish("force", "t/fallback/reactive_sequence/guarded", "FAILURE")
    run(root, {0: [at(path, "RUNNING")], 8: [*look, guard], 9: look}, helm=helm)
    assert [point.reached for points in seen for point in points] == [True, False]
    assert len(Clocked.seen) > 0


def test_a_node_waits_on_whatever_else_people_do():
    script = {
        0: [at("t/ends", "any")],
        10: [at("t/wait", "FAILURE"), "hold"],
        20: ["resume"],
        30: [Wish("skip", "t/wait")],
    }
    _, person, _ = run("{sequence: [{wait: {duration_s: 0.1}}, ends]}", script)
    waits = [record.nodes[2].reason == "held by a breakpoint" for record in person.records]
    assert waits[10:20] == [True] * 10
    assert waits[21:] == [True] * (len(waits) - 21)  # before it begins, then with its end


def test_an_end_that_was_held_back_is_void_once_the_node_was_halted():
    root = "{retry: {attempts: 2, child: {reactive_sequence: [guarded, {ends: {after: 1}}]}}}"
    path = "t/reactive_sequence/ends"
    fail = Wish("force", "t/reactive_sequence/guarded", "FAILURE")
    ending, _, _ = run(root, {0: [at(path, "SUCCESS")], 5: [fail], 9: [Wish("unbreak", path, "any")]})
    assert ending.status is Status.SUCCESS
    assert Ends.ticks == [path] * 4


def test_the_rest_of_a_parallel_goes_on_while_one_of_its_nodes_waits():
    steps = iter(range(40))
    script = {0: ["hold", at("t/sequence/ends", "any")], 1: ["resume"]}
    root = "{parallel: [go, {sequence: [clocked, ends]}]}"
    script[2] = [Wish("skip", "t/sequence/clocked")]
    _, _, robot = run(root, script, interrupted=lambda: next(steps, None) is None)
    assert Ends.ticks == []
    assert np.allclose(robot.commands[-1].positions, AWAY)


def test_a_step_lets_nodes_that_wait_go_on_for_a_tick_and_holds():
    _, person, _ = run(
        "{sequence: [{wait: {duration_s: 0.1}}, {ends: {after: 1}}]}",
        {0: [at("t/ends", "RUNNING")], 10: ["step"], 20: ["resume"]},
    )
    assert modes(person) == "r" * 11 + "s" + "h" * 9 + "r"
    assert person.records[-1].status is Status.SUCCESS


def test_breakpoints_are_listed_and_what_is_none_is_refused():
    helm, seen = Helm(), []
    script = {
        0: [at("t/ends", "RUNNING"), at("t/end", "any"), at("t", "RUNING"), Wish("unbreak", "t/wait", "any")],
        2: [lambda: seen.append(helm.breakpoints)],
    }
    _, person, _ = run("{sequence: [{wait: {duration_s: 0.5}}, ends]}", script, helm=helm)
    assert seen == [(Breakpoint("t/ends", "RUNNING", False),)]
    assert person.refused == [
        "the tree has no node 't/end'; did you mean 't/ends'?",
        "a breakpoint at 'RUNING'; expected any, RUNNING, SUCCESS or FAILURE",
        "there is no breakpoint at 't/wait'",
    ]


# Answers


def test_a_node_can_be_skipped_or_made_to_fail_at_its_next_turn_and_is_halted_if_it_runs():
    ending, person, _ = run("{sequence: [clocked, ends]}", {4: [Wish("skip", "t/clocked")]})
    assert (ending.status, len(Clocked.seen)) == (Status.SUCCESS, 5)
    assert person.records[5].acts == ("anna: skip t/clocked: SUCCESS at its next turn",)
    ending, _, _ = run("{sequence: [clocked, ends]}", {4: [Wish("force", "t/clocked", "FAILURE")]})
    assert (ending.status, ending.failed_path, ending.reason) == (Status.FAILURE, "t/clocked", "forced")


def test_an_answer_counts_once():
    run("{retry: {attempts: 2, child: {ends: {how: S, after: 2}}}}", {0: [Wish("force", "t/ends", "FAILURE")]})
    assert Ends.ticks == ["t/ends"] * 4


# Other values


def test_another_prompt_is_asked_for_from_the_next_tick_on_and_the_record_tells_it():
    link = PromptLink()
    root = "{sequence: {prompt: one, children: [{reactive_sequence: [query_policy, execute_chunk]}]}}"
    script = {4: [Wish("prompt", "t", text="two")]}
    _, person, _ = run(root, script, link=link)
    assert {prompt for step, _, prompt in link.asked if step <= 4} == {"one"}
    assert {prompt for step, _, prompt in link.asked if step > 6} == {"two"}
    assert person.records[5].acts == ("anna: prompt of t: 'one' → 'two'",)
    assert (person.records[4].prompt, person.records[5].prompt) == ("one", "two")
    assert person.records[4].layout is not person.records[5].layout
    assert person.records[5].layout is person.records[20].layout


def test_another_value_counts_from_the_next_tick_on():
    _, person, _ = run(
        "{timeout: {duration_s: 0.2, child: clocked}}", {4: [Wish("parameter", "t", name="duration_s", text="0.6")]}
    )
    assert person.records[5].acts == ("anna: duration_s of t: 0.2 → 0.6",)
    assert person.records[-1].time_s == pytest.approx(0.6)


def test_a_value_that_is_none_is_refused_and_changes_nothing():
    script = {4: [Wish("parameter", "t/ends", name="after", text="101"), Wish("prompt", "t", text="go")]}
    _, person, _ = run("{sequence: [{ends: {after: 9}}]}", script)
    assert person.refused == [
        "after: '101'; expected a whole number from 0 to 100",
        "no prompt is in force at 't'",
    ]
    assert not any(record.acts for record in person.records)


# People, and the end


def test_questions_are_listed_and_answered():
    board, seen = Board(), []
    helm = Helm(board=board)
    script = {
        2: [lambda: seen.append(helm.questions)],
        4: [Wish("confirm", number=1, yes=True), Wish("confirm", number=1, yes=True)],
    }
    ending, person, _ = run('{confirm: {question: "empty?"}}', script, helm=helm, people=board)
    assert seen == [(Asked(1, "t", "empty?"),)]
    assert ending.status is Status.SUCCESS
    assert person.refused == ["the question does not wait for an answer any more"]
    assert person.records[5].acts == ("anna: yes to: empty?",)
    assert "answered yes by anna: empty?" in person.records[5].events


@pytest.mark.parametrize("before", [[], ["hold"], [at("t/clocked", "any")]])
def test_the_emergency_stop_stops_the_robot_at_once_whatever_the_run_is_doing(before):
    robot, reasons = FakeRobot(), []
    robot.connect()
    helm = Helm(stop=lambda why: (reasons.append(why), robot.emergency_stop(why)))
    person = Person(helm, {2: before, 6: [lambda: helm.stop("anna")]})
    ending = loop_of(robot, tree_of("{parallel: [go, clocked]}"), person, helm).run()
    assert reasons == ["pressed by anna"]
    assert "pressed by anna" in ending.reason
    assert person.records[-1].step == 6
    assert ending.acts == ("anna: emergency stop",)  # no tick could tell it


def test_what_people_do_in_the_tick_that_ends_the_run_is_in_its_ending_once():
    helm = Helm()

    def stop_and_hold():
        helm.press("space pressed")
        helm.press("space pressed")
        helm.wish(Wish("hold"), "anna")  # not done any more: no act

    ending, person, _ = run("{wait: {duration_s: 0}}", {0: [stop_and_hold]}, helm=helm)
    assert ending.status is Status.SUCCESS
    assert ending.acts == ("somebody: emergency stop, space pressed",)
    assert not any(record.acts for record in person.records)


def test_what_people_did_before_a_tick_that_failed_is_in_the_ending():
    class Lame(FakeRobot):
        def command(self, command):
            if command.step == 4:
                raise RobotError("the cable broke")
            return super().command(command)

    helm, robot = Helm(), Lame()
    robot.connect()
    person = Person(helm, {3: ["hold"]})
    ending = loop_of(robot, tree_of("go"), person, helm).run()
    assert ending.reason == "the cable broke"
    assert ending.acts == ("anna: hold",)
    assert not any(record.acts for record in person.records)


def test_nothing_can_be_done_to_a_run_before_it_begins_and_after_its_end():
    helm = Helm()
    assert helm.wish(Wish("hold"), "anna") == "the run has not begun yet"
    run("{ends: {after: 3}}", {}, helm=helm)
    assert helm.mode == "ended"
    assert helm.wish(Wish("hold"), "anna") == "the run is over"


# Edits


def test_an_edited_tree_takes_over_while_the_run_is_held_and_waits_and_breakpoints_move_to_it():
    edited = tree_of("{sequence: [clocked, ends]}")
    edits = iter([None] * 12 + [edited])
    script = {
        0: [at("t/clocked", "FAILURE"), at("t/go", "any")],
        4: ["hold"],
        24: [Wish("breakpoint", "t/ends", "any")],
        30: ["resume"],
    }
    helm = Helm()
    _, person, _ = run("{parallel: [go, clocked]}", script, helm=helm, edits=lambda: next(edits, None))
    first = next(record for record in person.records if record.layout is edited.nodes)
    assert first.mode == "held"
    assert {state.status for state in person.records[28].nodes} == {Status.IDLE}
    assert "breakpoint: the edited tree has no node 't/go'; the one there is gone" in first.events
    assert person.records[-1].nodes[1].status is Status.RUNNING
    assert [point.path for point in helm.breakpoints] == ["t/clocked", "t/ends"]


def test_a_leaf_of_the_old_tree_lets_go_when_the_run_goes_on():
    edited = tree_of("clocked")
    edits = iter([None] * 12 + [edited])
    _, person, _ = run("slow", {4: ["hold"], 24: ["resume"]}, edits=lambda: next(edits, None))
    assert next(record.step for record in person.records if record.layout is edited.nodes) == 30
    assert len(Slow.leaves) == 5


# The blackboard


def test_the_keys_written_in_a_tick_are_in_its_record():
    _, person, _ = run('{sequence: [{count: {number: "{n}"}}]}', {})
    written = {record.step: record.written for record in person.records if record.written}
    assert [(step, w[0].scope, w[0].key, w[0].value) for step, w in list(written.items())[:2]] == [
        (1, "t", "n", 2),
        (3, "t", "n", 4),
    ]


# Whatever people want


def test_wishes_may_come_from_any_thread():
    helm, over = Helm(), threading.Event()

    def meddle():
        acts: Any = ["hold", "step", "resume", "step_to_change"]
        while not over.is_set():
            for act in acts:
                helm.wish(Wish(act), "thread")
            helm.wish(at("t/clocked", "any"), "thread")
            helm.wish(Wish("unbreak", "t/clocked", "any"), "thread")
            assert all(point.path for point in helm.breakpoints)

    thread = threading.Thread(target=meddle)
    thread.start()
    steps = iter(range(600))
    try:
        ending, _, _ = run(
            "{parallel: [go, clocked]}", {}, helm=helm, max_time_s=None, interrupted=lambda: next(steps, None) is None
        )
    finally:
        over.set()
        thread.join()
    assert ending.interrupted


LAW = """{retry: {attempts: forever, child: {repeat: {times: forever, child:
  {sequence: [{ends: {after: 2}}, {reactive_sequence: [guarded, go]}]}}}}}"""
LAW_PATHS = [
    "t",
    "t/repeat",
    "t/repeat/sequence",
    "t/repeat/sequence/ends",
    "t/repeat/sequence/reactive_sequence",
    "t/repeat/sequence/reactive_sequence/guarded",
    "t/repeat/sequence/reactive_sequence/go",
]


def law_wishes():
    paths = st.sampled_from(LAW_PATHS)
    return st.one_of(
        st.sampled_from([Wish("hold"), Wish("resume"), Wish("step"), Wish("step_to_change")]),
        st.builds(
            Wish,
            st.sampled_from(["breakpoint", "unbreak"]),
            paths,
            st.sampled_from(["any", "RUNNING", "SUCCESS", "FAILURE"]),
        ),
        st.builds(Wish, st.just("force"), paths, st.sampled_from(["SUCCESS", "FAILURE"])),
        st.builds(Wish, st.just("skip"), paths),
        st.builds(
            Wish,
            st.just("parameter"),
            paths,
            name=st.sampled_from(["after", "attempts"]),
            text=st.sampled_from(["0", "3", "-1"]),
        ),
    )


@settings(max_examples=examples(60), deadline=None)
@given(st.dictionaries(st.integers(0, 50), st.lists(law_wishes(), min_size=1, max_size=3), max_size=12))
def test_whatever_people_want_the_arm_never_jumps_and_the_same_wishes_steer_a_run_alike(script):
    def once(wanted):
        steps = iter(range(60))
        return run(LAW, wanted, max_time_s=None, interrupted=lambda: next(steps, None) is None)[1].records

    records = once(script)
    again = once({record.step - 1: list(record.wishes) for record in records if record.wishes})
    assert [(r.mode, r.nodes, r.acts) for r in again] == [(r.mode, r.nodes, r.acts) for r in records]
    for before, record in pairwise(records):
        if record.mode == "held":
            assert [state.status for state in record.nodes] == [state.status for state in before.nodes]
            assert not any(state.ticked for state in record.nodes)
            assert record.proposal is None
