"""The timeline: when each subtree was at work, and how that ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bt_robot.messages import NodeInfo, NodeState, Status, TickRecord

MAX_LANES: Final = 120
"""Of a tree with more subtrees, those nearest to the root."""

MAX_SPANS: Final = 4000
"""Of a lane; the oldest are forgotten."""


@dataclass(slots=True)
class Span:
    """A time at work.

    Attributes:
        start_s: The tick in which it began [s].
        end_s: The tick in which it ended, or the last one so far [s].
        status: RUNNING while it lasts; then SUCCESS or FAILURE, or IDLE if it was halted.
    """

    start_s: float
    end_s: float
    status: Status


@dataclass(slots=True)
class _Lane:
    path: str
    name: str
    depth: int
    spans: deque[Span] = field(default_factory=lambda: deque(maxlen=MAX_SPANS))
    fresh: int = 0  # spans at the end that were not told since they changed

    def begin(self, span: Span) -> None:
        self.spans.append(span)
        self.fresh = min(self.fresh + 1, len(self.spans))

    def touch(self) -> None:
        self.fresh = max(self.fresh, 1)


class Lanes:
    """The spans of the root, of the nodes right below it, and of all subtree calls."""

    def __init__(self) -> None:
        """Start with no tick."""
        self._layout: Sequence[NodeInfo] | None = None
        self._lanes: dict[str, _Lane] = {}
        self._watched: list[tuple[int, _Lane]] = []
        self._last_s = 0.0
        self._over = False

    def publish(self, record: TickRecord) -> None:
        """Take note of one tick."""
        if record.layout is not self._layout:
            self._adopt(record.layout)
        elif self._over:  # the arm still brakes, while the tree is told as it ended
            return
        for i, lane in self._watched:
            if record.mode == "held":
                self._wait(lane, record.time_s)
            else:
                self._look(lane, record.nodes[i], record.time_s)
        self._last_s = record.time_s
        self._over = record.status is not Status.RUNNING

    def whole(self) -> list[dict[str, Any]]:
        """Return all lanes with all their spans, those of the newest tree first, as they are told."""
        return [self._told(lane, len(lane.spans)) for lane in self._lanes.values()]

    def news(self) -> list[dict[str, Any]]:
        """Return the lanes with spans that are new or changed since this was asked last, and only these spans."""
        fresh = [lane for lane in self._lanes.values() if lane.fresh]
        told = [self._told(lane, lane.fresh) for lane in fresh]
        for lane in fresh:
            lane.fresh = 0
        return told

    def _adopt(self, layout: Sequence[NodeInfo]) -> None:
        if not same_paths(self._layout or (), layout):
            for _, lane in self._watched:
                self._close(lane, self._last_s, Status.IDLE)
        self._layout = layout
        chosen = sorted(i for i in sorted(_watched(layout), key=lambda i: layout[i].depth)[:MAX_LANES])
        before, self._lanes, self._watched = self._lanes, {}, []
        depths: dict[int, int] = {}
        for i in chosen:
            above = layout[i].parent
            while above >= 0 and above not in depths:
                above = layout[above].parent
            depths[i] = depths[above] + 1 if above >= 0 else 0
            path = layout[i].path
            lane = before.pop(path, None) or _Lane(path, layout[i].name, depths[i])
            lane.depth = depths[i]
            self._lanes[path] = lane
            self._watched.append((i, lane))
        self._lanes |= before

    def _look(self, lane: _Lane, state: NodeState, now_s: float) -> None:
        last = lane.spans[-1] if lane.spans else None
        at_work = last is not None and last.status is Status.RUNNING
        status = state.status if state.ticked else Status.IDLE
        if at_work and last is not None and status is Status.RUNNING:
            last.end_s = now_s
        elif at_work:
            self._close(lane, now_s, status)
        elif status is Status.IDLE:
            return
        elif last is not None and last.status is status and last.end_s == self._last_s and self._last_s < now_s:
            last.end_s = now_s  # a condition that says the same in every tick
            lane.touch()
        else:
            lane.begin(Span(now_s, now_s, status))

    def _wait(self, lane: _Lane, now_s: float) -> None:
        """Let a span last while a person holds the run, and no node is ticked."""
        if lane.spans and lane.spans[-1].status is Status.RUNNING:
            lane.spans[-1].end_s = now_s

    def _close(self, lane: _Lane, now_s: float, status: Status) -> None:
        if lane.spans and lane.spans[-1].status is Status.RUNNING:
            lane.spans[-1].end_s, lane.spans[-1].status = now_s, status
            lane.touch()

    def _told(self, lane: _Lane, spans: int) -> dict[str, Any]:
        newest = [lane.spans[k] for k in range(-spans, 0)]
        rows = [(round(span.start_s, 6), round(span.end_s, 6), span.status) for span in newest]
        return {"path": lane.path, "name": lane.name, "depth": lane.depth, "spans": rows}


def same_paths(one: Sequence[NodeInfo], other: Sequence[NodeInfo]) -> bool:
    """Whether two layouts are of the same nodes: a tree that goes on with another prompt, not an edited one."""
    return one is other or (len(one) == len(other) and all(a.path == b.path for a, b in zip(one, other, strict=True)))


def _watched(layout: Sequence[NodeInfo]) -> list[int]:
    return [i for i, node in enumerate(layout) if node.kind == "subtree" or node.depth <= 1]
