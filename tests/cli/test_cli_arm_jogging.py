"""One joint on its way, with a guardian that is made up."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from bt_robot.cli.arm import jogging
from bt_robot.cli.arm.jogging import Jogging
from bt_robot.errors import RobotError
from bt_robot.robot.so101.guardian.messages import JointReport, Report, State
from bt_robot.robot.so101.guardian.motion import JointEnvelope

ENVELOPE = JointEnvelope(1000.0, 3000.0, 2000.0, 20000.0)
JOINT = JointReport(2000.0, math.nan, 0.0, 0.0, 12.0, 28.0, 0.0, 0.0, 0.0, 0)


class Guardian:
    """Follows at once; `plan` says in which state it is at which goal."""

    def __init__(self, plan=None):
        self.report = Report(1, 0.0, State.ARMED, False, 0, (JOINT, JOINT))
        self.dead = ""
        self.sent = []
        self._plan = plan or {}

    def drain(self):
        pass

    def notes(self):
        return ("asked to end",)

    def send_goal(self, goals, period_s):
        self.sent.append(list(goals))
        state = self._plan.get(len(self.sent), self.report)
        positions = goals if self.report.state is State.ARMED else [joint.position for joint in self.report.joints]
        joints = tuple(replace(JOINT, position=position) for position in positions)
        self.report = replace(state, joints=joints)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(jogging, "_wait", lambda due_s: due_s)


def state(state, *, latched=False, reason=""):
    return Report(1, 0.0, state, latched, 0, (JOINT, JOINT), reason)


def go(guardian, goal=2400.0, interrupted=lambda: False):
    return Jogging(guardian, 0, ENVELOPE, 500.0).to(goal, interrupted)


def test_the_joint_arrives_within_its_speed_and_the_other_stays():
    guardian = Guardian()
    assert go(guardian)
    path = [goals[0] for goals in guardian.sent]
    assert path[-1] == pytest.approx(2400.0)
    assert max(abs(b - a) for a, b in pairwise(path)) <= 500.0 * 0.02 + 1e-9
    assert {goals[1] for goals in guardian.sent} == {2000.0}


def test_a_goal_outside_is_not_gone_to():
    guardian = Guardian()
    assert go(guardian, 9000.0)
    assert guardian.sent[-1][0] == pytest.approx(3000.0)


def test_an_interrupt_brakes():
    guardian = Guardian()
    assert not go(guardian, interrupted=lambda: len(guardian.sent) > 10)
    assert guardian.sent[-1] == guardian.sent[-2]
    assert guardian.sent[-1][0] < 2200.0


def test_after_a_short_stop_it_goes_on_from_where_the_arm_came_to_rest():
    stopped = state(State.STOPPED, reason="elbow_flex (id 3): no answer for 3 cycles (30 ms)")
    guardian = Guardian({10: stopped, 20: state(State.ARMED)})
    assert go(guardian)
    path = [goals[0] for goals in guardian.sent]
    assert path[-1] == pytest.approx(2400.0)
    assert max(path[10:19]) <= path[9] + 1.0


def test_an_arm_that_stays_stopped_is_given_up_with_the_reason():
    guardian = Guardian({10: state(State.STOPPED, reason="no servo answers")})
    with pytest.raises(RobotError, match="no servo answers"):
        go(guardian)
    assert len(guardian.sent) == pytest.approx(10 + jogging.PATIENCE_S / 0.02, abs=3)


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (state(State.STOPPED, latched=True, reason="emergency stop: signal SIGUSR1"), "emergency stop: signal"),
        (state(State.LEAVING, reason="braking"), "the guardian brings the arm to rest: asked to end"),
        (state(State.RELEASED), "the guardian brings the arm to rest"),
    ],
)
def test_what_a_person_has_to_look_at_ends_it_at_once(report, words):
    guardian = Guardian({5: report})
    with pytest.raises(RobotError, match=words):
        go(guardian)
    assert len(guardian.sent) == 5


def test_a_guardian_that_died_is_told_with_what_to_do():
    guardian = Guardian()
    guardian.dead = "the guardian process died"
    with pytest.raises(RobotError, match="the guardian process died; look at the arm"):
        go(guardian)
