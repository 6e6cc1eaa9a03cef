"""A pseudo-terminal as the emulator's end of a serial cable."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
import tty
from pathlib import Path
from typing import Final

_TCGETS2: Final = 0x802C542A
"""Linux's ioctl that tells line rates as numbers, those without a constant of their own included."""

_TERMIOS2: Final = struct.Struct("4I B 19s 2I")
_READ_BYTES: Final = 4096


class Pty:
    """An open pseudo-terminal in raw mode; whoever opens `path` is at the other end.

    Its own file on the other end stays open, so that a host may come and go.

    Attributes:
        path: The tty that the host opens.
        fd: The emulator's end.
    """

    def __init__(self) -> None:
        """Open one.

        Raises:
            OSError: The system has none left.
        """
        self.fd, self._held = os.openpty()
        tty.setraw(self._held)
        os.set_blocking(self.fd, False)
        self.path = os.ttyname(self._held)

    def baud(self) -> int:
        """Return the line rate that the host has set [bit/s]."""
        answer = fcntl.ioctl(self.fd, _TCGETS2, bytes(_TERMIOS2.size))
        return int(_TERMIOS2.unpack(answer)[-1])

    def read(self) -> bytes:
        """Return what the host has sent; empty if nothing has come."""
        try:
            return os.read(self.fd, _READ_BYTES)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> int:
        """Hand bytes to the host; return how many were lost because it does not read them."""
        try:
            return len(data) - os.write(self.fd, data)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EIO):
                raise
            return len(data)

    def close(self) -> None:
        """Close both ends: for the host, the cable is gone."""
        os.close(self.fd)
        os.close(self._held)


def link(path: str, target: str) -> None:
    """Let a path lead to a tty; a link that is there already is replaced.

    Raises:
        OSError: It can't be made, or something else than a link is there.
    """
    place = Path(path)
    if place.is_symlink():
        place.unlink()
    place.symlink_to(target)


def unlink(path: str) -> None:
    """Take a link away, if it is there."""
    with contextlib.suppress(OSError):
        if Path(path).is_symlink():
            Path(path).unlink()
