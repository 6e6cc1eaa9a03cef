"""An SO-101 put together from its config: calibration, port, guardian and cameras."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bt_robot.messages import JointLimits
from bt_robot.robot.cameras.rig import CameraRig, rig_of
from bt_robot.robot.so101.calibration import Calibration, JointCalibration
from bt_robot.robot.so101.calibration_files import find, read
from bt_robot.robot.so101.guardian.setup import GuardianSetup
from bt_robot.robot.so101.planning import expected_servos, guardian_plan
from bt_robot.robot.so101.robot import So101Robot
from bt_robot.robot.so101.settings import So101Settings


def calibration_of(settings: So101Settings) -> tuple[Calibration, str]:
    """Return the calibration that a config names, and where it came from.

    Raises:
        LoadError: There is none of that name, or its file is no calibration.
    """
    if settings.emulated and not settings.calibration:
        from bt_robot.robot.emulator.arm import emulated_calibration

        return _of_values(emulated_calibration()), "the emulated bus"
    path = find(settings.calibration)
    return read(path), str(path)


def assemble(
    settings: So101Settings,
    calibration: Calibration,
    source: str,
    limits: JointLimits,
    safety: JointLimits,
    control_hz: float,
    *,
    port: str = "",
    rig: CameraRig | None = None,
) -> So101Robot:
    """Return the robot, not connected yet.

    Args:
        settings: The config.
        calibration: Of the arm.
        source: Where it came from, for messages.
        limits: The joints' range, calibrated and narrowed.
        safety: The envelope in force.
        control_hz: How often it is commanded [Hz].
        port: The port instead of the config's.
        rig: The cameras instead of the config's.
    """
    setup = GuardianSetup(
        port=port or settings.port,
        plan=guardian_plan(settings, calibration, safety, control_hz),
        expected=expected_servos(calibration, source),
        box_folder=str(Path(settings.guard.record).absolute()) if settings.guard.record else "",
    )
    if rig is None:
        rig = rig_of(settings.cameras)
    return So101Robot(setup, calibration, limits, rig, 1.0 / control_hz)


def _of_values(entries: Mapping[str, Mapping[str, int]]) -> Calibration:
    """Return a calibration from LeRobot's entries by joint name."""
    return Calibration(
        tuple(
            JointCalibration(
                name,
                servo_id=entry["id"],
                drive_mode=entry["drive_mode"],
                homing_offset=entry["homing_offset"],
                range_min=entry["range_min"],
                range_max=entry["range_max"],
            )
            for name, entry in entries.items()
        )
    )
