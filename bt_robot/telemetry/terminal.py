"""The run in a terminal: a live tree where there is a screen, plain lines where there is none."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.text import Text

from bt_robot.messages import LinkState, NodeInfo, PlanStats, Status, TickRecord
from bt_robot.telemetry.counted import counted
from bt_robot.telemetry.explained import words_of
from bt_robot.telemetry.log_lines import LogLines
from bt_robot.telemetry.one_line import one_line, start, tail
from bt_robot.telemetry.screen import Screen
from bt_robot.telemetry.tree_view import LOOKS, Stopwatches, active_path, inside_out, tree_lines
from bt_robot.telemetry.writer import BackgroundWriter

REFRESH_HZ = 8
_EVENTS = 4
_SHORTEST_REASON = 12
_BY_A_PERSON = {"held": "HELD", "stepping": "STEPPED"}


@dataclass(frozen=True, slots=True)
class Layout:
    """How many lines of a terminal each part of the view may take."""

    header: int
    tree: int
    events: int

    @classmethod
    def of(cls, height: int, header: int, events: int) -> Layout:
        """Share a terminal's lines among the header lines and events there are, and the tree, which gets the rest.

        One line stays free for the cursor. The tree always has a line.
        """
        lines = max(height - 1, 1)
        header = min(header, lines // 2)
        events = min(events, (lines - header) // 4)
        return cls(header, lines - header - events, events)


def header(record: TickRecord, title: str, rate_hz: float, width: int, delay_steps: int | None = None) -> list[Text]:
    """Return what is going on, in three lines of a width.

    Args:
        record: The newest tick.
        title: What runs.
        rate_hz: Ticks per second.
        width: Of the terminal.
        delay_steps: The delay of the newest chunk; None without one.
    """
    first = Text.assemble((one_line(title), "bold"), f"   {record.time_s:6.1f} s")
    if record.mode in _BY_A_PERSON:
        first.append(f"   {_BY_A_PERSON[record.mode]} BY A PERSON", "bold yellow")
    elif record.verdict.held and record.status is Status.RUNNING:  # a tree that ended has the arm brake, and says how
        first.append("   HOLDING", "bold yellow")
    first.append(f"   {rate_hz:5.1f} ticks/s")
    lines = [first, Text(f"prompt: {one_line(record.prompt) or '–'}"), _policy_line(record, width, delay_steps)]
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    return lines


def _policy_line(record: TickRecord, width: int, delay_steps: int | None) -> Text:
    """Return how the policy is; what has room is the next attempt, then what went wrong, then the plan."""
    link, head = record.link, "policy: "
    if link.available:
        line = Text.assemble(head, ("ok", "green"))
        if link.latency_s is not None:
            line.append(f"   latency {1e3 * link.latency_s:.0f} ms")
            line.append("" if delay_steps is None else f", d {counted(delay_steps, 'step')}")
    else:
        attempt = _next_attempt(link)
        reason = start(one_line(link.reason), max(width - len(head) - len(attempt), _SHORTEST_REASON))
        line = Text.assemble(head, (reason, "bold red" if link.requests else "dim"), attempt)
    troubles = _troubles(record.plan)
    troubles = troubles if line.cell_len + len(troubles) <= width else ""
    if record.chunk_age_steps is not None:
        age, left = record.chunk_age_steps, record.planned_steps
        room = width - line.cell_len - len(troubles)
        shapes = (
            f"   chunk {counted(age, 'step')} old, {counted(left, 'action')} left",
            f"   chunk {age} old, {left} left",
            f"   {left} left",
        )
        line.append(next((shape for shape in shapes if len(shape) <= room), ""))
    return line.append(troubles, "yellow")


def _troubles(plan: PlanStats) -> str:
    """Return what went wrong with the chunks so far, in few words."""
    found = [
        f"{n} {what}" for n, what in ((plan.stalls, "stalled"), (plan.late, "late"), (plan.rejected, "rejected")) if n
    ]
    return f"   {', '.join(found)}" if found else ""


def _next_attempt(link: LinkState) -> str:
    if link.retry_in_s is not None:
        return f"   next try in {link.retry_in_s:.1f} s"
    return "   trying again" if link.in_flight else ""


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


@dataclass(frozen=True, slots=True)
class _View:
    """What is shown, swapped as a whole: the thread that draws never sees nodes and states of two trees."""

    nodes: tuple[NodeInfo, ...]
    stopwatches: Stopwatches
    record: TickRecord | None = None


class LiveTerminal:
    """A sink that redraws the tree a few times a second, from its own thread."""

    def __init__(
        self,
        nodes: Sequence[NodeInfo],
        title: str,
        console: Console,
        hint: str = "",
        asking: Callable[[], str] = lambda: "",
        link: str = "",
        free: Callable[[], bool] = lambda: True,
    ) -> None:
        """Take over the screen until `close`.

        Args:
            nodes: The tree.
            title: What runs.
            console: Where to draw.
            hint: Which key does what; shown where there is room.
            asking: Returns the question that a person is to answer with a key; empty if there is none.
            link: Where the run's page is; empty if there is none.
            free: Returns whether the terminal can be drawn on now: it is ours, and has taken what was drawn before.
        """
        self._asking = asking
        self._hint = hint
        self._link = link
        self._title = title
        self._console = console
        self._view = _View(tuple(nodes), Stopwatches(len(nodes)))
        self._delay_steps: int | None = None
        self._events: deque[str] = deque(maxlen=_EVENTS)
        self._rate = Rate()
        self._log = LogLines(self._tell)
        self._free = free
        self._aside: Callable[[], None] | None = None
        self._screen = Screen(console)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep_drawing, name="terminal", daemon=True)
        self._thread.start()

    @property
    def log_handler(self) -> LogLines:
        """A log handler that shows what is logged among the events, and keeps it for after `close`."""
        return self._log

    def publish(self, record: TickRecord) -> None:
        """Keep the newest record; the drawing happens elsewhere."""
        self._rate.tick()
        view = self._view
        if record.layout and record.layout is not view.nodes:  # an edited tree took over
            view = _View(record.layout, Stopwatches(len(record.layout)))
        view.stopwatches.publish(record)
        self._view = replace(view, record=record)
        if record.splice is not None:
            self._delay_steps = record.splice.delay_steps
        for event in record.events:
            self._tell(event)

    def step_aside(self, meanwhile: Callable[[], None]) -> None:
        """Give the screen back for as long as something takes, on the thread that draws; a signal handler may ask."""
        self._aside = meanwhile  # no lock, and no waking: it could be the thread that was interrupted that holds it

    def close(self) -> None:
        """Give the screen back, and leave the last state on it, with all top nodes however low the screen is."""
        self._closing.set()
        try:
            self._thread.join()
        finally:  # a second Ctrl-C finds the terminal given back, too
            self._screen.leave()
        self._console.print(self.frame())

    def frame(self) -> RenderableType:
        """Return what the screen shows now; any thread may ask."""
        return Group(*self._lines())

    def _keep_drawing(self) -> None:
        while not self._closing.wait(1.0 / REFRESH_HZ):
            meanwhile, self._aside = self._aside, None
            if meanwhile is not None:
                self._screen.leave()
                meanwhile()
            elif self._free():
                self._screen.draw(self._lines())

    def _lines(self) -> list[RenderableType]:
        view, events, last = self._view, tuple(self._events), self._closing.is_set()
        record = view.record
        lines = [Text("starting …")] if record is None else self._header(record, view.nodes)
        layout = Layout.of(self._height(len(lines) + len(events)), len(lines), len(events))
        tree: Sequence[RenderableType] = ()
        if record is not None:
            durations_s, width = view.stopwatches.durations_s, self._console.size.width
            tree = tree_lines(view.nodes, record.nodes, durations_s, layout.tree, width, whole=last)
        newest = events[len(events) - layout.events :]
        told = [Text(event, "yellow", no_wrap=True, overflow="ellipsis") for event in newest]
        return [*lines[: layout.header], *tree, *told]

    def _tell(self, event: str) -> None:
        record = self._view.record
        time_s = record.time_s if record else 0.0
        self._events.append(f"{time_s:7.2f} s  {one_line(event)}")

    def _header(self, record: TickRecord, nodes: Sequence[NodeInfo]) -> list[Text]:
        width = self._console.size.width
        path = tail(one_line(active_path(nodes, record.nodes)), width - 4)
        at = Text(f"at: {path}", no_wrap=True, overflow="ellipsis")
        first, prompt, policy = header(record, self._title, self._rate.hz, width, self._delay_steps)
        if self._closing.is_set():  # no key does anything any more, and the page is told of by who keeps it
            return [first, prompt, policy, at]
        after = (first, policy, at)  # not after the prompt, which could be taken for its words
        roomy = [line for line in after if line.cell_len + len(self._hint) + 3 <= width]
        if self._hint and roomy:
            roomy[0].append(f"   {self._hint}", "dim")
        question = self._asking()
        asked = [Text.assemble((" y / n? ", "reverse"), " ", (one_line(question), "bold"))] if question else []
        for line in asked:
            line.no_wrap, line.overflow = True, "ellipsis"
        page = f"view: {self._link}" if self._link else ""
        link = [Text(page[i : i + width]) for i in range(0, len(page), width)]  # part of a link leads nowhere
        return [*asked, first, prompt, policy, at, *link]

    def _height(self, beside: int) -> int:
        """Return the lines to fill; the last frame may scroll, so it has room for the top nodes beside other lines."""
        height = self._console.size.height
        top = sum(node.depth <= 1 for node in self._view.nodes)
        return max(height, beside + top + 1) if self._closing.is_set() else height


class PlainTerminal:
    """A sink that writes a line when something happens: an event, a skill that starts or ends."""

    def __init__(self, nodes: Sequence[NodeInfo], stream: TextIO | BackgroundWriter) -> None:
        """Write to a text stream; it must not block."""
        self._stream = stream
        self._adopt(tuple(nodes))

    def _adopt(self, nodes: tuple[NodeInfo, ...]) -> None:
        self._nodes = nodes
        self._watched = [i for i, node in enumerate(nodes) if node.kind == "subtree" or node.depth <= 1]
        self._inside_out = inside_out(nodes)
        self._last = dict.fromkeys(self._watched, Status.IDLE)

    def publish(self, record: TickRecord) -> None:
        """Write what is new: the events, then what ended, from the inside out, then what began, from the outside in."""
        if record.layout and record.layout is not self._nodes:  # an edited tree took over
            self._adopt(record.layout)
        began: list[str] = []
        ended: dict[int, str] = {}
        for i in self._watched:
            state = record.nodes[i]
            status = state.status if state.ticked else Status.IDLE
            if status is not self._last[i] and status is not Status.IDLE:
                words = words_of(self._nodes, record.nodes, i) if status is Status.FAILURE else ""
                reason = f": {words}" if words else ""
                line = f"{LOOKS[status][0]} {self._nodes[i].path} {status}{reason}"
                if status is Status.RUNNING:
                    began.append(line)
                else:
                    ended[i] = line
            self._last[i] = status
        lines = [*record.events, *(ended[i] for i in self._inside_out if i in ended), *began]
        for line in lines:
            self._stream.write(f"{record.time_s:7.2f} s  {one_line(line)}\n")
        if lines:
            self._stream.flush()
