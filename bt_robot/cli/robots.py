"""The robot that a config asks for."""

from __future__ import annotations

from bt_robot.arm.so101 import LIMITS
from bt_robot.cli.settings import RunSettings
from bt_robot.errors import UsageError
from bt_robot.plugins.robots import make_plugin_robot
from bt_robot.robot.base import Robot
from bt_robot.robot.fake import FakeRobot, FakeSettings
from bt_robot.robot.sim.settings import SimSettings
from bt_robot.robot.so101.settings import So101Settings


def make_robot(settings: RunSettings, seed: int) -> Robot:
    """Return a robot, not connected yet; what only some robots need is loaded only for them.

    Args:
        settings: The config.
        seed: Places what a simulated work cell leaves open.

    Raises:
        RobotRefused: There is no such robot on this machine.
        LoadError: Its calibration can't be read.
        UsageError: The limits of the config leave a joint no room.
        PluginError: It comes from another package, and can't be made.
    """
    robot, period_s = settings.robot, 1.0 / settings.control_hz
    if isinstance(robot, FakeSettings):
        return FakeRobot(robot)
    if isinstance(robot, SimSettings):
        from bt_robot.robot.sim.robot import SimRobot

        return SimRobot(robot, seed, period_s)
    if isinstance(robot, So101Settings):
        return _so101(robot, settings, seed)
    return make_plugin_robot(robot, seed, settings.control_hz)


def _so101(robot: So101Settings, settings: RunSettings, seed: int) -> Robot:
    from bt_robot.robot.so101.assembly import assemble, calibration_of

    calibration, source = calibration_of(robot)
    try:
        limits = robot.narrowed(calibration.limits(LIMITS))
        safety = settings.limits.envelope(limits)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if robot.emulated:
        from bt_robot.robot.emulated import EmulatedSo101

        return EmulatedSo101(robot, seed, settings.control_hz, calibration, limits, safety)
    return assemble(robot, calibration, source, limits, safety, settings.control_hz)
