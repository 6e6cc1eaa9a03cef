"""What the servos last said of themselves, and how long ago. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from bt_robot.robot.so101.calibration import turn_difference
from bt_robot.robot.so101.guardian.messages import JointReport, words_for
from bt_robot.robot.so101.guardian.plan import GuardianPlan
from bt_robot.robot.so101.wire.registers import TICKS_PER_TURN, ServoState


class Senses:
    """The newest answers of all servos.

    Attributes:
        states: What each servo answered in the last cycle, its position in the turn of the joint's range; None for one
            that did not.
        wound: Servos that count positions beyond a turn.
    """

    def __init__(self, plan: GuardianPlan) -> None:
        """Begin with nothing heard."""
        self._names = plan.names
        self._middles = {joint.servo_id: joint.middle for joint in plan.joints}
        self._losses = dict.fromkeys(plan.ids, 0)
        self._patience = plan.health.lost_cycles
        self._missed = dict.fromkeys(plan.ids, self._patience)
        self._now_s = 0.0
        self.states: dict[int, ServoState | None] = dict.fromkeys(plan.ids)
        self.wound: tuple[int, ...] = ()

    def take(self, now_s: float, states: Mapping[int, ServoState | None]) -> None:
        """Take the answers of a cycle, which began at a time [s]."""
        self._now_s = now_s
        raw = {i: states.get(i) for i in self._middles}
        self.wound = tuple(i for i, state in raw.items() if state and not 0 <= state.position < TICKS_PER_TURN)
        self.states = {i: state and self._in_turn(state) for i, state in raw.items()}
        for servo_id, state in self.states.items():
            if state is None:
                self._losses[servo_id] += 1
                self._missed[servo_id] += 1
            else:
                self._missed[servo_id] = 0

    def _in_turn(self, state: ServoState) -> ServoState:
        """Return a state whose position is in the turn of the joint's range: the encoder's seam is no jump."""
        middle = self._middles[state.servo_id]
        position = round(middle + turn_difference(state.position, middle))
        return state if position == state.position else replace(state, position=position)

    def lose_all(self) -> None:
        """Note that no servo can be reached."""
        self.states = dict.fromkeys(self._middles)
        self._missed = dict.fromkeys(self._middles, self._patience)

    @property
    def silent(self) -> str:
        """Who does not answer, in words; a reply or two may be lost."""
        return words_for([self._names[i] for i, missed in self._missed.items() if missed >= self._patience])

    def report(self, servo_id: int, position: float, measured_s: float, goal: float | None) -> JointReport:
        """Return what is told of a joint.

        Args:
            servo_id: Which.
            position: Where it most plausibly is [ticks].
            measured_s: When that was measured [s].
            goal: What it was sent last [ticks]; None if nothing is sent.
        """
        state, sent = self.states[servo_id], math.nan if goal is None else goal
        age_s, losses = self._now_s - measured_s, float(self._losses[servo_id])
        if state is None:
            return JointReport(position, sent, 0.0, math.nan, 0.0, 0.0, math.nan, age_s, losses, 0)
        return JointReport(
            position,
            sent,
            float(state.speed),
            state.load / 1000.0,
            state.voltage_v,
            float(state.temperature_c),
            state.current_ma,
            age_s,
            losses,
            state.status,
        )
