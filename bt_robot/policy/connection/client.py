"""A policy server on the other end of a websocket."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any, Final, NoReturn, TypeVar, cast

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.sync.client import ClientConnection, connect
from websockets.uri import parse_uri

from bt_robot.errors import PolicyError, PolicyRefused, PolicyTimeout, PolicyUnavailable, ServerError, WireError
from bt_robot.policy.connection.access import Access, HeaderlessLog
from bt_robot.policy.connection.base import Policy
from bt_robot.policy.connection.excuses import close_hint, connect_hint
from bt_robot.policy.connection.sockets import IDLE_LIMIT_S, limit_silence, open_socket
from bt_robot.policy.wire.base import REQUEST_ID, Fields, Reply, WireFormat
from bt_robot.policy.wire.checks import escape
from bt_robot.policy.wire.json_protocol import JsonProtocol
from bt_robot.policy.wire.openpi import OpenPi

logger = logging.getLogger(__name__)

MAX_REPLY_BYTES: Final = 4_000_000  # a chunk of 50 x 32 float32 has 6.4 kB
ECHOES: Final = "echoes"
"""The key under which a server announces which of a request's keys it repeats in the answer."""

_CLOSE_TIMEOUT_S: Final = 0.3
_LOGGED_CHARS: Final = 4000
_FAREWELLS: Final = (1000, 1001)  # RFC 6455, 7.4.1: normal closure, going away
_QUIET: Final = HeaderlessLog(logging.getLogger(f"{__name__}.websocket"))
_WAITING_FRAMES: Final = 2  # one is an answer, more are a fault

Answer = TypeVar("Answer")


def open_policy(
    url: str, protocol: str, access: Access | None = None, *, action_key: str | Sequence[str] = "actions"
) -> Policy:
    """Return the policy server at a URL, not connected yet.

    Args:
        url: A `ws://` or `wss://` URL.
        protocol: `json`, or any of the others, which share openpi's frames.
        access: The API key and what is trusted.
        action_key: Where the actions are in a reply; several are put side by side.
    """
    keys = action_key if isinstance(action_key, str) else tuple(action_key)
    return WebsocketPolicy(url, JsonProtocol() if protocol == "json" else OpenPi(keys), access)


class WebsocketPolicy:
    """A `Policy` over a websocket, in any wire format."""

    def __init__(self, url: str, wire: WireFormat, access: Access | None = None) -> None:
        """Note where the server is; `connect` goes there.

        Args:
            url: A `ws://` or `wss://` URL.
            wire: How requests and replies look.
            access: The API key and what is trusted.

        Raises:
            UsageError: The CA file can't be used.
        """
        self._url = url
        self._wire = wire
        self._access = access or Access()
        self._tls = self._access.tls() if url.startswith("wss://") else None
        self._connection: ClientConnection | None = None
        self._socket: socket.socket | None = None
        self._open = contextlib.ExitStack()
        self._lost = False
        self._numbered = False
        self._asked = 0

    @property
    def url(self) -> str:
        """Where the server is."""
        return self._url

    @property
    def lost(self) -> bool:
        """Whether the last connection broke, rather than ended in good order."""
        return self._lost

    @property
    def connected(self) -> bool:
        """Whether the connection stands and nothing unasked-for waits in it; it is dropped otherwise."""
        connection = self._connection
        if connection is None:
            return False
        try:
            stray = connection.recv(timeout=0)
        except TimeoutError:
            return True
        except ConnectionClosed as error:
            # Servers hang up on idle clients; that is no failure, the next request connects again.
            logger.info("%s has closed the connection: %s", self._url, self._access.hide(close_hint(error)))
            self._lost = connection.close_code not in _FAREWELLS
        else:
            logger.warning("%s sent %d bytes unasked; connecting anew", self._url, len(stray))
        self.close()
        return False

    def connect(self, timeout_s: float) -> Fields:
        """Connect anew and return the server's metadata, empty in a protocol that has none.

        Args:
            timeout_s: Time for all of it [s].

        Raises:
            PolicyUnavailable: Nothing there can be connected to now.
            PolicyTimeout: It took too long.
            ServerError: The server greeted with an error.
            WireError: The server's metadata break the format.
            PolicyRefused: It can't be connected to like this: no websocket URL, a wrong key, an untrusted certificate.
        """
        self.close()
        deadline_s = time.monotonic() + timeout_s
        try:
            self._connection = self._opened(deadline_s)
            metadata = self._wire.metadata(self._receive(deadline_s)) if self._wire.greets else {}
        except (
            OSError,
            InvalidHandshake,
            InvalidURI,
            ConnectionClosed,
            PolicyError,
            ValueError,
            OverflowError,
        ) as error:
            silent = self._connection is not None
            self.close()
            self._lost = True
            self._explain_connect(error, timeout_s, silent=silent)
        echoes = metadata.get(ECHOES)
        self._lost = False
        self._numbered = isinstance(echoes, (list, tuple)) and REQUEST_ID in cast("Sequence[Any]", echoes)
        return metadata

    def _opened(self, deadline_s: float) -> ClientConnection:
        target = parse_uri(self._url)
        opened = open_socket(target.host, target.port, deadline_s, self._note)
        # On a socket of ours the library follows no redirect: the key and the pictures go where the user said.
        return self._open.enter_context(
            connect(
                self._url,
                sock=opened,
                ssl=self._tls,
                additional_headers=self._access.headers(),
                open_timeout=max(0.01, deadline_s - time.monotonic()),
                close_timeout=_CLOSE_TIMEOUT_S,
                # openpi answers no ping while it infers; our own time limits notice a dead peer sooner.
                ping_interval=None,
                max_size=MAX_REPLY_BYTES,
                max_queue=_WAITING_FRAMES,
                compression=None,
                proxy=None,  # an http_proxy in the environment is not meant for the robot's network
                logger=_QUIET,
            )
        )

    def _note(self, opened: socket.socket) -> None:
        self._socket = opened

    def _explain_connect(self, error: Exception, timeout_s: float, *, silent: bool) -> NoReturn:
        if isinstance(error, PolicyError):
            raise self._hidden(error)
        if isinstance(error, TimeoutError):
            text = f"{self._url} did not answer within {timeout_s:g} s; is a firewall in between, or the server busy?"
            if silent:
                text = (
                    f"{self._url} opened a websocket, but announced nothing within {timeout_s:g} s; is it busy, or does"
                    " it speak another protocol (protocol: json in the profile)?"
                )
            raise PolicyTimeout(text) from self._cause(error)
        hint, passing = connect_hint(error, has_key=self._access.api_key is not None)
        text = f"no policy server at {self._url}: {self._access.hide(hint)}"
        raise PolicyUnavailable(text) if passing else PolicyRefused(text) from self._cause(error)

    def _cause(self, error: Exception) -> Exception | None:
        """Return what a traceback may show as the cause: nothing a server said, when it may have told our key back."""
        return error if self._access.api_key is None else None

    def _hidden(self, error: PolicyError) -> PolicyError:
        error.args = tuple(self._access.hide(part) if isinstance(part, str) else part for part in error.args)
        return error

    def infer(self, fields: Fields, timeout_s: float) -> Reply:
        """Send a request and wait for its answer; after most failures the connection is dropped.

        Args:
            fields: The request by wire key.
            timeout_s: Time from now to the whole answer [s].

        Raises:
            PolicyUnavailable: There is no connection, or it was lost.
            PolicyTimeout: No answer came in time.
            ServerError: The server answered with an error; if it is `open`, the connection stands.
            WireError: The answer breaks the format, or is the answer to another request.
        """
        self._asked += 1
        asked = {**fields, REQUEST_ID: self._asked} if self._numbered else fields
        began_s = time.monotonic()
        with self._failing(timeout_s):
            message = self._wire.request(asked)
            encoded_s = time.monotonic()
            frame = self._exchange(message, began_s, timeout_s)
            received_s = time.monotonic()
            reply = self._read(frame, self._wire.reply)
            self._check_order(reply)
        return replace(
            reply,
            encode_s=encoded_s - began_s,
            round_trip_s=received_s - encoded_s,
            decode_s=time.monotonic() - received_s,
        )

    def _check_order(self, reply: Reply) -> None:
        answered = reply.fields.get(REQUEST_ID) if self._numbered else None
        if answered is not None and (type(answered) is not int or answered != self._asked):
            shown = escape(repr(answered))[:40]
            raise WireError(f"the answer to request {shown} came for request {self._asked}: out of order, dropped")

    def reset(self, fields: Fields, timeout_s: float) -> None:
        """Make the server forget what it saw, and wait until it says that it did.

        Args:
            fields: What the request says besides, by wire key.
            timeout_s: Time from now to the whole answer [s].

        Raises:
            PolicyError: It did not, as `infer` tells it.
        """
        began_s = time.monotonic()
        with self._failing(timeout_s):
            frame = self._exchange(self._wire.reset_request(fields), began_s, timeout_s)
            self._read(frame, self._wire.check_reset)

    def _exchange(self, message: str | bytes, began_s: float, timeout_s: float) -> str | bytes:
        connection = self._connection
        if connection is None:
            raise PolicyUnavailable(f"not connected to {self._url}")
        deadline_s = began_s + timeout_s
        limit_silence(connection.socket, timeout_s + IDLE_LIMIT_S)
        # A peer that stops reading would block a send for ever; receiving has its own time limit.
        _limit_sending(connection, max(0.01, deadline_s - time.monotonic()))
        connection.send(message)
        _limit_sending(connection, None)
        frame = self._receive(deadline_s)
        limit_silence(connection.socket, IDLE_LIMIT_S)
        return frame

    def _receive(self, deadline_s: float) -> str | bytes:
        assert self._connection is not None
        return self._connection.recv(timeout=max(0.0, deadline_s - time.monotonic()))

    def _read(self, frame: str | bytes, read: Callable[[str | bytes], Answer]) -> Answer:
        try:
            return read(frame)
        except ServerError:
            words = self._access.hide(escape(str(frame[:_LOGGED_CHARS])))
            logger.info("%s answered with an error: %s", self._url, words)
            raise

    @contextlib.contextmanager
    def _failing(self, timeout_s: float) -> Generator[None]:
        """Turn what goes wrong inside into an error of ours; the connection does not outlive it."""
        connection = self._connection
        try:
            yield
        except (TimeoutError, ConnectionClosed, PolicyError, OSError) as error:
            if isinstance(error, ServerError) and error.open:
                raise self._hidden(error) from None
            hung_up = connection is not None and connection.close_code in _FAREWELLS
            self.close()
            told = self._explained(error, timeout_s, hung_up=hung_up)
            self._lost = isinstance(told, PolicyUnavailable) and not hung_up
            raise told from (None if told is error else self._cause(error))

    def _explained(self, error: Exception, timeout_s: float, *, hung_up: bool) -> PolicyError:
        if isinstance(error, PolicyError):
            return self._hidden(error)
        if isinstance(error, TimeoutError) or isinstance(error.__cause__, TimeoutError):
            return PolicyTimeout(f"no answer from {self._url} within {timeout_s:g} s")
        if isinstance(error, ConnectionClosed):
            if error.sent is not None and error.sent.code == 1009:
                return WireError(f"the reply of {self._url} is larger than {MAX_REPLY_BYTES / 1e6:g} MB")
            words = self._access.hide(close_hint(error))
            return PolicyUnavailable(f"connection to {self._url} lost: {words}", hung_up=hung_up)
        return PolicyUnavailable(f"connection to {self._url} lost: {error}", hung_up=hung_up)

    def abort(self) -> None:
        """Make a call that waits in another thread fail at once; safe to call from any thread."""
        connection, opened = self._connection, self._socket
        waiting = connection.socket if connection is not None else opened
        if waiting is not None:
            with contextlib.suppress(OSError):
                waiting.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Drop the connection; allowed at any time, any number of times."""
        opened, self._socket = self._socket, None
        self._connection = None
        self._open.close()
        if opened is not None:
            opened.close()


def _limit_sending(connection: ClientConnection, limit_s: float | None) -> None:
    with contextlib.suppress(OSError):  # a peer that has hung up meanwhile may have answered before
        connection.socket.settimeout(limit_s)
