"""TCP connections that notice when the other end is gone without a word."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from typing import Final

IDLE_LIMIT_S: Final = 10.0
"""After this time without a sign of life an idle connection counts as lost [s]."""

_KEEPALIVE: Final = (
    ("TCP_KEEPIDLE", 4),  # [s] of silence before the first probe
    ("TCP_KEEPINTVL", 2),  # [s] between probes
    ("TCP_KEEPCNT", 3),  # unanswered probes
)
"""The other end's kernel answers the probes, however long its program is busy with an inference."""


def open_socket(
    host: str, port: int, deadline_s: float, note: Callable[[socket.socket], None] = lambda _: None
) -> socket.socket:
    """Connect to the first address of a host that answers.

    Args:
        host: A name or an address.
        port: The port.
        deadline_s: When to give up [s], on the monotonic clock.
        note: Is told each socket before it connects, so that another thread can shut it down.

    Raises:
        OSError: None answers, or the name is unknown.
    """
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    last: OSError = TimeoutError("timed out")
    for i, (family, kind, protocol, _, address) in enumerate(addresses):
        left_s = deadline_s - time.monotonic()
        if left_s <= 0.0:
            break
        opened = socket.socket(family, kind, protocol)
        note(opened)
        try:
            opened.settimeout(left_s / (len(addresses) - i))  # one that is silent leaves time for the others
            opened.connect(address)
            opened.settimeout(None)
            _keep_alive(opened)
        except OSError as error:
            opened.close()
            last = error
        else:
            return opened
    raise last


def _keep_alive(opened: socket.socket) -> None:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if hasattr(socket, name):
            opened.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    limit_silence(opened, IDLE_LIMIT_S)


def limit_silence(opened: socket.socket, limit_s: float) -> None:
    """Let the kernel end a connection whose data nobody has confirmed for a time, where it can.

    Linux counts the time in which a busy server's window is full as well (`tcp(7)`, TCP_USER_TIMEOUT), so the limit
    must not be below the time that a request may take.

    Args:
        opened: A connected socket.
        limit_s: The time [s].
    """
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        with contextlib.suppress(OSError):  # the connection may be gone already, which the next send will tell
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(limit_s * 1000))
