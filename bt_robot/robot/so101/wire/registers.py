"""The registers of a Feetech STS3215 as a table, their values as bytes, and the two blocks that are read in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntFlag
from types import MappingProxyType
from typing import Final

MODEL_NUMBER: Final = 777
"""What the register `model` of every STS3215 holds."""

TICKS_PER_TURN: Final = 4096
BAUD_RATES: Final = (1_000_000, 500_000, 250_000, 128_000, 115_200, 76_800, 57_600, 38_400)
"""Line rates [baud] by the value of `baud_rate`."""

TORQUE_OFF, TORQUE_ON, TORQUE_DAMPING, TORQUE_SET_MIDDLE = 0, 1, 2, 128
"""Values of `torque_enable`; the last one makes the present position the middle and writes EEPROM."""

CURRENT_MA: Final = 6.5
"""One unit of a current register [mA]."""

_VOLTAGE_V = 0.1


@dataclass(frozen=True, slots=True)
class Register:
    """One entry of the servo's memory.

    Attributes:
        name: Its name in this project.
        address: Its first byte.
        width: Its bytes, 1 or 2; the low byte comes first.
        unit: What one count of it means; empty for a number without a unit.
        writable: Whether the servo accepts writes to it.
        eeprom: Whether it outlives a power cycle; writes to it last only while `lock` is 0.
        sign_bit: The bit that says negative, where the rest is the magnitude; None for unsigned values.
        default: Its value as delivered, or after a boot.
    """

    name: str
    address: int
    width: int
    unit: str
    writable: bool
    eeprom: bool
    sign_bit: int | None
    default: int

    @property
    def lowest(self) -> int:
        """The smallest value that its bytes can say."""
        return 0 if self.sign_bit is None else 1 - (1 << self.sign_bit)

    @property
    def highest(self) -> int:
        """The largest value that its bytes can say."""
        return (1 << (8 * self.width if self.sign_bit is None else self.sign_bit)) - 1


def _eeprom(
    name: str, address: int, width: int, default: int, unit: str = "", *, writable: bool = True, sign: int | None = None
) -> Register:
    return Register(name, address, width, unit, writable, True, sign, default)


def _setting(name: str, address: int, width: int, default: int, unit: str = "", *, sign: int | None = None) -> Register:
    return Register(name, address, width, unit, True, False, sign, default)


def _reading(name: str, address: int, width: int, unit: str = "", *, sign: int | None = None) -> Register:
    return Register(name, address, width, unit, False, False, sign, 0)


_TABLE = (
    _eeprom("firmware_major", 0, 1, 3, writable=False),
    _eeprom("firmware_minor", 1, 1, 10, writable=False),
    _eeprom("model", 3, 2, MODEL_NUMBER, writable=False),
    _eeprom("id", 5, 1, 1),
    _eeprom("baud_rate", 6, 1, 0, "index of BAUD_RATES"),
    _eeprom("return_delay", 7, 1, 0, "2 µs"),
    _eeprom("response_level", 8, 1, 1),
    _eeprom("min_position", 9, 2, 0, "ticks", sign=15),
    _eeprom("max_position", 11, 2, 4095, "ticks", sign=15),
    _eeprom("max_temperature", 13, 1, 70, "°C"),
    _eeprom("max_voltage", 14, 1, 140, "0.1 V"),
    _eeprom("min_voltage", 15, 1, 40, "0.1 V"),
    _eeprom("max_torque", 16, 2, 1000, "0.1 %"),
    _eeprom("phase", 18, 1, 12, "bits"),
    _eeprom("unloading_mask", 19, 1, 44, "status bits"),
    _eeprom("led_mask", 20, 1, 47, "status bits"),
    _eeprom("p_gain", 21, 1, 32),
    _eeprom("d_gain", 22, 1, 32),
    _eeprom("i_gain", 23, 1, 0),
    _eeprom("min_start_force", 24, 2, 16, "0.1 %"),
    _eeprom("cw_dead_zone", 26, 1, 1, "ticks"),
    _eeprom("ccw_dead_zone", 27, 1, 1, "ticks"),
    _eeprom("protection_current", 28, 2, 500, "6.5 mA"),
    _eeprom("angular_resolution", 30, 1, 1),
    _eeprom("position_offset", 31, 2, 0, "ticks", sign=11),
    _eeprom("mode", 33, 1, 0, "0 position, 1 speed, 2 PWM, 3 step"),
    _eeprom("protective_torque", 34, 1, 20, "%"),
    _eeprom("protection_time", 35, 1, 200, "10 ms"),
    _eeprom("overload_torque", 36, 1, 80, "%"),
    _eeprom("speed_p_gain", 37, 1, 10),
    _eeprom("overcurrent_time", 38, 1, 200, "10 ms"),
    _eeprom("speed_i_gain", 39, 1, 10),
    _setting("torque_enable", 40, 1, 0, "0 off, 1 on, 2 damping, 128 set middle"),
    _setting("acceleration", 41, 1, 0, "100 ticks/s²"),
    _setting("goal_position", 42, 2, 0, "ticks", sign=15),
    _setting("goal_time", 44, 2, 0, "ms; 0.1 % in PWM mode"),
    _setting("goal_speed", 46, 2, 0, "ticks/s", sign=15),
    _setting("torque_limit", 48, 2, 1000, "0.1 %"),
    _setting("lock", 55, 1, 1, "1 keeps EEPROM as it is"),
    _reading("present_position", 56, 2, "ticks", sign=15),
    _reading("present_speed", 58, 2, "ticks/s", sign=15),
    _reading("present_load", 60, 2, "0.1 %", sign=10),
    _reading("present_voltage", 62, 1, "0.1 V"),
    _reading("present_temperature", 63, 1, "°C"),
    _reading("write_pending", 64, 1),
    _reading("status", 65, 1, "status bits"),
    _reading("moving", 66, 1),
    _reading("goal_echo", 67, 2, "ticks", sign=15),
    _reading("present_current", 69, 2, "6.5 mA"),
    _eeprom("moving_threshold", 80, 1, 1, "50 ticks/s"),
    _eeprom("control_period", 81, 1, 10, "ms", writable=False),
    _eeprom("speed_unit", 82, 1, 50, "ticks/s", writable=False),
    _eeprom("min_speed", 83, 1, 1, "50 ticks/s", writable=False),
    _eeprom("max_speed", 84, 1, 68, "50 ticks/s"),
    _eeprom("max_acceleration", 85, 1, 254, "100 ticks/s²"),
    _eeprom("acceleration_factor", 86, 1, 1),
)

REGISTERS: Final[Mapping[str, Register]] = MappingProxyType({register.name: register for register in _TABLE})
"""Every register by its name, ordered by address."""

FIRMWARE_MAJOR: Final = REGISTERS["firmware_major"]
FIRMWARE_MINOR: Final = REGISTERS["firmware_minor"]
MODEL: Final = REGISTERS["model"]
ID: Final = REGISTERS["id"]
BAUD_RATE: Final = REGISTERS["baud_rate"]
RETURN_DELAY: Final = REGISTERS["return_delay"]
RESPONSE_LEVEL: Final = REGISTERS["response_level"]
MIN_POSITION: Final = REGISTERS["min_position"]
MAX_POSITION: Final = REGISTERS["max_position"]
MAX_TEMPERATURE: Final = REGISTERS["max_temperature"]
MAX_VOLTAGE: Final = REGISTERS["max_voltage"]
MIN_VOLTAGE: Final = REGISTERS["min_voltage"]
MAX_TORQUE: Final = REGISTERS["max_torque"]
PHASE: Final = REGISTERS["phase"]
UNLOADING_MASK: Final = REGISTERS["unloading_mask"]
LED_MASK: Final = REGISTERS["led_mask"]
P_GAIN: Final = REGISTERS["p_gain"]
D_GAIN: Final = REGISTERS["d_gain"]
I_GAIN: Final = REGISTERS["i_gain"]
MIN_START_FORCE: Final = REGISTERS["min_start_force"]
CW_DEAD_ZONE: Final = REGISTERS["cw_dead_zone"]
CCW_DEAD_ZONE: Final = REGISTERS["ccw_dead_zone"]
PROTECTION_CURRENT: Final = REGISTERS["protection_current"]
ANGULAR_RESOLUTION: Final = REGISTERS["angular_resolution"]
POSITION_OFFSET: Final = REGISTERS["position_offset"]
MODE: Final = REGISTERS["mode"]
PROTECTIVE_TORQUE: Final = REGISTERS["protective_torque"]
PROTECTION_TIME: Final = REGISTERS["protection_time"]
OVERLOAD_TORQUE: Final = REGISTERS["overload_torque"]
SPEED_P_GAIN: Final = REGISTERS["speed_p_gain"]
OVERCURRENT_TIME: Final = REGISTERS["overcurrent_time"]
SPEED_I_GAIN: Final = REGISTERS["speed_i_gain"]
TORQUE_ENABLE: Final = REGISTERS["torque_enable"]
ACCELERATION: Final = REGISTERS["acceleration"]
GOAL_POSITION: Final = REGISTERS["goal_position"]
GOAL_TIME: Final = REGISTERS["goal_time"]
GOAL_SPEED: Final = REGISTERS["goal_speed"]
TORQUE_LIMIT: Final = REGISTERS["torque_limit"]
LOCK: Final = REGISTERS["lock"]
PRESENT_POSITION: Final = REGISTERS["present_position"]
PRESENT_SPEED: Final = REGISTERS["present_speed"]
PRESENT_LOAD: Final = REGISTERS["present_load"]
PRESENT_VOLTAGE: Final = REGISTERS["present_voltage"]
PRESENT_TEMPERATURE: Final = REGISTERS["present_temperature"]
WRITE_PENDING: Final = REGISTERS["write_pending"]
STATUS: Final = REGISTERS["status"]
MOVING: Final = REGISTERS["moving"]
GOAL_ECHO: Final = REGISTERS["goal_echo"]
PRESENT_CURRENT: Final = REGISTERS["present_current"]
MOVING_THRESHOLD: Final = REGISTERS["moving_threshold"]
CONTROL_PERIOD: Final = REGISTERS["control_period"]
SPEED_UNIT: Final = REGISTERS["speed_unit"]
MIN_SPEED: Final = REGISTERS["min_speed"]
MAX_SPEED: Final = REGISTERS["max_speed"]
MAX_ACCELERATION: Final = REGISTERS["max_acceleration"]
ACCELERATION_FACTOR: Final = REGISTERS["acceleration_factor"]

MEMORY_SIZE: Final = 88
"""Bytes of a servo's memory, from address 0."""

BLOCK_ADDRESS: Final = PRESENT_POSITION.address
BLOCK_LENGTH: Final = 15
"""The state block: everything a servo measures, from its position to its current."""

FULL_ADDRESS: Final = TORQUE_ENABLE.address
FULL_LENGTH: Final = 31
"""The same with the settings in RAM before it, by which a reboot is told."""


def encode(register: Register, value: int) -> bytes:
    """Return a value as the register's bytes.

    Raises:
        ValueError: The value does not fit.
    """
    if not register.lowest <= value <= register.highest:
        raise ValueError(f"{register.name} can't be {value}; expected {register.lowest} to {register.highest}")
    raw = value if value >= 0 or register.sign_bit is None else -value | 1 << register.sign_bit
    return raw.to_bytes(register.width, "little")


def decode(register: Register, data: bytes) -> int:
    """Return the value that a register's bytes say.

    Raises:
        ValueError: The number of bytes is wrong.
    """
    if len(data) != register.width:
        raise ValueError(f"{register.name} has {register.width} bytes; got {len(data)}: {data.hex(' ')}")
    raw = int.from_bytes(data, "little")
    if register.sign_bit is None:
        return raw
    magnitude = raw & ((1 << register.sign_bit) - 1)
    return -magnitude if raw >> register.sign_bit & 1 else magnitude


class Status(IntFlag):
    """The bits of a reply's error byte and of the register `status`."""

    VOLTAGE = 1
    ENCODER = 2
    TEMPERATURE = 4
    CURRENT = 8
    OVERLOAD = 32


_STATUS_WORDS: Final[Mapping[int, str]] = {
    Status.VOLTAGE: "supply voltage out of range",
    Status.ENCODER: "encoder fault",
    Status.TEMPERATURE: "too hot",
    Status.CURRENT: "over-current",
    Status.OVERLOAD: "overload",
}


def status_words(status: int) -> str:
    """Return what a status byte says, for a person; empty when it says nothing."""
    words = [text for bit, text in _STATUS_WORDS.items() if status & bit]
    unknown = status & ~sum(_STATUS_WORDS)
    return ", ".join([*words, f"unknown status bits {unknown:#04x}"] if unknown else words)


@dataclass(frozen=True, slots=True)
class ServoState:
    """What one servo measured.

    Attributes:
        servo_id: Its id.
        position: Where it stands [ticks], its offset taken off.
        speed: [ticks/s].
        load: Drive of the motor [0.1 %], signed.
        voltage_v: Supply [V].
        temperature_c: [°C].
        status: Bits of `Status`.
        moving: Whether it says that it moves.
        goal_echo: The goal that it follows [ticks].
        current_ma: [mA], unsigned.
    """

    servo_id: int
    position: int
    speed: int
    load: int
    voltage_v: float
    temperature_c: int
    status: int
    moving: bool
    goal_echo: int
    current_ma: float


@dataclass(frozen=True, slots=True)
class ServoSettings:
    """What one servo was told, in RAM: gone after a reboot.

    Attributes:
        torque_enable: 0 off, 1 on, 2 damping.
        acceleration: [100 ticks/s²]; 0 is the fastest.
        goal_position: [ticks].
        goal_time: [ms].
        goal_speed: [ticks/s]; 0 is the fastest.
        torque_limit: [0.1 %].
        lock: 1 keeps EEPROM as it is.
    """

    torque_enable: int
    acceleration: int
    goal_position: int
    goal_time: int
    goal_speed: int
    torque_limit: int
    lock: int


def parse_state(servo_id: int, error: int, block: bytes) -> ServoState:
    """Read the state block.

    Args:
        servo_id: Whose block it is.
        error: The reply's error byte.
        block: `BLOCK_LENGTH` bytes from `BLOCK_ADDRESS`.

    Raises:
        ValueError: The block has another length.
    """
    _check_length("state", block, BLOCK_LENGTH)

    def value(register: Register) -> int:
        return _value(register, block, BLOCK_ADDRESS)

    return ServoState(
        servo_id=servo_id,
        position=value(PRESENT_POSITION),
        speed=value(PRESENT_SPEED),
        load=value(PRESENT_LOAD),
        voltage_v=value(PRESENT_VOLTAGE) * _VOLTAGE_V,
        temperature_c=value(PRESENT_TEMPERATURE),
        status=value(STATUS) | error,
        moving=value(MOVING) != 0,
        goal_echo=value(GOAL_ECHO),
        current_ma=value(PRESENT_CURRENT) * CURRENT_MA,
    )


def parse_full(servo_id: int, error: int, block: bytes) -> tuple[ServoSettings, ServoState]:
    """Read the settings in RAM and the state.

    Args:
        servo_id: Whose block it is.
        error: The reply's error byte.
        block: `FULL_LENGTH` bytes from `FULL_ADDRESS`.

    Raises:
        ValueError: The block has another length.
    """
    _check_length("full", block, FULL_LENGTH)

    def value(register: Register) -> int:
        return _value(register, block, FULL_ADDRESS)

    settings = ServoSettings(
        torque_enable=value(TORQUE_ENABLE),
        acceleration=value(ACCELERATION),
        goal_position=value(GOAL_POSITION),
        goal_time=value(GOAL_TIME),
        goal_speed=value(GOAL_SPEED),
        torque_limit=value(TORQUE_LIMIT),
        lock=value(LOCK),
    )
    return settings, parse_state(servo_id, error, block[BLOCK_ADDRESS - FULL_ADDRESS :])


def _value(register: Register, block: bytes, start: int) -> int:
    at = register.address - start
    return decode(register, block[at : at + register.width])


def _check_length(what: str, block: bytes, expected: int) -> None:
    if len(block) != expected:
        raise ValueError(f"the {what} block has {len(block)} bytes; expected {expected}")
