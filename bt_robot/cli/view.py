"""`bt-view`: look at a recorded run in a web page."""

from __future__ import annotations

import argparse
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bt_robot import __version__
from bt_robot.cli.arguments import EXIT_SUCCESS, Parser, run_command, say
from bt_robot.cli.live_view import add_token_flag, link_to, secret, view_address, wait_for_interrupt
from bt_robot.errors import UsageError
from bt_robot.telemetry.view.address import Address

if TYPE_CHECKING:
    from bt_robot.telemetry.recorder import RecordedRun
    from bt_robot.telemetry.view.album import Shot
    from bt_robot.telemetry.view.server import ViewServer
    from bt_robot.telemetry.view.told import Ended

RUNS: Final = Path("runs")

_EPILOG: Final = """\
examples:
  bt-view                                   the newest run in runs/
  bt-view runs/20260203-040506-pick_place   that one
  bt-view failed.mcap --port 9000           a recording that somebody sent
  bt-view failed.mcap --port 0.0.0.0:9000   for others, who need the whole link

A run that goes on is shown by `bt-run TREE --view`.

exit codes: 0 ended by Ctrl-C, 2 no recording, or bad flags"""


def _parser() -> Parser:
    parser = Parser(
        prog="bt-view",
        description="Look at a recorded run in a web page: tree, joints, cameras, at any time.",
        epilog=_EPILOG,
    )
    parser.add_argument("run", nargs="?", metavar="RUN", help="a run's folder or its run.mcap (default: the newest)")
    parser.add_argument(
        "--port",
        type=view_address,
        default=Address(),
        metavar="[HOST:]PORT",
        help="where to serve the page (default: 127.0.0.1:8088, or any port if that is taken)",
    )
    add_token_flag(parser, "with another HOST")
    parser.add_argument("--json", action="store_true", help="print the link as a JSON object")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="say what happens; twice: everything")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Show a recorded run until Ctrl-C; return the exit code."""
    return run_command(_view, _parser(), argv)


def _view(arguments: argparse.Namespace) -> int:
    from bt_robot.telemetry.recorder import read_run
    from bt_robot.telemetry.view.opening import open_view
    from bt_robot.telemetry.view.told import About

    address = arguments.port
    with read_run(Path(arguments.run) if arguments.run else newest_run(RUNS)) as run:
        info = run.info
        title = f"{info.tree}, {info.started:%Y-%m-%d %H:%M:%S}"
        about = About(title, info.limits, info.control_hz, info.cameras, "; ".join(run.damage))
        token = secret(address, arguments.token, control=False)
        server = open_view(about, address, token, album=_Pictures(run), live=False, patient=True)
        link = link_to(address.host, server.port, token)
        over = threading.Event()
        reading = threading.Thread(target=_feed, args=(run, server, over), name="recording", daemon=True)
        reading.start()
        try:
            said = json.dumps({"run": str(run.path), "link": link}) if arguments.json else link
            say(f"{said}\n")
            arguments.stderr.write(f"showing {run.path}; Ctrl-C ends it\n")
            wait_for_interrupt(arguments.interrupt)
        finally:
            over.set()
            reading.join()
            server.close()
    return EXIT_SUCCESS


def newest_run(folder: Path) -> Path:
    """Return the newest run below a folder.

    Raises:
        UsageError: There is none.
    """
    from bt_robot.telemetry.recorder import FILE_NAME

    found = [path for path in folder.glob(f"*/{FILE_NAME}") if path.is_file()]
    if not found:
        raise UsageError(f"there is no recorded run in {folder}/; name one: bt-view RUN")
    return max(found, key=lambda path: path.stat().st_mtime_ns)


def _feed(run: RecordedRun, server: ViewServer, over: threading.Event) -> None:
    """Have a server remember a recording."""
    for record in run.records():
        if over.is_set():
            return
        server.publish(record)
    server.end(_ended(run))


def _ended(run: RecordedRun) -> Ended:
    from bt_robot.telemetry.view.told import Ended

    if run.ending is None:
        return Ended("", "; ".join(run.damage) or "the recording was cut off")
    return Ended.of(run.ending)


class _Pictures:
    """The pictures of a recording."""

    def __init__(self, run: RecordedRun) -> None:
        """Keep where they are."""
        self._run = run

    def at(self, camera: str, time_s: float) -> Shot | None:
        """Return the newest picture of a camera at or before a time [s]; None if there is none."""
        from bt_robot.telemetry.view.album import Shot

        picture = self._run.picture(camera, time_s)
        return None if picture is None else Shot(picture.captured_s, picture.jpeg)
