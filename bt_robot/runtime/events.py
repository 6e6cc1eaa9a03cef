"""What a person should read of a run: each thing when it begins, not on every tick."""

from __future__ import annotations

from bt_robot.messages import LinkState, Verdict
from bt_robot.runtime.clock import Tick

STARVED_S = 3.0
"""How long the policy's actions may be missing before a person is told [s]."""


class Events:
    """Turns the state of every tick into words where it changes."""

    def __init__(self, period_s: float) -> None:
        """Begin with nothing told.

        Args:
            period_s: The control period [s].
        """
        self._starved_after = round(STARVED_S / period_s)
        self._starved_ticks = 0
        self._lost = ""
        self._refused = ""

    def of(self, tick: Tick, verdict: Verdict, link: LinkState, *, stalled: bool, late: str) -> tuple[str, ...]:
        """Return what is new in a tick.

        Args:
            tick: The tick.
            verdict: What the governor did in it.
            link: The policy link after it.
            stalled: Whether an action was wanted and none was planned.
            late: Why the tick's decision was too old to be executed, or empty.
        """
        found = [late] if late else []
        if tick.skipped:
            found.append(f"{tick.skipped} ticks missed")
        self._starved_ticks = self._starved_ticks + 1 if stalled else 0
        if self._starved_ticks == self._starved_after:
            found.append(f"no actions from the policy for {STARVED_S:g} s; is query_policy ticked in every tick?")
        lost = link.reason if not link.available and link.requests else ""
        if lost and lost != self._lost:
            found.append(f"policy: {lost}")
        if self._lost and not lost:
            found.append("policy: answers again")
        if verdict.refused and verdict.refused != self._refused:
            found.append(f"command refused: {verdict.refused}")
        self._lost, self._refused = lost, verdict.refused
        return tuple(found)
