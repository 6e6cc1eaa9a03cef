"""An emulated SO-101 as a process of its own: `python -m bt_robot.robot.emulator`."""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from bt_robot.errors import RobotRefused
from bt_robot.robot.emulator.arm import emulated_calibration, emulated_servos
from bt_robot.robot.emulator.control import Control
from bt_robot.robot.emulator.line import STEP_S, Line
from bt_robot.robot.emulator.log import PacketLog
from bt_robot.robot.emulator.log_file import LogFile
from bt_robot.robot.emulator.physics import MujocoPlant
from bt_robot.robot.emulator.plant import FirstOrderPlant, Plant
from bt_robot.robot.emulator.server import PtyServer, Watched
from bt_robot.robot.priority import EMULATED_SERVOS, before_others
from bt_robot.robot.sim.mirror import StateWriter
from bt_robot.robot.sim.model import PHYSICS_STEP_S
from bt_robot.robot.sim.settings import SimSettings

_STDIN = 0
_KEPT = 10_000  # packets in memory; the file holds all


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bt_robot.robot.emulator",
        description="Serve an emulated SO-101 on a tty, for any program that speaks to Feetech servos.",
        epilog="exit codes: 0 ended, 2 bad flag, 3 no tty or no room for the blocks, 130 interrupted (Ctrl-C)",
    )
    parser.add_argument("--physics", choices=("mujoco", "lag"), default="mujoco", help="what moves (default: mujoco)")
    parser.add_argument("--seed", type=int, default=0, help="places the blocks and the container (default: 0)")
    parser.add_argument("--sim", type=_settings, default=SimSettings(), help="the work cell's settings as JSON")
    parser.add_argument("--link", default="", metavar="PATH", help="a path that leads to the tty")
    parser.add_argument("--log", default="", metavar="FILE", help="write every packet to this file, as JSON lines")
    parser.add_argument(
        "--frame-ms", type=float, default=0.0, metavar="MS", help="replies arrive at multiples of this, as by USB"
    )
    # For a parent process that holds the other end of our standard input: its death closes it.
    parser.add_argument("--json", action="store_true", help="say what is where as JSON; end when stdin closes")
    return parser


def _settings(text: str) -> SimSettings:
    try:
        values = json.loads(text, object_hook=_with_tuples)
        return SimSettings(**values)
    except (TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(cast("list[Any]", v)) if isinstance(v, list) else v for name, v in values.items()}


@contextmanager
def _folder() -> Generator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="bt-emulator-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _plant(args: argparse.Namespace, state_path: str) -> tuple[Plant, float, Callable[[], None]]:
    """Return the mechanics, their step [s], and what closes them."""
    if args.physics == "lag":
        return FirstOrderPlant(gravity=True), STEP_S, lambda: None
    plant = MujocoPlant(args.sim, args.seed)
    writer = StateWriter(state_path, plant.world.model.nq, plant.world.model.nv)
    plant.publish_to(lambda qpos, qvel: writer.write(time.monotonic(), qpos, qvel))
    return plant, PHYSICS_STEP_S, writer.close


def main(argv: list[str] | None = None) -> int:
    """Serve until it is told to end; return the exit code.

    Args:
        argv: The command line without the program's name; the process's own by default.
    """
    args = _parser().parse_args(argv)
    with _folder() as folder:
        try:
            return _serve(args, folder)
        except (RobotRefused, OSError) as error:
            sys.stderr.write(f"emulator: {error}\n")
            return 3
        except KeyboardInterrupt:
            return 130


def _serve(args: argparse.Namespace, folder: Path) -> int:
    places = {name: str(folder / name) for name in ("state", "calibration.json", "control.sock")}
    log_path = args.log or str(folder / "packets.jsonl")
    plant, step_s, close_plant = _plant(args, places["state"])
    line = Line(emulated_servos(), plant, log=PacketLog(limit=_KEPT), step_s=step_s)
    Path(places["calibration.json"]).write_text(json.dumps(emulated_calibration(), indent=4), encoding="utf-8")
    server = PtyServer(line, args.link, frame_s=args.frame_ms / 1000.0)
    log = LogFile(line.log, log_path)
    control = Control(places["control.sock"], server, plant, log)

    def end(*_: object) -> None:
        server.end()

    signal.signal(signal.SIGTERM, end)
    said = {
        "port": server.path,
        "state": places["state"] if isinstance(plant, MujocoPlant) else "",
        "calibration": places["calibration.json"],
        "control": places["control.sock"],
        "log": log_path,
        "folder": str(folder),
        "pid": os.getpid(),
    }
    # What exists now stays: a collection would hold up replies for nothing.
    gc.collect()
    gc.freeze()
    before_others(EMULATED_SERVOS)
    gc.disable()
    words = json.dumps(said) if args.json else f"an emulated SO-101 listens on {server.path}; end with Ctrl-C"
    sys.stdout.write(words + "\n")
    sys.stdout.flush()

    def watched() -> Watched:
        if server.quiet:
            log.write_some()
        return {**control.watched(), **({_STDIN: lambda: _end_of_input(server)} if args.json else {})}

    try:
        server.run(watched)
    finally:
        control.close()
        server.stop()
        log.close()
        close_plant()
    return 0


def _end_of_input(server: PtyServer) -> None:
    if not os.read(_STDIN, 4096):
        server.end()


if __name__ == "__main__":
    sys.exit(main())
