"""What a person should read of a run: each thing when it begins, not on every tick."""

from __future__ import annotations

from bt_robot.messages import ActionChunk, Health, LinkState, Splice, Verdict
from bt_robot.runtime.chunk_events import LostChunks, SlowAnswers
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
        self._trouble = ""
        self._slow = SlowAnswers(period_s)
        self._lost_chunks = LostChunks()

    def of(
        self,
        tick: Tick,
        verdict: Verdict,
        link: LinkState,
        *,
        stalled: bool,
        late: str,
        chunk: ActionChunk | None = None,
        splice: Splice | None = None,
        health: Health | None = None,
    ) -> tuple[str, ...]:
        """Return what is new in a tick.

        Args:
            tick: The tick.
            verdict: What the governor did in it.
            link: The policy link after it.
            stalled: Whether an action was wanted and none was planned.
            late: Why the tick's decision was too old to be executed, or empty.
            chunk: The chunk that arrived in it, or None.
            splice: What became of that chunk, or None.
            health: How far the robot can be relied on.
        """
        found = self._of_the_robot(health or Health())
        found += [late] if late else []
        if tick.skipped:
            found.append("1 tick missed" if tick.skipped == 1 else f"{tick.skipped} ticks missed")
        self._starved_ticks = self._starved_ticks + 1 if stalled else 0
        if self._starved_ticks == self._starved_after:
            found.append(f"no actions from the policy for {STARVED_S:g} s; is query_policy ticked in every tick?")
        lost = link.reason if not link.available and link.requests else ""
        if lost and lost != self._lost:
            found.append(f"policy: {lost}")
        if self._lost and not lost:
            found.append("policy: answers again")
        if chunk is not None and splice is not None:
            told = (self._slow.of(chunk.latency_s), self._lost_chunks.of(tick.time_s, chunk, splice))
            found += [words for words in told if words]
        if verdict.refused and verdict.refused != self._refused:
            found.append(f"command refused: {verdict.refused}")
        self._lost, self._refused = lost, verdict.refused
        return tuple(found)

    def _of_the_robot(self, health: Health) -> list[str]:
        """Tell what stops it or makes it doubtful when that begins, and when it is over."""
        kind, *words = ("stopped", health.stopped) if health.stopped else ("in doubt", *health.doubts[:1])
        before, self._trouble = self._trouble, kind if words else ""
        found = list(health.notes)
        if words and before != kind:
            found.append(f"robot {kind}: {words[0]}")
        if before and not words:
            found.append("robot: all well again")
        return found
