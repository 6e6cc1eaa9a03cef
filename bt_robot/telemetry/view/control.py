"""What pages may do to the run: who steers, what is refused, and how the run is steered now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bt_robot.messages.steering import Mode, Steering, Wish
from bt_robot.telemetry.view.lease import EXPIRES_S, Lease
from bt_robot.telemetry.view.page import Page
from bt_robot.telemetry.view.told import Message

logger = logging.getLogger(__name__)

_ROUNDING_S = 0.001


class Control:
    """Stands between the pages and the run. Without a run to steer, everything is refused."""

    def __init__(
        self,
        steering: Steering | None,
        *,
        allowed: bool,
        pages: Iterable[Page],
        say: Callable[[Page, Message], None],
        now: Callable[[], float],
    ) -> None:
        """Begin with nobody who steers.

        Args:
            steering: What can be done to the run; None for a recording.
            allowed: Whether pages may do more than stop it.
            pages: Those that look on, at any time.
            say: Tells a page something.
            now: The time of pages [s].
        """
        self._steering = steering
        self._allowed = allowed
        self._pages = pages
        self._say = say
        self._now = now
        self._lease = Lease()
        self._expiry: asyncio.TimerHandle | None = None

    @property
    def mode(self) -> Mode:
        """How the run goes on."""
        return "ended" if self._steering is None else self._steering.mode

    def news(self) -> Iterator[Message]:
        """Yield how the run is steered; the same as long as nothing changes."""
        steering = self._steering
        if steering is None:
            return
        points = steering.breakpoints
        reached = next((point.path for point in points if point.reached), "")
        yield {"type": "mode", "mode": steering.mode, "at": reached}
        rows: list[Any] = [[point.path, point.status, point.reached] for point in points]
        yield {"type": "breakpoints", "list": rows}
        asked: list[Any] = [[each.number, each.path, each.text] for each in steering.questions]
        yield {"type": "questions", "list": asked}

    def state_of(self, page: Page) -> Message:
        """Return what a page may do."""
        holder = self._lease.holder
        free = "free" if holder is None else "yours" if holder is page else "taken"
        return {"type": "control", "state": free if self._allowed and self._steering is not None else "none"}

    def end(self) -> None:
        """Take note that the run is over."""
        self._steering = None
        holder = self._lease.holder
        if holder is not None:
            self._lease.leave(holder)
        self._tell_state()

    def claim(self, page: Page, what: str) -> None:
        """Let a page `take` the right to steer, `leave` it, or say that it is `alive`."""
        before = self._lease.holder
        if what == "take":
            if why := self._why_not():
                self._refuse(page, what, why)
            elif not self._lease.take(page, self._now()):
                self._refuse(page, what, "somebody else steers")
        elif what == "alive":
            self._lease.alive(page, self._now())
        else:
            self.forget(page)
        if self._lease.holder is page:
            self._expect_life()
            if before is not page:
                self._tell_state()

    def forget(self, page: Page) -> None:
        """Take what a page held."""
        if self._lease.leave(page):
            self._let_go(page)

    def stop(self, page: Page) -> None:
        """Stop the robot; whoever looks on may."""
        if self._steering is None:
            self._refuse(page, "stop", "the run is over")
            return
        logger.warning("emergency stop by %s", page.name)
        self._steering.stop(page.name)

    def wish(self, page: Page, wish: Wish) -> None:
        """Have something done, if the page steers."""
        why = self._why_not()
        if not why and self._lease.holder is not page:
            why = "take control first"
        if not why and self._steering is not None:
            why = self._steering.wish(wish, page.name)
        if why:
            self._refuse(page, wish.act, why)

    def _why_not(self) -> str:
        if self._steering is None:
            return "the run is over"
        return "" if self._allowed else "this view may look only; it was opened without --control"

    def _refuse(self, page: Page, what: str, why: str) -> None:
        self._say(page, {"type": "refused", "what": what, "why": why})

    def _expect_life(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry = asyncio.get_running_loop().call_later(EXPIRES_S + _ROUNDING_S, self._expire)

    def _expire(self) -> None:
        lost = self._lease.expire(self._now())
        if isinstance(lost, Page):
            self._let_go(lost)
        elif self._lease.holder is not None:
            self._expect_life()

    def _let_go(self, page: Page) -> None:
        if self._steering is not None:
            self._steering.let_go(page.name)
        self._tell_state()

    def _tell_state(self) -> None:
        for page in self._pages:
            self._say(page, self.state_of(page))
