"""The recording of a run: the flags, and what is known of the run when it begins."""

from __future__ import annotations

import argparse
import logging
import math
import platform
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import bt_robot
from bt_robot.cli.arguments import positive

if TYPE_CHECKING:
    from bt_robot.cli.session import Session
    from bt_robot.cli.watching import TreeOf
    from bt_robot.messages import NodeInfo
    from bt_robot.runtime.loop import Ending
    from bt_robot.telemetry.recorder import RecordedEnding, RunInfo, Source
    from bt_robot.telemetry.witness.words import BtLogOrder, RecordingOrder, TreeTold
    from bt_robot.tree import TreeSpec

logger = logging.getLogger(__name__)

LIMIT_MB: Final = 500.0
RATE_HZ: Final = 10.0
FAST_RATE_HZ: Final = 2.0
"""A picture of a simulated camera takes longer to draw than a tick."""

_LEAST_MB: Final = 2.0
_WAIT_S: Final = 5.0
"""How long the recorder may lag behind before ticks are dropped."""

_PARTS: Final = ("mcap", "numpy", "py-trees", "mujoco-core", "opencv-python-headless", "websockets")


def add_record_flags(parser: argparse.ArgumentParser) -> None:
    """Add what decides about the recording."""
    parser.add_argument("--no-record", action="store_true", help="leave no recording (run.mcap) in the run's folder")
    parser.add_argument(
        "--record-hz",
        type=positive,
        metavar="HZ",
        help=f"pictures in it, per camera and second, at most (default: {RATE_HZ:g}; {FAST_RATE_HZ:g} with --fast)",
    )
    parser.add_argument(
        "--record-limit",
        type=_megabytes,
        default=LIMIT_MB,
        metavar="MB",
        help="its size: pictures get rarer, then stop, then ticks (default: %(default)g)",
    )


def picture_hz(arguments: argparse.Namespace) -> float:
    """Return how many pictures a camera is asked for [1/s], at most: the same for all that show or keep them.

    A simulated camera draws a picture once then, whoever looks at it.
    """
    return arguments.record_hz or (FAST_RATE_HZ if arguments.fast else RATE_HZ)


def _megabytes(text: str) -> float:
    value = positive(text)
    if value < _LEAST_MB:
        raise argparse.ArgumentTypeError(f"{value:g} MB has no room for a run; expected at least {_LEAST_MB:g}")
    return value


def files_of(session: Session, arguments: argparse.Namespace, folder: Path) -> list[RecordingOrder | BtLogOrder]:
    """Return what a run's witness is to write into its folder.

    Args:
        session: The run, ready to begin.
        arguments: The flags of `add_record_flags`, and those of the run.
        folder: The run's folder.
    """
    from bt_robot.telemetry.recorder import FILE_NAME
    from bt_robot.telemetry.witness.words import BtLogOrder, RecordingOrder

    log = BtLogOrder(str(folder / "tree.btlog"))
    if arguments.no_record:
        return [log]
    limit_bytes = round(1e6 * arguments.record_limit)
    return [RecordingOrder(str(folder / FILE_NAME), _info(session, arguments), picture_hz(arguments), limit_bytes), log]


@runtime_checkable
class Teller(Protocol):
    """A sink that also tells how a run ended."""

    def end(self, ending: RecordedEnding) -> None:
        """Tell it, after the last tick."""
        ...


def ending_of(ending: Ending, unmet: Sequence[str]) -> RecordedEnding:
    """Return how a run ended as others are told of it.

    Args:
        ending: How it ended.
        unmet: What the tree expects and is not so, in words.
    """
    from bt_robot.telemetry.recorder import RecordedEnding

    status = "INTERRUPTED" if ending.interrupted else "SUCCESS" if ending.status == "SUCCESS" else "FAILURE"
    amiss = tuple(unmet) if status == "SUCCESS" else ()  # what did not come to its end has met nothing, of course
    return RecordedEnding(status, ending.reason, ending.failed_path, ending.acts, amiss)


def max_waiting(session: Session) -> int:
    """Return how many ticks may wait for the witness: they hold pictures, so not more than memory is there for."""
    return math.ceil(_WAIT_S * session.job.settings.control_hz)


def told_trees(
    session: Session, arguments: argparse.Namespace, tree_of: TreeOf
) -> Callable[[tuple[NodeInfo, ...]], TreeTold]:
    """Return what tells a witness of the tree whose nodes a tick tells of.

    Args:
        session: The run, ready to begin.
        arguments: The flags of the run.
        tree_of: Finds that tree.
    """
    from bt_robot.telemetry.witness.words import TreeTold
    from bt_robot.tree.formats.running import running_tree_xml

    def told(layout: tuple[NodeInfo, ...]) -> TreeTold:
        spec = tree_of(layout)[0]
        prompt = arguments.prompt if spec is session.job.spec else ""
        return TreeTold(layout, spec.name, _tree_sources(spec, prompt), running_tree_xml(spec))

    return told


def _info(session: Session, arguments: argparse.Namespace) -> RunInfo:
    from bt_robot.config.builtin import find_file
    from bt_robot.policy.dialect.profile import profile_files
    from bt_robot.telemetry.recorder import RunInfo

    job, plans = session.job, session.plans
    profiles = profile_files(job.settings.policy.profile) if plans.profile is not None else ()
    return RunInfo(
        tree=job.spec.name,
        started=datetime.now().astimezone(),
        seed=job.seed,
        fast=job.fast,
        prompt=arguments.prompt or "",
        control_hz=job.settings.control_hz,
        limits=plans.limits,
        poses=plans.poses,
        cameras=tuple(job.settings.robot.cameras),
        config=_sources([find_file(arguments.config, "configs")])[0],
        assignments=tuple(arguments.assignments),
        profiles=_sources(profiles),
        max_time_s=job.max_time_s,
        versions=versions(),
    )


def _tree_sources(spec: TreeSpec, prompt: str | None) -> tuple[Source, ...]:
    from bt_robot.cli.task import prompt_tree
    from bt_robot.telemetry.recorder import Source

    made = (Source("--prompt", prompt_tree(prompt)),) if prompt else ()
    read = zip(spec.files, spec.texts, strict=True)  # as they were when they were loaded, not as they are now
    return (*made, *(Source(str(path), text) for path, text in read))


def _sources(paths: Iterable[Path]) -> tuple[Source, ...]:
    from bt_robot.telemetry.recorder import Source

    return tuple(Source(str(path), _text(path)) for path in paths)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:  # it was there when it was loaded; the run goes on without it
        logger.warning("%s is not in the recording: %s", path, error.strerror or error)
        return ""


def versions() -> dict[str, str]:
    """Return the versions of the program and of what it stands on."""
    found = {"bt-robot": bt_robot.__version__, "python": platform.python_version()}
    for name in _PARTS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # the package is there under another name, or not needed by this robot
            continue
    return found
