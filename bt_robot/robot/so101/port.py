"""A serial port as the bus wants it: exclusive, bounded in every wait, and waited for without spinning."""

from __future__ import annotations

import errno
import os
import select
import time
from typing import Final, Protocol

import serial

from bt_robot.errors import RobotError, RobotRefused

BAUD: Final = 1_000_000
"""The factory setting of STS3215 servos [bit/s]."""

WRITE_TIMEOUT_S: Final = 0.02
"""A port that takes no bytes for this long is jammed [s]."""

_CHUNK: Final = 4096


class PortLost(RobotError):
    """The port vanished, or takes no more bytes: the cable, the adapter, or its USB hub."""


class Port(Protocol):
    """Bytes to and from a half-duplex bus, under somebody's clock."""

    def now_s(self) -> float:
        """The clock that deadlines are told in [s]."""
        ...

    def send(self, data: bytes) -> None:
        """Hand bytes over for transmission.

        Raises:
            PortLost: The port is gone, or takes no bytes.
        """
        ...

    def receive(self, deadline_s: float, due_s: float = 0.0) -> bytes:
        """Return what has arrived, waiting for the first byte until a deadline; empty when nothing came.

        Args:
            deadline_s: How long to wait [s].
            due_s: Before that, nobody looks, so that a burst costs one wake-up and not one per servo [s].

        Raises:
            PortLost: The port is gone.
        """
        ...

    def drop_input(self) -> int:
        """Throw away what has arrived unasked for; return how many bytes that were.

        Raises:
            PortLost: The port is gone.
        """
        ...

    def close(self) -> None:
        """Let go of the port; never raises."""
        ...


class SerialPort:
    """A tty, opened by pyserial and then used directly: pyserial's own reads poll in slices and copy twice."""

    def __init__(self, path: str, baud: int = BAUD) -> None:
        """Open a port for this process alone.

        Args:
            path: E.g. `/dev/serial/by-id/usb-…`.
            baud: Line rate [bit/s].

        Raises:
            RobotRefused: It is absent, not permitted, in use, or no serial port.
        """
        self.path = path
        try:
            self._serial = serial.Serial(path, baud, timeout=0, write_timeout=0, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            raise RobotRefused(_why_not(path, error)) from error
        self._fd: int = self._serial.fileno()
        os.set_blocking(self._fd, False)
        self._only = (self._fd,)
        self._readable = select.poll()
        self._readable.register(self._fd, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(self._fd, select.POLLOUT)

    def now_s(self) -> float:
        """The monotonic clock [s]."""
        return time.monotonic()

    def set_baud(self, baud: int) -> None:
        """Change the line rate [bit/s].

        Raises:
            PortLost: The port is gone.
            ValueError: The adapter has no such rate.
        """
        try:
            self._serial.baudrate = baud
        except (serial.SerialException, OSError) as error:
            raise self._lost(error) from error

    def send(self, data: bytes) -> None:
        """Hand bytes over for transmission within `WRITE_TIMEOUT_S`.

        Raises:
            PortLost: The port is gone, or takes no bytes.
        """
        deadline_s, left = time.monotonic() + WRITE_TIMEOUT_S, data
        while left:
            try:
                left = left[os.write(self._fd, left) :]
            except BlockingIOError:
                wait_ms = 1e3 * (deadline_s - time.monotonic())
                if wait_ms <= 0.0 or not self._writable.poll(wait_ms):
                    raise PortLost(
                        f"{self.path} has taken no bytes for {1e3 * WRITE_TIMEOUT_S:.0f} ms; unplug the USB cable and"
                        " plug it in again"
                    ) from None
            except OSError as error:
                raise self._lost(error) from error

    def receive(self, deadline_s: float, due_s: float = 0.0) -> bytes:
        """Return what has arrived, waiting for the first byte until a deadline; empty when nothing came.

        Args:
            deadline_s: How long to wait [s].
            due_s: Before that, nobody looks, so that a burst costs one wake-up and not one per servo [s].

        Raises:
            PortLost: The port is gone.
        """
        now_s = time.monotonic()
        if now_s < due_s:
            time.sleep(due_s - now_s)
            now_s = time.monotonic()
        # Not poll(), which rounds up to whole milliseconds.
        if not select.select(self._only, (), (), max(0.0, deadline_s - now_s))[0]:
            return b""
        return self._read()

    def drop_input(self) -> int:
        """Throw away what has arrived unasked for; return how many bytes that were.

        Raises:
            PortLost: The port is gone.
        """
        dropped = 0
        while self._readable.poll(0) and dropped < 16 * _CHUNK:
            part = self._read()
            if not part:
                break
            dropped += len(part)
        return dropped

    def _read(self) -> bytes:
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._lost(error) from error
        if not data:
            raise PortLost(f"{self.path} has vanished; is the USB cable in?")
        return data

    def _lost(self, error: OSError) -> PortLost:
        return PortLost(f"{self.path} has vanished ({error.strerror or error}); is the USB cable in?")

    def close(self) -> None:
        """Let go of the port; never raises."""
        try:
            self._serial.close()
        except (serial.SerialException, OSError):
            return  # a port that has gone can't be closed in order


def _why_not(path: str, error: Exception) -> str:
    number = getattr(error, "errno", None)
    text = str(error)
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return f"there is no port {path}; is the USB cable in? `bt-arm ports` lists what there is"
    if number == errno.EACCES or "Permission denied" in text:
        return f"no permission to open {path}; run `sudo usermod -aG dialout $USER`, log out and in again"
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text:
        return f"{path} is in use by another program; end that one first"
    return f"{path} can't be opened as a serial port: {text}"
