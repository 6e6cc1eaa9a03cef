"""How far each joint was moved so far, shown while the person moves it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from bt_robot.cli.arm.words import table

if TYPE_CHECKING:
    from bt_robot.cli.arm.person import Person
    from bt_robot.robot.so101.range_sweep import SweptJoint

_LIVE_S: Final = 0.1
_PLAIN_S: Final = 2.0
_DEG_PER_TICK: Final = 360.0 / 4096.0

Show = Callable[[Sequence["SweptJoint"]], None]


@contextmanager
def sweep_view(person: Person) -> Generator[Show]:
    """Yield how to show the joints: in place on a terminal, as a table every two seconds elsewhere."""
    if not person.at_terminal:
        yield _Paced(lambda joints: person.tell(sweep_lines(joints)), _PLAIN_S)
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(stderr=True), auto_refresh=False) as live:
        yield _Paced(lambda joints: live.update(Text(sweep_lines(joints), no_wrap=True), refresh=True), _LIVE_S)


def sweep_lines(joints: Sequence[SweptJoint]) -> str:
    """Return how far the joints were moved, as a table."""
    head = ("joint", "lowest", "now", "highest", "moved", "")
    rows = [
        (
            joint.name,
            str(joint.low),
            str(joint.now),
            str(joint.high),
            f"{(joint.high - joint.low) * _DEG_PER_TICK:.0f}°",
            "see below" if joint.problem else "enough" if joint.enough else "go on",
        )
        for joint in joints
    ]
    return "\n".join([*table(head, rows), *(joint.problem for joint in joints if joint.problem)])


class _Paced:
    """Shows not more often than it makes sense."""

    def __init__(self, show: Show, every_s: float) -> None:
        self._show = show
        self._every_s = every_s
        self._due_s = time.monotonic()

    def __call__(self, joints: Sequence[SweptJoint]) -> None:
        now_s = time.monotonic()
        if now_s >= self._due_s:
            self._due_s = now_s + self._every_s
            self._show(joints)
