"""A run for web pages: the flags, the link, and how long the page stays."""

from __future__ import annotations

import argparse
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bt_robot.errors import UsageError
from bt_robot.telemetry.view.address import HOST, PORT, Address

if TYPE_CHECKING:
    from bt_robot.cli.interrupts import Interrupt

_HIGHEST_PORT: Final = 0xFFFF
_SHORTEST_TOKEN: Final = 12
_LOOK_EVERY_S: Final = 0.2


def add_view_flags(parser: argparse.ArgumentParser) -> None:
    """Add what lets web pages look at a run."""
    parser.add_argument(
        "--view",
        nargs="?",
        type=view_address,
        const=Address(),
        metavar="[HOST:]PORT",
        help=f"show the run in a web page, also after its end (default: {HOST}:{PORT})",
    )
    parser.add_argument(
        "--control", action="store_true", help="let the page hold the run, step it, and change what it does"
    )
    parser.add_argument("--view-exit", action="store_true", help="end the page with the run, as with --json")
    add_token_flag(parser, "with another HOST, or --control")


def add_token_flag(parser: argparse.ArgumentParser, needed: str) -> None:
    """Add what chooses the token of the page's link.

    Args:
        parser: Of the command.
        needed: When the link has one that nobody chose, in words.
    """
    parser.add_argument(
        "--token",
        type=_token,
        metavar="TEXT",
        help=f"secret of the link (default: a new one {needed}, else none)",
    )


def view_address(text: str) -> Address:
    """Read `[HOST:]PORT`.

    Raises:
        ArgumentTypeError: It is something else.
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) <= _HIGHEST_PORT) or (":" in host and host[0] != "["):
        raise argparse.ArgumentTypeError(f"'{text}' is no [HOST:]PORT, e.g. 8088 or 0.0.0.0:8088")
    return Address(host.strip("[]") or HOST, int(port), chosen=True)


def _token(text: str) -> str:
    if len(text) < _SHORTEST_TOKEN or not all(c.isascii() and (c.isalnum() or c in "-_") for c in text):
        raise argparse.ArgumentTypeError(f"expected {_SHORTEST_TOKEN} or more of the characters A-Z a-z 0-9 - _")
    return text


def require_view(arguments: argparse.Namespace) -> None:
    """Refuse flags of the view without it.

    Raises:
        UsageError: One is there, and --view is not.
    """
    flags = {"--control": arguments.control, "--view-exit": arguments.view_exit, "--token": arguments.token}
    for flag, given in flags.items():
        if given and arguments.view is None:
            raise UsageError(f"{flag} is about the web page; add --view")


def secret(address: Address, token: str | None, *, control: bool) -> str:
    """Return the secret of a link, or an empty string where none is needed.

    Args:
        address: Where pages are served.
        token: The one that was chosen; None to have one made where others than this machine's users can come, or where
            the run can be changed.
        control: Whether it can.
    """
    from bt_robot.telemetry.view.security import is_loopback, new_token

    if token is None:
        return new_token() if control or not is_loopback(address.host) else ""
    return token


def link_to(host: str, port: int, token: str) -> str:
    """Return what to open in a browser; the token stays in it: browsers send no fragment."""
    shown = _reachable() if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    shown = f"[{shown}]" if ":" in shown else shown
    return f"http://{shown}:{port}/" + (f"#token={token}" if token else "")


def _reachable() -> str:
    """Return the address under which others reach this machine, most likely; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # of a network that is never used, RFC 5737
            return probe.getsockname()[0]
        except OSError:
            return socket.gethostname()


def linger(link: str, arguments: argparse.Namespace, there: Callable[[], bool]) -> None:
    """Keep the page of a run that ended until Ctrl-C: one that failed is what a person wants to look at.

    Args:
        link: What opens it.
        arguments: The flags of the run.
        there: Whether there is a page.
    """
    if arguments.json or arguments.view_exit or arguments.interrupt.insisted or not there():
        return
    arguments.stderr.write(f"the page stays until Ctrl-C: {link}\n")
    wait_for_interrupt(arguments.interrupt, there)


def wait_for_interrupt(interrupt: Interrupt, there: Callable[[], bool] = lambda: True) -> None:
    """Wait until a person has had enough, or what there was to look at is gone."""
    never = threading.Event()
    with interrupt.asked_politely():
        while not interrupt() and there():
            never.wait(_LOOK_EVERY_S)
