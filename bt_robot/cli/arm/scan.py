"""`bt-arm scan`: which servos answer, at which rate, and what is wrong with them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from bt_robot.arm.so101 import JOINT_NAMES
from bt_robot.cli.arguments import EXIT_FAILURE, EXIT_SUCCESS, Parser
from bt_robot.cli.arm.command import Command, tell
from bt_robot.cli.arm.config import add_common_flags, add_port_flags, port_of
from bt_robot.cli.arm.words import marked, table

if TYPE_CHECKING:
    from bt_robot.robot.so101.service import FoundServo, Scan, Service

_EXAMPLES: Final = """\
Nothing is written and nothing moves. Servos that do not answer at the rate of an
SO-101 are looked for at the other rates, too.

examples:
  bt-arm scan
  bt-arm scan --port /dev/ttyACM0 --all-rates
  bt-arm scan --all                  every id there can be; takes some seconds
"""

_OF_AN_ARM: Final = range(1, 7)
_USUAL: Final = 20
_LAST: Final = 252
_RATES: Final = (1_000_000, 500_000, 250_000, 128_000, 115_200, 76_800, 57_600, 38_400)


def _add_flags(parser: Parser) -> None:
    add_port_flags(parser)
    parser.add_argument("--all", action="store_true", help=f"ask ids 0 to {_LAST} instead of 1 to {_USUAL}")
    rates = parser.add_mutually_exclusive_group()
    rates.add_argument("--rate", type=int, choices=_RATES, metavar="BIT/S", help="ask at this line rate only")
    rates.add_argument("--all-rates", action="store_true", help="ask at all 8 rates that these servos know")
    add_common_flags(parser)


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.cli.arm.holder import own_port
    from bt_robot.robot.so101.service import Service

    path = port_of(arguments)
    ids = range(_LAST + 1) if arguments.all else range(1, _USUAL + 1)
    rates = _RATES if arguments.all_rates else (arguments.rate or _RATES[0],)
    with own_port(path) as port:
        service = Service(port)
        found = _scan(service, ids, rates, arguments)
        if not (found.echoed or arguments.rate or arguments.all_rates):
            found += _scan(service, _elsewhere(found), _RATES[1:], arguments)
    troubles = _troubles(found, arguments)
    result = {
        "status": "FAILURE" if troubles else "OK",
        "port": path,
        "servos": [_as_json(servo) for servo in found.servos],
        "doubled": [{"rate": rate, "id": servo_id} for rate, servo_id in found.doubled],
        "troubles": troubles,
    }
    tell(arguments, _words(path, found, troubles), result)
    return EXIT_FAILURE if troubles else EXIT_SUCCESS


def _elsewhere(found: Scan) -> Sequence[int]:
    """Return the ids to ask at the other rates: those of an arm that did not answer, or the usual ones."""
    there = {servo.servo_id for servo in found.servos} | {servo_id for _, servo_id in found.doubled}
    return [servo_id for servo_id in (_OF_AN_ARM if there else range(1, _USUAL + 1)) if servo_id not in there]


def _scan(service: Service, ids: Sequence[int], rates: Sequence[int], arguments: argparse.Namespace) -> Scan:
    """Scan, with a line on a terminal that tells how far it is."""
    import sys

    from bt_robot.robot.so101.service import Scan

    found, whole = Scan(), len(ids) * len(rates)
    shown = arguments.stderr if sys.stderr.isatty() and not arguments.json else None
    for number, one in enumerate(service.scan(ids, rates)):
        found += one
        if shown is not None and number % 5 == 0:
            shown.write(f"\r\x1b[Kasking at {service.rate} bit/s: {100 * number // whole} %, {len(found.servos)} found")
        if found.echoed:
            break
    if shown is not None:
        shown.write("\r\x1b[K")
    return found


def _troubles(found: Scan, arguments: argparse.Namespace) -> list[str]:
    if found.echoed:
        return [
            "the adapter hears itself (it sends back what it is sent), so nothing can be told; set its jumper or"
            " firmware for a half-duplex bus"
        ]
    troubles = [
        f"something is wrong at id {servo_id}, {rate} bit/s: several servos seem to answer at once, or one that can't"
        " be understood. Leave only one of them plugged in and give it another id: `bt-arm setup-id`. If there is only"
        " one, look at its plug and cable"
        for rate, servo_id in found.doubled
    ]
    for rate in sorted({servo.rate for servo in found.servos} - {_RATES[0]}, reverse=True):
        ids = ", ".join(str(servo.servo_id) for servo in found.servos if servo.rate == rate)
        troubles.append(
            f"{_ids(ids)} at {rate} bit/s; an SO-101 talks at {_RATES[0]}. `bt-arm setup-id` sets the rate of a servo"
            " that is alone on the bus"
        )
    troubles += [text for servo in found.servos if (text := _wrong_with(servo))]
    troubles += _missing(found) if not arguments.rate else []
    if not found.servos and not found.doubled:
        asked = "at any rate" if not arguments.rate else f"at {arguments.rate} bit/s"
        troubles.append(
            f"no servo answers {asked}: is the supply on, is the cable in the first servo, is the adapter the one of"
            " this port?" + ("" if arguments.all else " Ids above 20 are asked with --all")
        )
    return troubles


def _missing(found: Scan) -> list[str]:
    """Return what to say when some servos of an arm are there, but not all; one alone is being set up."""
    there = {servo.servo_id for servo in found.servos} | {servo_id for _, servo_id in found.doubled}
    missing = [servo_id for servo_id in _OF_AN_ARM if servo_id not in there]
    if len(there & set(_OF_AN_ARM)) < 2 or not missing:
        return []
    names = ", ".join(f"{JOINT_NAMES[servo_id - 1]} (id {servo_id})" for servo_id in missing)
    return [f"of an SO-101, {names} does not answer: look at that servo's plug, and at the one before it in the chain"]


def _ids(ids: str) -> str:
    return f"ids {ids} answer" if "," in ids else f"id {ids} answers"


def _wrong_with(servo: FoundServo) -> str:
    from bt_robot.robot.so101.wire.registers import MODEL, MODEL_NUMBER, STATUS, status_words

    model, status = servo.value(MODEL), servo.value(STATUS)
    if model != MODEL_NUMBER:
        return f"id {servo.servo_id} is a servo of model {model}; an SO-101 has {MODEL_NUMBER}, the STS3215"
    return f"id {servo.servo_id} reports: {status_words(status)}" if status else ""


def _as_json(servo: FoundServo) -> dict[str, Any]:
    from bt_robot.robot.so101.identity import firmware_of
    from bt_robot.robot.so101.wire import registers as r

    return {
        "id": servo.servo_id,
        "rate": servo.rate,
        "model": servo.value(r.MODEL),
        "firmware": firmware_of(servo.memory),
        "voltage_v": round(0.1 * servo.value(r.PRESENT_VOLTAGE), 1),
        "temperature_c": servo.value(r.PRESENT_TEMPERATURE),
        "position_ticks": servo.value(r.PRESENT_POSITION),
        "torque": servo.value(r.TORQUE_ENABLE) != 0,
        "status": servo.value(r.STATUS),
    }


def _words(path: str, found: Scan, troubles: Sequence[str]) -> str:
    lines = [f"{path}\n"]
    if found.servos:
        head = ("joint", "id", "bit/s", "model", "firmware", "voltage", "temp", "ticks", "torque")
        lines += [f"{line}\n" for line in table(head, [_row(servo) for servo in found.servos])]
    lines += [marked("FAIL", "", text) for text in troubles]
    if not troubles:
        lines.append(f"{len(found.servos)} servo{'s' if len(found.servos) > 1 else ''}, and nothing wrong\n")
    return "".join(lines)


def _row(servo: FoundServo) -> tuple[str, ...]:
    from bt_robot.robot.so101.wire.registers import MODEL_NUMBER

    said = _as_json(servo)
    known = 1 <= servo.servo_id <= len(JOINT_NAMES)
    return (
        JOINT_NAMES[servo.servo_id - 1] if known else "–",
        str(servo.servo_id),
        str(servo.rate),
        "STS3215" if said["model"] == MODEL_NUMBER else str(said["model"]),
        said["firmware"],
        f"{said['voltage_v']:.1f} V",
        f"{said['temperature_c']} °C",
        str(said["position_ticks"]),
        "on" if said["torque"] else "off",
    )


COMMAND: Final = Command(
    name="scan",
    summary="look which servos answer, and at which rate",
    description="Look which servos answer on the bus, at which line rate, and what is wrong with them.",
    examples=_EXAMPLES,
    add_flags=_add_flags,
    run=_run,
)
