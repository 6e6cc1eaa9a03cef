"""What the guardian decides in every bus cycle: pure, so that a fault of ten seconds is tested in a millisecond.

It is told what the servos answered, what the controller wants and what time it is; it returns what to write. It never
writes a goal while disarmed, and it forgets nothing that a person has to look at: what latched stays latched until it
is reset.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Final

from bt_robot.robot.so101.guardian.arming import Arming, Progress, why_not_to_arm
from bt_robot.robot.so101.guardian.leaving import Leaving
from bt_robot.robot.so101.guardian.limbs import Limbs, Write
from bt_robot.robot.so101.guardian.messages import Goal, Report, State, words_for
from bt_robot.robot.so101.guardian.plan import GuardianPlan
from bt_robot.robot.so101.guardian.senses import Senses
from bt_robot.robot.so101.health import Finding, Health, Severity
from bt_robot.robot.so101.wire.registers import ServoSettings, ServoState

FULL_READ_EVERY: Final = 10
"""Every so many cycles the servos' settings are read, too: a servo that booted is noticed by them."""

_ADOPT_CYCLES: Final = 30
"""How long an arm that is taken over may take until all of its servos have answered."""

_EVENTS_KEPT: Final = 100
_STRAINS: Final = frozenset({"B18", "B26"})
"""What a joint suffers from that its goal brought about: it is relieved, the others go on, and the tree decides."""


class Core:
    """The guardian's mind.

    Attributes:
        state: What it does.
        latched: Why a person has to look; empty if nobody has to.
        finished: Whether the arm is at rest for good, and the guardian may end.
        stuck: Servos whose torque could not be switched off in the end.
        refused: Goals that were refused.
        clamped: Goals that were outside a joint's limits.
    """

    def __init__(self, plan: GuardianPlan) -> None:
        """Begin disarmed."""
        self._plan = plan
        self._limbs = Limbs(plan)
        grips = frozenset(joint.servo_id for joint in plan.joints if joint.grips)
        self._health = Health(plan.health, plan.ids, plan.names, grips)
        self._events: deque[str] = deque(maxlen=_EVENTS_KEPT)
        self._cycle = 0
        self._senses = Senses(plan)
        self._goal: Goal | None = None
        self._goal_s = -math.inf
        self._number = -1
        self._heard_s = math.inf
        self._told: set[str] = set()
        self._cause = ""
        self._refusal = ""
        self._doubtful = False
        self._emergency = False
        self._rescuing = False
        self._left_behind: dict[int, ServoSettings] = {}
        self._found_on: set[int] = set()
        self._goal_speeds = plan.goal_speeds
        self._sequence: Arming | Leaving | None = None
        self._now_s = 0.0
        self.state = State.DISARMED
        self.latched = ""
        self.finished = False
        self.stuck: tuple[int, ...] = ()
        self.refused = 0
        self.clamped = 0

    # what the controller asks for ---------------------------------------------------------------------------

    def heard(self, now_s: float) -> None:
        """Note that the controller lives [s]."""
        self._heard_s = now_s

    def goal(self, goal: Goal, now_s: float) -> None:
        """Take the controller's newest goals, if they are fresh, numbers, and the arm may follow."""
        fresh = now_s - goal.sent_s <= self._plan.hold_after_s  # written so that a NaN is not fresh
        if not fresh or goal.number <= self._number:
            self.refused += 1
            return
        if not all(math.isfinite(position) for position in goal.positions):
            self._refuse("numbers", "goals that are no finite numbers")
            return
        if not 0.0 < goal.period_s <= self._plan.stop_after_s:  # a long one would switch the acceleration limit off
            self._refuse("period", f"goals for {goal.period_s:g} s; expected at most {self._plan.stop_after_s:g} s")
            return
        if self.state is State.STOPPED and not self.latched and not self._cause:
            self._resume(goal)
        if self.state is State.ARMED:
            self._goal, self._goal_s, self._number = goal, now_s, goal.number
            self._count_clamps(goal)

    def _count_clamps(self, goal: Goal) -> None:
        """Count goals outside the limits; a clamp is never silent, though the controller tells of its own."""
        pairs = zip(self._plan.joints, goal.positions, strict=True)
        outside = [joint.name for joint, ticks in pairs if abs(joint.envelope.clamp(ticks) - ticks) > 1.0]
        if outside:
            self.clamped += 1
            self._say_once("clamped", f"clamped the goal of {words_for(outside)} to its limits")

    def _resume(self, goal: Goal) -> None:
        """Follow again after a stop, when the goals begin where the arm is."""
        if self._senses.silent or not self._limbs.at_rest:
            self.refused += 1  # where it is, nobody knows, or it is not there yet
            return
        limp = [f"{self._plan.names[i]} (id {i})" for i in self._plan.ids if i not in self._limbs.energised]
        if limp:
            self._refuse("limp", f"goals while {words_for(limp)} is switched off; arm it again")
            return
        away = self._limbs.nearest(goal.positions)
        if away > self._plan.resync:
            words = f"goals {away * 360 / 4096:.1f}° away from the arm after a stop; they must begin where it is"
            self._refuse("away", words)
            return
        self._limbs.start_here()
        self._limbs.set_torque(None, self._plan.ramp_s)
        self._become(State.ARMED, "follows again")

    def _refuse(self, why: str, words: str) -> None:
        self._refusal = f"refused {words}"
        self._say_once(why, self._refusal)
        self.refused += 1

    def arm(self, now_s: float) -> str:
        """Begin to energise the arm, or what of it is not; return why not, or an empty string."""
        if self.finished:
            return "the arm was let go for good"
        if self.state not in (State.DISARMED, State.STOPPED):
            return "" if self.state in (State.ARMED, State.ARMING) else f"the arm is {self.state.name.lower()}"
        if why_not := self._why_not_armed():
            return why_not
        self._health.reset()
        self._sequence = Arming(self._plan, self._limbs, now_s, frozenset(self._found_on))
        self._become(State.ARMING, "arming")
        return ""

    def _why_not_armed(self) -> str:
        if self.latched:
            return f"{self.latched}; reset it first"
        if self._cause or self._rescuing:
            return self._cause or "the arm is being brought to rest"
        known = {i: where for i, where in self._limbs.measured.items() if not self._health.is_doubtful(i)}
        return why_not_to_arm(self._plan, self._senses, known)

    def stop(self, text: str) -> None:
        """Brake and hold with reduced torque, because the controller says so; goals make it follow again."""
        if self.state is State.ARMED:
            self._stop(text)
            self._cause = ""

    def emergency(self, text: str) -> None:
        """Brake and hold with reduced torque until a person resets it, in whatever state this is."""
        self._emergency = True
        self._latch(f"emergency stop: {text}")
        if isinstance(self._sequence, Leaving):
            self._sequence.stand_still(self._now_s)

    def reset(self) -> None:
        """Forget what latched, because a person has looked; they can't as long as no servo can be reached."""
        if not any(self._senses.states.values()):
            self._say("not reset: no servo can be reached")
            return
        self._health.forgive()
        self._emergency, self._doubtful = False, False
        self.latched, self._cause = "", ""
        self._say("reset by a person")

    def leave(self, now_s: float, text: str = "") -> None:
        """Bring the arm to rest for good, as the plan says, and end."""
        if self._rescuing or isinstance(self._sequence, Leaving):
            return  # it does that already
        if text:
            self._say(text)
        if not self._limbs.energised and self.state in (State.DISARMED, State.RELEASED):
            self.finished = True  # nothing was switched on, so nothing is written
            return
        self._begin_leaving(now_s)

    def _begin_leaving(self, now_s: float) -> None:
        # What stands where it was switched on stays there; only an arm that is known to be well is moved.
        whole = not (self._health.forbidden or self._doubtful or self._emergency or self.state is State.ARMING)
        park = self._plan.exit == "park" and whole and not self._senses.silent
        linger_s = self._plan.linger_s if self._emergency or self._plan.exit == "hold" else 0.0
        self._sequence = Leaving(self._plan, self._limbs, now_s, park=park, linger_s=linger_s)
        self._become(State.LEAVING, "braking")

    def rescue(self) -> None:
        """Take over an arm that somebody left: whatever is energised is brought to rest from where its goals are."""
        self._rescuing = True

    def _adopt(self, settings: Mapping[int, ServoSettings]) -> None:
        """Take over what the servos say they do; one that says nothing for a while is only switched off in the end."""
        self._left_behind.update(settings)
        unknown = len(self._left_behind) < len(self._plan.ids)
        if unknown and self._cycle < _ADOPT_CYCLES:
            return
        self._rescuing = False
        self._limbs.adopt(self._left_behind)
        self._goal_speeds = {i: found.goal_speed for i, found in self._left_behind.items()}
        if self._limbs.energised or unknown:
            self._say("bringing an arm to rest that was left energised")
            self._begin_leaving(self._now_s)
        else:
            self.finished = True

    def stand_still(self) -> None:
        """Park no further, or hold no longer: what a person asks for by insisting."""
        if isinstance(self._sequence, Leaving):
            self._sequence.stand_still(self._now_s)

    def hurry(self) -> None:
        """Let go softly now instead of holding on."""
        if isinstance(self._sequence, Leaving):
            self._sequence.hurry(self._now_s)

    def give_up(self, text: str) -> None:
        """End without knowing how the arm is, because nothing can be done for it."""
        self._say(text)
        self.finished = True

    def port_lost(self, text: str) -> None:
        """Note that no servo can be reached: each of them holds its last goal by itself."""
        self._senses.lose_all()
        self._limbs.stand_still()
        self._latch(text)

    # one bus cycle ------------------------------------------------------------------------------------------

    @property
    def wants_settings(self) -> bool:
        """Whether the next cycle should read the servos' settings, too."""
        wanted = self._rescuing or (self._sequence is not None and self._sequence.wants_settings)
        return wanted or self._cycle % FULL_READ_EVERY == 0

    def cycle(
        self,
        now_s: float,
        states: Mapping[int, ServoState | None],
        settings: Mapping[int, ServoSettings] | None = None,
    ) -> list[Write]:
        """Decide what to write.

        Args:
            now_s: When the servos were asked [s].
            states: What each servo answered; None for one that did not.
            settings: What is set in each servo, where it was asked for that, too.
        """
        self._cycle += 1
        self._now_s = now_s
        self._measure(now_s, states, settings)
        if settings is not None and not self._limbs.energised:
            self._found_on = {i for i, found in settings.items() if found.torque_enable}
            if not self._rescuing and self._sequence is None:  # while it is let go, the limit is ours
                self._limbs.find(settings)
        if self._rescuing and settings is not None:
            self._adopt(settings)
        if self.state is State.ARMED:
            self._watch_the_clock(now_s)
        writes = self._decide(now_s, settings)
        if self._health.forbidden:
            self._limbs.silence(self._health.forbidden)
        driven = self.state in (State.ARMED, State.STOPPED, State.LEAVING)
        self._health.armed = frozenset(self._limbs.energised) if driven else frozenset()
        self._health.expect(self._limbs.torque_limits(), goal_speeds=self._goal_speeds)
        return writes

    @property
    def _no_goals(self) -> frozenset[int]:
        """Servos that get no goal: it would switch those on again that tripped, or restarted, or may have."""
        return self._health.forbidden | self._health.suspect

    def _measure(
        self,
        now_s: float,
        states: Mapping[int, ServoState | None],
        settings: Mapping[int, ServoSettings] | None,
    ) -> None:
        self._senses.take(now_s, states)
        findings = self._health.see(now_s, self._senses.states, self._limbs.goals, settings)
        for servo_id in self._plan.ids:
            position = self._health.position(servo_id)
            if position is not None:
                self._limbs.measured[servo_id] = position
        self._judge(findings)

    def _judge(self, findings: list[Finding]) -> None:
        stop = ""
        for finding in findings:
            if finding.severity is Severity.NOTE:
                self._say(finding.text)
            elif finding.severity is Severity.RELIEVE and finding.servo_id in self._limbs.measured and self._driving:
                self._limbs.relieve(finding.servo_id, finding.text)
                self._limbs.set_torque(self._plan.stop_torque, self._plan.ramp_s, only=finding.servo_id)
            elif finding.severity is Severity.STOP and finding.code not in _STRAINS:
                stop = stop or finding.text
            elif finding.severity is Severity.LATCH:
                self._doubtful = self._doubtful or finding.code == "B21"
                self._latch(finding.text)
        if stop and not self._cause:
            self._stop(stop)
        elif not stop and not self.latched and self._cause:
            self._cause = ""
            self._say("the reason to stop is over")

    @property
    def _driving(self) -> bool:
        return self.state is State.ARMED or (isinstance(self._sequence, Leaving) and self._sequence.moves)

    def _watch_the_clock(self, now_s: float) -> None:
        silent_s = now_s - self._goal_s
        if silent_s > self._plan.stop_after_s:
            self._stop(f"no goal from the controller for {silent_s:.2f} s")
            self._cause = ""  # the next goal ends it

    def _decide(self, now_s: float, settings: Mapping[int, ServoSettings] | None) -> list[Write]:
        limbs, plan, forbidden = self._limbs, self._plan, self._no_goals
        if isinstance(self._sequence, Leaving):
            return self._go_on_leaving(self._sequence, now_s, settings)
        if isinstance(self._sequence, Arming):
            return self._go_on_arming(self._sequence, now_s, settings)
        if self.state is State.ARMED:
            self._move(now_s)
            return [*limbs.write_torque(plan.cycle_s, settings), *limbs.write_goals(forbidden)]
        if self.state is State.STOPPED and limbs.energised:
            self._orphaned(now_s)
            moving = not limbs.at_rest
            limbs.brake(plan.cycle_s)
            goals = limbs.write_goals(forbidden) if moving else []  # at rest nothing more is said to the servos
            return [*limbs.write_torque(plan.cycle_s, settings), *goals]
        return []

    def _move(self, now_s: float) -> None:
        goal, plan = self._goal, self._plan
        if goal is None or now_s - self._goal_s > max(plan.hold_after_s, goal.period_s):
            self._limbs.brake(plan.cycle_s)
            return
        # One cycle more than the control period, so that a goal is still being approached when the next one comes.
        left_s = self._goal_s + goal.period_s + plan.cycle_s - now_s
        self._limbs.follow(goal.positions, left_s, plan.cycle_s, goal.period_s)

    def _orphaned(self, now_s: float) -> None:
        if now_s - self._heard_s > self._plan.orphan_after_s:
            self.leave(now_s, f"nothing heard from the controller for {self._plan.orphan_after_s:g} s")

    def _go_on_arming(
        self, sequence: Arming, now_s: float, settings: Mapping[int, ServoSettings] | None
    ) -> list[Write]:
        writes = sequence.cycle(now_s, settings)
        if self.latched or self._cause:
            sequence.progress, sequence.reason = Progress.FAILED, self.latched or self._cause
        if sequence.progress is Progress.DONE:
            self._sequence, self._goal, self._goal_s = None, None, now_s
            self._become(State.ARMED, "armed")
        elif sequence.progress is Progress.FAILED:
            self._sequence = None
            self._latch(f"not armed: {sequence.reason}")
            self.leave(now_s)
            return []
        return writes

    def _go_on_leaving(
        self, sequence: Leaving, now_s: float, settings: Mapping[int, ServoSettings] | None
    ) -> list[Write]:
        writes = sequence.cycle(now_s, settings, self._no_goals)
        if sequence.done and not self.finished:
            self.finished, self.stuck = True, sequence.stuck
            self._become(State.RELEASED, sequence.verdict())
        return writes

    def _stop(self, text: str) -> None:
        self._cause = text
        if self.state is State.ARMED:
            self._limbs.set_torque(self._plan.stop_torque, self._plan.ramp_s)
            self._become(State.STOPPED, f"stopped: {text}")

    def _latch(self, text: str) -> None:
        if not self.latched:
            self.latched = text
            self._stop(text)

    def _become(self, state: State, words: str) -> None:
        self.state = state
        self._told.clear()
        self._refusal = ""
        self._say(words)

    def _say_once(self, why: str, text: str) -> None:
        """Tell each reason once, until the state changes."""
        if why not in self._told:
            self._told.add(why)
            self._say(text)

    def _say(self, text: str) -> None:
        self._events.append(text)

    # what is told -------------------------------------------------------------------------------------------

    @property
    def cause(self) -> str:
        """Why the arm is stopped at present; empty when it may go on."""
        return self._cause

    def take_events(self) -> list[str]:
        """Return what a person should read since the last call."""
        events = list(self._events)
        self._events.clear()
        return events

    @property
    def doing(self) -> str:
        """What it is doing at the end of a run, for a person; empty otherwise."""
        return self._sequence.words if isinstance(self._sequence, Leaving) else ""

    def report(self) -> Report:
        """Return how things stand."""
        limbs = self._limbs
        joints = tuple(
            self._senses.report(i, limbs.measured.get(i, math.nan), self._health.measured_s(i), limbs.goals[i])
            for i in self._plan.ids
        )
        number = self._goal.number if self._goal else 0
        reason = self.latched or self._cause or self.doing
        if self.state is State.STOPPED:
            reason = reason or self._refusal  # the stop is over, but what the controller sends can't be followed
        return Report(
            self._cycle,
            self._now_s,
            self.state,
            bool(self.latched),
            number,
            joints,
            reason,
            self._limbs.strain,
            self._emergency,
        )
