"""What every camera is to this project."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from bt_robot.messages import Frame


@dataclass(frozen=True, slots=True)
class CameraCounts:
    """What became of a camera's pictures since it was opened.

    Attributes:
        frames: Pictures taken.
        dropped_corrupt: Pictures dropped because they were damaged or had another size.
        repeated: Pictures that were byte for byte the one before.
        reopened: Times the device or its process had to be opened again.
    """

    frames: int = 0
    dropped_corrupt: int = 0
    repeated: int = 0
    reopened: int = 0


@dataclass(frozen=True, slots=True)
class CameraCondition:
    """How far a camera's pictures can be relied on at a moment.

    Attributes:
        fresh: Whether they show the present.
        doubt: Why they do not, with the camera's name; empty when they do.
        reason: What is known about why there are no pictures and what is done about it; empty when nothing is.
        lost: True when there was no new picture for so long that the arm has to stop; until they are fresh again.
        warnings: What else a person should know, e.g. that the lens seems covered; these don't make it less fresh.
        counts: What became of its pictures.
        latency_s: From the newest picture's capture to when it could be used [s].
        interval_s: From one picture to the next, as measured [s]; 0 before the second.
    """

    fresh: bool
    doubt: str = ""
    reason: str = ""
    lost: bool = False
    warnings: tuple[str, ...] = ()
    counts: CameraCounts = field(default_factory=CameraCounts)
    latency_s: float = 0.0
    interval_s: float = 0.0


class Camera(Protocol):
    """A camera whose newest picture can be had at any time.

    The order of calls is `open`, then any number of `newest` and `condition`, then `close`. Only `open` ever
    waits. All times are `time.monotonic()` [s], the same in every process of a machine.
    """

    @property
    def name(self) -> str:
        """What the config calls it."""
        ...

    def open(self) -> None:
        """Make it ready and wait for its first picture, for a bounded time.

        Raises:
            RobotRefused: It is absent, gives no pictures, or not those that the config says.
        """
        ...

    def newest(self, now_s: float) -> Frame | None:
        """Return the newest frame at once; None before the first, and after `close`.

        The same frame is returned until there is a newer one. A picture that only repeats keeps the time
        at which it was first seen, so that a frozen stream grows old.
        """
        ...

    def condition(self, now_s: float) -> CameraCondition:
        """Return how far its pictures can be relied on at a time [s]."""
        ...

    def close(self) -> None:
        """Let go of everything; allowed at any time, any number of times, and never raises."""
        ...
