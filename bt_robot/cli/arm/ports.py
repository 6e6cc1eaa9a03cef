"""`bt-arm ports`: which serial ports there are, and whether they can be used."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bt_robot.cli.arguments import EXIT_FAILURE, EXIT_SUCCESS, Parser, say
from bt_robot.cli.arm.command import Command
from bt_robot.cli.arm.config import add_common_flags
from bt_robot.cli.arm.words import paragraph

if TYPE_CHECKING:
    from bt_robot.robot.so101.ports import SerialDevice

_EXAMPLES: Final = """\
Write the path under /dev/serial/by-id into the config: it stays with the
adapter, while /dev/ttyACM0 may be another one after a replug.

examples:
  bt-arm ports
  bt-arm ports --json
  bt-arm ports /tmp/arm              also look at this one
"""


def _add_flags(parser: Parser) -> None:
    parser.add_argument("paths", nargs="*", metavar="PATH", help="look at these ports, too")
    add_common_flags(parser)


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.robot.so101.ports import SerialDevice, serial_devices

    devices = serial_devices()
    known = {name for device in devices for name in (device.path, device.device)}
    given = [
        SerialDevice(path, os.path.realpath(path), "as given", False) for path in arguments.paths if path not in known
    ]
    found = [_looked_at(device) for device in (*given, *devices)]
    usable = any(not port["problem"] for port in found if port["usb"] or port["path"] in arguments.paths)
    if arguments.json:
        say(json.dumps({"status": "OK" if usable else "FAILURE", "ports": found}) + "\n")
    else:
        adapter = any(port["usb"] for port in found) or bool(given)
        say("".join(_words(port) for port in found) + ("" if adapter else paragraph(_NONE)))
    return EXIT_SUCCESS if usable else EXIT_FAILURE


_NONE: Final = (
    "There is no USB serial adapter. Plug the servo adapter in: it needs the USB cable as well as the servos' supply."
    " If it is in, look at `sudo dmesg | tail`, and try another cable: some carry power only."
)


def _looked_at(device: SerialDevice) -> dict[str, Any]:
    from bt_robot.cli.arm.holder import holder

    problem = problem_with(device.path)
    found = None if problem else holder(device.path)
    return {
        "path": device.path,
        "device": device.device,
        "what": device.words,
        "usb": device.usb,
        "problem": problem,
        "held_by": None if found is None else {"pid": found.pid, "program": found.program, "words": found.words},
    }


def problem_with(path: str) -> str:
    """Return why a port can't be used and what to do; empty if it can."""
    if not Path(path).exists():
        return "it is not there; is the USB cable in?"
    if os.access(path, os.R_OK | os.W_OK):
        return ""
    group = _group(path)
    if group and group != "root":
        return f"no permission; run `sudo usermod -aG {group} $USER`, log out and in again"
    return f"no permission; run `sudo chmod a+rw {path}`, or ask whoever looks after this machine"


def _group(path: str) -> str:
    import grp

    try:
        return grp.getgrgid(Path(path).stat().st_gid).gr_name
    except (KeyError, OSError):
        return ""


def _words(port: dict[str, Any]) -> str:
    about = [port["what"] or ("on the USB" if port["usb"] else "built in, no USB adapter")]
    if port["device"] != port["path"]:
        about.append(f"now {port['device']}")
    if port["held_by"]:
        about.append(f"in use: {port['held_by']['words']}")
    about.append(port["problem"] or ("" if port["held_by"] else "free"))
    return f"{port['path']}\n" + "".join(paragraph(text, "    ") for text in about if text)


COMMAND: Final = Command(
    name="ports",
    summary="list the serial ports, and what keeps you from using them",
    description="List the serial ports: by which path, what they are, who has them, and what is in the way.",
    examples=_EXAMPLES,
    add_flags=_add_flags,
    run=_run,
)
