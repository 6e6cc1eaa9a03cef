"""What travels between the controller and its guardian, as bytes of fixed layout. Pure.

Goals and reports are packed numbers, so that nothing but numbers can come out of them; orders and words, which are
rare, are JSON.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

_GOAL: Final = b"G"
_REPORT: Final = b"R"
_WORD: Final = b"W"
_LATCHED, _EMERGENCY = 1, 2

_GOAL_HEAD = struct.Struct("<cIdd")
_REPORT_HEAD = struct.Struct("<cIdBBIB")
_JOINT = struct.Struct("<dddddddddB")


class State(IntEnum):
    """How the guardian stands to the arm."""

    DISARMED = 0  # it measures, and writes nothing
    ARMING = 1  # torque comes up, at the measured position
    ARMED = 2  # it follows the controller's goals, and holds without
    STOPPED = 3  # it holds with reduced torque, and follows nothing
    LEAVING = 4  # it parks, holds or lets go, and ends
    RELEASED = 5  # the torque is off


@dataclass(frozen=True, slots=True)
class Goal:
    """Where the joints are to be one control period from now.

    Attributes:
        number: Counts up.
        sent_s: When it was sent, on the monotonic clock [s].
        period_s: The control period [s].
        positions: A goal per joint [ticks].
    """

    number: int
    sent_s: float
    period_s: float
    positions: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class JointReport:
    """One joint as the guardian sees it.

    Attributes:
        position: Measured, or what is most plausible when a reply was lost [ticks].
        goal: What was sent last [ticks]; NaN when nothing is sent.
        speed: Measured [ticks/s].
        load: Share of the full voltage that drives it, −1 … 1; NaN when a reply was lost.
        voltage_v: At the servo [V].
        temperature_c: Of the servo [°C].
        current_ma: Through the motor [mA]; NaN when a reply was lost.
        age_s: How old the measurement is [s].
        losses: Replies lost so far.
        status: The servo's status bits.
    """

    position: float
    goal: float
    speed: float
    load: float
    voltage_v: float
    temperature_c: float
    current_ma: float
    age_s: float
    losses: float
    status: int


@dataclass(frozen=True, slots=True)
class Report:
    """How things stand after a bus cycle.

    Attributes:
        cycle: Counts up.
        time_s: When the servos were asked, on the monotonic clock [s].
        state: The guardian's state.
        latched: Whether a person has to re-arm it.
        goal_number: The goal that is followed.
        joints: A report per joint.
        reason: Why the arm does not follow; empty while it does, or would.
        strain: What a joint suffers from, while the others go on; empty without.
        emergency: Whether it was an emergency stop that latched.
    """

    cycle: int
    time_s: float
    state: State
    latched: bool
    goal_number: int
    joints: tuple[JointReport, ...]
    reason: str = ""
    strain: str = ""
    emergency: bool = False


def pack_goal(goal: Goal) -> bytes:
    """Return a goal as bytes."""
    head = _GOAL_HEAD.pack(_GOAL, goal.number, goal.sent_s, goal.period_s)
    return head + struct.pack(f"<{len(goal.positions)}d", *goal.positions)


def pack_report(report: Report) -> bytes:
    """Return a report as bytes."""
    head = _REPORT_HEAD.pack(
        _REPORT,
        report.cycle,
        report.time_s,
        report.state,
        _LATCHED * report.latched | _EMERGENCY * report.emergency,
        report.goal_number,
        len(report.joints),
    )
    joints = b"".join(
        _JOINT.pack(
            j.position,
            j.goal,
            j.speed,
            j.load,
            j.voltage_v,
            j.temperature_c,
            j.current_ma,
            j.age_s,
            j.losses,
            j.status,
        )
        for j in report.joints
    )
    return head + joints + json.dumps([report.reason, report.strain]).encode()


def pack_word(kind: str, **values: object) -> bytes:
    """Return an order or an event as bytes."""
    return _WORD + json.dumps({"kind": kind, **values}).encode()


@dataclass(frozen=True, slots=True)
class Word:
    """An order to the guardian, or an event from it.

    Attributes:
        kind: E.g. `arm`, `stop`, `ready`, `event`.
        text: What a person should read.
        values: Everything in it.
    """

    kind: str
    text: str
    values: dict[str, Any]


def unpack(data: bytes, joints: int) -> Goal | Report | Word:
    """Return what bytes say.

    Args:
        data: One message.
        joints: How many joints the robot has.

    Raises:
        ValueError: They are no message.
    """
    try:
        if data[:1] == _GOAL:
            return _goal(data, joints)
        if data[:1] == _REPORT:
            return _report(data, joints)
        if data[:1] == _WORD:
            values = json.loads(data[1:])
            return Word(str(values["kind"]), str(values.get("text", "")), values)
    except (struct.error, KeyError, TypeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no message between controller and guardian: {data[:40]!r} ({error})") from error
    raise ValueError(f"no message between controller and guardian: {data[:40]!r}")


def _goal(data: bytes, joints: int) -> Goal:
    _, number, sent_s, period_s = _GOAL_HEAD.unpack_from(data)
    return Goal(number, sent_s, period_s, _doubles(data[_GOAL_HEAD.size :], joints))


def _doubles(data: bytes, count: int) -> tuple[float, ...]:
    return struct.unpack(f"<{count}d", data)


def _report(data: bytes, joints: int) -> Report:
    _, cycle, time_s, state, flags, number, count = _REPORT_HEAD.unpack_from(data)
    if count != joints:
        raise ValueError(f"a report of {count} joints; expected {joints}")
    at = _REPORT_HEAD.size
    found = tuple(JointReport(*_JOINT.unpack_from(data, at + i * _JOINT.size)) for i in range(count))
    reason, strain = json.loads(data[at + count * _JOINT.size :])
    latched, emergency = bool(flags & _LATCHED), bool(flags & _EMERGENCY)
    return Report(cycle, time_s, State(state), latched, number, found, str(reason), str(strain), emergency)


def words_for(names: Sequence[str]) -> str:
    """Return names as a person lists them."""
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)
