"""Whether the servos on the bus are the arm that the config and the calibration describe. Pure.

Nothing is ever rewritten: what differs is told, with both values and with what to do, and what would be dangerous
refuses the start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bt_robot.robot.so101.wire.registers import (
    FIRMWARE_MAJOR,
    FIRMWARE_MINOR,
    MAX_POSITION,
    MAX_VOLTAGE,
    MIN_POSITION,
    MIN_VOLTAGE,
    MODE,
    MODEL,
    MODEL_NUMBER,
    P_GAIN,
    PHASE,
    POSITION_OFFSET,
    PRESENT_VOLTAGE,
    RETURN_DELAY,
    UNLOADING_MASK,
    Register,
    decode,
)

_FULL_ANGLE: Final = 0x10  # of the phase register: positions that leave 0 … 4095
_PROTECTION: Final = 44  # temperature, current and overload switch the motor off, as delivered
_USUAL_P: Final = (16, 32)


@dataclass(frozen=True, slots=True)
class ExpectedServo:
    """What one servo should say.

    Attributes:
        servo_id: Its id.
        name: The joint it moves.
        offset: The homing offset of the calibration [ticks].
        lower: The calibrated range's lower end [ticks].
        upper: Its upper end [ticks].
    """

    servo_id: int
    name: str
    offset: int
    lower: int
    upper: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What all servos should say.

    Attributes:
        servos: One of each joint, in the robot's order.
        calibration: The calibration's file, for messages.
    """

    servos: tuple[ExpectedServo, ...]
    calibration: str = ""

    @staticmethod
    def from_values(values: Mapping[str, Any]) -> Expected:
        """Return what `dataclasses.asdict` made of one."""
        return Expected(tuple(ExpectedServo(**servo) for servo in values["servos"]), values["calibration"])


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found at the start.

    Attributes:
        refusals: Why the arm must not be armed.
        warnings: What a person should know.
    """

    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def value_of(memory: bytes, register: Register) -> int:
    """Return a register's value from a servo's memory, read from address 0."""
    return decode(register, memory[register.address : register.address + register.width])


def firmware_of(memory: bytes) -> str:
    """Return a servo's firmware as `major.minor`."""
    return f"{value_of(memory, FIRMWARE_MAJOR)}.{value_of(memory, FIRMWARE_MINOR)}"


def examine(expected: Expected, memories: Mapping[int, bytes], doubled: Sequence[int] = ()) -> Findings:
    """Compare what the servos say with what they should say.

    Args:
        expected: What they should say.
        memories: The memory of each servo that answered, from address 0.
        doubled: Ids that more than one servo answers to.
    """
    refusals = [_silent(expected, memories)] if len(memories) < len(expected.servos) else []
    refusals += [
        f"more than one servo answers to id {servo_id}; give one another id with `bt-arm setup-id`, alone on the bus"
        for servo_id in doubled
    ]
    warnings: list[str] = []
    for servo in expected.servos:
        if servo.servo_id in memories:
            _examine_one(servo, memories[servo.servo_id], expected.calibration, refusals, warnings)
    versions = {i: firmware_of(memory) for i, memory in memories.items()}
    if len(set(versions.values())) > 1:
        told = ", ".join(f"id {i}: {version}" for i, version in sorted(versions.items()))
        warnings.append(f"the servos have different firmware ({told}); LeRobot refuses such an arm")
    return Findings(tuple(text for text in refusals if text), tuple(warnings))


def _silent(expected: Expected, memories: Mapping[int, bytes]) -> str:
    silent = [f"{s.name} (id {s.servo_id})" for s in expected.servos if s.servo_id not in memories]
    if not silent:
        return ""
    if len(silent) == len(expected.servos):
        return "no servo answers: is the supply on, and the cable in the first servo?"
    found = ", ".join(str(i) for i in sorted(memories))
    return (
        f"no answer from {', '.join(silent)}; ids that answer: {found}. Look at that servo's plug, or at `bt-arm scan`"
    )


def _examine_one(
    servo: ExpectedServo, memory: bytes, calibration: str, refusals: list[str], warnings: list[str]
) -> None:
    who = f"{servo.name} (id {servo.servo_id})"
    model = value_of(memory, MODEL)
    if model != MODEL_NUMBER:
        refusals.append(f"{who} is a servo of model {model}; expected {MODEL_NUMBER}, an STS3215")
        return
    mode = value_of(memory, MODE)
    if mode != 0:
        refusals.append(f"{who} is in mode {mode}; expected 0, position control")
    volts = 0.1 * value_of(memory, PRESENT_VOLTAGE)
    low, high = 0.1 * value_of(memory, MIN_VOLTAGE), 0.1 * value_of(memory, MAX_VOLTAGE)
    if not low <= volts <= high:
        refusals.append(f"{who} has {volts:.1f} V; it allows {low:.1f} … {high:.1f} V. Is it the right supply?")
    _examine_calibration(servo, memory, calibration, who, refusals)
    mask = value_of(memory, UNLOADING_MASK)
    if mask & _PROTECTION != _PROTECTION:
        refusals.append(
            f"{who} does not protect itself: register 19 is {mask}; expected the bits of {_PROTECTION}"
            " (heat, current, overload)"
        )
    if value_of(memory, PHASE) & _FULL_ANGLE:
        warnings.append(f"{who} counts positions beyond a turn (register 18, bit 4); readings are brought back into it")
    if value_of(memory, RETURN_DELAY):
        late_us = 2 * value_of(memory, RETURN_DELAY)
        warnings.append(f"{who} waits {late_us} µs before it answers (register 7); 0 makes the bus faster")
    gain = value_of(memory, P_GAIN)
    if gain not in _USUAL_P:
        warnings.append(f"{who} has a P gain of {gain} (register 21); usual are 16 (LeRobot) and 32 (as delivered)")


def _examine_calibration(servo: ExpectedServo, memory: bytes, calibration: str, who: str, refusals: list[str]) -> None:
    offset = value_of(memory, POSITION_OFFSET)
    where = f" in {calibration}" if calibration else ""
    if offset != servo.offset:
        refusals.append(
            f"{who} has the homing offset {offset}; the calibration{where} says {servo.offset}. It belongs to another"
            " arm, or is older than the servo's: run `bt-arm calibrate`, or name the right file"
        )
    limits = (value_of(memory, MIN_POSITION), value_of(memory, MAX_POSITION))
    if limits != (servo.lower, servo.upper):
        refusals.append(
            f"{who} is limited to {limits[0]} … {limits[1]} ticks; the calibration{where} says"
            f" {servo.lower} … {servo.upper}. Run `bt-arm calibrate`, or name the right file"
        )
