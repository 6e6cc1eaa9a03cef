"""How chunks are executed, as a config says it, pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from bt_robot.config.values import Rule
from bt_robot.policy.chunks.plan import Plan
from bt_robot.policy.chunks.strategies import Align, Blend, Continue, Gate, Latest, Strategy
from bt_robot.policy.dialect.pace import Pace
from bt_robot.policy.dialect.profile import Profile

StrategyName = Literal["auto", "sync", "latest", "blend", "align", "rtc"]
_MERGING = ("blend", "align", "rtc")


@dataclass(frozen=True, slots=True)
class Execution:
    """The strategy and its numbers."""

    strategy: Annotated[
        StrategyName,
        Rule(
            doc="what happens when a chunk arrives: `sync`, `latest`, `blend`, `align` or `rtc`; `auto` is `align`, and"
            " `latest` for delta and velocity policies"
        ),
    ] = "auto"
    speed: Annotated[
        float, Rule(doc="how fast actions are executed; 0.5 takes twice the time", minimum=0.1, maximum=3.0)
    ] = 1.0
    margin_steps: Annotated[
        int,
        Rule(doc="ask again when no more than the delay and this is left [control steps]", minimum=0, maximum=100),
    ] = 2
    fade_s: Annotated[
        float, Rule(doc="align: how long the way to the new course takes [s]", minimum=0.0, maximum=5.0)
    ] = 0.5
    max_offset_rad: Annotated[
        float,
        Rule(
            doc="align: the greatest offset taken for lag; more fades in a quarter of the time [rad]",
            minimum=0.0,
            maximum=1.0,
        ),
    ] = 0.087
    gate_rad: Annotated[
        float,
        Rule(
            doc="align: a chunk whose shape differs by more than this, and twice as much as usual, is asked for again"
            " [rad]",
            minimum=0.0,
            maximum=3.0,
        ),
    ] = 0.2
    most_rejections: Annotated[
        int, Rule(doc="align: how often in a row; 0 switches the gate off", minimum=0, maximum=10)
    ] = 1
    blend_old: Annotated[float, Rule(doc="blend: the weight of the old plan", minimum=0.0, maximum=1.0)] = 0.3

    def resolved(self, *, incremental: bool) -> StrategyName:
        """Return the strategy in force.

        Args:
            incremental: Whether the policy's actions say how to move, not where to.

        Raises:
            ValueError: The strategy would merge what are no positions.
        """
        if self.strategy == "auto":
            return "latest" if incremental else "align"
        if incremental and self.strategy in _MERGING:
            raise ValueError(
                f"execution.strategy '{self.strategy}' merges positions, but the policy's actions are increments;"
                " expected sync or latest"
            )
        return self.strategy

    def pace(self, profile: Profile, control_hz: float) -> Pace:
        """Return how a profile's actions lie on the control steps of a rate [Hz]."""
        return Pace.of(profile.rate_hz, control_hz, self.speed)

    def plan(self, profile: Profile, control_hz: float) -> Plan:
        """Return an empty plan for a profile's chunks.

        Args:
            profile: What the chunks are like.
            control_hz: The control rate [Hz].

        Raises:
            ValueError: The strategy would merge what are no positions.
        """
        pace = self.pace(profile, control_hz)
        strategy = self._strategy(self.resolved(incremental=profile.incremental), control_hz)
        return Plan(
            pace.steps(profile.horizon),
            pace.steps(profile.execute_steps),
            self.margin_steps,
            strategy=strategy,
            pace=pace,
        )

    def _strategy(self, name: StrategyName, control_hz: float) -> Strategy:
        if name in ("sync", "latest"):
            return Latest(waits=name == "sync")
        if name == "blend":
            return Blend(self.blend_old)
        look_ahead = max(2, round(0.67 * control_hz))
        align = Align(round(self.fade_s * control_hz), self.max_offset_rad)
        gated = Gate(align, self.gate_rad, self.most_rejections, look_ahead)
        return gated if name == "align" else Continue(gated)
