"""Which serial ports there are, by the names that survive replugging."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from serial.tools import list_ports

from bt_robot.errors import RobotRefused

BY_ID: Final = Path("/dev/serial/by-id")

_ADAPTERS: Final = {
    0x1A86: "WCH (the usual SO-101 adapter)",
    0x10C4: "Silicon Labs",
    0x0403: "FTDI",
    0x303A: "Espressif",
}


@dataclass(frozen=True, slots=True)
class SerialDevice:
    """A serial port of this machine.

    Attributes:
        path: The path to use: under /dev/serial/by-id where there is one.
        device: What it is now, e.g. `/dev/ttyACM0`.
        words: What it says of itself.
        usb: Whether it is on the USB.
    """

    path: str
    device: str
    words: str
    usb: bool


def serial_devices(by_id: Path = BY_ID) -> list[SerialDevice]:
    """Return the serial ports, those on the USB first."""
    stable = {str(link.resolve()): str(link) for link in sorted(by_id.iterdir())} if by_id.is_dir() else {}
    found = [
        SerialDevice(
            path=stable.get(port.device, port.device),
            device=port.device,
            words=" ".join(
                str(part)
                for part in (port.manufacturer, port.product, port.serial_number, _ADAPTERS.get(port.vid or 0))
                if part
            ),
            usb=port.vid is not None,
        )
        for port in list_ports.comports()
    ]
    return sorted(found, key=lambda port: (not port.usb, port.device))


def find_port(by_id: Path = BY_ID) -> str:
    """Return the only USB serial port there is.

    Raises:
        RobotRefused: There is none, or more than one.
    """
    ports = [port for port in serial_devices(by_id) if port.usb]
    if len(ports) == 1:
        return ports[0].path
    if not ports:
        raise RobotRefused("no USB serial adapter is plugged in; `bt-arm ports` lists what there is")
    listed = ", ".join(f"{port.path} ({port.words or port.device})" for port in ports)
    raise RobotRefused(f"robot.port is auto, and there are {len(ports)} USB serial ports: {listed}; name one of them")
