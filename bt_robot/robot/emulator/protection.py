"""How a servo protects itself: the status bits, what raises and clears each, and what each does to the motor.

After github.com/0o8o0-blip/sts3215-firmware, a rewrite of the firmware that was tested against the original.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bt_robot.robot.emulator.memory import Memory
from bt_robot.robot.so101.wire import registers
from bt_robot.robot.so101.wire.registers import CURRENT_MA, Status

_FIRMWARE_TICK_S: Final = 0.001
_HIGH_VOLTAGE_S: Final = 51 * _FIRMWARE_TICK_S
_HEAT_S: Final = 50 * _FIRMWARE_TICK_S
_HEAT_GAP_C: Final = 5.0
_TIME_UNIT_S: Final = 0.01
_STILL_RAD_S: Final = 0.05
_SLACK_S: Final = 1e-9

# As plain numbers: operators of an IntFlag cost a microsecond each, and a soak test asks billions of times.
_VOLTAGE, _TEMPERATURE = int(Status.VOLTAGE), int(Status.TEMPERATURE)
_CURRENT, _OVERLOAD = int(Status.CURRENT), int(Status.OVERLOAD)


@dataclass(frozen=True, slots=True)
class Senses:
    """What a servo measures beside its position.

    Attributes:
        voltage_v: Supply [V].
        temperature_c: [°C].
        current_ma: [mA].
        load: The motor's drive, -1 … 1.
        speed_rad_s: [rad/s].
    """

    voltage_v: float
    temperature_c: float
    current_ma: float
    load: float
    speed_rad_s: float


class Protection:
    """The status bits of one servo and the times behind them."""

    def __init__(self) -> None:
        """Start with nothing wrong."""
        self.reset()

    def reset(self) -> None:
        """Forget everything, as a boot does."""
        self._status = 0
        self._high_voltage_s = 0.0
        self._heat_s = 0.0
        self._current_s = 0.0
        self._overload_s = 0.0
        self._overload_error_rad = 0.0

    @property
    def status(self) -> int:
        """Bits of `Status`."""
        return self._status

    def torque_on(self) -> None:
        """Clear what ends when torque is switched on."""
        self._clear(_CURRENT)
        self._current_s = self._overload_s = 0.0

    def torque_off(self) -> None:
        """Clear what ends when torque is switched off."""
        self._clear(_OVERLOAD)
        self._overload_s = 0.0

    def strongest(self, memory: Memory) -> float:
        """Return the share of full drive that the protections leave, 0 … 1."""
        masked = self._status & memory.get(registers.UNLOADING_MASK)
        if masked & ~_OVERLOAD:
            return 0.0
        return memory.get(registers.PROTECTIVE_TORQUE) / 100.0 if masked else 1.0

    def update(self, memory: Memory, senses: Senses, error_rad: float, dt_s: float) -> None:
        """Let time pass; an over-current trip switches torque off.

        Args:
            memory: The servo's limits, and its torque switch.
            senses: What it measures now.
            error_rad: From where it stands to its goal [rad].
            dt_s: How much time [s].
        """
        self._voltage(memory, senses, dt_s)
        self._heat(memory, senses, dt_s)
        self._over_current(memory, senses, dt_s)
        self._overload(memory, senses, error_rad, dt_s)

    def _voltage(self, memory: Memory, senses: Senses, dt_s: float) -> None:
        low = senses.voltage_v < memory.get(registers.MIN_VOLTAGE) / 10.0
        high = senses.voltage_v > memory.get(registers.MAX_VOLTAGE) / 10.0
        self._high_voltage_s = self._high_voltage_s + dt_s if high else 0.0
        if low or self._high_voltage_s >= _HIGH_VOLTAGE_S - _SLACK_S:
            self._raise(_VOLTAGE)
        else:
            self._clear(_VOLTAGE)

    def _heat(self, memory: Memory, senses: Senses, dt_s: float) -> None:
        limit_c = memory.get(registers.MAX_TEMPERATURE)
        self._heat_s = self._heat_s + dt_s if senses.temperature_c > limit_c else 0.0
        if self._heat_s >= _HEAT_S - _SLACK_S:
            self._raise(_TEMPERATURE)
        elif senses.temperature_c <= limit_c - _HEAT_GAP_C:
            self._clear(_TEMPERATURE)

    def _over_current(self, memory: Memory, senses: Senses, dt_s: float) -> None:
        over = senses.current_ma >= memory.get(registers.PROTECTION_CURRENT) * CURRENT_MA
        self._current_s = self._current_s + dt_s if over else 0.0
        if over and self._current_s >= memory.get(registers.OVERCURRENT_TIME) * _TIME_UNIT_S - _SLACK_S:
            self._raise(_CURRENT)
            if memory.get(registers.UNLOADING_MASK) & _CURRENT:
                memory.put(registers.TORQUE_ENABLE, registers.TORQUE_OFF)

    def _overload(self, memory: Memory, senses: Senses, error_rad: float, dt_s: float) -> None:
        if self._status & _OVERLOAD:
            # A goal nearer by or on the other side asks for less drive or the reverse.
            if error_rad * self._overload_error_rad <= 0.0 or abs(error_rad) < abs(self._overload_error_rad) / 2:
                self._clear(_OVERLOAD)
                self._overload_s = 0.0
            return
        limit = memory.get(registers.OVERLOAD_TORQUE) / 100.0
        pushing = abs(senses.load) > limit and abs(senses.speed_rad_s) < _STILL_RAD_S
        self._overload_s = self._overload_s + dt_s if pushing else 0.0
        if pushing and self._overload_s >= memory.get(registers.PROTECTION_TIME) * _TIME_UNIT_S - _SLACK_S:
            self._raise(_OVERLOAD)
            self._overload_error_rad = error_rad

    def _raise(self, bit: int) -> None:
        self._status |= bit

    def _clear(self, bits: int) -> None:
        self._status &= ~bits
