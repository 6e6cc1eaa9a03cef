"""The stand-in policy server's socket: a profile's protocol on its family's paths, the JSON protocol on `/json`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Protocol

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from bt_robot.messages import Actions, Image, Joints
from bt_robot.policy.dialect.profile import Profile, load_profile
from bt_robot.standin.dialect import PLAN_HZ, REQUEST_ID, ServerDialect
from bt_robot.standin.guidance import continued
from bt_robot.standin.manners import JSON_PATH, MAX_REQUEST_BYTES, Frame, Manners, manners, put
from bt_robot.standin.spread import Spread

logger = logging.getLogger(__name__)

DEFAULT_PROFILE: Final = "standin"
JSON_PROFILE: Final = "so101_json"
_CLOSE_TIMEOUT_S: Final = 1.0
_CLOSE_REASON: Final = "Internal server error. Traceback included in previous frame."


class Planner(Protocol):
    """What decides on the actions."""

    def plan(self, front: Image, joints: Joints, prompt: str, horizon: int) -> Actions:
        """Return absolute joint targets at 30 Hz, (horizon, 6) rad, gripper 0 … 1.

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
        horizon: Actions in a chunk; None for the profile's number.
        profile: The name or file of the profile whose server it plays.
        spread: How far answers stray and are late.
        idle_s: It hangs up on a client that is silent for so long [s]; None for the family's habit.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    latency_s: float = 0.0
    horizon: int | None = None
    profile: str = DEFAULT_PROFILE
    spread: Spread = field(default_factory=Spread)
    idle_s: float | None = None


@dataclass(frozen=True, slots=True)
class Speech:
    """A way to speak: what is said, and how.

    Attributes:
        dialect: Fields and units.
        manners: The family's.
    """

    dialect: ServerDialect
    manners: Manners

    @classmethod
    def of(cls, profile: Profile, horizon: int | None) -> Speech:
        """Return a profile's, with another horizon if one is given.

        Raises:
            ValueError: The profile is for another robot.
        """
        profile = profile.with_horizon(horizon)
        return cls(ServerDialect(profile), manners(profile))


@asynccontextmanager
async def listening(planner: Planner, settings: ServerSettings) -> AsyncGenerator[str, None]:
    """Serve while the context is open, which yields the server's URL.

    Raises:
        OSError: The address can't be listened on.
        LoadError: The profile could not be loaded.
        ValueError: The profile is for another robot.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="inference") as pool:
        service = _Service(planner, settings, pool)
        async with serve(
            service.converse,
            settings.host,
            settings.port,
            process_request=service.receive,
            compression=None,
            max_size=MAX_REQUEST_BYTES,
            close_timeout=_CLOSE_TIMEOUT_S,
        ) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            host = f"[{settings.host}]" if ":" in settings.host else settings.host
            yield f"ws://{host}:{port}"


class _Service:
    """Answers clients; one inference at a time, off the event loop, so that pings are answered meanwhile."""

    def __init__(self, planner: Planner, settings: ServerSettings, pool: ThreadPoolExecutor) -> None:
        self._planner = planner
        self._settings = settings
        self._pool = pool
        profile = load_profile(settings.profile)
        self._speech = Speech.of(profile, settings.horizon)
        json_profile = profile if profile.protocol == "json" else load_profile(JSON_PROFILE)
        self._json = Speech.of(json_profile, settings.horizon)

    def receive(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer what is no websocket, and refuse paths on which the family's servers have none."""
        path = request.path.partition("?")[0]
        if path == "/healthz":
            return connection.respond(HTTPStatus.OK, "OK\n")
        paths = self._speech.manners.paths
        if paths and path not in (*paths, JSON_PATH):
            return connection.respond(HTTPStatus.NOT_FOUND, f"websockets are opened at {paths[0]}\n")
        return None

    async def converse(self, client: ServerConnection) -> None:
        path = client.request.path.partition("?")[0] if client.request else ""
        speech = self._json if path == JSON_PATH else self._speech
        with suppress(ConnectionClosed):  # a client may leave at any time
            await self._converse(client, speech)

    async def _converse(self, client: ServerConnection, speech: Speech) -> None:
        greeting = speech.manners.greeting()
        if greeting is not None:
            await client.send(greeting)
        idle_s = self._settings.idle_s or speech.manners.idle_s
        while True:
            try:
                frame = await asyncio.wait_for(client.recv(), idle_s)
            except TimeoutError:
                await client.close()
                return
            try:
                reply = await self._reply(client, speech, frame)
            except Exception as error:  # noqa: BLE001 (whatever failed, the client is told)
                logger.warning("%s: %s", type(error).__name__, error)
                await client.send(speech.manners.error(error))
                if not speech.manners.stays:
                    await client.close(1011, _CLOSE_REASON)
                    return
            else:
                await client.send(reply)

    async def _reply(self, client: ServerConnection, speech: Speech, frame: Frame) -> Frame:
        reply, wait_s = await asyncio.get_running_loop().run_in_executor(self._pool, self._infer, speech, frame)
        with suppress(TimeoutError):  # a plain sleep would keep the server from ending when the client has left
            await asyncio.wait_for(client.wait_closed(), wait_s)
        return reply

    def _infer(self, speech: Speech, frame: Frame) -> tuple[Frame, float]:
        """Return an answer, and the time to hold it back [s]."""
        dialect, spread = speech.dialect, self._settings.spread
        fields = speech.manners.read(frame)
        aside = speech.manners.aside(fields)
        if aside is not None:
            return aside, 0.0
        began_s = time.perf_counter()
        request = dialect.read(fields)
        question = request.question
        planned = self._planner.plan(question.front, question.joints, question.prompt, dialect.plan_steps)
        strayed = spread.stray(planned, PLAN_HZ, question.fingerprint)
        targets = dialect.at_rate(strayed)
        extra: dict[str, Any] = {} if request.request_id is None else {REQUEST_ID: request.request_id}
        if request.prefix is not None:
            targets = continued(targets, request.prefix)
            rtc = dialect.profile.rtc
            if rtc is not None and rtc.confirmed_by:
                put(extra, rtc.confirmed_by, {"guided": True})
        actions = dialect.write(targets, question.joints)
        reply = speech.manners.write(actions, time.perf_counter() - began_s, extra)
        return reply, self._settings.latency_s + spread.delay_s(question.fingerprint)
