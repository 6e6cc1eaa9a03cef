"""Who may talk to the view: checked before a byte of the run is told.

A page of somebody else's in the same browser can send requests here, but neither choose their `Host` nor hide its
`Origin`; and a name of its own that it has the browser resolve to this machine (DNS rebinding) stands in `Host`.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

PROTOCOL: Final = "bt-robot"
"""The websocket's subprotocol."""

_TOKEN: Final = "token."  # noqa: S105 - the word before a token, not one
_TOKEN_BYTES: Final = 16
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with every answer: nothing of elsewhere is loaded, and nobody may frame the page."""


def new_token() -> str:
    """Return a token that nobody guesses."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered.

    Attributes:
        status: For HTTP.
        words: For a person.
    """

    status: HTTPStatus
    words: str


class Guard:
    """Decides about requests to one server."""

    def __init__(self, host: str, token: str = "", names: Sequence[str] = ()) -> None:
        """Prepare.

        Args:
            host: The address that is listened on.
            token: What has to be known for the socket; empty if nothing has.
            names: More names under which this machine is reached.

        Raises:
            ValueError: Others than this machine's users could come, and there is no token.
        """
        if not token and not is_loopback(host):
            raise ValueError(f"{host} can be reached by others; a view there needs a token")
        self._token = token
        self._any_address = not is_loopback(host)
        own = {socket.gethostname(), f"{socket.gethostname()}.local", host} if self._any_address else set[str]()
        self._names = _LOOPBACK | {name.lower() for name in (*own, *names)}

    def host(self, hosts: Sequence[str]) -> Refusal | None:
        """Return why a request with these `Host` headers is not answered; None if it is."""
        name = _name(hosts[0]) if len(hosts) == 1 else None
        if name is None:
            return Refusal(HTTPStatus.BAD_REQUEST, "expected one Host header")
        if name in self._names or (self._any_address and _is_address(name)):
            return None
        return Refusal(
            HTTPStatus.MISDIRECTED_REQUEST, f"there is no '{name[:80]}' here; open the link that was printed"
        )

    def socket(self, hosts: Sequence[str], origins: Sequence[str], protocols: Sequence[str]) -> Refusal | None:
        """Return why a socket is not opened; None if it is.

        Args:
            hosts: The values of `Host`.
            origins: The values of `Origin`: where the page that asks was loaded from.
            protocols: The websocket subprotocols that it offers, one of them `token.` and the token.
        """
        refusal = self.host(hosts)
        if refusal is not None:
            return refusal
        if list(origins) != [f"http://{hosts[0]}"]:
            return Refusal(HTTPStatus.FORBIDDEN, "the socket is for the page of this server only")
        if PROTOCOL not in protocols:
            return Refusal(HTTPStatus.BAD_REQUEST, f"expected the websocket subprotocol {PROTOCOL}")
        if self._token and not any(self._is_token(protocol) for protocol in protocols):
            return Refusal(HTTPStatus.FORBIDDEN, "the token is missing or wrong; open the link that was printed")
        return None

    def _is_token(self, protocol: str) -> bool:
        return hmac.compare_digest(protocol.encode(), f"{_TOKEN}{self._token}".encode())


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name(host: str) -> str | None:
    """Return the host of a `Host` header, without the port; None if it is not one."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    if parts.netloc != host or "@" in host or not parts.hostname:
        return None
    return parts.hostname.rstrip(".")
