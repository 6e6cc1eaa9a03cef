"""What every robot must do, as laws that a robot from anywhere can be held to.

```
@pytest.mark.parametrize("law", ROBOT_LAWS, ids=lambda law: law.__name__)
def test_it_does_what_every_robot_must(law):
    law(lambda: MyArm(MySettings()), period_s=1 / 30)
```
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

import numpy as np

from bt_robot.errors import BtRobotError, RobotError
from bt_robot.messages import Command, Joints
from bt_robot.robot.base import Robot

Make = Callable[[], Robot]
Pass = Callable[[float], None]

_STILL: Final = 0.02  # how far an arm that stands still may seem to move [rad, gripper 0 … 1]
_ARRIVED: Final = 0.1  # how far from a target an arm may be that goes there slowly [rad]
_STEPS: Final = 20


def _nothing(_: float) -> None:
    """Let no time pass: a robot in simulated time takes a command for a period."""


class RobotLaw(Protocol):
    """Takes what makes a robot, and raises AssertionError where the robot breaks the law."""

    __name__: str

    def __call__(self, make: Make, *, period_s: float, wait: Pass = ...) -> None:
        """Hold a robot to it.

        Args:
            make: Returns a new robot, not connected yet, that stands where it may move by a tenth of a radian.
            period_s: The control period [s].
            wait: Lets a period pass between commands, e.g. `time.sleep`, for robots of real time.
        """
        ...


class _Ready:
    """A robot that is connected and armed inside a `with`."""

    def __init__(self, make: Make) -> None:
        self._robot = make()

    def __enter__(self) -> Robot:
        self._robot.connect()
        self._robot.arm()
        return self._robot

    def __exit__(self, *_: object) -> None:
        self._robot.close()


def _seen(robot: Robot, step: int, period_s: float) -> Joints:
    return robot.observe(step, step * period_s).joints.copy()


def _walk(robot: Robot, period_s: float, wait: Pass) -> Joints:
    """Move the second joint slowly towards the middle of its range; return where it was told to be, (n,)."""
    target = _seen(robot, 0, period_s)
    joint = min(1, len(target) - 1)
    middle = (robot.limits.lower[joint] + robot.limits.upper[joint]) / 2.0
    way = 0.005 if target[joint] < middle else -0.005
    for step in range(_STEPS):
        velocity = np.zeros_like(target)
        velocity[joint] = way / period_s
        target = target.copy()
        target[joint] += way
        robot.command(Command(step, target, velocity))
        wait(period_s)
        robot.observe(step + 1, (step + 1) * period_s)
    return target


def _raised(call: Callable[[], object]) -> str | None:
    """Return the words of the RobotError that a call raises; None if it raises none."""
    try:
        call()
    except RobotError as error:
        return str(error)
    return None


def limits_fit_together(make: Make, *, period_s: float, wait: Pass = _nothing) -> None:
    """Each joint has a name of its own, a range, and a greatest velocity and acceleration."""
    limits = make().limits
    shape = (len(limits.names),)
    assert len(set(limits.names)) == len(limits.names), f"a joint's name is there twice: {limits.names}"
    for name in ("lower", "upper", "velocity", "acceleration"):
        assert getattr(limits, name).shape == shape, f"{name} has not an entry for each of {limits.names}"
    assert np.all(limits.lower < limits.upper), "a joint has no range"
    assert np.all(limits.velocity > 0), "a joint has no velocity"
    assert np.all(limits.acceleration > 0), "a joint has no acceleration"


def gripper_comes_last(make: Make, *, period_s: float, wait: Pass = _nothing) -> None:
    """The last joint is the gripper, from 0 (closed) to 1 (open)."""
    limits = make().limits
    assert (limits.names[-1], limits.lower[-1], limits.upper[-1]) == ("gripper", 0.0, 1.0)


def observation_is_what_was_asked_for(make: Make, *, period_s: float, wait: Pass = _nothing) -> None:
    """An observation has the step, a time that is not in the future, and finite joints."""
    with _Ready(make) as robot:
        observation = robot.observe(7, 1.25)
        assert observation.step == 7
        assert observation.time_s <= 1.25, "it is from the future"
        assert observation.joints.shape == (len(robot.limits.names),)
        assert observation.joints.dtype == np.float64
        assert np.all(np.isfinite(observation.joints)), "a joint is not finite"
        for name, frame in observation.frames.items():
            assert frame.camera == name
            assert frame.captured_s <= 1.25, f"the picture of {name} is from the future"
            assert (frame.image.ndim, frame.image.shape[2], frame.image.dtype) == (3, 3, np.uint8)


def feels_what_it_says(make: Make, *, period_s: float, wait: Pass = _nothing) -> None:
    """It says before it is connected what is known of its body, and its observations keep to that."""
    body = make().body
    with _Ready(make) as robot:
        observation = robot.observe(0, 0.0)
    if body.kinematics is not None:
        tip = body.kinematics.tip(observation.joints)
        assert tip.shape == (3,), f"the tip is no point: {tip}"
        assert np.all(np.isfinite(tip)), f"the tip is nowhere: {tip}"
    effort = observation.effort
    for name, said, felt in (("load", body.load, effort.load), ("current_a", body.current, effort.current_a)):
        assert (felt is not None) == said, f"the body says {said} of {name}, and the observation has {felt}"
        if felt is not None:
            assert felt.shape == observation.joints.shape, f"{name} has not an entry for each joint"
            assert np.all(felt[np.isfinite(felt)] >= 0.0), f"{name} is below zero: {felt}"


def observation_stays_what_it_is(make: Make, *, period_s: float, wait: Pass = _nothing) -> None:
    """Nobody can change an observation that was handed over, the robot neither."""
    with _Ready(make) as robot:
        observation = robot.observe(0, 0.0)
        before = observation.joints.copy()
        assert not observation.joints.flags.writeable, "the joints can be written to"
        _walk(robot, period_s, wait)
        assert np.array_equal(observation.joints, before), "the robot has changed an old observation"


def starts_inside_its_limits(make: Make, *, period_s: float, wait: Pass = _nothing) -> None:
    """It stands inside its own limits."""
    with _Ready(make) as robot:
        joints = _seen(robot, 0, period_s)
        assert np.all((joints >= robot.limits.lower) & (joints <= robot.limits.upper)), joints


def says_what_it_sent(make: Make, *, period_s: float, wait: Pass = _nothing) -> None:
    """A command returns the targets that were really sent, as an array of its own."""
    with _Ready(make) as robot:
        joints = _seen(robot, 0, period_s)
        command = Command(0, joints.copy(), np.zeros_like(joints))
        sent = robot.command(command)
        assert sent.shape == joints.shape
        assert np.allclose(sent, joints, atol=_STILL), f"told to stay at {joints}, it sent {sent}"
        command.positions[:] = 0.0
        sent[:] = 0.0
        wait(period_s)
        assert np.allclose(_seen(robot, 1, period_s), joints, atol=_STILL), "it keeps the caller's array"


def goes_where_it_is_told(make: Make, *, period_s: float, wait: Pass = _nothing) -> None:
    """It follows a slow motion."""
    with _Ready(make) as robot:
        start = _seen(robot, 0, period_s)
        target = _walk(robot, period_s, wait)
        end = _seen(robot, _STEPS + 1, period_s)
        assert np.max(np.abs(end - target)) < _ARRIVED, f"told to go to {target}, it is at {end}"
        assert np.max(np.abs(end - start)) > 0.2 * np.max(np.abs(target - start)), "it does not move"


def refuses_what_is_not_finite(make: Make, *, period_s: float, wait: Pass = _nothing) -> None:
    """A target that is no number is an error, and nothing is sent."""
    with _Ready(make) as robot:
        joints = _seen(robot, 0, period_s)
        command = Command(0, joints, np.zeros_like(joints))
        bad = replace(command, positions=np.where(np.arange(len(joints)) == 0, np.nan, joints))
        assert _raised(lambda: robot.command(bad)) is not None, "it takes a target that is not finite"
        assert np.allclose(_seen(robot, 1, period_s), joints, atol=_STILL), "it has moved"


def arming_moves_nothing(make: Make, *, period_s: float, wait: Pass = _nothing) -> None:
    """It stands still when it is armed, and when it is connected or armed a second time."""
    robot = make()
    robot.connect()
    try:
        before = _seen(robot, 0, period_s)
        for again in (robot.arm, robot.connect, robot.arm):
            again()
            wait(period_s)
            assert np.allclose(_seen(robot, 1, period_s), before, atol=_STILL), f"{again.__name__} moves it"
    finally:
        robot.close()


def stays_where_it_was_stopped(make: Make, *, period_s: float, wait: Pass = _nothing) -> None:
    """It holds after `stop`."""
    with _Ready(make) as robot:
        target = _walk(robot, period_s, wait)
        robot.stop()
        for step in range(5):
            wait(period_s)
            assert np.max(np.abs(_seen(robot, _STEPS + step, period_s) - target)) < _ARRIVED, "it has moved on"


def ends_at_any_time(make: Make, *, period_s: float, wait: Pass = _nothing) -> None:
    """`stop`, `emergency_stop` and `close` work before and after everything, any number of times."""
    robot = make()
    robot.stop()
    robot.emergency_stop("nobody is there")
    robot.close()
    robot.connect()
    for end in (robot.stop, robot.stop, robot.close, robot.close, robot.stop):
        end()


def must_be_connected(make: Make, *, period_s: float, wait: Pass = _nothing) -> None:
    """Before `connect` and after `close` it can neither be observed nor commanded."""
    with _Ready(make) as robot:
        joints = _seen(robot, 0, period_s)
    command = Command(0, joints, np.zeros_like(joints))
    for one in (make(), robot):
        assert _raised(lambda one=one: one.observe(0, 0.0)) is not None, "it is observed without a connection"
        assert _raised(lambda one=one: one.command(command)) is not None, "it is commanded without a connection"


def emergency_stop_is_latched(make: Make, *, period_s: float, wait: Pass = _nothing) -> None:
    """After an emergency stop every observation raises with the first reason, until it is connected anew."""
    with _Ready(make) as robot:
        for reason in ("space pressed", "again"):
            robot.emergency_stop(reason)
        for step in range(3):
            words = _raised(lambda step=step: robot.observe(step, step * period_s))
            assert words is not None, "it can be observed"
            assert "space pressed" in words, f"it does not say why: {words}"
        robot.close()
        robot.connect()
        try:
            robot.observe(0, 0.0)
        except BtRobotError as error:
            raise AssertionError(f"a new connection does not end it: {error}") from error


ROBOT_LAWS: Final[tuple[RobotLaw, ...]] = (
    limits_fit_together,
    gripper_comes_last,
    observation_is_what_was_asked_for,
    feels_what_it_says,
    observation_stays_what_it_is,
    starts_inside_its_limits,
    says_what_it_sent,
    goes_where_it_is_told,
    refuses_what_is_not_finite,
    arming_moves_nothing,
    stays_where_it_was_stopped,
    ends_at_any_time,
    must_be_connected,
    emergency_stop_is_latched,
)
"""All of them."""
