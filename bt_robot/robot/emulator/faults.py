"""What can go wrong on an emulated bus, switched on and off while it runs.

Every method is also a command, for another process: `faults.inject("silence", servo_id=3, count=2)`. Where a `count`
can be given, None means always, and 0 ends it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from bt_robot.errors import did_you_mean
from bt_robot.robot.so101.wire.registers import REGISTERS

Counts = dict[int, int | None]
"""How many more times something happens to each id; None for always."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens once, to be done by the line.

    Attributes:
        what: `reboot`, `place`, `poke` or `power`.
        servo_id: To which servo; -1 for all.
        name: Of a register.
        value: An angle [rad], a register's value, or whether there is power.
    """

    what: str
    servo_id: int
    name: str = ""
    value: float = 0.0


def _set(counts: Counts, servo_id: int, count: int | None) -> None:
    if count == 0:
        counts.pop(servo_id, None)
    else:
        counts[servo_id] = count


def _take(counts: Counts, servo_id: int) -> bool:
    if servo_id not in counts:
        return False
    count = counts[servo_id]
    if count is not None:
        _set(counts, servo_id, count - 1)
    return True


@dataclass(slots=True)
class Faults:
    """The faults in force.

    Attributes:
        silent: Ids that answer nothing, though they hear.
        swallowed_requests: How many of the next requests reach no servo.
        swallowed_writes: How many of the next writes, of any kind, reach no servo.
        corrupt: Ids whose replies have a wrong checksum.
        flips: (byte, bit) that are turned over in the next burst of replies.
        truncate: To how many bytes the next burst is cut; None for not.
        garbage: What stands before the next bursts, first come first.
        babble_bytes_s: Random bytes on the line [1/s].
        echo: Whether the host hears itself.
        late_s: How late the replies of an id are [s].
        late: How often they are.
        posed_as: The id that stands in an id's replies.
        extra_bytes: By how many bytes an id's replies are too long, or too short.
        status: Status bits that an id reports beside its own.
        voltage_v: The supply of an id [V].
        temperature_c: What an id takes for its temperature [°C].
        current_ma: What an id takes for its current [mA].
        frozen: Ids whose shaft is held.
        jump_ticks: How far the reported position of an id is off [ticks].
        jumps: For how many reads it is.
        deaf_to_torque_off: Ids that ignore that their torque is switched off.
        events: What the line still has to do.
    """

    silent: Counts = field(default_factory=Counts)
    swallowed_requests: int = 0
    swallowed_writes: int = 0
    corrupt: Counts = field(default_factory=Counts)
    flips: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    truncate: int | None = None
    garbage: deque[bytes] = field(default_factory=deque[bytes])
    babble_bytes_s: float = 0.0
    echo: bool = False
    late_s: dict[int, float] = field(default_factory=dict[int, float])
    late: Counts = field(default_factory=Counts)
    posed_as: dict[int, int] = field(default_factory=dict[int, int])
    extra_bytes: dict[int, int] = field(default_factory=dict[int, int])
    status: dict[int, int] = field(default_factory=dict[int, int])
    voltage_v: dict[int, float] = field(default_factory=dict[int, float])
    temperature_c: dict[int, float] = field(default_factory=dict[int, float])
    current_ma: dict[int, float] = field(default_factory=dict[int, float])
    frozen: set[int] = field(default_factory=set[int])
    jump_ticks: dict[int, int] = field(default_factory=dict[int, int])
    jumps: Counts = field(default_factory=Counts)
    deaf_to_torque_off: set[int] = field(default_factory=set[int])
    events: deque[Event] = field(default_factory=deque[Event])

    def silence(self, servo_id: int, count: int | None = None) -> None:
        """Let a servo hear, but answer nothing, for its next replies."""
        _set(self.silent, servo_id, count)

    def swallow(self, requests: int = 0, writes: int = 0) -> None:
        """Let the next requests, or only the next writes, reach nobody."""
        self.swallowed_requests, self.swallowed_writes = requests, writes

    def corrupt_checksum(self, servo_id: int, count: int | None = 1) -> None:
        """Spoil the checksum of a servo's next replies."""
        _set(self.corrupt, servo_id, count)

    def flip(self, byte: int, bit: int) -> None:
        """Turn over a bit of the next burst of replies."""
        self.flips.append((byte, bit))

    def cut(self, length: int) -> None:
        """Cut the next burst of replies to some bytes."""
        self.truncate = length

    def precede(self, data: str, count: int = 1) -> None:
        """Put bytes, as hexadecimal text, before each of the next bursts of replies."""
        self.garbage.extend([bytes.fromhex(data)] * count)

    def babble(self, bytes_s: float) -> None:
        """Put random bytes on the line all the time [1/s]; 0 ends it."""
        self.babble_bytes_s = bytes_s

    def hear_itself(self, on: bool = True) -> None:
        """Let the host receive what it sends, as with some adapters."""
        self.echo = on

    def delay(self, servo_id: int, late_s: float, count: int | None = 1) -> None:
        """Let a servo's next replies come late [s]."""
        self.late_s[servo_id] = late_s
        _set(self.late, servo_id, count)

    def pose(self, servo_id: int, as_id: int) -> None:
        """Let a servo put another id into its replies; its own ends it."""
        self.posed_as[servo_id] = as_id

    def resize(self, servo_id: int, extra: int) -> None:
        """Let a servo answer with too many bytes, or with too few; 0 ends it."""
        self.extra_bytes[servo_id] = extra

    def report(self, servo_id: int, status: int) -> None:
        """Let a servo report status bits beside its own; they switch nothing off. 0 ends it."""
        self.status[servo_id] = status

    def supply(self, volts: float | None, servo_id: int) -> None:
        """Set a servo's supply [V]; None is the emulator's own."""
        self._override(self.voltage_v, servo_id, volts)

    def heat(self, celsius: float | None, servo_id: int) -> None:
        """Set the temperature that a servo takes for its own [°C]; None is the emulator's own."""
        self._override(self.temperature_c, servo_id, celsius)

    def draw(self, milliamperes: float | None, servo_id: int) -> None:
        """Set the current that a servo takes for its own [mA]; None is the emulator's own."""
        self._override(self.current_ma, servo_id, milliamperes)

    def freeze(self, servo_id: int, on: bool = True) -> None:
        """Hold a servo's shaft where it is, so that its motor stalls."""
        (self.frozen.add if on else self.frozen.discard)(servo_id)

    def jump(self, servo_id: int, ticks: int, count: int | None = 1) -> None:
        """Let a servo report a wrong position for its next reads."""
        self.jump_ticks[servo_id] = ticks
        _set(self.jumps, servo_id, count)

    def ignore_torque_off(self, servo_id: int, on: bool = True) -> None:
        """Let a servo keep its torque when it is switched off."""
        (self.deaf_to_torque_off.add if on else self.deaf_to_torque_off.discard)(servo_id)

    def reboot(self, servo_id: int) -> None:
        """Let a servo start anew, as after a brown-out."""
        self.events.append(Event("reboot", servo_id))

    def place(self, servo_id: int, position_rad: float) -> None:
        """Put a servo's joint somewhere at once, as a hand does [rad]; the gripper's is an angle, too."""
        self.events.append(Event("place", servo_id, value=position_rad))

    def poke(self, servo_id: int, register: str, value: int) -> None:
        """Set any register of a servo, in EEPROM too; with `id` or `baud_rate`, the servo is found there from now on.

        Raises:
            ValueError: There is no such register.
        """
        if register not in REGISTERS:
            raise ValueError(f"there is no register {register!r} ({did_you_mean(register, REGISTERS)})")
        self.events.append(Event("poke", servo_id, register, value))

    def power(self, on: bool) -> None:
        """Switch the supply of all servos; they boot when it returns."""
        self.events.append(Event("power", -1, value=float(on)))

    def clear(self) -> None:
        """End every fault; what has been done by one stays done."""
        fresh = Faults()
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))

    def inject(self, fault: str, **arguments: Any) -> None:
        """Call a method by its name.

        Args:
            fault: Its name.
            arguments: Its arguments.

        Raises:
            ValueError: There is no such fault, or an argument is wrong.
        """
        if fault not in INJECTABLE:
            hint = did_you_mean(fault, INJECTABLE) or f"expected one of {', '.join(INJECTABLE)}"
            raise ValueError(f"there is no fault {fault!r} ({hint})")
        try:
            getattr(self, fault)(**arguments)
        except TypeError as error:
            raise ValueError(f"{fault}: {error}") from error

    def take_silent(self, servo_id: int) -> bool:
        """Tell whether a servo keeps its next reply to itself, and count it."""
        return _take(self.silent, servo_id)

    def take_swallowed(self, *, write: bool) -> bool:
        """Tell whether the next request reaches nobody, and count it."""
        if self.swallowed_requests > 0:
            self.swallowed_requests -= 1
            return True
        if write and self.swallowed_writes > 0:
            self.swallowed_writes -= 1
            return True
        return False

    def take_corrupt(self, servo_id: int) -> bool:
        """Tell whether a servo's next reply is spoilt, and count it."""
        return _take(self.corrupt, servo_id)

    def take_late_s(self, servo_id: int) -> float:
        """Return how late a servo's next reply is [s], and count it."""
        return self.late_s[servo_id] if _take(self.late, servo_id) else 0.0

    def take_jump_ticks(self, servo_id: int) -> int:
        """Return how far a servo's next reported position is off [ticks], and count it."""
        return self.jump_ticks[servo_id] if _take(self.jumps, servo_id) else 0

    @staticmethod
    def _override(values: dict[int, float], servo_id: int, value: float | None) -> None:
        if value is None:
            values.pop(servo_id, None)
        else:
            values[servo_id] = value


INJECTABLE: Final = (
    *("silence", "swallow", "corrupt_checksum", "flip", "cut", "precede", "babble", "hear_itself", "delay", "pose"),
    *("resize", "report", "supply", "heat", "draw", "freeze", "jump", "ignore_torque_off", "reboot", "place", "poke"),
    *("power", "clear"),
)
"""The faults that can be injected by name."""
