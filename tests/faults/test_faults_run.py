"""A whole run while the policy fails: the arm holds, says why, and goes on when it can.

Everything is real but the arm's physics: a websocket server, the link, the tree, the governor. Time is
simulated, so no assertion depends on the machine's speed.
"""

import threading

import numpy as np
import pytest

from bt_robot.arm import so101
from bt_robot.cli.session import Job, open_session
from bt_robot.cli.settings import load_settings
from bt_robot.cli.task import load_task
from bt_robot.errors import PolicyRefused
from bt_robot.messages import Status
from bt_robot.nodes import standard_registry
from bt_robot.standin.process import StandinProcess
from bt_robot.telemetry.audit import audit
from bt_robot.tree import parse_tree
from tests.policy.policy_kit import StillPlanner, served

HORIZON = 50
SWAY = np.array([0.5, 0.1, -0.1, 0.1, 0.2, 0.1])
TREE = """\
tree: task
prompt: go on
root:
  reactive_fallback:
    - reactive_sequence: [observe, check_joint_limits, query_policy, execute_chunk]
    - hold_position: {while: policy_unavailable, at_most_s: LIMIT}
"""


class Records:
    """A sink that keeps everything and calls back at a step."""

    def __init__(self, at=None):
        self.records = []
        self.at = at or {}

    def publish(self, record):
        self.records.append(record)
        if record.step in self.at:
            self.at[record.step]()


class Planner:
    """Sways gently for some requests, then does what it is told for some, then sways again."""

    def __init__(self, misbehave, good=3, bad=10**9):
        self.misbehave = misbehave
        self.bad = range(good, good + bad)
        self.asked = 0

    def plan(self, front, joints, prompt, horizon):
        i, self.asked = self.asked, self.asked + 1
        way = np.sin(np.linspace(0, 2 * np.pi, horizon))[:, None]
        good = joints + 0.3 * way * SWAY
        return self.misbehave(good) if i in self.bad else good


def run(url, *, tree=TREE, hold_s=3, seconds=12.0, sets=(), at=None):
    """Run a tree on the perfect arm; return the ending and the records, audited."""
    settings = load_settings("fake", ["policy.timeout_s=1", "policy.simulated_latency_s=0.1", *sets])
    spec = parse_tree(tree.replace("LIMIT", str(hold_s)), "t.yaml", standard_registry())
    records = Records(at)
    with open_session(Job(settings, spec, (url,), fast=True, max_time_s=seconds)) as session:
        ending = session.run([records])
        commands = [record.command.positions for record in records.records]
        assert audit(commands, session.start, session.plans.limits, 1 / 30) == []
    return ending, records.records


def moved_until_the_end(records):
    """Whether only the last braking of a run was without a proposal."""
    return max(r.step for r in records if not r.verdict.held) > records[-1].step - 6


def raises(_):
    raise RuntimeError("CUDA out of memory \x1b[31m<b>")


def hangs(good):
    threading.Event().wait(1.3)
    return good


FAULTS = {
    "text": (raises, "CUDA out of memory"),
    "hang": (hangs, "within 1 s"),
    "nan": (lambda good: np.where(np.arange(HORIZON)[:, None] == 30, np.nan, good), "nan"),
    "inf": (lambda good: np.full_like(good, np.inf), "inf"),
    "wrong shape": (lambda good: good[:, :5], "5"),
    "wrong horizon": (lambda good: good[:10], "10"),
    "extreme": (lambda good: good * 1e30, "shoulder"),
    "radians for degrees": (lambda good: good + np.pi, "shoulder"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_policy_that_starts_to_fail_gets_the_arm_held_and_in_the_end_a_failure_with_the_reason(fault):
    misbehave, words = FAULTS[fault]
    with served(Planner(misbehave)) as url:
        ending, records = run(url)
    assert ending.status is Status.FAILURE
    assert ending.failed_path == "task/hold_position"
    assert words in ending.reason
    assert "\x1b" not in ending.reason
    first_held = next(r.step for r in records if r.verdict.held and r.step > 10)
    assert all(record.verdict.held for record in records[first_held:])
    assert any("holding" in node.reason for node in records[first_held].nodes if node.ticked)
    assert words in records[-2].nodes[-1].reason
    assert records[first_held - 1].planned_steps == 0  # what was planned before was used up, to the last action
    assert np.allclose(records[-1].command.velocities, 0.0)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_policy_that_recovers_gets_the_arm_moving_again_by_itself(fault):
    with served(Planner(FAULTS[fault][0], bad=3)) as url:
        ending, records = run(url, hold_s=30, seconds=20)
    assert ending.reason.startswith("the time limit of 20 s is over")
    assert records[-1].link.available
    assert records[-1].link.errors >= 3
    assert moved_until_the_end(records)
    events = [event for record in records for event in record.events]
    assert sum("answers again" in event for event in events) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_policy_that_fails_from_the_start_is_refused_before_anything_moves(fault):
    misbehave, words = FAULTS[fault]
    with served(Planner(misbehave, good=0)) as url, pytest.raises(PolicyRefused) as caught:
        run(url, sets=["policy.first_timeout_s=1"])
    assert words in str(caught.value)
    assert url in str(caught.value)


def test_a_tree_may_ask_for_holding_at_once_instead_of_using_up_the_plan():
    strict = TREE.replace("query_policy,", "query_policy, policy_available,")
    with served(Planner(raises, bad=3)) as url:
        _, records = run(url, tree=strict, hold_s=30, seconds=20)
    first_error = next(r for r in records if r.link.errors)
    assert first_error.verdict.held
    assert any(r.planned_steps for r in records if r.step < first_error.step)
    assert records[-1].link.available
    assert moved_until_the_end(records)


def test_an_answer_later_than_its_chunk_is_long_is_never_executed_from_its_beginning():
    with served(Planner(lambda good: good)) as url:
        _, records = run(url, sets=["policy.timeout_s=9", "policy.simulated_latency_s=2.0"], seconds=10)
    positions = np.array([record.command.positions for record in records])
    assert np.max(np.abs(np.diff(positions, axis=0))) < 0.05
    assert any(record.verdict.held for record in records[70:])


def test_jitter_never_empties_a_plan_that_lasts_for_two_round_trips():
    with served(Planner(lambda good: good)) as url:
        _, records = run(url, sets=["policy.simulated_latency_s=0.05", "policy.simulated_jitter_s=0.3"], seconds=20)
    first = next(r.step for r in records if r.chunk)
    assert not any(r.stalled for r in records if r.step >= first)
    delays = {r.splice.delay_steps for r in records if r.splice}
    assert len(delays) > 5
    assert max(delays) <= 11
    assert moved_until_the_end(records)


def test_a_run_under_jitter_is_the_same_every_time():
    def commands():
        with served(Planner(lambda good: good)) as url:
            return [r.command.positions for r in run(url, sets=["policy.simulated_jitter_s=0.3"], seconds=4)[1]]

    np.testing.assert_array_equal(commands(), commands())


@pytest.mark.parametrize("strategy", ["sync", "latest", "blend", "align", "rtc"])
def test_chunks_that_jump_are_executed_within_the_limits_and_counted(strategy):
    """Every chunk begins 0.5 rad beside the one before; `run` has every command audited."""

    class Jumpy(Planner):
        def plan(self, front, joints, prompt, horizon):
            self.asked += 1
            return np.tile(joints + SWAY * (-1) ** self.asked, (horizon, 1))

    with served(Jumpy(None)) as url:
        _, records = run(url, sets=[f"policy.execution.strategy={strategy}"], seconds=6)
    jumps = [r.splice.seam_before_rad for r in records if r.splice]
    assert max(jumps) > 0.3
    assert sum(bool(r.verdict.clamped) for r in records) > 10
    if strategy == "align":
        assert max(r.splice.seam_after_rad for r in records if r.splice) < 1e-9


def test_a_policy_that_answers_the_same_for_ever_is_a_failure_with_that_reason():
    tree = TREE.replace("execute_chunk]", "{execute_chunk: {stuck_after_s: 3}}]")
    with served(StillPlanner()) as url:
        ending, records = run(url, tree=tree, seconds=20)
    assert ending.status is Status.FAILURE
    assert ending.failed_path.endswith("execute_chunk")
    assert ending.reason == "the policy's actions have moved no joint for 3 s; is it frozen, or done?"
    assert records[-1].time_s < 4.0


def test_at_every_control_rate_and_speed_the_arm_takes_the_same_way():
    """A 30 Hz policy at 60 and 100 Hz, and at half speed: other steps, the same course."""

    def swing(*sets):
        with served(Planner(lambda good: good)) as url:
            _, records = run(url, sets=["policy.simulated_latency_s=0.0", *sets], seconds=4)
        return np.ptp([r.command.positions for r in records], axis=0)

    usual = swing()
    np.testing.assert_allclose(swing("control_hz=60"), usual, atol=0.05)
    np.testing.assert_allclose(swing("control_hz=100"), usual, atol=0.05)
    assert usual[0] > 0.1


def test_a_killed_server_is_held_for_and_the_task_is_finished_when_it_is_back():
    """SIGKILL in the middle of the pick; a new server on the same port two simulated seconds later."""
    first = StandinProcess()
    with first:
        url = first.url
        second = StandinProcess(port=int(url.rsplit(":", 1)[1]))

        def come_back():
            second.start()
            assert second.url == url

        settings = load_settings("sim")
        records = Records({10: first.kill, 150: come_back})
        with open_session(Job(settings, load_task("pick_place"), (url,), seed=1, fast=True, max_time_s=60)) as session:
            ending = session.run([records])
            commands = [record.command.positions for record in records.records]
            assert audit(commands, session.start, session.plans.limits, 1 / 30) == []
            assert session.robot.in_container("red")
        second.stop()
    assert ending.status is Status.SUCCESS
    rows = records.records
    lost = next(row for row in rows if not row.link.available)
    assert lost.verdict.held  # in the very tick in which the loss is noticed
    assert lost.planned_steps == 0  # and what was planned is forgotten
    assert lost.prompt in ("pick up the red block", "place it in the container")  # still what is to be done
    words = [node.reason for node in lost.nodes if node.ticked]
    assert any(reason.startswith("holding for 0.0 s: policy unavailable: ") for reason in words)
    events = [event for row in rows for event in row.events]
    assert any("connection" in event or "no policy server" in event for event in events)
    assert "policy: answers again" in events
    assert rows[-1].link.reconnects == 1


def test_a_server_that_is_gone_for_good_is_a_failure_with_its_reason_after_the_hold_limit():
    standin = StandinProcess()
    with standin:
        records = Records({10: standin.kill})
        settings, spec = load_settings("sim"), load_task("pick_place")
        with open_session(Job(settings, spec, (standin.url,), seed=1, fast=True, max_time_s=120)) as session:
            ending = session.run([records])
    assert ending.status is Status.FAILURE
    assert ending.failed_path.endswith("/timeout/reactive_fallback/hold_position")
    assert ending.reason.startswith("held for 10.0 s; policy unavailable: ")
    assert np.allclose(records.records[-1].command.velocities, 0.0)


def test_the_arm_of_a_blank_camera_does_not_pick():
    """The stand-in sees only pictures: without blocks in them the task can't succeed."""
    settings, spec = load_settings("fake"), load_task("pick_place")
    with StandinProcess() as standin, open_session(Job(settings, spec, (standin.url,), fast=True)) as session:
        ending = session.run()
    assert ending.status is Status.FAILURE
    assert ending.failed_path.endswith("/execute_chunk")
    assert ending.reason == "the policy's actions have moved no joint for 10 s; is it frozen, or done?"


def test_commands_stay_inside_the_envelope_of_the_config_not_of_the_robot():
    sets = ["limits.velocity_rad_s=0.2", "limits.acceleration_rad_s2=1.0"]
    with served(Planner(lambda good: good)) as url:
        _, records = run(url, sets=sets, seconds=4)
    speeds = np.abs([record.command.velocities for record in records])
    assert speeds[:, : so101.GRIPPER].max() <= 0.2 + 1e-9
