"""When a servo is unwell: rules over successive bus cycles. Pure, with the caller's clock.

Once per cycle `Health.see` is told what every servo answered and what it had been sent. It says what is wrong: what a
person should know, once, and what has to be done about it, in every cycle while it lasts. The codes are the rows of
the fault table in `docs/faults.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from bt_robot.robot.so101.calibration import turn_difference
from bt_robot.robot.so101.evidence import JUMPS, Lasting, Told, Track
from bt_robot.robot.so101.wire.registers import TICKS_PER_TURN, TORQUE_OFF, ServoSettings, ServoState, Status

GOAL_LOST_S: Final = 0.1
"""A servo that still follows an older goal than this has lost every write since [s]."""

LIMIT_LOST_S: Final = 0.3
"""The same for its torque limit, which is looked at ten times a second [s]."""

_DEG_PER_TICK: Final = 360.0 / TICKS_PER_TURN
_UNTIL_ARMED: Final = "no goal is written to it until the arm is armed again"


class Severity(Enum):
    """What a finding asks for."""

    NOTE = auto()  # tell a person
    RELIEVE = auto()  # stop pushing with this joint: its goal becomes where it is
    STOP = auto()  # all joints stop; the arm may go on by itself when it is over
    LATCH = auto()  # all joints stop; a person must re-arm


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        severity: What it asks for.
        servo_id: Whose trouble it is; None if it is that of several servos.
        code: Its row in the fault table.
        text: What is wrong, with the figures, for a person.
    """

    severity: Severity
    servo_id: int | None
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class HealthLimits:
    """When a servo is unwell.

    Attributes:
        warn_temperature_c: A person is told [°C].
        stop_temperature_c: The arm stops; the servos themselves give up at 70 [°C].
        resume_temperature_c: It may go on below this [°C].
        warn_voltage_v: A person is told below this; 10 for 12 V servos [V].
        stop_voltage_v: The arm stops below this; None for the servos' own limits, which their status tells [V].
        max_current_ma: A joint that draws more stops pushing; None for never [mA].
        stall_error_ticks: A joint is blocked that is further from its goal than this, …
        stall_load: … is driven with more than this share of its torque limit, …
        stall_s: … and does not come on for this long [s].
        jump_ticks_per_s: No joint gets faster than it was by more than this.
        lost_cycles: How many replies in a row no servo may miss.
        good_cycles: After how many replies in a row it is trusted again.
        overload_s: The arm stops when an overload lasts this long [s].
        voltage_stop_s: The arm stops when the voltage is out of its limits for this long [s].
        voltage_warn_s: A person is told when it is below the warning for this long [s].
    """

    warn_temperature_c: float = 60.0
    stop_temperature_c: float = 65.0
    resume_temperature_c: float = 55.0
    warn_voltage_v: float = 6.0
    stop_voltage_v: float | None = None
    max_current_ma: float | None = None
    stall_error_ticks: float = 57.0
    stall_load: float = 0.6
    stall_s: float = 0.3
    jump_ticks_per_s: float = 6000.0
    lost_cycles: int = 3
    good_cycles: int = 50
    overload_s: float = 0.5
    voltage_stop_s: float = 0.5
    voltage_warn_s: float = 1.0

    def __post_init__(self) -> None:
        """Check the order of the temperatures.

        Raises:
            ValueError: The arm would stop before it warns, or go on while it is hot.
        """
        resume, warn, stop = self.resume_temperature_c, self.warn_temperature_c, self.stop_temperature_c
        if not resume < warn < stop:
            raise ValueError(
                f"the temperatures must rise from resume_temperature_c ({resume:g}) to warn_temperature_c ({warn:g})"
                f" and stop_temperature_c ({stop:g})"
            )


class Health:
    """The health of all servos.

    Attributes:
        armed: The servos that are known to have their torque on. Only these can lose it; set it when arming is
            complete, and empty it before the torque is switched off.
    """

    def __init__(
        self, limits: HealthLimits, ids: Sequence[int], names: Mapping[int, str], grippers: frozenset[int] = frozenset()
    ) -> None:
        """Begin with nothing known.

        Args:
            limits: When a servo is unwell.
            ids: The servos.
            names: What each servo moves.
            grippers: Servos for which to push against something is their work.
        """
        self._limits = limits
        self._servos = {i: _Servo(i, names.get(i, "servo"), limits, i in grippers) for i in ids}
        self._expected = _Expected({}, {}, False)
        self._weak_told = False
        self.armed: frozenset[int] = frozenset()

    def expect(
        self,
        torque_limits: Mapping[int, int],
        *,
        goal_speeds: Mapping[int, int] | None = None,
        unlocked: bool = False,
    ) -> None:
        """Say what the servos were told last, by which a restart is noticed.

        A goal that is written right after a restart hides everything else: it brings the goal and the torque back. So
        tell at least one thing that is not the value of a boot.

        Args:
            torque_limits: Torque limits by id [0.1 %]; servos that were told none may be left out.
            goal_speeds: Speed limits by id [ticks/s]; a restart sets them to 0.
            unlocked: Whether `lock` was set to 0; a restart sets it to 1.
        """
        self._expected = _Expected(dict(torque_limits), dict(goal_speeds or {}), unlocked)

    def reset(self) -> None:
        """Forget every trouble: a person arms the arm again. Call it before the first goal of an arming is written."""
        for servo in self._servos.values():
            servo.reset()

    def forgive(self) -> None:
        """Forget what latched, because a person has looked; what the servos were told stays known."""
        for servo in self._servos.values():
            servo.forgive()

    def position(self, servo_id: int) -> float | None:
        """Return where a joint most plausibly is [ticks]: measured, or bridged for a cycle; None before it answered."""
        return self._servos[servo_id].track.position

    def measured_s(self, servo_id: int) -> float:
        """Return when that position was measured, or the one before it was bridged [s]; −inf before it answered."""
        return self._servos[servo_id].track.measured_s

    def is_doubtful(self, servo_id: int) -> bool:
        """Tell whether the last sample of a position was dropped, because it can't be."""
        return self._servos[servo_id].track.jumps > 0

    @property
    def forbidden(self) -> frozenset[int]:
        """Servos that must not get a goal, which would switch them on again: tripped or restarted. Until `reset`."""
        return frozenset(i for i, servo in self._servos.items() if servo.must_not_move)

    @property
    def suspect(self) -> frozenset[int]:
        """Servos that were silent long enough to have restarted, until what they follow shows that they did not."""
        return frozenset(i for i, servo in self._servos.items() if servo.suspect)

    def see(
        self,
        now_s: float,
        states: Mapping[int, ServoState | None],
        goals: Mapping[int, float | None],
        settings: Mapping[int, ServoSettings] | None = None,
    ) -> list[Finding]:
        """Take what a bus cycle brought; return what is wrong.

        Args:
            now_s: When the servos were asked [s].
            states: What each servo measured; None, or nothing, where its reply was lost.
            goals: The goal that each servo was sent last [ticks]; None, or nothing, where none is sent.
            settings: What each servo was told as it knows it; only needed in every tenth cycle or so.
        """
        findings: list[Finding] = []
        for i, servo in self._servos.items():
            armed, told = i in self.armed, None if settings is None else settings.get(i)
            findings += servo.see(now_s, states.get(i), goals.get(i), told, armed=armed, expected=self._expected)
        return [*self._silence(now_s), *self._supply(), *findings]

    def _silence(self, now_s: float) -> Iterator[Finding]:
        """B7 and B8: replies lost in a row."""
        lost = [servo for servo in self._servos.values() if servo.lost]
        silent = [servo for servo in lost if servo.track.lost]
        back = [servo for servo in lost if not servo.track.lost]
        if silent and len(silent) == len(self._servos):
            yield Finding(Severity.STOP, None, "B8", "no servo answers: is the supply on and the cable in?")
            return
        for servo in silent:
            yield servo.finding(Severity.STOP, "B7", servo.silence(now_s))
        good = min((servo.track.good for servo in back), default=0)
        text = f"{good} of {self._limits.good_cycles} good replies until the arm may go on"
        if len(back) == 1:
            yield back[0].finding(Severity.STOP, "B7", f"answers again, {text}")
        elif back:
            code = "B8" if len(back) == len(self._servos) else "B7"
            yield Finding(Severity.STOP, None, code, f"{len(back)} servos answer again, {text}")

    def _supply(self) -> Iterator[Finding]:
        """B17: one supply feeds all servos, so it is one finding however many of them suffer."""
        limits = self._limits
        starved = [s for s in self._servos.values() if s.starved.seconds >= limits.voltage_stop_s]
        weak = [s for s in self._servos.values() if s.weak.seconds >= limits.voltage_warn_s]
        if starved:
            limit = "the servo's own limits" if limits.stop_voltage_v is None else f"{limits.stop_voltage_v:g} V"
            text = f"outside {limit} for {limits.voltage_stop_s:g} s; check the supply and its plugs, then arm again"
            yield self._supply_finding(Severity.LATCH, starved, text)
        elif weak and not self._weak_told:
            text = f"the warning is at {limits.warn_voltage_v:g} V; is the supply strong enough?"
            yield self._supply_finding(Severity.NOTE, weak, text)
        self._weak_told = bool(weak)

    @staticmethod
    def _supply_finding(severity: Severity, servos: list[_Servo], text: str) -> Finding:
        worst = min(servos, key=lambda servo: servo.voltage_v)
        others = f" (and {len(servos) - 1} more)" if len(servos) > 1 else ""
        servo_id = worst.servo_id if len(servos) == 1 else None
        return Finding(severity, servo_id, "B17", f"{worst.who}{others}: {worst.voltage_v:.1f} V, {text}")


@dataclass(frozen=True, slots=True)
class _Expected:
    torque_limits: Mapping[int, int]
    goal_speeds: Mapping[int, int]
    unlocked: bool


class _Servo:
    """One servo and the rules for it."""

    def __init__(self, servo_id: int, name: str, limits: HealthLimits, grips: bool) -> None:
        self.servo_id = servo_id
        self.who = f"{name} (id {servo_id})"
        self.track = Track(limits.jump_ticks_per_s)
        self.voltage_v = 0.0
        self._limits = limits
        self._grips = grips
        self._noted: set[str] = set()
        self._over_current = False
        self._limits_told = Told(LIMIT_LOST_S)
        self.reset()

    def reset(self) -> None:
        self.forgive()
        self.suspect = self._echoes = False
        self._goals_told = Told(GOAL_LOST_S)

    def forgive(self) -> None:
        self.lost = False
        self.starved, self.weak = Lasting(), Lasting()
        self._latches: dict[str, str] = {}
        self._hot = False
        self._overload, self._stall, self._drawing = Lasting(), Lasting(), Lasting()
        self._stalled_at = 0.0
        self._lasting: list[Finding] = []

    @property
    def must_not_move(self) -> bool:
        return "B19" in self._latches or "B23" in self._latches

    def finding(self, severity: Severity, code: str, text: str) -> Finding:
        return Finding(severity, self.servo_id, code, f"{self.who}: {text}")

    def silence(self, now_s: float) -> str:
        lost = self.track.lost
        cycles = f"no answer for {lost} cycle{'s' if lost > 1 else ''}"
        if self.track.answered_s is None:
            return f"{cycles}, and never before"
        return f"{cycles} ({(now_s - self.track.answered_s) * 1000.0:.0f} ms)"

    def see(
        self,
        now_s: float,
        state: ServoState | None,
        goal: float | None,
        settings: ServoSettings | None,
        *,
        armed: bool,
        expected: _Expected,
    ) -> Iterator[Finding]:
        driven = armed or goal is not None
        self._listen(now_s, state)
        if goal is not None:
            self._goals_told.tell(now_s, goal)
        if (limit := expected.torque_limits.get(self.servo_id)) is not None:
            self._limits_told.tell(now_s, limit)
        if state is not None:
            yield from self._echo(state, goal, driven)
            self._trip(state, settings, driven)
        if settings is not None and armed:
            self._look_for_restart(settings, state, expected)
        yield from self._jump(state, driven)
        yield from (self.finding(Severity.LATCH, code, text) for code, text in self._latches.items())
        if state is not None:
            found = [*self._heat(state), *self._push(now_s, state, goal, settings, driven)]
            self._lasting = [finding for finding in found if finding.severity is not Severity.NOTE]
            yield from found
        elif self.track.lost < self._limits.lost_cycles:
            yield from self._lasting  # a lost reply does not say that it is over

    def _note(self, code: str, holds: bool, text: str) -> Iterator[Finding]:
        """Tell something once, and again only after it was over."""
        if not holds:
            self._noted.discard(code)
        elif code not in self._noted:
            self._noted.add(code)
            yield self.finding(Severity.NOTE, code, text)

    def _listen(self, now_s: float, state: ServoState | None) -> None:
        """B6: note what was lost, and keep what was said of the supply."""
        self.track.see(now_s, state)
        if self.track.lost >= self._limits.lost_cycles:
            self.lost = self.suspect = True
        elif self.track.good >= self._limits.good_cycles:
            self.lost = False
        if state is None:
            return
        stop_v = self._limits.stop_voltage_v
        low = bool(state.status & Status.VOLTAGE) or (stop_v is not None and state.voltage_v < stop_v)
        self.voltage_v = state.voltage_v
        self.starved.see(now_s, low)
        self.weak.see(now_s, low or state.voltage_v < self._limits.warn_voltage_v)

    def _echo(self, state: ServoState, goal: float | None, driven: bool) -> Iterator[Finding]:
        """B16 and B23: the goal that it follows is one that it was sent, or 0 after a restart."""
        told = self._goals_told.last is not None and self._goals_told.recognises(state.goal_echo)
        if told and state.goal_echo != 0:
            self._echoes = True  # so this firmware tells its goal, and this servo has not restarted
            self.suspect = False
        strange = self._echoes and not told
        if strange and driven and state.goal_echo == 0:
            self._restarted("its goal is gone", state)
        text = f"write lost: after {GOAL_LOST_S * 1000.0:.0f} ms its goal is still {state.goal_echo}"
        yield from self._note("B16", strange and goal is not None and not self.must_not_move, text)

    def _trip(self, state: ServoState, settings: ServoSettings | None, driven: bool) -> None:
        """B19: too much current switches the torque off, and the next goal would switch it on again."""
        over = bool(state.status & Status.CURRENT)
        # Without a look at the torque it can't be waited for whether it is off.
        off = not self._over_current if settings is None else settings.torque_enable == TORQUE_OFF
        if driven and over and off:
            drew = f"it switched itself off because of too much current ({state.current_ma / 1000.0:.1f} A now)"
            self._latches.setdefault("B19", f"{drew}; look what it pushed against; {_UNTIL_ARMED}")
        self._over_current = over

    def _look_for_restart(self, settings: ServoSettings, state: ServoState | None, expected: _Expected) -> None:
        """B23: after a restart it has none of the settings that it was given."""
        limit = settings.torque_limit
        if settings.goal_position == 0 and not self._goals_told.recognises(0):
            self._restarted("its goal is gone", state)
        elif settings.goal_speed == 0 and expected.goal_speeds.get(self.servo_id, 0):
            self._restarted("its speed limit is gone", state)
        elif settings.lock and expected.unlocked:
            self._restarted("it is locked again", state)
        elif not self._limits_told.recognises(limit):
            told = self._limits_told.last or 0.0
            self._restarted(f"its torque limit is {limit / 10.0:g} % instead of {told / 10.0:g} %", state)
        elif settings.torque_enable != TORQUE_OFF:
            self.suspect = False
        elif not self.must_not_move:
            self._latches["B19"] = f"its torque is off although the arm is armed; {_UNTIL_ARMED}"

    def _restarted(self, sign: str, state: ServoState | None) -> None:
        volts = "" if state is None else f", {state.voltage_v:.1f} V now"
        text = f"it restarted ({sign}{volts}): a weak supply or a loose plug? {_UNTIL_ARMED}"
        self._latches.setdefault("B23", text)

    def _jump(self, state: ServoState | None, driven: bool) -> Iterator[Finding]:
        """B21: no joint moves like that."""
        jumps, jumped = self.track.jumps, self.track.jumped
        what = f"its position jumped by {jumped:.0f} ticks ({jumped * _DEG_PER_TICK:.0f}°)"
        if state is not None and state.status & Status.ENCODER:
            what = "its encoder reports a fault"
        if driven and state is not None and jumps >= JUMPS:
            self._latches.setdefault("B21", f"{what}, {JUMPS} samples in a row; look at the joint, then arm again")
        yield from self._note("B21", jumps > 0, f"{what}; the sample is dropped")

    def _heat(self, state: ServoState) -> Iterator[Finding]:
        """B20: warm, hot, and cool again."""
        limits, celsius = self._limits, state.temperature_c
        off, warm = bool(state.status & Status.TEMPERATURE), celsius >= limits.resume_temperature_c
        self._hot = off or celsius >= limits.stop_temperature_c or (self._hot and warm)
        if self._hot:
            what = "it switched its output off" if off else f"the limit is {limits.stop_temperature_c:g} °C"
            text = f"{celsius:g} °C, {what}; let it cool down below {limits.resume_temperature_c:g} °C"
            yield self.finding(Severity.STOP, "B20", text)
        told = warm and "B20" in self._noted
        tell = not self._hot and (told or celsius >= limits.warn_temperature_c)
        yield from self._note("B20", tell, f"{celsius:g} °C; the arm stops at {limits.stop_temperature_c:g} °C")

    def _push(
        self, now_s: float, state: ServoState, goal: float | None, settings: ServoSettings | None, driven: bool
    ) -> Iterator[Finding]:
        """B18, B19 and B26: it pushes against something."""
        limits, effort = self._limits, f"load {abs(state.load) / 10.0:.0f} %, {state.current_ma / 1000.0:.1f} A"
        overloaded_s = self._overload.see(now_s, driven and bool(state.status & Status.OVERLOAD))
        if overloaded_s >= 0.0:
            yield self.finding(Severity.RELIEVE, "B18", f"overload ({effort}); it stops pushing")
        if overloaded_s >= limits.overload_s:
            text = f"overload for {overloaded_s:.1f} s; move it away from what it pushes against"
            yield self.finding(Severity.STOP, "B18", text)
        if driven and state.status & Status.CURRENT and settings is not None and not self.must_not_move:
            yield self.finding(Severity.RELIEVE, "B19", f"too much current ({effort}); it stops pushing")
        if why := self._blocked(now_s, state, goal, driven):
            what = "holds something and squeezes no further" if self._grips else "blocked, so it stops pushing"
            yield self.finding(Severity.RELIEVE, "B26", f"{what}: {why} for {limits.stall_s:g} s, {effort}")

    def _blocked(self, now_s: float, state: ServoState, goal: float | None, driven: bool) -> str:
        limits = self._limits
        error = 0.0 if goal is None else abs(turn_difference(goal, state.position))
        most = self._limits_told.last or 1000.0  # no drive exceeds the torque limit
        strained = error > limits.stall_error_ticks and abs(state.load) > most * limits.stall_load
        # One that comes on is not blocked, but fast or heavily loaded.
        comes_on = abs(turn_difference(state.position, self._stalled_at)) > limits.stall_error_ticks
        if self._stall.seconds < 0.0 or comes_on:
            self._stalled_at = state.position
            self._stall.see(now_s, False)
        stalled_s = self._stall.see(now_s, strained)
        most_ma = limits.max_current_ma
        drawing_s = self._drawing.see(now_s, driven and most_ma is not None and state.current_ma > most_ma)
        if stalled_s >= limits.stall_s:
            return f"{error * _DEG_PER_TICK:.0f}° short of its goal"
        return f"more than {(most_ma or 0.0) / 1000.0:.1f} A" if drawing_s >= limits.stall_s else ""
