"""`bt-arm calibrate`: find the middle and the ends of each joint, by hand."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bt_robot.cli.arguments import EXIT_FAILURE, EXIT_SUCCESS, Parser
from bt_robot.cli.arm.command import Command, tell
from bt_robot.cli.arm.config import add_common_flags, add_port_flags, load_arm, port_of
from bt_robot.cli.arm.person import Person
from bt_robot.cli.arm.words import paragraph, table
from bt_robot.errors import RobotError, RobotRefused, UsageError

if TYPE_CHECKING:
    from bt_robot.cli.arm.bench import Bench
    from bt_robot.robot.so101.calibration import Calibration
    from bt_robot.robot.so101.range_sweep import RangeSweep

_FOLDERS: Final = ("so_follower", "so101_follower")

_EXAMPLES: Final = """\
You are told what to do, step by step: let the arm rest, hold it in the middle of
its range, move every joint from stop to stop. Nothing is written before the last
question. The result goes into the servos' EEPROM and into a file in LeRobot's
format, where LeRobot finds it by the same id; see --folder for older versions.

examples:
  bt-arm calibrate --id my_arm
  bt-arm calibrate --id my_arm --folder so101_follower   for LeRobot until 0.4.2
  bt-arm calibrate --file ./left_arm.json
  bt-arm calibrate --write-only my_arm     a servo was replaced: the file stays,
                                           its values go into the servos
"""


def _add_flags(parser: Parser) -> None:
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--id", metavar="NAME", help="LeRobot's id of the arm (default: `robot.calibration` of the config)"
    )
    place.add_argument("--file", metavar="PATH", help="a path that ends with .json, instead of an id")
    place.add_argument("--write-only", metavar="ID|FILE", help="write an existing calibration into the servos")
    parser.add_argument(
        "--folder", choices=_FOLDERS, default=_FOLDERS[0], help="LeRobot's folder for an id (default: %(default)s)"
    )
    parser.add_argument("--yes", action="store_true", help="write at the end without a question")
    add_port_flags(parser)
    add_common_flags(parser)


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.cli.arm.bench import Bench
    from bt_robot.cli.arm.holder import own_port
    from bt_robot.robot.so101.calibration_files import destination, find, read

    person = Person(arguments.stderr)
    if arguments.write_only:
        path = find(arguments.write_only)
        existing = read(path)
        with own_port(port_of(arguments)) as port:
            bench = Bench(port, existing.ids)
            return _bring_in(arguments, person, bench, existing, path)
    given = arguments.file or arguments.id or load_arm(arguments).robot.calibration
    if arguments.file and not arguments.file.endswith(".json"):
        raise UsageError(f"--file {arguments.file}: expected a path that ends with .json; for an id there is --id")
    if not given:
        raise UsageError("the config names no calibration; give --id NAME or --file PATH")
    path = destination(given, folder=arguments.folder)
    _require_writable(path)
    with own_port(port_of(arguments)) as port:
        bench = Bench(port)
        _let_rest(bench, person)
        return _bring_in(arguments, person, bench, _measured(bench, person), path, given=given)


def _require_writable(path: Path) -> None:
    """Refuse a place where nothing can be written, before a person has done all the work."""
    folder = path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise UsageError(f"the calibration can't be stored as {path}: {folder} can't be written; name another place")


def _let_rest(bench: Bench, person: Person) -> None:
    """Switch the torque off once the person says that the arm can't fall."""
    if not bench.energised:
        return
    names = ", ".join(bench.name(servo_id) for servo_id in bench.energised)
    person.ask(
        f"The torque of {names} is on, and will be switched off: the arm goes limp. Lay it down, or hold it, so that it"
        " can't fall; then press ENTER."
    )
    bench.release()


def _measured(bench: Bench, person: Person) -> Calibration:
    """Guide the person through middle and ends, until both are good.

    Raises:
        RobotRefused: The person gives up.
        RobotError: A servo does not answer any more.
    """
    from bt_robot.robot.so101.range_sweep import RangeSweep

    while True:
        person.ask(
            "\nStep 1 of 2. Bring every joint to about the middle of its range: the arm stretched out to the front, the"
            " upper arm upright, the gripper half open. Hold it there and press ENTER."
        )
        sweep = RangeSweep(bench.all_encoders())
        person.tell(
            "\nStep 2 of 2. Move one joint after the other from one stop to the other, slowly, and back; the wrist_roll"
            " need not be turned. Press ENTER when all are through (q and ENTER gives up)."
        )
        while True:
            answer = _swept(bench, person, sweep)
            if answer == "q":
                raise RobotRefused("\n".join(["given up; nothing was written", *sweep.problems]))
            if not sweep.problems:
                return sweep.calibration()
            person.tell("\n" + "\n".join(sweep.problems))
            if any(joint.problem for joint in sweep.joints):
                person.tell("So the middle has to be found again.")
                break
            person.tell("Go on with these, then press ENTER (q and ENTER gives up).")


def _swept(bench: Bench, person: Person, sweep: RangeSweep) -> str:
    """Follow the joints while the person moves them; return what was typed at the end."""
    from bt_robot.cli.arm.sweep_view import sweep_view

    with sweep_view(person) as show:
        while True:
            sweep.see(bench.positions(sweep.offsets))
            show(sweep.joints)
            answer = person.line(0.02)
            if answer is not None:
                return answer


def _bring_in(
    arguments: argparse.Namespace,
    person: Person,
    bench: Bench,
    calibration: Calibration,
    path: Path,
    *,
    given: str = "",
) -> int:
    """Write a calibration into its file, if it is a new one, and into the servos.

    Raises:
        RobotError: A servo did not keep a value.
    """
    from bt_robot.robot.so101.calibration_files import write

    person.tell("\n" + "\n".join(_changes(bench, calibration)))
    changes = any(bench.held[joint.servo_id] != joint.registers for joint in calibration.joints)
    if not given and not changes:
        return _told(arguments, calibration, path, {}, f"the servos hold the values of {path} already")
    where = f" and into {path}{', which it replaces' if path.exists() else ''}" if given else ""
    if not person.agrees(f"\nWrite this into the servos{where}?", yes=arguments.yes):
        tell(arguments, "nothing was written\n", {"status": "FAILURE", "reason": "nothing was written"})
        return EXIT_FAILURE
    if not given:
        _let_rest(bench, person)
    else:
        path = write(calibration, given, folder=arguments.folder)
    try:
        with arguments.interrupt.asked_politely():  # it takes a moment, and half of it is of no use
            written = bench.store(calibration)
    except RobotError as error:
        raise RobotError(f"{error}\n`bt-arm calibrate --write-only {path}` tries it again") from error
    stored = f"the calibration is in {path} and in the servos" if given else f"the values of {path} are in the servos"
    return _told(arguments, calibration, path, written, f"{stored}; look with `bt-arm check`")


def _changes(bench: Bench, calibration: Calibration) -> list[str]:
    head = ("joint", "id", "offset", "lowest", "highest", "range", "in the servo so far")
    rows: list[Sequence[str]] = []
    for joint in calibration.joints:
        held = bench.held[joint.servo_id]
        before = f"{held['position_offset']}, {held['min_position']} … {held['max_position']}"
        rows.append(
            (
                joint.name,
                str(joint.servo_id),
                str(joint.homing_offset),
                str(joint.range_min),
                str(joint.range_max),
                f"{(joint.range_max - joint.range_min) * 360 / 4095:.0f}°",
                "the same" if held == joint.registers else before,
            )
        )
    return list(table(head, rows))


def _told(
    arguments: argparse.Namespace,
    calibration: Calibration,
    path: Path,
    written: dict[str, tuple[str, ...]],
    words: str,
) -> int:
    import json

    from bt_robot.robot.so101.calibration_files import as_json

    changed = {name: list(values) for name, values in written.items() if values}
    result = {"status": "OK", "file": str(path), "written": changed, "calibration": json.loads(as_json(calibration))}
    tell(arguments, paragraph(words), result)
    return EXIT_SUCCESS


COMMAND: Final = Command(
    name="calibrate",
    summary="find the middle and the ends of each joint, guided",
    description="Calibrate the arm by hand, guided, and write the result into the servos and a LeRobot file.",
    examples=_EXAMPLES,
    add_flags=_add_flags,
    run=_run,
)
