"""What all pages are told, and what is done about what they ask; all of it in the view's own thread."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from bt_robot.messages import TickRecord
from bt_robot.messages.steering import Steering, Wish
from bt_robot.telemetry.view import told
from bt_robot.telemetry.view.album import Album, Shot
from bt_robot.telemetry.view.asked import Claim, Live, Pictures, Request, Seek, Stop, Window
from bt_robot.telemetry.view.control import Control
from bt_robot.telemetry.view.history import History
from bt_robot.telemetry.view.page import Page
from bt_robot.telemetry.view.told import About, Ended, Message

PICTURE: Final = b"\x01"
NEWS_S: Final = 0.25
"""How often the timeline is told [s]."""

_MERGED_ROWS: Final = 20_000


def picture_message(camera: str, shot: Shot) -> bytes:
    """Return a picture as a binary message: 1, the length of the camera's name, the name, the time, the JPEG."""
    name = camera.encode(errors="replace")[:255]
    return PICTURE + bytes([len(name)]) + name + struct.pack("<d", shot.captured_s) + shot.jpeg


class Hub:
    """The pages that look on, and the run that they look at."""

    def __init__(
        self,
        about: About,
        album: Album | None,
        steering: Steering | None,
        *,
        control: bool,
        live: bool,
        now: Callable[[], float],
    ) -> None:
        """Start without pages.

        Args:
            about: The run.
            album: Its pictures.
            steering: What can be done to it; None for a recording.
            control: Whether pages may do more than stop it.
            live: Whether it goes on now: ticks are told as they come.
            now: The time of pages [s].
        """
        self._about = about
        self._album = album
        self._live = live
        self._now = now
        self._history = History(len(about.limits.names), about.control_hz)
        self._pages: set[Page] = set()
        self._control = Control(steering, allowed=control, pages=self._pages, say=self._say, now=now)
        self._ended: Ended | None = None
        self._seen: dict[str, Message] = {}
        self._news_s = -math.inf
        self._range_s = -math.inf

    # ---- the run

    def publish(self, records: Sequence[TickRecord]) -> None:
        """Remember ticks, the oldest first, and tell the pages that follow."""
        ticks: list[Message] = []
        for record in records:
            trees = len(self._history.layouts)
            tick, chunk = self._history.publish(record)
            if len(self._history.layouts) != trees:
                self._tell_ticks(ticks)
                ticks = []
                for page in self._pages:
                    if page.follows:
                        page.seek(math.inf)  # the tree and its state are told together, and ticks after them
            ticks.append(tick)
            if chunk is not None and self._live:
                self._tell(chunk, followers=True)
        self._tell_ticks(ticks)

    def end(self, ended: Ended) -> None:
        """Tell how the run ended; nothing can be done to it any more."""
        self._ended = ended
        for act in ended.acts:
            self._history.tell(f"person: {act}")
        self._tell(self._ending(), followers=False)
        self._tell({"type": "mode", "mode": "ended", "at": ""}, followers=False)
        self._control.end()
        for page in self._pages:
            if page.follows:
                page.seek(math.inf)

    def look(self) -> None:
        """Tell what has changed besides the ticks; to be called some thirty times a second."""
        now_s = self._now()
        if now_s - self._news_s >= NEWS_S:
            self._news_s = now_s
            lanes = self._history.lanes.news()
            if lanes:
                self._tell({"type": "lanes", "whole": False, "lanes": lanes, "range_s": self._range()}, followers=False)
        if now_s - self._range_s >= 1.0:
            self._range_s = now_s
            for page in self._pages:
                if not page.follows or not self._live:
                    self._say(page, {"type": "range", "range_s": self._range(), "mode": self._control.mode})
        for message in self._control.news():
            if self._seen.get(message["type"]) != message:
                self._seen[message["type"]] = message
                self._tell(message, followers=False)

    def shown(self, camera: str, shot: Shot) -> None:
        """Show a new picture to the pages that want it."""
        message = b""
        for page in self._pages:
            if page.follows and camera in page.cameras:
                message = message or picture_message(camera, shot)
                page.show(camera, message)

    # ---- the pages

    @property
    def pages(self) -> int:
        """How many look on."""
        return len(self._pages)

    @property
    def waited_for(self) -> bool:
        """Whether something still waits to be sent to a page."""
        return any(page.waits for page in self._pages)

    def join(self, name: str) -> Page:
        """Let a page look on."""
        page = Page(name, self._now())
        self._pages.add(page)
        return page

    def leave(self, page: Page) -> None:
        """Forget a page, and what it held."""
        self._pages.discard(page)
        self._control.forget(page)

    def heard(self, page: Page, request: Request) -> None:
        """Do what a page asks for."""
        match request:
            case Seek(time_s):
                page.seek(time_s)
            case Live():
                page.seek(math.inf)
            case Window():
                page.ask(request)
            case Pictures(cameras):
                fresh = cameras - page.cameras
                page.cameras = cameras
                self._show_all(page, page.shown_s, fresh)
            case Claim(what):
                self._control.claim(page, what)
            case Stop():
                self._control.stop(page)
            case Wish():
                self._control.wish(page, request)

    def next_of(self, page: Page) -> Iterator[bytes]:
        """Yield what to send to a page now: what it missed, then what waits, then what it asked for."""
        if page.behind:
            page.behind = False
            for message in self._whole(page):
                yield told.encode(message)
        while (waiting := page.take()) is not None:
            yield waiting
        if page.seek_s is not None:
            time_s, page.seek_s = page.seek_s, None
            page.follows = math.isinf(time_s)
            for message in self._state(page, time_s):
                yield told.encode(message)
        while page.windows:
            window = page.windows.pop(next(iter(page.windows)))
            series = self._history.series(window.start_s, window.end_s, window.points)
            yield told.encode(series.told(window.name))
        while (picture := page.take_picture()) is not None:
            yield picture

    def hello(self, page: Page) -> bytes:
        """Return the first message to a page."""
        return told.encode(
            told.hello(
                self._about,
                live=self._live and self._ended is None,
                control=self._control.state_of(page)["state"],
                range_s=self._range(),
                mode=self._control.mode,
                ending=None if self._ended is None else self._ending(),
            )
        )

    # ---- telling

    def _whole(self, page: Page) -> Iterator[Message]:
        yield self._control.state_of(page)
        yield from self._control.news()
        yield {"type": "lanes", "whole": True, "lanes": self._history.lanes.whole(), "range_s": self._range()}
        if self._ended is not None:
            yield self._ending()
        page.revision = None
        if page.follows:
            yield from self._state(page, math.inf)

    def _tell_ticks(self, ticks: Sequence[Message]) -> None:
        if ticks and self._live and self._pages:
            self._tell(told.merge(ticks, _MERGED_ROWS), followers=True)

    def _tell(self, message: Message, *, followers: bool) -> None:
        """Tell all pages, or those that follow; it is encoded once."""
        pages = [page for page in self._pages if page.follows or not followers]
        if pages:
            data = told.encode(message)
            for page in pages:
                page.tell(data)

    def _say(self, page: Page, message: Message) -> None:
        page.tell(told.encode(message))

    def _state(self, page: Page, time_s: float) -> Iterator[Message]:
        """Yield the state at a time [s], after its tree where the page shows another; its pictures come later."""
        state = self._history.state(time_s)
        if state is None:
            return
        revision = state["revision"]
        if page.revision != revision:
            page.revision = revision
            yield told.layout(self._history.layouts[revision], revision)
        page.shown_s = time_s if math.isinf(time_s) else state["t"] + told.ROUNDING_S
        self._show_all(page, page.shown_s)
        yield state

    def _range(self) -> tuple[float, float]:
        return self._history.range_s or (0.0, 0.0)

    def _ending(self) -> Message:
        ended = self._ended or Ended("")
        return {"type": "ended", "status": ended.status, "reason": ended.reason, "path": ended.path}

    def _show_all(self, page: Page, time_s: float, cameras: frozenset[str] | None = None) -> None:
        """Let a page have the pictures of a time [s]."""
        for camera in sorted(page.cameras if cameras is None else cameras):
            shot = self._album.at(camera, time_s) if self._album is not None else None
            if shot is not None:
                page.show(camera, picture_message(camera, shot))
