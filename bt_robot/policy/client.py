"""A policy server on the other end of a websocket."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from dataclasses import replace
from typing import Final, NoReturn

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus, InvalidURI
from websockets.sync.client import ClientConnection, connect

from bt_robot.errors import PolicyError, PolicyTimeout, PolicyUnavailable, ServerError, WireError
from bt_robot.policy.base import Policy
from bt_robot.policy.wire.base import Fields, Reply, WireFormat
from bt_robot.policy.wire.checks import escape, server_words
from bt_robot.policy.wire.json_protocol import JsonProtocol
from bt_robot.policy.wire.openpi import OpenPi

logger = logging.getLogger(__name__)

MAX_REPLY_BYTES: Final = 4_000_000  # a chunk of 50 x 32 float32 has 6.4 kB
_CLOSE_TIMEOUT_S: Final = 0.3
_LOGGED_CHARS: Final = 4000
_FAREWELLS: Final = (1000, 1001)  # RFC 6455, 7.4.1: normal closure, going away


def open_policy(url: str, protocol: str) -> Policy:
    """Return the policy server at a URL, not connected yet.

    Args:
        url: A `ws://` or `wss://` URL.
        protocol: `openpi` or `json`.
    """
    return WebsocketPolicy(url, JsonProtocol() if protocol == "json" else OpenPi())


class WebsocketPolicy:
    """A `Policy` over a websocket, in any wire format."""

    def __init__(self, url: str, wire: WireFormat) -> None:
        """Note where the server is; `connect` goes there.

        Args:
            url: A `ws://` or `wss://` URL.
            wire: How requests and replies look.
        """
        self._url = url
        self._wire = wire
        self._connection: ClientConnection | None = None
        self._open = contextlib.ExitStack()

    @property
    def url(self) -> str:
        """Where the server is."""
        return self._url

    @property
    def connected(self) -> bool:
        """Whether the connection stands and nothing unasked-for waits in it; it is dropped otherwise."""
        if self._connection is None:
            return False
        try:
            stray = self._connection.recv(timeout=0)
        except TimeoutError:
            return True
        except ConnectionClosed as error:
            # Servers hang up on idle clients; that is no failure, the next request connects again.
            logger.info("%s has closed the connection: %s", self._url, error)
        else:
            logger.warning("%s sent %d bytes unasked; connecting anew", self._url, len(stray))
        self.close()
        return False

    def connect(self, timeout_s: float) -> Fields:
        """Connect anew and return the server's metadata, empty in a protocol that has none.

        Args:
            timeout_s: Time for all of it [s].

        Raises:
            PolicyUnavailable: Nothing there can be connected to.
            PolicyTimeout: It took too long.
            ServerError: The server greeted with an error.
            WireError: The server's metadata break the format.
        """
        self.close()
        deadline_s = time.monotonic() + timeout_s
        try:
            self._connection = self._open.enter_context(
                connect(
                    self._url,
                    open_timeout=timeout_s,
                    close_timeout=_CLOSE_TIMEOUT_S,
                    # openpi answers no ping while it infers; our own time limits notice a dead peer sooner.
                    ping_interval=None,
                    max_size=MAX_REPLY_BYTES,
                    compression=None,
                    proxy=None,  # an http_proxy in the environment is not meant for the robot's network
                )
            )
            if not self._wire.greets:
                return {}
            return self._wire.metadata(self._receive(deadline_s))
        except (OSError, InvalidHandshake, InvalidURI, ConnectionClosed, PolicyError, ValueError) as error:
            self.close()
            self._explain_connect(error, timeout_s)

    def _explain_connect(self, error: Exception, timeout_s: float) -> NoReturn:
        if isinstance(error, PolicyError):
            raise error
        if isinstance(error, TimeoutError):
            text = f"{self._url} did not answer within {timeout_s:g} s; is a firewall in between, or the server busy?"
            raise PolicyTimeout(text) from error
        raise PolicyUnavailable(f"no policy server at {self._url}: {_connect_hint(error)}") from error

    def infer(self, fields: Fields, timeout_s: float) -> Reply:
        """Send a request and wait for its answer; after any failure the connection is dropped.

        Args:
            fields: The request by wire key.
            timeout_s: Time from now to the whole answer [s].

        Raises:
            PolicyUnavailable: There is no connection, or it was lost.
            PolicyTimeout: No answer came in time.
            ServerError: The server answered with an error.
            WireError: The answer breaks the format.
        """
        connection = self._connection
        if connection is None:
            raise PolicyUnavailable(f"not connected to {self._url}")
        began_s = time.monotonic()
        deadline_s = began_s + timeout_s
        frame: str | bytes | None = None
        try:
            message = self._wire.request(fields)
            encoded_s = time.monotonic()
            # A peer that stops reading would block a send for ever; receiving has its own time limit.
            connection.socket.settimeout(max(0.01, deadline_s - time.monotonic()))
            connection.send(message)
            frame = self._receive(deadline_s)
            received_s = time.monotonic()
            reply = self._wire.reply(frame)
        except (TimeoutError, ConnectionClosed, PolicyError, OSError) as error:
            self.close()
            self._explain_infer(error, timeout_s, frame, hung_up=connection.close_code in _FAREWELLS)
        return replace(
            reply,
            encode_s=encoded_s - began_s,
            round_trip_s=received_s - encoded_s,
            decode_s=time.monotonic() - received_s,
        )

    def _explain_infer(
        self, error: Exception, timeout_s: float, frame: str | bytes | None, *, hung_up: bool
    ) -> NoReturn:
        if isinstance(error, ServerError) and frame is not None:
            logger.info("%s answered with an error: %s", self._url, escape(str(frame[:_LOGGED_CHARS])))
        if isinstance(error, PolicyError):
            raise error
        if isinstance(error, TimeoutError) or isinstance(error.__cause__, TimeoutError):
            raise PolicyTimeout(f"no answer from {self._url} within {timeout_s:g} s") from error
        if isinstance(error, ConnectionClosed):
            if error.sent is not None and error.sent.code == 1009:
                limit_mb = MAX_REPLY_BYTES / 1e6
                raise WireError(f"the reply of {self._url} is larger than {limit_mb:g} MB") from error
            raise PolicyUnavailable(f"connection to {self._url} lost: {_close_hint(error)}", hung_up=hung_up) from error
        raise PolicyUnavailable(f"connection to {self._url} lost: {error}", hung_up=hung_up) from error

    def _receive(self, deadline_s: float) -> str | bytes:
        assert self._connection is not None
        return self._connection.recv(timeout=max(0.0, deadline_s - time.monotonic()))

    def abort(self) -> None:
        """Make a call that waits in another thread fail at once; safe to call from any thread."""
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Drop the connection; allowed at any time, any number of times."""
        self._connection = None
        self._open.close()


def _connect_hint(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused; is it running, and is the port right?"
    if isinstance(error, socket.gaierror):
        return "the host name is unknown"
    if isinstance(error, (InvalidURI, ValueError)) and not isinstance(error, OSError):
        return "this is no ws:// URL"
    if isinstance(error, InvalidStatus):
        return f"it answers HTTP {error.response.status_code} instead of opening a websocket; is the port right?"
    if isinstance(error, InvalidMessage):
        return "what listens there is no websocket server; is the port right?"
    if isinstance(error, ConnectionClosed):
        return f"it closed the connection before saying anything ({_close_hint(error)})"
    return escape(str(error)) or type(error).__name__


def _close_hint(error: ConnectionClosed) -> str:
    if error.rcvd is None:
        return "the server is gone" if error.sent is None else f"we closed it: {escape(error.sent.reason)}"
    reason = f": {server_words(error.rcvd.reason)}" if error.rcvd.reason else ""
    return f"the server closed it with code {error.rcvd.code}{reason}"
