"""Cameras of any kind behind one Protocol: USB, network, video file, simulated, made up.

A picture is taken by a process of its own for each camera and handed over in shared memory, so that a slow decoder, a
driver that hangs or a crash never reaches the control loop. What can't be relied on is said in words.
"""

from bt_robot.robot.cameras.base import Camera, CameraCondition, CameraCounts
from bt_robot.robot.cameras.settings import (
    CAMERA_KINDS,
    CameraSettings,
    OpenCvCameraSettings,
    ScriptedCameraSettings,
    SimulatedCameraSettings,
    VideoCameraSettings,
)

__all__ = [
    "Camera",
    "CameraCondition",
    "CameraCounts",
    "CAMERA_KINDS",
    "CameraSettings",
    "OpenCvCameraSettings",
    "VideoCameraSettings",
    "SimulatedCameraSettings",
    "ScriptedCameraSettings",
]
