"""The six servos of an emulated SO-101 as a calibration left them, and that calibration in LeRobot's format."""

from __future__ import annotations

from typing import Final

from bt_robot.arm.so101 import GRIPPER, JOINT_NAMES, RANGES_RAD
from bt_robot.robot.emulator.servo import MIDDLE_TICKS, RAD_PER_TICK, Servo

IDS: Final = (1, 2, 3, 4, 5, 6)
_WRIST_ROLL: Final = 4

_OFFSETS_TICKS: Final = (-123, 310, -456, 789, 1024, -87)
"""How far each servo's encoder is from its joint's middle; the fifth one's range holds the encoder's seam."""

_EVERY_SERVO: Final = {"return_delay": 0, "p_gain": 16, "d_gain": 32, "i_gain": 0, "max_acceleration": 254}
_GRIPPER: Final = {"max_torque": 500, "protection_current": 250, "overload_torque": 25}


def zero_ticks(joint: int) -> int:
    """Return the position that a calibrated servo reports where its joint is at 0 rad [ticks].

    The middle of the range reads 2047, and each arm joint's zero is that middle; the gripper's zero is not.
    """
    if joint != GRIPPER:
        return MIDDLE_TICKS
    low, high = RANGES_RAD[GRIPPER]
    return MIDDLE_TICKS - round((low + high) / 2 / RAD_PER_TICK)


def range_ticks(joint: int) -> tuple[int, int]:
    """Return the lowest and the highest position of a joint as LeRobot's calibration writes them [ticks]."""
    if joint == _WRIST_ROLL:  # calibrated as a full turn
        return 0, 4095
    low, high = RANGES_RAD[joint]
    zero = zero_ticks(joint)
    return zero + round(low / RAD_PER_TICK), zero + round(high / RAD_PER_TICK)


def emulated_calibration() -> dict[str, dict[str, int]]:
    """Return what LeRobot's calibration of the emulated arm would have written, by joint name."""
    calibration: dict[str, dict[str, int]] = {}
    for joint, name in enumerate(JOINT_NAMES):
        low, high = range_ticks(joint)
        calibration[name] = {
            "id": IDS[joint],
            "drive_mode": 0,
            "homing_offset": _OFFSETS_TICKS[joint],
            "range_min": low,
            "range_max": high,
        }
    return calibration


def emulated_servos() -> list[Servo]:
    """Return the six servos in the order of the joints, just switched on, with their EEPROM as LeRobot leaves it."""
    servos: list[Servo] = []
    for joint, entry in enumerate(emulated_calibration().values()):
        eeprom = {
            **_EVERY_SERVO,
            **(_GRIPPER if joint == GRIPPER else {}),
            "id": entry["id"],
            "position_offset": entry["homing_offset"],
            "min_position": entry["range_min"],
            "max_position": entry["range_max"],
        }
        servos.append(Servo(eeprom, mount_ticks=zero_ticks(joint) + entry["homing_offset"]))
    return servos
