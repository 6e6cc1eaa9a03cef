"""What `bt-arm check` finds out about the servos: who has them, what they are, where they stand. Nothing is written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from bt_robot.arm.so101 import GRIPPER, JOINT_NAMES
from bt_robot.cli.arm.driving import guarded
from bt_robot.cli.arm.holder import holder, own_port
from bt_robot.cli.arm.verdict import Line, Mark
from bt_robot.cli.preflight import START_TOLERANCE
from bt_robot.errors import RobotError, RobotRefused
from bt_robot.robot.so101 import identity
from bt_robot.robot.so101.bus import Bus
from bt_robot.robot.so101.identity import value_of
from bt_robot.robot.so101.look import look_at, read_memories
from bt_robot.robot.so101.wire import registers as r

if TYPE_CHECKING:
    from bt_robot.cli.arm.config import ArmConfig
    from bt_robot.cli.arm.driving import Drive


def check_holder(port: str) -> Line:
    """Return whether the arm is free."""
    found = holder(port)
    if found is None:
        return Line(Mark.OK, "lock", "nobody has the arm")
    way = "end that first, or have it let go with `bt-arm release`" if found.guards else "end that first"
    return Line(Mark.FAIL, "lock", f"{found.words} has the arm; {way}")


def check_servos(arm: ArmConfig, drive: Drive) -> Iterator[Line]:
    """Yield what the servos say of themselves."""
    expected = drive.setup.expected
    ids = [servo.servo_id for servo in expected.servos]
    try:
        with own_port(arm.port) as port:
            bus = Bus(port, latency_s=arm.robot.bus_latency_s)
            findings = look_at(bus, port, expected)
            memories, _, _ = read_memories(bus, ids)
    except (RobotRefused, RobotError) as error:
        yield Line(Mark.FAIL, "bus", str(error))
        return
    if memories:
        yield Line(Mark.OK if len(memories) == len(ids) else Mark.WARN, "servos", _who(memories, len(ids)))
    for refusal in findings.refusals:
        yield Line(Mark.FAIL, "servos", refusal)
    if memories and not findings.refusals:
        yield Line(Mark.OK, "EEPROM", "offsets and limits are those of the calibration")
    for warning in findings.warnings:
        yield Line(Mark.WARN, "servos", warning)
    if not memories:
        return
    yield _supply(arm, memories)
    yield _heat(arm, memories)
    yield from _troubles(drive, memories)
    yield _torque(drive, memories)
    if len(memories) == len(ids):
        yield _places(drive, memories)
        yield _gains(memories)


def check_guardian(drive: Drive) -> Line:
    """Return whether a guardian takes the arm; it writes nothing, and ends again."""
    try:
        with guarded(drive.setup) as guardian:
            guardian.leave()
            died = "" if guardian.finished else guardian.dead or "it did not end in order"
    except RobotRefused as refusal:
        return Line(Mark.FAIL, "guardian", str(refusal))
    return Line(Mark.FAIL if died else Mark.OK, "guardian", died or "it starts, sees the servos, and ends")


def _who(memories: Mapping[int, bytes], wanted: int) -> str:
    models = {value_of(memory, r.MODEL) for memory in memories.values()}
    kinds = ", ".join("STS3215" if model == r.MODEL_NUMBER else f"model {model}" for model in sorted(models))
    versions = ", ".join(sorted({identity.firmware_of(memory) for memory in memories.values()}))
    return f"{len(memories)} of {wanted} answer: {kinds}, firmware {versions}"


def _supply(arm: ArmConfig, memories: Mapping[int, bytes]) -> Line:
    volts = {i: 0.1 * value_of(memory, r.PRESENT_VOLTAGE) for i, memory in memories.items()}
    low, high = min(volts.values()), max(volts.values())
    words = f"{low:.1f} … {high:.1f} V" if high > low else f"{low:.1f} V"
    warn_v = arm.robot.health.warn_voltage_v
    if low < warn_v:
        servo = min(volts, key=volts.__getitem__)
        return Line(
            Mark.WARN, "supply", f"{words}; id {servo} has less than {warn_v:g} V: look at the supply and its cable"
        )
    return Line(Mark.OK, "supply", words)


def _heat(arm: ArmConfig, memories: Mapping[int, bytes]) -> Line:
    heat = {i: value_of(memory, r.PRESENT_TEMPERATURE) for i, memory in memories.items()}
    hottest, health = max(heat, key=heat.__getitem__), arm.robot.health
    coolest = min(heat.values())
    words = f"{coolest} … {heat[hottest]} °C" if coolest < heat[hottest] else f"{coolest} °C"
    if heat[hottest] >= health.stop_temperature_c:
        return Line(
            Mark.FAIL, "temperature", f"{words}; let id {hottest} cool down below {health.resume_temperature_c:g} °C"
        )
    if heat[hottest] >= health.warn_temperature_c:
        return Line(
            Mark.WARN,
            "temperature",
            f"{words}; id {hottest} is warm, and stops the arm at {health.stop_temperature_c:g} °C",
        )
    return Line(Mark.OK, "temperature", words)


def _troubles(drive: Drive, memories: Mapping[int, bytes]) -> Iterator[Line]:
    names = drive.setup.plan.names
    for servo_id, memory in memories.items():
        status = value_of(memory, r.STATUS)
        if status:
            text = f"{names[servo_id]} (id {servo_id}) reports: {r.status_words(status)}; switch the supply off and on"
            yield Line(Mark.FAIL, "status", text)


def _torque(drive: Drive, memories: Mapping[int, bytes]) -> Line:
    names = drive.setup.plan.names
    energised = [names[i] for i, memory in memories.items() if value_of(memory, r.TORQUE_ENABLE)]
    if energised:
        who = "all joints" if len(energised) == len(names) else ", ".join(energised)
        text = f"on at {who}, left by a program that has ended; `bt-arm park` or `bt-arm release` takes care of it"
        return Line(Mark.WARN, "torque", text)
    return Line(Mark.OK, "torque", "off")


def _places(drive: Drive, memories: Mapping[int, bytes]) -> Line:
    """Return whether each joint stands where a run would arm it; the rule is that of `require_inside`."""
    joints = drive.calibration.to_joints([value_of(memories[i], r.PRESENT_POSITION) for i in drive.calibration.ids])
    limits = drive.safety
    beyond = np.maximum(limits.lower - joints, joints - limits.upper)
    outside = [
        f"{name} is {_amount(name, float(by))} outside its range"
        for name, by in zip(limits.names, beyond, strict=True)
        if by > START_TOLERANCE
    ]
    if outside:
        return Line(Mark.FAIL, "joints", f"{'; '.join(outside)}. Move it inside by hand, or calibrate again")
    return Line(Mark.OK, "joints", "all inside their ranges")


def _amount(name: str, beyond: float) -> str:
    return f"{100.0 * beyond:.0f} %" if name == JOINT_NAMES[GRIPPER] else f"{math.degrees(beyond):.1f}°"


def _gains(memories: Mapping[int, bytes]) -> Line:
    gains = {tuple(value_of(memory, g) for g in (r.P_GAIN, r.I_GAIN, r.D_GAIN)): i for i, memory in memories.items()}
    words = "; ".join(f"P {p}, I {i}, D {d}" for p, i, d in gains)
    if len(gains) > 1:
        return Line(Mark.WARN, "gains", f"they differ between the servos: {words}")
    return Line(Mark.OK, "gains", words)
