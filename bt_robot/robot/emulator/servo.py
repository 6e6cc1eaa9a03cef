"""One STS3215: its memory, what writing to it sets off, its drive, its protections."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from bt_robot.robot.emulator.memory import Memory
from bt_robot.robot.emulator.plant import Drive, Motion
from bt_robot.robot.emulator.protection import Protection, Senses
from bt_robot.robot.so101.wire import registers
from bt_robot.robot.so101.wire.registers import BAUD_RATES, CURRENT_MA, TICKS_PER_TURN

RAD_PER_TICK: Final = 2.0 * math.pi / TICKS_PER_TURN
MIDDLE_TICKS: Final = 2047
"""Where LeRobot's calibration puts the middle of a joint; half a turn of the encoder."""

AMBIENT_C: Final = 28.0

_SET_MIDDLE_TICKS = 2048
_MAX_OFFSET_TICKS = 2047
_FULL_ANGLE = 0x10
_BYTE, _MOST = 255, 32767
_POSITION_MODE, _SPEED_MODE, _STEP_MODE = 0, 1, 3
_MOVING_UNIT_TICKS_S = 50
_HEAT_C_PER_A2 = 30.0
_COOLING_S = 300.0


class Servo:
    """The firmware's side of a servo; the plant moves its shaft.

    `Present = Actual - position_offset`, where Actual, the angle of the shaft, is `mount_ticks` at the joint's zero and
    grows by 4096 per turn. Present wraps to 0 … 4095 unless bit 4 of `phase` is set. Only position mode moves the
    shaft; the other modes are accepted and leave the motor without drive. `acceleration` is kept, not followed.

    Attributes:
        memory: Its registers.
        mount_ticks: How its horn is mounted: Actual where the joint is at 0 rad [ticks].
        motion: What its shaft did last.
        temperature_c: Its motor's temperature [°C].
        voltage_v: Its supply [V].
    """

    def __init__(self, eeprom: Mapping[str, int] | None = None, mount_ticks: int = MIDDLE_TICKS) -> None:
        """Make a servo that has just been switched on.

        Args:
            eeprom: Values by register name; the others are as delivered.
            mount_ticks: Actual where the joint is at 0 rad [ticks].

        Raises:
            ValueError: A value does not fit, or a name is none of an EEPROM register.
        """
        self.memory = Memory(eeprom or {})
        self.mount_ticks = mount_ticks
        self.motion = Motion(0.0, 0.0, 0.0, 0.0)
        self.temperature_c = AMBIENT_C
        self.voltage_v = 12.0
        self._current_ma = 0.0
        self._shown_c = AMBIENT_C
        self._protection = Protection()
        self._announced: tuple[int, bytes] | None = None
        self._goal_ticks = 0
        self._turns_ticks = 0
        self.boot()

    @property
    def servo_id(self) -> int:
        """The id it listens to."""
        return self.memory.get(registers.ID)

    @property
    def baud(self) -> int:
        """The line rate it listens at [bit/s]; 0 if its register holds none of the table."""
        index = self.memory.get(registers.BAUD_RATE)
        return BAUD_RATES[index] if index < len(BAUD_RATES) else 0

    @property
    def answers_writes(self) -> bool:
        """Whether it acknowledges writes."""
        return self.memory.get(registers.RESPONSE_LEVEL) != 0

    @property
    def return_delay_s(self) -> float:
        """How long it waits before an answer [s]."""
        return self.memory.get(registers.RETURN_DELAY) * 2e-6

    @property
    def status(self) -> int:
        """Its error byte, bits of `Status`."""
        return self._protection.status

    @property
    def torque(self) -> int:
        """What `torque_enable` says."""
        return self.memory.get(registers.TORQUE_ENABLE)

    def boot(self) -> None:
        """Start anew, as after a brown-out: torque off, goal 0, settings in RAM lost, turns forgotten."""
        self.memory.boot()
        self._protection.reset()
        self._announced = None
        self._goal_ticks = 0
        self._turns_ticks = math.floor(self._actual_ticks() / TICKS_PER_TURN) * TICKS_PER_TURN

    def present_ticks(self, ahead_s: float = 0.0) -> float:
        """Return the position as the firmware has it, with fractions [ticks].

        Args:
            ahead_s: Time since the shaft's last motion [s].
        """
        present = self._actual_ticks(ahead_s) - self.memory.get(registers.POSITION_OFFSET)
        if self.memory.get(registers.PHASE) & _FULL_ANGLE:
            return present - self._turns_ticks
        return present % TICKS_PER_TURN

    def rad_of(self, present_ticks: float) -> float:
        """Return the joint's angle for a position as the firmware would report it [rad]."""
        return (present_ticks + self.memory.get(registers.POSITION_OFFSET) - self.mount_ticks) * RAD_PER_TICK

    def read(self, address: int, length: int, ahead_s: float = 0.0, jump_ticks: int = 0) -> bytes:
        """Answer a READ.

        Args:
            address: The first byte.
            length: How many.
            ahead_s: Time since the shaft's last motion [s].
            jump_ticks: How far the reported position is off [ticks].
        """
        self._measure(ahead_s, jump_ticks)
        return self.memory.read(address, length)

    def write(self, address: int, data: bytes, *, deaf_to_torque_off: bool = False) -> None:
        """Do a WRITE.

        Args:
            address: The first byte.
            data: What to write.
            deaf_to_torque_off: Whether it ignores that its torque is switched off, as a broken one may.
        """
        torque, mode = self.torque, self.memory.get(registers.MODE)
        touched = self.memory.write(address, data)
        if registers.TORQUE_ENABLE in touched:
            self._switch_torque(torque, deaf_to_torque_off=deaf_to_torque_off)
        if registers.MODE in touched and self.memory.get(registers.MODE) != mode:
            self._change_mode()
        mode = self.memory.get(registers.MODE)
        if registers.GOAL_POSITION in touched:
            self._goal_ticks = self._within_limits(self.memory.get(registers.GOAL_POSITION))
            self.memory.put(registers.GOAL_ECHO, self._goal_ticks)
        starts = (registers.GOAL_POSITION in touched and mode in (_POSITION_MODE, _STEP_MODE)) or (
            registers.GOAL_SPEED in touched and mode == _SPEED_MODE
        )
        if starts and self.torque != registers.TORQUE_ON:
            self.memory.put(registers.TORQUE_ENABLE, registers.TORQUE_ON)
            self._protection.torque_on()

    def announce(self, address: int, data: bytes) -> None:
        """Do a REG_WRITE: keep it until `act`."""
        self._announced = (address, data)
        self.memory.put(registers.WRITE_PENDING, 1)

    def act(self) -> tuple[int, bytes] | None:
        """Do an ACTION; return what was written, or None if nothing was announced."""
        announced, self._announced = self._announced, None
        self.memory.put(registers.WRITE_PENDING, 0)
        if announced is not None:
            self.write(*announced)
        return announced

    def drive(self, *, blocked: bool = False) -> Drive:
        """Return what the motor tries to do.

        Args:
            blocked: Whether something holds the shaft.
        """
        position = self.motion.position_rad
        if self.torque != registers.TORQUE_ON or self.memory.get(registers.MODE) != _POSITION_MODE:
            return Drive(position, 0.0, None, blocked)
        limits = self.memory.get(registers.TORQUE_LIMIT), self.memory.get(registers.MAX_TORQUE), 1000
        share = min(min(limits) / 1000.0, self._protection.strongest(self.memory))
        speed = abs(self.memory.get(registers.GOAL_SPEED)) * RAD_PER_TICK
        return Drive(position + self._error_rad(), share, speed or None, blocked)

    def moved(
        self, motion: Motion, dt_s: float, voltage_v: float, temperature_c: float | None, current_ma: float | None
    ) -> None:
        """Take what the shaft did in a step, and let the protections judge.

        Args:
            motion: What it does now.
            dt_s: How long the step was [s].
            voltage_v: The supply [V].
            temperature_c: What to believe instead of the motor's own temperature [°C].
            current_ma: What to believe instead of the motor's current [mA].
        """
        self.motion = motion
        amperes = motion.current_ma / 1000.0
        settled_c = AMBIENT_C + _HEAT_C_PER_A2 * amperes * amperes
        self.temperature_c += (settled_c - self.temperature_c) * min(1.0, dt_s / _COOLING_S)
        self.voltage_v = voltage_v
        self._current_ma = motion.current_ma if current_ma is None else current_ma
        self._shown_c = self.temperature_c if temperature_c is None else temperature_c
        senses = Senses(voltage_v, self._shown_c, self._current_ma, motion.load, motion.speed_rad_s)
        self._protection.update(self.memory, senses, self._error_rad(), dt_s)

    def _actual_ticks(self, ahead_s: float = 0.0) -> float:
        angle_rad = self.motion.position_rad + ahead_s * self.motion.speed_rad_s
        return self.mount_ticks + angle_rad / RAD_PER_TICK

    def _error_rad(self) -> float:
        # The firmware compares positions as it reports them, so it never takes the short way across the seam.
        return (self._goal_ticks - self.present_ticks()) * RAD_PER_TICK

    def _measure(self, ahead_s: float, jump_ticks: int) -> None:
        memory, motion = self.memory, self.motion
        position = round(self.present_ticks(ahead_s)) + jump_ticks
        if not memory.get(registers.PHASE) & _FULL_ANGLE:
            position %= TICKS_PER_TURN
        speed = round(motion.speed_rad_s / RAD_PER_TICK)
        memory.measured(
            position=max(-_MOST, min(_MOST, position)),
            speed=max(-_MOST, min(_MOST, speed)),
            load=round(1000.0 * max(-1.0, min(1.0, motion.load))),
            voltage=max(0, min(_BYTE, round(10.0 * self.voltage_v))),
            temperature=max(0, min(_BYTE, round(self._shown_c))),
            status=self.status,
            moving=int(abs(speed) >= _MOVING_UNIT_TICKS_S * memory.get(registers.MOVING_THRESHOLD)),
            current=max(0, min(_MOST, round(self._current_ma / CURRENT_MA))),
        )

    def _switch_torque(self, before: int, *, deaf_to_torque_off: bool) -> None:
        written = self.torque
        if written == registers.TORQUE_SET_MIDDLE:
            self.memory.put(registers.TORQUE_ENABLE, before)
            self._set_middle()
        elif written == registers.TORQUE_OFF and deaf_to_torque_off:
            self.memory.put(registers.TORQUE_ENABLE, before)
        elif written == registers.TORQUE_OFF:
            self._protection.torque_off()
        elif written != before:
            self._protection.torque_on()

    def _set_middle(self) -> None:
        actual = round(self._actual_ticks()) % TICKS_PER_TURN
        offset = max(-_MAX_OFFSET_TICKS, min(_MAX_OFFSET_TICKS, actual - _SET_MIDDLE_TICKS))
        self.memory.keep(registers.POSITION_OFFSET, offset)

    def _change_mode(self) -> None:
        for register in (registers.TORQUE_ENABLE, registers.GOAL_SPEED, registers.ACCELERATION):
            self.memory.put(register, 0)
        self._protection.torque_off()

    def _within_limits(self, goal_ticks: int) -> int:
        low, high = self.memory.get(registers.MIN_POSITION), self.memory.get(registers.MAX_POSITION)
        if low == high == 0:
            return goal_ticks
        if low <= high:
            return max(low, min(high, goal_ticks))
        if high < goal_ticks < low:  # the range holds the seam
            return low if low - goal_ticks < goal_ticks - high else high
        return goal_ticks
