"""From a config in radians to what the guardian is told in ticks. Pure."""

from __future__ import annotations

import numpy as np

from bt_robot.arm.so101 import GRIPPER
from bt_robot.messages import JointLimits
from bt_robot.robot.so101.calibration import Calibration
from bt_robot.robot.so101.guardian.motion import JointEnvelope
from bt_robot.robot.so101.guardian.plan import GuardedJoint, GuardianPlan
from bt_robot.robot.so101.health import HealthLimits
from bt_robot.robot.so101.identity import Expected, ExpectedServo
from bt_robot.robot.so101.settings import So101Settings
from bt_robot.robot.so101.wire.registers import TICKS_PER_TURN

_PER_MILLE = 1000


def guardian_plan(
    settings: So101Settings, calibration: Calibration, safety: JointLimits, control_hz: float
) -> GuardianPlan:
    """Return what the guardian is to do.

    Args:
        settings: The config.
        calibration: Of the arm.
        safety: The envelope that the controller keeps, too.
        control_hz: How often the controller sends goals [Hz].
    """
    guard, torque = settings.guard, settings.torque
    lower, upper = calibration.to_ticks(safety.lower), calibration.to_ticks(safety.upper)
    scale = _ticks_per_unit(calibration)
    park = calibration.to_ticks(np.clip(guard.park_pose, safety.lower, safety.upper))
    joints = tuple(
        GuardedJoint(
            servo_id=joint.servo_id,
            name=joint.name,
            envelope=JointEnvelope(
                lower=min(lower[i], upper[i]),
                upper=max(lower[i], upper[i]),
                velocity=float(safety.velocity[i]) * scale[i],
                acceleration=float(safety.acceleration[i]) * scale[i],
            ),
            park=park[i],
            torque=round(_PER_MILLE * (torque.gripper if i == GRIPPER else torque.normal)),
            grips=i == GRIPPER,
            middle=(joint.range_min + joint.range_max) / 2.0,
        )
        for i, joint in enumerate(calibration.joints)
    )
    return GuardianPlan(
        joints=joints,
        cycle_s=1.0 / settings.bus_hz,
        latency_s=settings.bus_latency_s,
        hold_after_s=max(guard.hold_after_s, 1.5 / control_hz),
        stop_after_s=max(guard.stop_after_s, 3.0 / control_hz),
        orphan_after_s=guard.orphan_after_s,
        arm_torque=round(_PER_MILLE * torque.arming),
        stop_torque=round(_PER_MILLE * torque.stopped),
        park_speed=guard.park_speed_rad_s * scale[0],
        park_s=guard.park_s,
        exit=guard.exit,
        linger_s=guard.linger_s,
        grip_margin=_GRIP_SHARE * scale[GRIPPER],
        acceleration=settings.servo_acceleration,
        health=health_limits(settings),
    )


_GRIP_SHARE = 0.06
"""How far beyond contact the gripper's goal is held, as a share of its opening: `holding_object` looks for 0.05."""


def _ticks_per_unit(calibration: Calibration) -> list[float]:
    """Return how many ticks one radian, or one opening of the gripper, is for each joint."""
    zero, one = (
        calibration.to_ticks(np.zeros(len(calibration.joints))),
        calibration.to_ticks(np.ones(len(calibration.joints))),
    )
    return [abs(b - a) for a, b in zip(zero, one, strict=True)]


def health_limits(settings: So101Settings) -> HealthLimits:
    """Return when a servo is unwell."""
    health = settings.health
    return HealthLimits(
        warn_temperature_c=health.warn_temperature_c,
        stop_temperature_c=health.stop_temperature_c,
        resume_temperature_c=health.resume_temperature_c,
        warn_voltage_v=health.warn_voltage_v,
        stop_voltage_v=health.stop_voltage_v,
        max_current_ma=health.max_current_ma,
        stall_error_ticks=health.stall_deg * TICKS_PER_TURN / 360.0,
        stall_load=health.stall_load,
        stall_s=health.stall_s,
    )


def expected_servos(calibration: Calibration, source: str) -> Expected:
    """Return what the servos should say of themselves.

    Args:
        calibration: Of the arm.
        source: Where it came from, for messages.
    """
    servos = tuple(
        ExpectedServo(j.servo_id, j.name, j.homing_offset, j.range_min, j.range_max) for j in calibration.joints
    )
    return Expected(servos, source)
