"""The run in a terminal: a live tree where there is a screen, plain lines where there is none."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from bt_robot.messages import NodeInfo, NodeState, Status, TickRecord
from bt_robot.telemetry.writer import BackgroundWriter

REFRESH_HZ = 8
_EVENTS = 4
_HEADER_LINES = 4
_LOOKS = {
    Status.RUNNING: ("▶", "bold cyan"),
    Status.SUCCESS: ("✓", "green"),
    Status.FAILURE: ("✗", "red"),
    Status.IDLE: ("·", "dim"),
}


def header(record: TickRecord, title: str, rate_hz: float) -> list[Text]:
    """Return what is going on, in three lines."""
    link = record.link
    latency = "–" if link.latency_s is None else f"{1e3 * link.latency_s:.0f} ms"
    age = "–" if record.chunk_age_steps is None else f"{record.chunk_age_steps} steps"
    policy = "ok" if link.available else link.reason
    first = Text.assemble((title, "bold"), f"   {record.time_s:6.1f} s   {rate_hz:5.1f} ticks/s")
    if record.verdict.held:
        first.append("   HOLDING", "bold yellow")
    state = ("green" if link.available else "bold red", policy)
    third = Text.assemble(
        "policy: ", (state[1], state[0]), f"   latency {latency}   chunk {age} old, {record.planned_steps} actions left"
    )
    return [first, Text(f"prompt: {record.prompt or '–'}"), third]


def active_path(nodes: Sequence[NodeInfo], states: Sequence[NodeState]) -> str:
    """Return the path of the deepest node that is RUNNING, or a dash."""
    running = [n for n, state in zip(nodes, states, strict=True) if state.ticked and state.status is Status.RUNNING]
    return max(running, key=lambda node: node.depth).path if running else "–"


def tree_lines(nodes: Sequence[NodeInfo], states: Sequence[NodeState], now_s: float, room: int) -> list[Text]:
    """Return a line per node; where they don't fit, those that matter: ticked, or failed."""
    shown = range(len(nodes))
    if len(nodes) > room:
        lit = [i for i in shown if states[i].ticked or states[i].status is Status.FAILURE]
        shown = lit[:room] if lit else list(shown)[:room]
    return [_line(nodes[i], states[i], now_s) for i in shown]


def _line(node: NodeInfo, state: NodeState, now_s: float) -> Text:
    glyph, style = _LOOKS[state.status]
    name = node.name if node.name == node.type else f"{node.name} ({node.type})"
    line = Text("  " * node.depth)
    line.append(f"{glyph} {name}", style if state.ticked or state.status is Status.FAILURE else "dim")
    if state.status is not Status.IDLE and state.ticked:
        line.append(f"  {max(now_s - state.since_s, 0.0):.1f} s", "dim")
    if state.reason:
        line.append(f"  {state.reason}", "red" if state.status is Status.FAILURE and state.ticked else "dim")
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def tail(text: str, width: int) -> str:
    """Return the end of a text that is too wide: the end of a path says more than its beginning."""
    return text if len(text) <= width else "…" + text[len(text) - width + 1 :]


class Rate:
    """Ticks per second of wall time, over the last second or so."""

    def __init__(self, wall: Callable[[], float] = time.monotonic) -> None:
        """Start without ticks."""
        self._wall = wall
        self._times_s: deque[float] = deque(maxlen=30)

    def tick(self) -> None:
        """Count one."""
        self._times_s.append(self._wall())

    @property
    def hz(self) -> float:
        """Ticks per second; 0 before the second tick."""
        if len(self._times_s) < 2 or self._times_s[-1] <= self._times_s[0]:
            return 0.0
        return (len(self._times_s) - 1) / (self._times_s[-1] - self._times_s[0])


class LiveTerminal:
    """A sink that redraws the tree a few times a second, from its own thread."""

    def __init__(self, nodes: Sequence[NodeInfo], title: str, console: Console) -> None:
        """Take over the screen until `close`."""
        self._nodes = tuple(nodes)
        self._title = title
        self._console = console
        self._record: TickRecord | None = None
        self._events: deque[str] = deque(maxlen=_EVENTS)
        self._rate = Rate()
        self._live = Live(
            console=console,
            get_renderable=self._render,
            refresh_per_second=REFRESH_HZ,
            vertical_overflow="crop",
            redirect_stdout=False,
        )
        self._live.start()

    def publish(self, record: TickRecord) -> None:
        """Keep the newest record; the drawing happens elsewhere."""
        self._rate.tick()
        self._events.extend(f"{record.time_s:7.2f} s  {event}" for event in record.events)
        self._record = record

    def close(self) -> None:
        """Draw the last state and give the screen back."""
        self._live.stop()

    def _render(self) -> RenderableType:
        record = self._record
        if record is None:
            return Text("starting …")
        room = max(self._console.size.height - _HEADER_LINES - _EVENTS - 2, 4)
        lines = header(record, self._title, self._rate.hz)
        lines.append(Text("at: " + tail(active_path(self._nodes, record.nodes), self._console.size.width - 4)))
        lines += tree_lines(self._nodes, record.nodes, record.time_s, room)
        lines += [Text(event, "yellow", no_wrap=True, overflow="ellipsis") for event in tuple(self._events)]
        return Group(*lines)


class PlainTerminal:
    """A sink that writes a line when something happens: an event, a skill that starts or ends."""

    def __init__(self, nodes: Sequence[NodeInfo], stream: TextIO | BackgroundWriter) -> None:
        """Write to a text stream; it must not block."""
        self._nodes = tuple(nodes)
        self._watched = [i for i, node in enumerate(nodes) if node.kind == "subtree" or node.depth <= 1]
        self._stream = stream
        self._last = dict.fromkeys(self._watched, Status.IDLE)

    def publish(self, record: TickRecord) -> None:
        """Write what is new."""
        lines = list(record.events)
        for i in self._watched:
            state = record.nodes[i]
            if state.ticked and state.status is not self._last[i]:
                reason = f": {state.reason}" if state.reason and state.status is Status.FAILURE else ""
                lines.append(f"{_LOOKS[state.status][0]} {self._nodes[i].path} {state.status}{reason}")
            self._last[i] = state.status if state.ticked else Status.IDLE
        for line in lines:
            self._stream.write(f"{record.time_s:7.2f} s  {line}\n")
        if lines:
            self._stream.flush()

    def close(self) -> None:
        """Nothing is left to do."""
