"""The plan: actions at the step they are meant for, nothing past, nothing skipped while the arm stood still."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bt_robot.messages import Disagreement, PlanStats
from bt_robot.policy.chunks.plan import LEASH_RAD, Plan
from bt_robot.policy.chunks.strategies import Align, Gate, Latest
from bt_robot.policy.dialect.pace import Pace
from tests.policy.policy_kit import chunk
from tests.scale import examples

HORIZON = 10


@pytest.fixture
def plan():
    return Plan(HORIZON, execute_steps=5, margin_steps=2)


def run(plan, steps):
    """Take an action in each step; return what was got, None for nothing."""
    taken = []
    for step in steps:
        action = plan.action(step)
        taken.append(None if action is None else int(action[0]))
        plan.end_tick(step)
    return taken


def test_an_empty_plan_wants_more_and_has_nothing(plan):
    assert plan.wants_more(0)
    assert plan.action(0) is None
    assert plan.remaining(0).shape[0] == 0
    assert plan.prompt == ""
    assert plan.chunk_age(0) is None


def test_actions_follow_each_other_one_a_step(plan):
    assert plan.accept(chunk(0), 0).accepted
    assert run(plan, range(12)) == [*range(10), None, None]


def test_an_action_taken_twice_in_a_step_is_the_same(plan):
    plan.accept(chunk(0), 0)
    assert plan.action(0) is plan.action(0)
    assert plan.action(1)[0] == 1
    assert plan.stats.executed == 2


def test_a_chunk_that_arrives_while_the_arm_moves_skips_what_was_executed_meanwhile(plan):
    plan.accept(chunk(0, value=0.0), 0)
    run(plan, range(6))
    assert plan.accept(chunk(observed_step=3), 6).accepted
    assert run(plan, range(6, 9)) == [3, 4, 5]


def test_a_chunk_that_arrives_while_the_arm_stands_still_begins_at_the_beginning(plan):
    assert plan.accept(chunk(observed_step=0), 30).accepted
    assert run(plan, range(30, 33)) == [0, 1, 2]


def test_only_what_was_really_executed_is_skipped_when_the_plan_ran_out_meanwhile(plan):
    plan.accept(chunk(0, length=4), 0)
    run(plan, range(20))
    assert plan.accept(chunk(observed_step=2, length=10), 20).accepted
    assert run(plan, range(20, 22)) == [2, 3]


def test_a_chunk_whose_every_action_is_past_is_refused_and_counted(plan):
    plan.accept(chunk(0, length=20, value=0.0), 0)
    run(plan, range(11))
    assert not plan.accept(chunk(observed_step=0, length=10), 11).accepted
    assert plan.stats.late == 1
    assert run(plan, [11]) == [0]


def test_a_chunk_older_than_the_one_in_the_plan_is_refused(plan):
    plan.accept(chunk(5), 6)
    assert not plan.accept(chunk(4), 6).accepted
    assert plan.stats == PlanStats(chunks=1, late=1, planned=20, discarded=10)


def test_a_tick_that_was_missed_skips_nothing(plan):
    plan.accept(chunk(0), 0)
    assert run(plan, [0, 1, 15, 16]) == [0, 1, 2, 3]


def test_remaining_begins_with_the_action_of_the_present_step(plan):
    plan.accept(chunk(0), 0)
    run(plan, [0, 1])
    assert plan.remaining(2)[0, 0] == 2
    plan.action(2)
    assert plan.remaining(2)[0, 0] == 2
    plan.end_tick(2)
    assert plan.remaining(3)[0, 0] == 3


def test_a_chunk_accepted_after_the_steps_action_begins_with_the_next_step(plan):
    plan.accept(chunk(0, value=7.0), 0)
    run(plan, range(3))
    plan.action(3)
    plan.accept(chunk(observed_step=1), 3)
    assert plan.remaining(3)[0, 0] == 3
    assert run(plan, [3, 4, 5]) == [7, 3, 4]


def test_a_plan_that_nobody_used_in_a_step_is_dropped(plan):
    plan.accept(chunk(0), 0)
    run(plan, [0])
    assert plan.end_tick(1)
    assert plan.action(2) is None
    assert not plan.end_tick(2)
    assert plan.stats == PlanStats(chunks=1, planned=10, executed=1, discarded=9, stalls=1)


def test_a_new_prompt_leaves_the_old_actions_until_its_own_arrive(plan):
    plan.accept(chunk(0, prompt="pick", value=7.0), 0)
    run(plan, range(3))
    assert plan.prompt == "pick"
    plan.accept(chunk(2, prompt="place"), 3)
    assert plan.prompt == "place"
    assert run(plan, [3]) == [1]


def test_a_used_up_plan_has_no_prompt(plan):
    plan.accept(chunk(0, length=1), 0)
    run(plan, [0])
    assert plan.prompt == ""


def test_more_is_wanted_when_enough_of_the_chunk_is_used(plan):
    plan.accept(chunk(0), 0)
    wanted = []
    for step in range(8):
        wanted.append(plan.wants_more(step))
        run(plan, [step])
    assert wanted == [False] * 5 + [True] * 3


def test_more_is_wanted_in_time_for_the_latency_seen():
    plan = Plan(100, execute_steps=100, margin_steps=2)
    plan.accept(chunk(0, length=50), 9)
    assert plan.latency_steps == 9
    wanted = []
    for step in range(9, 59):
        wanted.append(plan.wants_more(step))
        run(plan, [step])
    assert wanted.index(True) == 50 - (9 + 2)


def test_a_slow_answer_is_forgotten_after_ten_more(plan):
    plan.accept(chunk(0), 40)
    for i in range(10):
        assert plan.latency_steps == 40
        plan.accept(chunk(100 + i), 102 + i)
    assert plan.latency_steps == 2


def test_waiting_for_the_first_chunk_is_no_stall_but_running_out_is(plan):
    run(plan, range(3))
    plan.accept(chunk(3, length=2), 3)
    run(plan, range(3, 9))
    plan.accept(chunk(8, length=10), 9)
    run(plan, range(9, 12))
    assert plan.stats == PlanStats(chunks=2, planned=12, executed=5, waits=3, stalls=4)


def test_wanting_twice_in_a_step_is_one_stall(plan):
    plan.action(5)
    plan.action(5)
    assert plan.stalled(5)
    assert not plan.stalled(4)
    assert plan.stats.waits == 1


def test_the_age_of_a_chunk_counts_from_its_observation(plan):
    plan.accept(chunk(4), 7)
    assert plan.chunk_age(9) == 5


@pytest.mark.parametrize("latency", [1, 3, 9])
def test_no_step_is_starved_after_the_first_chunk_when_the_latency_fits_the_horizon(latency):
    plan = Plan(50, execute_steps=25)
    due = None
    for step in range(400):
        if due is not None and step == due + latency:
            plan.accept(chunk(due, length=50), step)
            due = None
        if due is None and plan.wants_more(step):
            due = step
        plan.action(step)
        plan.end_tick(step)
    assert plan.stats.stalls == 0
    assert plan.stats.waits == latency
    assert plan.stats.executed == 400 - latency


class PlanLaws(RuleBasedStateMachine):
    """Chunks arrive, actions are taken or not, ticks end: in any order, these laws hold."""

    def __init__(self):
        super().__init__()
        self.plan = Plan(HORIZON, 5, strategy=Gate(Latest(), threshold_rad=2.0, most_rejections=1, look_ahead_steps=20))
        self.step = 0
        self.planned = self.offered = 0
        self.taken = {}  # step -> (observed step of its chunk, index in it)

    @rule(age=st.integers(0, 15), length=st.integers(1, 12))
    def a_chunk_arrives(self, age, length):
        observed = max(0, self.step - age)
        # Every action says where it comes from: its chunk's observation, and its index.
        actions = np.array([[observed, index] for index in range(length)], float)
        self.plan.accept(replace(chunk(observed), actions=actions), self.step)
        self.planned += length
        self.offered += 1

    @rule()
    def a_node_takes_an_action(self):
        expected = len(self.plan.remaining(self.step)) > 0 or self.step in self.taken
        action = self.plan.action(self.step)
        assert (action is not None) == expected
        if action is None or self.step in self.taken:
            return
        observed, index = map(int, action)
        assert index == sum(observed <= step < self.step for step in self.taken), (
            "an action is as far into its chunk as actions were executed since its observation"
        )
        assert index <= self.step - observed, "no action is taken before its step"
        self.taken[self.step] = (observed, index)

    @rule(missed=st.sampled_from([0, 0, 0, 3]))
    def the_tick_ends(self, missed):
        planned = self.plan.prompt != ""
        dropped = self.plan.end_tick(self.step)
        assert dropped == (planned and self.step not in self.taken)
        self.step += 1 + missed

    @rule()
    def everything_is_cleared(self):
        self.plan.clear()
        assert len(self.plan.remaining(self.step)) == 0

    @invariant()
    def every_action_is_accounted_for(self):
        stats = self.plan.stats
        assert stats.executed == len(self.taken)
        assert stats.chunks + stats.late + stats.rejected == self.offered
        assert stats.planned == self.planned

    def teardown(self):
        self.plan.clear()
        stats = self.plan.stats
        assert self.planned == stats.executed + stats.discarded


TestPlanLaws = PlanLaws.TestCase
TestPlanLaws.settings = settings(max_examples=examples(150), stateful_step_count=40)


def test_an_action_that_was_given_back_was_never_executed_and_the_plan_is_dropped():
    plan = Plan(10, 5)
    plan.accept(chunk(0), 0)
    for step in range(3):
        plan.action(step)
        assert plan.end_tick(step) is False
    plan.action(3)
    plan.give_back(3)
    assert not plan.took(3)
    assert plan.stats.executed == 3
    assert plan.end_tick(3) is True
    assert len(plan.remaining(4)) == 0
    assert plan.stats.discarded == 7


def test_what_was_given_back_is_not_skipped_in_the_next_chunk():
    plan = Plan(10, 5)
    plan.accept(chunk(0), 0)
    for step in range(4):
        plan.action(step)
        if step >= 2:
            plan.give_back(step)
        plan.end_tick(step)
    plan.accept(chunk(1), 4)
    assert plan.action(4)[0] == 1.0  # one action was executed since step 1, whatever the clock says


def test_a_chunk_tells_how_late_it_was_and_how_far_off_its_seam(plan):
    plan.accept(chunk(0, value=0.5), 0)
    run(plan, range(3))
    splice = plan.accept(chunk(observed_step=1, value=0.7), 3)
    assert (splice.outcome, splice.expected_delay_steps, splice.delay_steps, splice.skipped) == ("accepted", 0, 2, 2)
    assert splice.seam_before_rad == pytest.approx(0.2)
    assert splice.seam_after_rad == pytest.approx(0.2)
    assert splice.disagreement_rad == pytest.approx(0.2)
    run(plan, [3])
    assert plan.accept(chunk(observed_step=3), 4).expected_delay_steps == 2


def test_an_aligned_seam_is_smaller_afterwards():
    plan = Plan(HORIZON, 5, strategy=Align(5, 1.0))
    plan.accept(chunk(0, value=0.5), 0)
    run(plan, range(3))
    splice = plan.accept(chunk(observed_step=1, value=0.7), 3)
    assert splice.seam_before_rad == pytest.approx(0.2)
    assert splice.seam_after_rad == pytest.approx(0.0)


def test_without_a_plan_the_seam_is_measured_from_the_last_command(plan):
    plan.begin(np.full(6, 0.3))
    splice = plan.accept(chunk(0, value=0.5), 4)
    assert splice.seam_before_rad == pytest.approx(0.2)
    assert splice.disagreement_rad is None


def test_a_rejected_chunk_changes_nothing_but_the_numbers():
    plan = Plan(30, 5, strategy=Gate(Latest(), threshold_rad=0.1, most_rejections=1, look_ahead_steps=20))
    plan.accept(chunk(0, length=30, value=0.5), 0)
    run(plan, range(2))
    before = plan.remaining(2)
    splice = plan.accept(chunk(observed_step=1, length=30), 2)
    assert splice.outcome == "rejected"
    assert not splice.accepted
    np.testing.assert_array_equal(plan.remaining(2), before)
    assert plan.stats == PlanStats(chunks=1, rejected=1, planned=60, executed=2, discarded=30)


def test_a_strategy_that_waits_executes_so_many_actions_and_asks_when_they_are_used_up():
    plan = Plan(HORIZON, execute_steps=4, strategy=Latest(waits=True))
    plan.accept(chunk(0), 0)
    wanted = []
    for step in range(5):
        wanted.append(plan.wants_more(step))
        run(plan, [step])
    assert wanted == [False] * 4 + [True]
    assert plan.stats == PlanStats(chunks=1, planned=10, executed=4, discarded=6, stalls=1)


def moves(*steps, prompt="go"):
    """A chunk of increments, the gripper at 0.9."""
    rows = np.tile(np.array(steps, float)[:, None], (1, 6))
    rows[:, -1] = 0.9
    return replace(chunk(0, prompt=prompt), actions=rows, incremental=True)


def test_increments_are_added_to_the_last_command_and_the_grippers_target_is_taken_as_it_is(plan):
    plan.begin(np.full(6, 0.5))
    plan.accept(moves(0.1, 0.2, 0.3), 0)
    np.testing.assert_allclose(plan.remaining(0)[:, 0], [0.6, 0.8, 1.1])
    np.testing.assert_allclose(plan.action(0), [0.6] * 5 + [0.9])
    plan.end_tick(0)
    plan.begin(np.full(6, 0.58))  # what was really sent: the governor had its say
    np.testing.assert_allclose(plan.action(1), [0.78] * 5 + [0.9])


def test_increments_that_ran_out_are_never_repeated(plan):
    plan.begin(np.zeros(6))
    plan.accept(moves(0.1), 0)
    assert plan.action(0) is not None
    plan.end_tick(0)
    plan.begin(np.full(6, 0.1))
    assert plan.action(1) is None
    assert plan.stalled(1)


def test_a_server_is_told_what_is_planned_from_the_observation_on_at_its_own_rate():
    plan = Plan(20, execute_steps=10, pace=Pace(0.5))
    plan.accept(replace(chunk(0, length=20)), 3)  # rows 0, 1, 2, …: two a policy action
    run(plan, range(3, 7))
    told = plan.leftover(7, "go")
    np.testing.assert_allclose(told.actions[:, 0], [4, 6, 8, 10, 12, 14, 16, 18])
    assert (told.delay, told.execution_horizon) == (2, 5)
    assert len(Plan(20, 10).leftover(0, "go").actions) == 0


def test_increments_never_run_further_ahead_of_a_blocked_arm_than_the_leash():
    plan = Plan(100, 50)
    blocked = np.zeros(6)
    command = blocked
    for step in range(60):
        plan.begin(command, blocked)
        if step % 20 == 0:
            plan.accept(replace(moves(*[0.1] * 40), observed_step=step), step)
        command = plan.action(step)
        plan.end_tick(step)
    assert command[0] == pytest.approx(LEASH_RAD + 0.1)
    assert plan.stats.leashed > 50


def test_an_arm_that_follows_is_not_held_back():
    plan = Plan(10, 5)
    plan.begin(np.full(6, 0.2), np.full(6, 0.15))
    plan.accept(moves(0.1), 0)
    assert plan.action(0)[0] == pytest.approx(0.3)
    assert plan.stats.leashed == 0


def test_of_a_plan_for_another_prompt_a_server_continues_only_what_is_executed_until_it_answers():
    plan = Plan(50, 25)
    plan.accept(chunk(0, length=50, prompt="pick"), 9)
    run(plan, range(9, 12))
    assert len(plan.leftover(12, "pick").actions) == 47
    assert len(plan.leftover(12, "place").actions) == 9


def test_when_an_answer_would_be_older_than_a_chunk_is_long_the_next_is_asked_for_when_the_plan_is_used_up(plan):
    plan.accept(chunk(0), 15)
    wanted = []
    for step in range(15, 26):
        wanted.append(plan.wants_more(step))
        run(plan, [step])
    assert wanted == [False] * 10 + [True]


def test_waiting_again_after_another_skill_is_a_stall_as_the_summary_counts_it(plan):
    plan.accept(chunk(0, length=2), 0)
    run(plan, range(2))
    plan.end_tick(2)  # another skill moved the arm
    run(plan, range(3, 6))
    assert (plan.stats.waits, plan.stats.stalls) == (0, 3)


class Noting:
    """A strategy that keeps what it was asked to splice."""

    waits = False

    def __init__(self):
        self.seams = []

    def splice(self, seam):
        self.seams.append(seam)
        return seam.new


def test_a_strategy_is_told_whether_the_prompt_is_the_same_and_never_shown_increments_beside_targets():
    noting = Noting()
    plan = Plan(HORIZON, 5, strategy=noting)
    plan.begin(np.zeros(6))
    plan.accept(chunk(0, prompt="pick"), 0)
    plan.accept(chunk(0, prompt="pick"), 0)
    plan.accept(chunk(0, prompt="place"), 0)
    plan.accept(moves(0.1, prompt="place"), 0)
    assert [seam.same_prompt for seam in noting.seams] == [False, True, False, True]
    assert [len(seam.old) for seam in noting.seams] == [0, HORIZON, HORIZON, 0]


def test_a_guided_chunk_is_told_to_the_strategy():
    noting = Noting()
    plan = Plan(HORIZON, 5, strategy=noting)
    plan.accept(replace(chunk(0), guided=True), 0)
    assert noting.seams[0].guided


def met(plan, *chunks):
    """Accept one chunk after the other, each in the step of its observation."""
    for arrived in chunks:
        plan.begin(np.zeros(6))
        plan.accept(arrived, arrived.observed_step)
        run(plan, [arrived.observed_step])
    return plan.disagreement


def test_a_chunk_is_compared_with_the_plan_it_meets(plan):
    assert met(plan, chunk(0, value=0.0)) is None
    assert met(plan, chunk(4, value=0.3)) == Disagreement(4, 4, pytest.approx(0.3), 9)
    assert met(plan, chunk(5, value=0.3)).rms_rad == pytest.approx(0.0)


def test_a_chunk_that_is_refused_for_it_counts():
    plan = Plan(HORIZON, 5, strategy=Gate(Latest(), 0.2, 1, 5))
    plan.begin(np.zeros(6))
    plan.accept(chunk(0, value=0.0), 0)
    ramp = chunk(1, value=0.0)
    ramp.actions[:, 0] = np.linspace(0.0, 3.0, HORIZON)
    run(plan, [0])
    plan.begin(np.zeros(6))
    assert plan.accept(ramp, 1).outcome == "rejected"
    assert plan.disagreement.rms_rad > 0.2


def test_a_chunk_that_says_what_a_refused_one_said_agrees_and_one_that_says_something_else_does_not():
    def refuse(then):
        plan = Plan(HORIZON, 5, strategy=Gate(Latest(), 0.2, 1, 5))
        plan.begin(np.zeros(6))
        plan.accept(chunk(0, value=0.0), 0)
        run(plan, [0])
        for step, slope in ((1, 3.0), (2, then)):
            arrived = chunk(step, value=0.0)
            arrived.actions[:, 0] = slope * (step - 1 + np.arange(HORIZON)) / 10
            plan.begin(np.zeros(6))
            outcome = plan.accept(arrived, step).outcome
            run(plan, [step])
            assert outcome == ("rejected" if step == 1 else "accepted")
        return plan.disagreement

    assert refuse(3.0).rms_rad == pytest.approx(0.0, abs=1e-12)
    assert refuse(-3.0).rms_rad > 0.2


def test_what_has_nothing_to_be_compared_with_disagrees_with_nothing(plan):
    met(plan, chunk(0, value=0.0), chunk(1, value=0.3))
    assert met(plan, chunk(2, value=0.3, prompt="stop")) is None  # another prompt
    met(plan, chunk(3, value=0.5, prompt="stop"))
    assert plan.disagreement is not None
    plan.clear()
    assert plan.disagreement is None
