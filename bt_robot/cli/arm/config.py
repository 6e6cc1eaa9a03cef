"""The flags that say which arm, and what the config says of it."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bt_robot.cli.arguments import Parser, add_set_flag
from bt_robot.errors import LoadError, UsageError

if TYPE_CHECKING:
    from bt_robot.cli.settings import RunSettings
    from bt_robot.robot.so101.calibration import Calibration
    from bt_robot.robot.so101.settings import So101Settings

DEFAULT_CONFIG: Final = "configs/so101.yaml"


@dataclass(frozen=True, slots=True)
class ArmConfig:
    """Which arm, and how it is to be treated.

    Attributes:
        settings: The whole config.
        robot: What it says of the arm.
        port: The port's path.
    """

    settings: RunSettings
    robot: So101Settings
    port: str


def add_common_flags(parser: Parser) -> None:
    """Add what every subcommand has."""
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line on stdout")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="say what happens; twice: everything")


def add_port_flags(parser: Parser) -> None:
    """Add what chooses the port."""
    parser.add_argument(
        "--port", metavar="PATH", help="the servo adapter's port (default: the config's; `bt-arm ports` lists them)"
    )
    parser.add_argument("--config", default=DEFAULT_CONFIG, metavar="FILE", help="the arm's config (%(default)s)")
    add_set_flag(parser)


def add_arm_flags(parser: Parser) -> None:
    """Add what chooses the port and the calibration."""
    add_port_flags(parser)
    parser.add_argument(
        "--calibration", metavar="ID|FILE", help="LeRobot's id of the arm, or its calibration file (the config's)"
    )


def load_arm(arguments: argparse.Namespace) -> ArmConfig:
    """Return the config with the flags in it, and the port.

    Raises:
        LoadError: The config is wrong.
        UsageError: It is no config of an SO-101, or there is no port in it.
        RobotRefused: The port is to be found by itself, and there is none, or more than one.
    """
    from bt_robot.cli.settings import load_settings
    from bt_robot.robot.so101.settings import So101Settings

    settings = load_settings(arguments.config, arguments.assignments)
    robot = settings.robot
    if not isinstance(robot, So101Settings):
        raise UsageError(
            f"the robot of {arguments.config} is no SO-101; expected a config with `type: so101` in `robot`"
        )
    if getattr(arguments, "calibration", None):
        robot = replace(robot, calibration=arguments.calibration)
    return ArmConfig(settings, robot, arguments.port or _port(robot, arguments.config))


def port_of(arguments: argparse.Namespace) -> str:
    """Return the port's path; the config is read only if no flag says it.

    Raises:
        LoadError: The config is wrong.
        UsageError: It is no config of an SO-101, or there is no port in it.
        RobotRefused: The port is to be found by itself, and there is none, or more than one.
    """
    return arguments.port or load_arm(arguments).port


def _port(robot: So101Settings, config: str) -> str:
    from bt_robot.robot.so101.ports import find_port
    from bt_robot.robot.so101.settings import AUTO

    if robot.emulated:
        raise UsageError(
            f"the bus of {config} is an emulated one, which is there during a run only; serve one with"
            " `bt-arm emulate --link /tmp/arm`, and give --port /tmp/arm"
        )
    return find_port() if robot.port == AUTO else robot.port


def known_calibration(robot: So101Settings) -> tuple[Calibration | None, str]:
    """Return the arm's calibration and where it is from; or None and why there is none."""
    from bt_robot.robot.so101.assembly import calibration_of

    try:
        return calibration_of(robot)
    except LoadError as error:
        return None, str(error)
