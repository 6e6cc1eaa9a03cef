"""The command `bt-serve`, also as `python -m bt_robot.standin`."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import math
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bt_robot.standin.server import ServerSettings

_EXAMPLES = """\
examples:
  bt-serve                                listen on ws://127.0.0.1:8000
  bt-serve --port 9000 --latency-ms 300   answer as slowly as a distant server
  bt-serve --spread-deg 2 --jitter-ms 80  vary, as a policy that samples does
  bt-serve --profile so101_flat_slash     speak as this profile's server does
  bt-serve --host 0.0.0.0                 let in other machines; no password

OpenPI's protocol is spoken on every path, the JSON protocol on /json;
GET /healthz answers OK.
exit codes: 0 ended, 2 bad flag or profile, 3 can't listen,
            130 interrupted (Ctrl-C)
"""


def _number(text: str, lowest: float, highest: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not lowest <= value <= highest:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a number from {lowest:g} to {highest:g}")
    return value


def _whole(text: str, lowest: int, highest: int) -> int:
    value = int(text) if text.isascii() and text.isdigit() else -1
    if not lowest <= value <= highest:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a whole number from {lowest} to {highest}")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bt-serve",
        description="Serve the simulation's stand-in policy, as an OpenPI server serves π₀.₅.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=lambda t: _whole(t, 0, 65535), default=8000, help="port, 0 for a free one (default: %(default)s)"
    )
    parser.add_argument(
        "--latency-ms",
        type=lambda t: _number(t, 0.0, 600_000.0),
        default=0.0,
        metavar="MS",
        help="wait this long before every answer (default: 0)",
    )
    parser.add_argument(
        "--horizon",
        type=lambda t: _whole(t, 1, 1000),
        default=None,
        metavar="STEPS",
        help="actions in an answer (default: the profile's number)",
    )
    parser.add_argument(
        "--profile", default="standin", metavar="NAME", help="a built-in profile, or a file (default: %(default)s)"
    )
    parser.add_argument(
        "--spread-deg",
        type=lambda t: _number(t, 0.0, 45.0),
        default=0.0,
        metavar="DEG",
        help="answers wander this far from the plan, each in its own way (default: 0)",
    )
    parser.add_argument(
        "--jitter-ms",
        type=lambda t: _number(t, 0.0, 600_000.0),
        default=0.0,
        metavar="MS",
        help="wait up to this much longer, at random (default: 0)",
    )
    parser.add_argument(
        "--seed",
        type=lambda t: _whole(t, 0, 2**63 - 1),
        default=0,
        metavar="N",
        help="of the spread and the jitter (default: 0)",
    )
    parser.add_argument("--json", action="store_true", help="say where it listens as one JSON object on stdout")
    # For a parent process that holds the other end of our standard input: its death closes it.
    parser.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the server until it is told to end; return the exit code.

    Args:
        argv: The command line without the program's name; the process's own by default.
    """
    args = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="bt-serve: %(message)s")
    from bt_robot.errors import LoadError
    from bt_robot.plugins.profiles import resolved_profile
    from bt_robot.standin.server import ServerSettings
    from bt_robot.standin.spread import Spread

    try:
        settings = ServerSettings(
            args.host,
            args.port,
            args.latency_ms / 1000.0,
            args.horizon,
            resolved_profile(args.profile),
            Spread(math.radians(args.spread_deg), args.jitter_ms / 1000.0, args.seed),
        )
        asyncio.run(_serve(settings, as_json=args.json, with_parent=args.with_parent))
    except (LoadError, ValueError) as error:
        sys.stderr.write(f"bt-serve: --profile: {error}\n")
        return 2
    except OSError as error:
        # asyncio words the same errors at length; a name that can't be resolved has a negative number.
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else error.strerror or str(error)
        sys.stderr.write(f"bt-serve: can't listen on {args.host}:{args.port}: {reason}; try another --port, or 0\n")
        return 3
    except KeyboardInterrupt:
        return 130
    return 0


async def _serve(settings: ServerSettings, *, as_json: bool, with_parent: bool) -> None:
    from bt_robot.policy.dialect.profile import load_profile
    from bt_robot.standin.brain import Brain
    from bt_robot.standin.manners import JSON_PATH
    from bt_robot.standin.server import Speech, listening

    speech = Speech.of(load_profile(settings.profile), settings.horizon)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    async with listening(Brain(), settings) as base:
        url = base + next(iter(speech.manners.paths), "")
        if as_json:
            said = {"url": url, "json_url": base + JSON_PATH, "pid": os.getpid()}
            line = json.dumps({**said, "horizon": speech.dialect.profile.horizon, "profile": settings.profile})
        else:
            line = f"serving the stand-in policy at {url} (JSON at {base}{JSON_PATH}); end with Ctrl-C"
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        if with_parent:
            watch = threading.Thread(target=_await_end_of_input, args=(loop, stop), daemon=True)
            watch.start()
        await stop.wait()


def _await_end_of_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    # os.read, not sys.stdin: a daemon thread inside a buffered reader aborts the interpreter's exit.
    while os.read(0, 1024):
        pass
    loop.call_soon_threadsafe(stop.set)


if __name__ == "__main__":
    sys.exit(main())
