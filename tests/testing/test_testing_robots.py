"""Each law finds the robot that breaks it, and the perfect arm keeps them all (so do the others: tests/contract)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bt_robot.arm import so101
from bt_robot.errors import RobotError
from bt_robot.messages import Body
from bt_robot.robot.fake import FakeRobot
from bt_robot.testing import ROBOT_LAWS

PERIOD_S = 1 / 30


class TwiceNamed(FakeRobot):
    limits = replace(so101.LIMITS, names=("a", "a", *so101.LIMITS.names[2:]))


class GripperFirst(FakeRobot):
    limits = replace(so101.LIMITS, names=so101.LIMITS.names[::-1])


class Clairvoyant(FakeRobot):
    def observe(self, step, now_s):
        return replace(super().observe(step, now_s), time_s=now_s + 1.0)


class Blind(FakeRobot):
    def observe(self, step, now_s):
        seen = super().observe(step, now_s)
        return replace(seen, joints=np.full_like(seen.joints, np.nan))


class Open(FakeRobot):
    def observe(self, step, now_s):
        seen = super().observe(step, now_s)
        return replace(seen, joints=seen.joints.copy())


class Outside(FakeRobot):
    def __init__(self):
        super().__init__(start=so101.LIMITS.upper + 0.1)


class Liar(FakeRobot):
    def command(self, command):
        return super().command(command) + 0.3


class Keeper(FakeRobot):
    def command(self, command):
        super().command(command)
        self._joints = command.positions
        return command.positions.copy()


class Lazy(FakeRobot):
    def command(self, command):
        super().command(replace(command, positions=self._joints))
        return command.positions.copy()


class Trusting(FakeRobot):
    def command(self, command):
        return super().command(replace(command, positions=np.nan_to_num(command.positions)))


class Jumpy(FakeRobot):
    def arm(self):
        super().arm()
        self._joints = self._joints + 0.1


class Rolling(FakeRobot):
    def stop(self):
        self._joints = self._joints + 0.2


class Touchy(FakeRobot):
    def close(self):
        self._require_connection()
        super().close()


class AlwaysThere(FakeRobot):
    def _require_connection(self):
        pass


class Deaf(FakeRobot):
    def emergency_stop(self, reason):
        pass


class Mute(FakeRobot):
    def emergency_stop(self, reason):
        super().emergency_stop("")


class Stubborn(FakeRobot):
    def connect(self):
        self._connected = True


class Numb(FakeRobot):
    body = Body(load=True)


class Fallen(FakeRobot):
    class _Nowhere:
        def tip(self, joints):
            return np.full(3, np.nan)

    body = Body(kinematics=_Nowhere())


BREAKERS = {
    "feels_what_it_says": [Numb, Fallen],
    "limits_fit_together": [TwiceNamed],
    "gripper_comes_last": [GripperFirst],
    "observation_is_what_was_asked_for": [Clairvoyant, Blind],
    "observation_stays_what_it_is": [Open],
    "starts_inside_its_limits": [Outside],
    "says_what_it_sent": [Liar, Keeper],
    "goes_where_it_is_told": [Lazy],
    "refuses_what_is_not_finite": [Trusting],
    "arming_moves_nothing": [Jumpy],
    "stays_where_it_was_stopped": [Rolling],
    "ends_at_any_time": [Touchy],
    "must_be_connected": [AlwaysThere],
    "emergency_stop_is_latched": [Deaf, Mute, Stubborn],
}
LAWS = {law.__name__: law for law in ROBOT_LAWS}


def test_every_law_has_a_breaker():
    assert BREAKERS.keys() == LAWS.keys()


@pytest.mark.parametrize("law", ROBOT_LAWS, ids=lambda law: law.__name__)
def test_the_perfect_arm_keeps_it(law):
    law(FakeRobot, period_s=PERIOD_S)


@pytest.mark.parametrize(
    ("name", "robot"),
    [(name, robot) for name, robots in BREAKERS.items() for robot in robots],
    ids=lambda one: one if isinstance(one, str) else one.__name__,
)
def test_a_robot_that_breaks_it_is_found(name, robot):
    with pytest.raises((AssertionError, RobotError)):
        LAWS[name](robot, period_s=PERIOD_S)


def test_time_passes_between_commands_where_that_is_needed():
    waited = []
    LAWS["goes_where_it_is_told"](FakeRobot, period_s=0.02, wait=waited.append)
    assert waited == [0.02] * 20
