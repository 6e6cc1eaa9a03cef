"""Flags that several commands share, and what every command does around its work."""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from bt_robot import __version__
from bt_robot.cli.interrupts import interrupts_in_order
from bt_robot.cli.problems import problem_json, problems_for
from bt_robot.errors import InputError, LoadError, StartRefused, UsageError
from bt_robot.telemetry.writer import BackgroundWriter

EXIT_SUCCESS, EXIT_FAILURE, EXIT_INPUT, EXIT_REFUSED, EXIT_INTERRUPTED = 0, 1, 2, 3, 130
EXIT_CODES = """\
exit codes: 0 SUCCESS, 1 FAILURE, 2 bad tree, config or flag,
            3 robot or policy refused, 130 interrupted"""


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are UsageErrors like all others, and whose help keeps its line breaks."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Raise instead of exiting.

        Raises:
            UsageError: Always.
        """
        raise UsageError(f"{message}\n{self.format_usage().rstrip()}\ntry: {self.prog} --help")


def add_config_flags(parser: argparse.ArgumentParser) -> None:
    """Add what chooses a config."""
    parser.add_argument(
        "--config", default="configs/sim.yaml", metavar="FILE", help="robot, limits and policy (default: %(default)s)"
    )
    add_set_flag(parser)


def add_set_flag(parser: argparse.ArgumentParser) -> None:
    """Add what changes a config's values."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="assignments",
        help="change one value of the config, e.g. --set policy.url=ws://gpu:8000; repeatable",
    )


def add_output_flags(parser: argparse.ArgumentParser) -> None:
    """Add what decides how much a command says, and to whom."""
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line on stdout")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="say what happens; twice: everything")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")


def add_confirm_flag(parser: argparse.ArgumentParser) -> None:
    """Add what answers the questions of `confirm`."""
    parser.add_argument(
        "--confirm",
        choices=("ask", "yes", "no"),
        default="ask",
        help="answer every `confirm` of the tree alike instead of asking (default: %(default)s)",
    )


GROOT2 = ("127.0.0.1", 1667)
"""Where Groot2 looks by itself; what is published has the next port."""


def add_groot2_flag(parser: argparse.ArgumentParser) -> None:
    """Add what lets clients of Groot2's protocol look on."""
    parser.add_argument(
        "--groot2",
        nargs="?",
        type=_address,
        const=GROOT2,
        metavar="[HOST:]PORT",
        help=f"let Groot2 and its kin watch and set breakpoints (default: {GROOT2[0]}:{GROOT2[1]})",
    )


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    number = count(port)
    if number >= 0xFFFF:
        raise argparse.ArgumentTypeError(f"'{text}' has no port below 65535")
    return host.strip("[]") or GROOT2[0], number


def positive(text: str) -> float:
    """Read a number above 0.

    Raises:
        ArgumentTypeError: It is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0.0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0")
    return value


def count(text: str) -> int:
    """Read a whole number above 0.

    Raises:
        ArgumentTypeError: It is none.
    """
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above 0")
    return int(text)


def seed(text: str) -> int:
    """Read a whole number from 0 on.

    Raises:
        ArgumentTypeError: It is none.
    """
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least 0")
    return int(text)


def use_one_thread_a_library() -> None:
    """Keep numpy's BLAS from spinning on every core; it reads this when it is first imported."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def log_to(stream: BackgroundWriter, verbosity: int) -> None:
    """Send the log to a stream: warnings, with -v what happens, with -vv everything."""
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbosity, 2)]
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s", stream=stream, force=True)
    for noisy in ("websockets", "matplotlib", "PIL"):
        logging.getLogger(noisy).setLevel(max(level, logging.INFO if verbosity > 2 else logging.WARNING))


def say(text: str) -> None:
    """Write to stdout; a reader that has gone, as `head` does, is no error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains when it ends
    except OSError as error:
        logging.getLogger(__name__).warning("stdout can't be written: %s", error.strerror or error)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run_command(work: Callable[[argparse.Namespace], int], parser: Parser, argv: list[str] | None) -> int:
    """Parse, do a command's work, and turn what it raises into a message and an exit code.

    With `--json` the message is also the JSON object on stdout's last line. Nothing that is written to
    stderr can make the work wait. The work finds two more arguments: `stderr`, which it may write to,
    and `interrupt`.
    """
    use_one_thread_a_library()
    _mend_streams()
    writer, reason, said = BackgroundWriter(sys.stderr), "", ""
    more: dict[str, Any] = {}
    with interrupts_in_order(restore=argv is not None) as interrupt:
        try:
            arguments = parser.parse_args(argv)
            log_to(writer, getattr(arguments, "verbose", 0))
            arguments.stderr, arguments.interrupt = writer, interrupt
            return work(arguments)
        except (InputError, StartRefused) as error:
            code = EXIT_REFUSED if isinstance(error, StartRefused) else EXIT_INPUT
            status, reason = ("REFUSED" if code == EXIT_REFUSED else "INVALID"), str(error)
            if isinstance(error, LoadError):
                count = f"{len(error.problems)} problems\n" if len(error.problems) > 1 else ""
                reason, said = count + reason, count + problems_for(sys.stderr, error.problems)
                more = {"problems": [problem_json(problem) for problem in error.problems]}
        except KeyboardInterrupt:
            code, status, reason = EXIT_INTERRUPTED, "INTERRUPTED", "interrupted"
        except Exception as error:  # whoever waits for the JSON object or the exit code gets them all the same
            if interrupt.insisted:
                code, status, reason = EXIT_INTERRUPTED, "INTERRUPTED", "interrupted"
            else:
                logging.getLogger(__name__).exception("this is a defect of %s, please report it", parser.prog)
                code, status, reason = EXIT_FAILURE, "ERROR", f"internal error: {type(error).__name__}: {error}"
        finally:
            interrupt.deafen()
            writer.write(f"{parser.prog}: {said or _harmless(reason)}\n" if reason else "")
            writer.finish()
    if "--json" in (sys.argv[1:] if argv is None else argv):
        say(json.dumps({"status": status, "reason": reason, **more}) + "\n")
    return code


def _harmless(text: str) -> str:
    """Return a text that does nothing to a terminal: a file that somebody sent may have its words in it."""
    return "".join(character if character.isprintable() or character == "\n" else " " for character in text)


def _mend_streams() -> None:
    """Let closed output streams lead nowhere, and let none fail on a character it does not know."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - open as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="ascii" if stream.isatty() and _wants_ascii() else None, errors="replace")


def _wants_ascii() -> bool:
    """Whether the locale was said to be C, and not only left open: Python takes both for UTF-8."""
    said = {os.environ.get(name) for name in ("LC_ALL", "LANG")}
    return bool(sys.flags.utf8_mode) and "PYTHONUTF8" not in os.environ and not said.isdisjoint({"C", "POSIX"})
