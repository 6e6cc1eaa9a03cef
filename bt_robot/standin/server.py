"""The stand-in policy server's socket: OpenPI's protocol on every path, the JSON protocol on `/json`."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol, TypeVar

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from bt_robot.arm.so101 import JOINT_NAMES
from bt_robot.messages import Actions, Image, Joints
from bt_robot.policy.wire import json_protocol, msgpack_numpy, openpi
from bt_robot.standin.requests import FRONT_KEY, UNITS, WRIST_KEY, Question, from_json, from_openpi

logger = logging.getLogger(__name__)

JSON_PATH: Final = "/json"
SERVER_NAME: Final = "bt_robot standin"
MAX_REQUEST_BYTES: Final = 16_000_000
_CLOSE_TIMEOUT_S: Final = 1.0
_CLOSE_REASON: Final = "Internal server error. Traceback included in previous frame."

Answer = TypeVar("Answer")


class Planner(Protocol):
    """What decides on the actions."""

    def plan(self, front: Image, joints: Joints, prompt: str, horizon: int) -> Actions:
        """Return absolute joint targets, (horizon, 6) rad, gripper 0 … 1.

        Raises:
            ValueError: The prompt asks for nothing that can be done.
        """
        ...


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How the server runs.

    Attributes:
        host: The address to listen on.
        port: The port; 0 takes a free one.
        latency_s: Time added to every answer [s].
        horizon: Actions in a chunk.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    latency_s: float = 0.0
    horizon: int = 50


@asynccontextmanager
async def listening(planner: Planner, settings: ServerSettings) -> AsyncGenerator[str, None]:
    """Serve while the context is open, which yields the server's URL.

    Raises:
        OSError: The address can't be listened on.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="inference") as pool:
        service = _Service(planner, settings, pool)
        async with serve(
            service.converse,
            settings.host,
            settings.port,
            process_request=_health,
            compression=None,
            max_size=MAX_REQUEST_BYTES,
            close_timeout=_CLOSE_TIMEOUT_S,
        ) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            host = f"[{settings.host}]" if ":" in settings.host else settings.host
            yield f"ws://{host}:{port}"


def _health(connection: ServerConnection, request: Request) -> Response | None:
    return connection.respond(HTTPStatus.OK, "OK\n") if request.path == "/healthz" else None


class _Service:
    """Answers clients; one inference at a time, off the event loop, so that pings are answered meanwhile."""

    def __init__(self, planner: Planner, settings: ServerSettings, pool: ThreadPoolExecutor) -> None:
        self._planner = planner
        self._settings = settings
        self._pool = pool

    async def converse(self, client: ServerConnection) -> None:
        path = client.request.path.partition("?")[0] if client.request else ""
        with suppress(ConnectionClosed):  # a client may leave at any time
            if path == JSON_PATH:
                await self._converse_json(client)
            else:
                await self._converse_openpi(client)

    async def _converse_openpi(self, client: ServerConnection) -> None:
        metadata = {
            "server": SERVER_NAME,
            "action_horizon": self._settings.horizon,
            "action_dim": len(JOINT_NAMES),
            "image_keys": [FRONT_KEY, WRIST_KEY],
        }
        await client.send(msgpack_numpy.pack(metadata))
        async for frame in client:
            try:
                reply = await self._answer(client, self._openpi, frame)
            except Exception as error:  # noqa: BLE001 (whatever failed, openpi tells the client and hangs up)
                logger.warning("%s: %s", type(error).__name__, error)
                await client.send(traceback_text(error))
                await client.close(1011, _CLOSE_REASON)
                return
            await client.send(reply)

    async def _converse_json(self, client: ServerConnection) -> None:
        async for frame in client:
            try:
                reply = await self._answer(client, self._json, frame)
            except Exception as error:  # noqa: BLE001 (whatever failed, the client is told)
                logger.warning("%s: %s", type(error).__name__, error)
                reply = json_protocol.write_error(f"{type(error).__name__}: {error}")
            await client.send(reply)

    async def _answer(
        self, client: ServerConnection, answer: Callable[[str | bytes], Answer], frame: str | bytes
    ) -> Answer:
        reply = await asyncio.get_running_loop().run_in_executor(self._pool, answer, frame)
        with suppress(TimeoutError):  # a plain sleep would keep the server from ending when the client has left
            await asyncio.wait_for(client.wait_closed(), self._settings.latency_s)
        return reply

    def _openpi(self, frame: str | bytes) -> bytes:
        if isinstance(frame, str):
            raise ValueError(f"a text frame; OpenPI's requests are binary, JSON is spoken at {JSON_PATH}")
        began_s = time.perf_counter()
        actions = self._plan(from_openpi(openpi.read_request(frame, MAX_REQUEST_BYTES)))
        return openpi.write_reply(actions, time.perf_counter() - began_s)

    def _json(self, frame: str | bytes) -> str:
        return json_protocol.write_reply(self._plan(from_json(json_protocol.read_request(frame, MAX_REQUEST_BYTES))))

    def _plan(self, question: Question) -> Actions:
        planned = self._planner.plan(question.front, question.joints, question.prompt, self._settings.horizon)
        return UNITS.to_wire(planned)


def traceback_text(error: BaseException) -> str:
    """Return a traceback as openpi's server sends it, but with file names instead of paths."""
    report = traceback.TracebackException.from_exception(error, max_group_depth=1)
    report.__cause__ = report.__context__ = None
    for frame in report.stack:
        frame.filename = Path(frame.filename).name
    return "".join(report.format())
