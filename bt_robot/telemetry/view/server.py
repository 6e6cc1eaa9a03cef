"""The view of a run for web pages: a server in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Final, cast

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from bt_robot.errors import UsageError
from bt_robot.messages import TickRecord
from bt_robot.messages.steering import Steering
from bt_robot.telemetry.view import asked
from bt_robot.telemetry.view.album import Album, Shot
from bt_robot.telemetry.view.hub import Hub
from bt_robot.telemetry.view.page import Page
from bt_robot.telemetry.view.security import HEADERS, PROTOCOL, Guard, Refusal
from bt_robot.telemetry.view.site import StaticFile
from bt_robot.telemetry.view.told import About, Ended

logger = logging.getLogger(__name__)

SOCKET: Final = "/socket"
MAX_WAITING: Final = 3000
"""Ticks that wait for the thread; more are dropped and told."""

MAX_PAGES: Final = 16
MAX_CONNECTIONS: Final = 64
MAX_MESSAGE_BYTES: Final = 16_384
HANDSHAKE_S: Final = 5.0
TELL_S: Final = 1 / 30

_AT_ONCE: Final = 200  # ticks of a recording; then the pages have their turn
_START_S: Final = 10.0
_PART_S: Final = 0.5
_TOO_MUCH: Final = 1008


class _Connection(ServerConnection):
    """A connection that is dropped at once when there are too many, before it has sent anything."""

    def __init__(self, others: set[ServerConnection], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._others = others

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._others.add(self)
        if len(self._others) > MAX_CONNECTIONS:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._others.discard(self)
        super().connection_lost(exc)


class ViewServer:
    """A sink that shows a run to web pages.

    Who publishes only leaves a tick in a bounded queue; everything else is done in a thread of its own, some thirty
    times a second for all that has come in the meantime.
    """

    def __init__(
        self,
        about: About,
        site: Mapping[str, StaticFile],
        guard: Guard,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        album: Album | None = None,
        steering: Steering | None = None,
        control: bool = False,
        live: bool = True,
        patient: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Bind, and answer from now on.

        Args:
            about: The run.
            site: The page's files by the path that is asked for.
            guard: Decides who may talk to it.
            host: The address to listen on.
            port: The port; 0 for any that is free.
            album: The run's pictures.
            steering: What can be done to it; None for a recording.
            control: Whether pages may do more than stop it.
            live: Whether it goes on now.
            patient: Whether `publish` waits for room instead of dropping ticks: for time that nobody paces.
            clock: The time of pages [s].

        Raises:
            UsageError: The address can't be listened on.
        """
        self._hub = Hub(about, album, steering, control=control, live=live, now=clock)
        self._site = site
        self._guard = guard
        self._patient = patient
        self._waiting: queue.Queue[TickRecord] = queue.Queue(MAX_WAITING)
        self._dropped = 0
        self._ended: Ended | None = None
        self._closing = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._bound: queue.Queue[int | OSError] = queue.Queue()
        self._pages_made = 0
        self._thread = threading.Thread(target=self._run, args=(host, port), name="view", daemon=True)
        self._thread.start()
        bound = self._bound.get(timeout=_START_S)
        if isinstance(bound, OSError):
            self._thread.join()
            raise UsageError(f"{host}:{port} can't be listened on: {bound.strerror or bound}; try another port")
        self.port = bound

    def publish(self, record: TickRecord) -> None:
        """Leave a tick for the thread."""
        try:
            self._waiting.put(record, block=self._patient)
        except queue.Full:
            self._dropped += 1

    def shown(self, camera: str, shot: Shot) -> None:
        """Show a new picture to the pages that want it; any thread may call."""
        with contextlib.suppress(RuntimeError):  # closed already
            self._loop.call_soon_threadsafe(self._hub.shown, camera, shot)

    def end(self, ended: Ended) -> None:
        """Say how the run ended, after its last tick; pages can still travel in it."""
        self._ended = ended

    def close(self) -> None:
        """Close all connections, and end the thread."""
        self._closing.set()
        self._thread.join(_START_S)

    # ---- all below runs in the thread

    def _run(self, host: str, port: int) -> None:
        asyncio.set_event_loop(self._loop)
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._serve(host, port))

    async def _serve(self, host: str, port: int) -> None:
        try:
            server = await serve(
                self._converse,
                host,
                port,
                process_request=self._answer,
                process_response=_harden,
                subprotocols=[Subprotocol(PROTOCOL)],
                compression=None,
                open_timeout=HANDSHAKE_S,
                max_size=MAX_MESSAGE_BYTES,
                max_queue=8,
                server_header=None,
                logger=logging.Logger(
                    "view sockets", logging.CRITICAL
                ),  # who comes and goes, or talks nonsense, is no news
                create_connection=cast("type[ServerConnection]", partial(_Connection, set[ServerConnection]())),
                close_timeout=1.0,
            )
        except OSError as error:
            self._bound.put(error)
            return
        async with server:
            self._bound.put(_port(server))
            while not self._closing.is_set():
                try:
                    await self._catch_up()
                    self._hub.look()
                except Exception:  # one bad tick must not end the view, nor make a patient run wait for ever
                    logger.exception("the view stumbled over a tick")
                await asyncio.sleep(TELL_S)
            await self._part()

    async def _part(self) -> None:
        """Let the pages have the last news, for a moment."""
        await self._catch_up()
        deadline = self._loop.time() + _PART_S
        while self._hub.waited_for and self._loop.time() < deadline:
            await asyncio.sleep(_PART_S / 50)

    async def _catch_up(self) -> None:
        """Tell what has come since the last time."""
        while True:
            over, records = self._ended, list[TickRecord]()
            with contextlib.suppress(queue.Empty):
                while len(records) < _AT_ONCE:
                    records.append(self._waiting.get_nowait())
            if records:
                self._hub.publish(records)
            if len(records) == _AT_ONCE and not self._closing.is_set():
                await asyncio.sleep(0)
                continue
            if over is not None:
                self._ended = None
                if self._dropped:
                    logger.warning("the view lacks %d ticks: it was too slow for the control rate", self._dropped)
                self._hub.end(over)
            return

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a request for a file, or let a socket open."""
        hosts, path = request.headers.get_all("Host"), request.path.partition("?")[0]
        if getattr(request, "method", "GET") != "GET":
            return _refusal(Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "expected GET"))
        if path != SOCKET:
            refusal = self._guard.host(hosts)
            return _refusal(refusal) if refusal is not None else self._file(path)
        refusal = self._guard.socket(hosts, request.headers.get_all("Origin"), _protocols(request.headers))
        if refusal is None and self._hub.pages >= MAX_PAGES:
            refusal = Refusal(HTTPStatus.SERVICE_UNAVAILABLE, f"{MAX_PAGES} pages look on already; close one")
        return None if refusal is None else _refusal(refusal)

    def _file(self, path: str) -> Response:
        found = self._site.get(path)
        if found is None:
            return _refusal(Refusal(HTTPStatus.NOT_FOUND, "there is no such page"))
        return _response(HTTPStatus.OK, found.kind, found.content)

    async def _converse(self, connection: ServerConnection) -> None:
        """Talk to one page until it leaves."""
        self._pages_made += 1
        address = connection.remote_address
        page = self._hub.join(f"page {self._pages_made} ({address[0] if address else 'unknown'})")
        sending = asyncio.create_task(self._send(connection, page))
        try:
            async for data in connection:
                if not page.heard(time.monotonic()):
                    await connection.close(_TOO_MUCH, "too many messages")
                    break
                try:
                    self._hub.heard(page, asked.read(data))
                except asked.WrongMessage as error:
                    await connection.close(_TOO_MUCH, str(error)[:100])
                    break
        except ConnectionClosed:
            pass
        finally:
            self._hub.leave(page)
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending

    async def _send(self, connection: ServerConnection, page: Page) -> None:
        """Send what waits for a page, as fast as it takes it."""
        try:
            await connection.send(self._hub.hello(page), text=True)
            while True:
                for message in self._hub.next_of(page):
                    await connection.send(message, text=not message.startswith(b"\x01"))
                await page.wait()
        except ConnectionClosed:
            pass
        except Exception:
            logger.exception("the view of %s failed", page.name)
            await connection.close(1011, "internal error")


def _port(server: Server) -> int:
    return next(iter(server.sockets)).getsockname()[1]


def _protocols(headers: Headers) -> Sequence[str]:
    offered = ",".join(headers.get_all("Sec-WebSocket-Protocol"))
    return [protocol.strip() for protocol in offered.split(",")]


def _harden(connection: ServerConnection, request: Request, response: Response) -> None:
    """Send the security headers with every answer, also with those of the library."""
    for name, value in HEADERS.items():
        if name not in response.headers:
            response.headers[name] = value


def _refusal(refusal: Refusal) -> Response:
    return _response(refusal.status, "text/plain; charset=utf-8", f"{refusal.words}\n".encode())


def _response(status: HTTPStatus, kind: str, body: bytes) -> Response:
    headers = Headers({"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close", **HEADERS})
    return Response(status.value, status.phrase, headers, body)
