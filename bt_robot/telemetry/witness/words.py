"""What a run's process and its witness say to each other, besides the ticks: the kind, a line end, JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, get_args

from bt_robot.messages import NodeInfo
from bt_robot.messages.steering import Asked, Breakpoint, Mode, Wish
from bt_robot.telemetry.recorder.messages import RecordedEnding, RunInfo, Source
from bt_robot.telemetry.recorder.plain import from_json, to_json
from bt_robot.telemetry.view.address import Address
from bt_robot.telemetry.view.told import About

# ---- from the run


@dataclass(frozen=True, slots=True)
class TreeTold:
    """A tree that takes over with the next tick.

    Attributes:
        nodes: Its nodes.
        name: Its name.
        sources: Its files.
        xml: The same for Groot2.
    """

    nodes: tuple[NodeInfo, ...]
    name: str
    sources: tuple[Source, ...]
    xml: str


@dataclass(frozen=True, slots=True)
class RecordingOrder:
    """Record the run into a file.

    Attributes:
        path: The file; it is replaced.
        info: What is known of the run.
        rate_hz: Pictures per camera and second, at most.
        limit_bytes: The size that the file may have.
    """

    path: str
    info: RunInfo
    rate_hz: float
    limit_bytes: int


@dataclass(frozen=True, slots=True)
class BtLogOrder:
    """Write a log for Groot2.

    Attributes:
        path: The file; it is replaced.
    """

    path: str


@dataclass(frozen=True, slots=True)
class ViewOrder:
    """Show the run to web pages.

    Attributes:
        about: The run.
        address: Where to listen.
        token: The secret of the link; empty for none.
        control: Whether pages may do more than stop it.
    """

    about: About
    address: Address
    token: str
    control: bool


@dataclass(frozen=True, slots=True)
class Steered:
    """How the run is steered, since it was otherwise before.

    Attributes:
        mode: How the run goes on.
        breakpoints: Where nodes are to wait.
        questions: What waits for an answer.
    """

    mode: Mode = "running"
    breakpoints: tuple[Breakpoint, ...] = ()
    questions: tuple[Asked, ...] = ()


@dataclass(frozen=True, slots=True)
class Over:
    """There are no more ticks: finish the files.

    Attributes:
        ending: How the run ended; None if it never began.
    """

    ending: RecordedEnding | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a wish.

    Attributes:
        number: Of the wish.
        why: Why it can't be done; empty if it will be.
    """

    number: int
    why: str


# ---- from the witness


@dataclass(frozen=True, slots=True)
class Bound:
    """Pages can come.

    Attributes:
        port: Where.
        refused: Why they can't; empty if they can.
    """

    port: int
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Somebody wants something of the run.

    Attributes:
        number: Of the wish, for its answer.
        wish: What.
        who: Who.
        until_s: When nobody waits for its answer any more, on the clock of `time.monotonic` [s].
    """

    number: int
    wish: Wish
    who: str
    until_s: float


@dataclass(frozen=True, slots=True)
class Alive:
    """The witness hears and shows; said again and again while the run is stepped."""


@dataclass(frozen=True, slots=True)
class StopPressed:
    """Somebody stopped the robot.

    Attributes:
        who: Who.
    """

    who: str


@dataclass(frozen=True, slots=True)
class Gone:
    """Whoever steered is gone.

    Attributes:
        who: Who it was.
    """

    who: str


@dataclass(frozen=True, slots=True)
class Logged:
    """A line of the witness's log.

    Attributes:
        logger: Who says it.
        level: How grave it is, as `logging` has it.
        words: The line.
    """

    logger: str
    level: int
    words: str


@dataclass(frozen=True, slots=True)
class Finished:
    """All files are complete."""


Words = (
    TreeTold
    | RecordingOrder
    | BtLogOrder
    | ViewOrder
    | Steered
    | Over
    | Answer
    | Bound
    | Wanted
    | Alive
    | StopPressed
    | Gone
    | Logged
    | Finished
)
_KINDS: Final = {kind.__name__.encode(): kind for kind in get_args(Words)}


def encode(words: Words) -> bytes:
    """Return words as bytes."""
    return type(words).__name__.encode() + b"\n" + to_json(words)


def decode(data: bytes) -> Words:
    """Return what `encode` made bytes of.

    Raises:
        ValueError: It is something else.
    """
    name, _, rest = data.partition(b"\n")
    kind = _KINDS.get(name)
    if kind is None:
        raise ValueError(f"nobody says {name[:40]!r}")
    return from_json(kind, rest)
