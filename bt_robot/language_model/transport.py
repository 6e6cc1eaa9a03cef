"""One HTTP exchange that ends in time and in bounds, whatever the other end does.

The libraries' time limits are for each wait; a server that sends a byte now and then outlasts them all. Here every
wait ends at the same point in time, and only so many bytes are let in. A connection serves one exchange: at one
question a second a new one costs nothing that matters, and a late answer can't be taken for the next one.
"""

from __future__ import annotations

import base64
import contextlib
import io
import socket
import ssl
import time
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any, Final, cast

from bt_robot.errors import EndpointGarbage, EndpointTimeout, EndpointUnavailable
from bt_robot.language_model.address import Address, Proxy
from bt_robot.policy.connection.sockets import open_socket

_PIECE: Final = 65536


@dataclass(frozen=True, slots=True)
class Limits:
    """What one exchange may take.

    Attributes:
        connect_s: To connect, with TLS [s].
        whole_s: For everything, from the name's address to the last byte [s].
        answer_bytes: Of the answer, with its head.
    """

    connect_s: float = 3.0
    whole_s: float = 10.0
    answer_bytes: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered.

    Attributes:
        status: The HTTP status.
        headers: By name in small letters.
        body: The content.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


class Exchange:
    """Makes one exchange; another thread may end it."""

    def __init__(self, address: Address, limits: Limits, tls: ssl.SSLContext | None, proxy: Proxy | None) -> None:
        """Prepare.

        Args:
            address: Where to go.
            limits: What it may take.
            tls: What is trusted; needed for an encrypted address.
            proxy: On the way; None for none.
        """
        self._address = address
        self._limits = limits
        self._tls = tls
        self._proxy = proxy
        self._socket: socket.socket | None = None
        self._aborted = False

    def abort(self) -> None:
        """End the exchange at once; it raises in the thread that waits."""
        self._aborted = True
        opened = self._socket
        if opened is not None:
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)

    def run(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        """Connect, send a request and read the answer.

        Raises:
            EndpointUnavailable: There is no connection, or it broke.
            EndpointTimeout: It took too long.
            EndpointGarbage: The answer is no HTTP, or too long.
        """
        began_s = time.monotonic()
        deadline_s = began_s + self._limits.whole_s
        with contextlib.ExitStack() as stack:
            try:
                opened = self._connect(stack, min(began_s + self._limits.connect_s, deadline_s))
            except TimeoutError as error:
                raise EndpointTimeout(f"{self._address}: no connection within {self._limits.connect_s:g} s") from error
            except ssl.SSLError as error:
                raise EndpointUnavailable(f"{self._address}: {_tls_words(error)}") from error
            except OSError as error:
                raise EndpointUnavailable(f"{self._address}: {_words(error)}") from error
            reader = _Reader(opened, deadline_s, self._limits.answer_bytes)
            try:
                _send(opened, self._head(method, path, headers, len(body)) + body, deadline_s)
                return _read(reader, method)
            except TimeoutError as error:
                raise EndpointTimeout(f"{self._address}: no answer within {self._limits.whole_s:g} s") from error
            except _TooLong as error:
                raise EndpointGarbage(f"{self._address}: the answer is longer than {reader.limit} bytes") from error
            except (HTTPException, ValueError) as error:
                if self._aborted or isinstance(error, (ConnectionError, IncompleteRead)):
                    raise EndpointUnavailable(f"{self._address}: it hung up before it answered") from error
                raise EndpointGarbage(f"{self._address}: the answer is no HTTP; is it a chat endpoint?") from error
            except OSError as error:
                raise EndpointUnavailable(f"{self._address}: {_words(error)}") from error

    def _head(self, method: str, path: str, headers: dict[str, str], length: int) -> bytes:
        address = self._address
        target = f"{address.path}{path}"
        if self._proxy is not None and not address.tls:
            target = f"http://{address.authority}{target}"
            headers = {**headers, **_proxy_headers(self._proxy)}
        fields = {
            "Host": address.authority,
            "Connection": "close",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            **({"Content-Type": "application/json", "Content-Length": str(length)} if length else {}),
            **headers,
        }
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

    def _connect(self, stack: contextlib.ExitStack, deadline_s: float) -> socket.socket:
        self._go_on()
        place: Address | Proxy = self._proxy or self._address
        opened = stack.enter_context(open_socket(place.host, place.port, deadline_s, self._note))
        self._go_on()
        if not self._address.tls:
            return opened
        if self._proxy is not None:
            _tunnel(opened, self._address, self._proxy, deadline_s)
        opened.settimeout(max(deadline_s - time.monotonic(), 0.001))
        assert self._tls is not None, "an encrypted address has something to trust"
        secured = stack.enter_context(self._tls.wrap_socket(opened, server_hostname=self._address.host))
        self._note(secured)
        self._go_on()
        return secured

    def _note(self, opened: socket.socket) -> None:
        self._socket = opened

    def _go_on(self) -> None:
        if self._aborted:
            raise ConnectionAbortedError


class _TooLong(Exception):
    """More bytes came than are let in."""


class _Reader(io.RawIOBase):
    """A socket's bytes until a point in time, and up to a number."""

    def __init__(self, opened: socket.socket, deadline_s: float, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self._socket = opened
        self._deadline_s = deadline_s
        self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0.0:
            raise TimeoutError
        self._socket.settimeout(left_s)
        count = self._socket.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise _TooLong
        return count

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return itself, buffered, as HTTPResponse asks a socket for it."""
        return io.BufferedReader(self, _PIECE)


def _send(opened: socket.socket, data: bytes, deadline_s: float) -> None:
    rest = memoryview(data)
    while rest:  # in pieces: for TLS the time limit of sendall is one of each piece
        left_s = deadline_s - time.monotonic()
        if left_s <= 0.0:
            raise TimeoutError
        opened.settimeout(left_s)
        rest = rest[opened.send(rest[:_PIECE]) :]


def _read(reader: _Reader, method: str) -> Answer:
    response = HTTPResponse(cast(socket.socket, reader), method=method)
    response.begin()
    body = response.read()
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)


def _tunnel(opened: socket.socket, address: Address, proxy: Proxy, deadline_s: float) -> None:
    """Ask a proxy for a connection through it (RFC 9110, 9.3.6).

    Raises:
        OSError: It gives none.
    """
    lines = [f"CONNECT {address.place} HTTP/1.1", f"Host: {address.place}"]
    lines += [f"{name}: {value}" for name, value in _proxy_headers(proxy).items()]
    _send(opened, ("\r\n".join(lines) + "\r\n\r\n").encode("ascii"), deadline_s)
    response = HTTPResponse(cast(socket.socket, _Reader(opened, deadline_s, _PIECE)), method="CONNECT")
    try:
        response.begin()
    except HTTPException as error:
        raise OSError(f"the proxy {proxy.host}:{proxy.port} does not answer as one") from error
    if response.status != 200:
        raise OSError(f"the proxy {proxy.host}:{proxy.port} answered {response.status} {response.reason}"[:200])


def _proxy_headers(proxy: Proxy) -> dict[str, str]:
    if not proxy.credentials:
        return {}
    return {"Proxy-Authorization": "Basic " + base64.b64encode(proxy.credentials.encode()).decode("ascii")}


def _tls_words(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}; name yours with ca_file"
    return f"no encrypted connection: {error.reason or error}; does it speak https?"


_HINTS: Final[tuple[tuple[type[OSError], str], ...]] = (
    (ConnectionRefusedError, "nothing listens there; is the server running?"),
    (socket.gaierror, "there is no such host; check the name"),
    (ConnectionError, "it hung up before it answered"),
)


def _words(error: OSError) -> str:
    return next((hint for kind, hint in _HINTS if isinstance(error, kind)), error.strerror or str(error))
