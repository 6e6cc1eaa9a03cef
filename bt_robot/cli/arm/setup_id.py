"""`bt-arm setup-id`: give servos their ids, and the line rate of an SO-101."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Final

from bt_robot.arm.so101 import JOINT_NAMES
from bt_robot.cli.arguments import EXIT_FAILURE, EXIT_SUCCESS, Parser
from bt_robot.cli.arm.command import Command, tell
from bt_robot.cli.arm.config import add_common_flags, add_port_flags, port_of
from bt_robot.cli.arm.person import Person
from bt_robot.cli.arm.words import paragraph
from bt_robot.errors import RobotError, RobotRefused, did_you_mean

if TYPE_CHECKING:
    from bt_robot.robot.so101.service import FoundServo, Service

_EXAMPLES: Final = """\
A new servo has the id 1. Each servo of an arm needs its own, and gets it while it
is the only one on the bus: with two there, both would take it. Without NEW, all six
are set up one after the other, from the gripper down, as LeRobot does.

examples:
  bt-arm setup-id                 all six, guided
  bt-arm setup-id gripper         the one servo that is plugged in becomes id 6
  bt-arm setup-id 3 --yes         the same for id 3, without a question
"""

_LAST: Final = 252


def _add_flags(parser: Parser) -> None:
    parser.add_argument(
        "new", nargs="?", type=_new_id, metavar="NEW", help=f"an id, 0 to {_LAST}, or a joint: {', '.join(JOINT_NAMES)}"
    )
    parser.add_argument("--yes", action="store_true", help="write without a question")
    add_port_flags(parser)
    add_common_flags(parser)


def _new_id(text: str) -> int:
    if text in JOINT_NAMES:
        return JOINT_NAMES.index(text) + 1
    if text.isascii() and text.isdigit() and int(text) <= _LAST:
        return int(text)
    hint = did_you_mean(text, JOINT_NAMES)
    raise argparse.ArgumentTypeError(
        f"'{text}' is neither an id, 0 to {_LAST}, nor one of {', '.join(JOINT_NAMES)}" + (f" ({hint})" if hint else "")
    )


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.cli.arm.holder import own_port
    from bt_robot.robot.so101.service import Service

    person, path = Person(arguments.stderr), port_of(arguments)
    with own_port(path) as port:
        service = Service(port)
        if arguments.new is not None:
            done = [_set_up(service, arguments.new, person, arguments)]
        else:
            done = _all_six(service, person, arguments)
    good = all(one["done"] for one in done) and bool(done)
    result = {"status": "OK" if good else "FAILURE", "port": path, "servos": done}
    words = "".join(paragraph(one["words"]) for one in done) if arguments.new is not None else _closing(done)
    tell(arguments, words, result)
    return EXIT_SUCCESS if good else EXIT_FAILURE


def _set_up(service: Service, new_id: int, person: Person, arguments: argparse.Namespace) -> dict[str, Any]:
    """Give the only servo on the bus an id and the rate; return what became of it.

    Raises:
        RobotRefused: There is not exactly one servo, or nobody can answer.
        RobotError: It did not take them.
    """
    from bt_robot.robot.so101.port import BAUD

    servo = _only_one(service)
    said = {"id": new_id, "old_id": servo.servo_id, "old_rate": servo.rate}
    changes = [f"id {servo.servo_id} → {new_id}"] if servo.servo_id != new_id else []
    changes += [f"{servo.rate} → {BAUD} bit/s"] if servo.rate != BAUD else []
    if not changes:
        return {**said, "done": True, "changed": False, "words": f"the servo has id {new_id} and {BAUD} bit/s already"}
    what = ", ".join(changes)
    if not person.agrees(f"write this into the servo: {what}?", yes=arguments.yes):
        return {**said, "done": False, "changed": False, "words": "nothing was written"}
    with arguments.interrupt.asked_politely():  # it takes a moment, and half of it is of no use
        service.rename(servo.servo_id, servo.rate, new_id)
    return {**said, "done": True, "changed": True, "words": f"written and read back: {what}"}


def _only_one(service: Service) -> FoundServo:
    found = service.roll_call()
    if found.echoed:
        raise RobotRefused("the adapter hears itself (it sends back what it is sent); set its jumper for half duplex")
    if found.doubled:
        ids = ", ".join(f"id {servo_id} at {rate} bit/s" for rate, servo_id in found.doubled)
        raise RobotRefused(f"several servos answer at once ({ids}); leave exactly one plugged into the bus")
    if not found.servos:
        raise RobotRefused("no servo answers at any rate; is the supply on, and the cable in the servo?")
    servo, *others = found.servos
    if others:
        ids = ", ".join(f"{servo.servo_id} ({servo.rate} bit/s)" for servo in found.servos)
        raise RobotRefused(
            f"{len(found.servos)} servos are on the bus, with the ids {ids}; leave exactly one plugged in, or all of"
            " them would take the new id"
        )
    return servo


def _all_six(service: Service, person: Person, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Set up all servos of an arm, the last one first, as long as the person goes on."""
    done: list[dict[str, Any]] = []
    for joint in reversed(JOINT_NAMES):
        new_id = JOINT_NAMES.index(joint) + 1
        ask = (
            f"\n{joint}: plug only the servo of the {joint} into the adapter, and press ENTER; it becomes id {new_id}."
            " (s: skip it, q: end)"
        )
        while (answer := person.ask(ask)) not in ("s", "q"):
            try:
                one = _set_up(service, new_id, person, arguments)
            except (RobotRefused, RobotError) as error:
                person.tell(f"not done: {error}")
                continue
            person.tell(one["words"])
            done.append({**one, "joint": joint})
            break
        if answer == "q":
            break
    return done


def _closing(done: list[dict[str, Any]]) -> str:
    ready = [one["joint"] for one in done if one["done"]]
    if len(ready) == len(JOINT_NAMES):
        return paragraph("all six are set up; plug them together, and look with `bt-arm scan`")
    return paragraph(f"set up: {', '.join(ready) or 'none'}; `bt-arm setup-id` goes on with the others")


COMMAND: Final = Command(
    name="setup-id",
    summary="give servos their ids",
    description="Give servos the ids and the line rate of an SO-101, one servo at a time.",
    examples=_EXAMPLES,
    add_flags=_add_flags,
    run=_run,
)
