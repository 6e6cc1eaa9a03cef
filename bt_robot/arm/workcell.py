"""The work cell around the arm in figures: cameras, blocks, container, where things may lie.

Metres and radians in the arm's base frame: x forward, y left, z up, the table at z = 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
"""(3,) in metres, or a direction."""

BLOCK_HALF_M = 0.014
BLOCK_MASS_KG = 0.020
BLOCK_COLOURS = {"red": (0.85, 0.08, 0.08), "green": (0.10, 0.62, 0.16), "yellow": (0.92, 0.80, 0.08)}
"""RGB, each 0 … 1. The only saturated colours in the cell besides the container's."""

CONTAINER_COLOUR = (0.10, 0.25, 0.85)
CONTAINER_INNER_HALF_M = 0.045
CONTAINER_WALL_M = 0.006
CONTAINER_FLOOR_M = 0.003
CONTAINER_HEIGHT_M = 0.040
CONTAINER_OUTER_HALF_M = CONTAINER_INNER_HALF_M + CONTAINER_WALL_M

SPAWN_RADIUS_M = (0.13, 0.26)
"""Where blocks lie: the distance from the pan axis."""
SPAWN_AZIMUTH_RAD = math.radians(60.0)
"""Where blocks lie: the greatest bearing from straight ahead, seen from the pan axis."""
SPAWN_CONTAINER_GAP_M = 0.085
"""Least distance of a block from the container's centre, in x or in y."""
SPAWN_BLOCK_GAP_M = 0.070
"""Least distance between the centres of two blocks."""
CONTAINER_RADIUS_M = (0.17, 0.21)
"""Where the container stands: the distance of its centre from the pan axis."""
CONTAINER_AZIMUTH_RAD = (math.radians(30.0), math.radians(60.0))
"""Where the container stands: its bearing to either side; straight ahead it would touch the hand at rest."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera with square pixels; it looks along its own -z, x to the right, y up.

    Attributes:
        name: The camera's name.
        link: The link that carries it; empty for a camera that stands in the cell.
        position_m: Its place in the carrier's frame.
        rotation: (3, 3), its axes as columns in the carrier's frame.
        fovy_rad: Angle of view from the lowest to the highest row.
    """

    name: str
    link: str
    position_m: Vector
    rotation: Vector
    fovy_rad: float

    def focal_px(self, height: int) -> float:
        """Return the focal length [px] for pictures of a height [px]."""
        return 0.5 * height / math.tan(0.5 * self.fovy_rad)

    def rays(self, width: int, height: int) -> Vector:
        """Return the unit direction of each pixel in the camera's frame, (height * width, 3)."""
        focal = self.focal_px(height)
        u, v = np.meshgrid(np.arange(width) - (width - 1) / 2, np.arange(height) - (height - 1) / 2)
        rays = np.stack([u / focal, -v / focal, np.full(u.shape, -1.0)], axis=-1).reshape(-1, 3)
        return rays / np.linalg.norm(rays, axis=1, keepdims=True)

    def project(self, points_m: Vector, width: int, height: int) -> Vector:
        """Return the pixels (u, v), (n, 2), of points (n, 3) in the carrier's frame."""
        local = (points_m - self.position_m) @ self.rotation
        scale = self.focal_px(height) / -local[:, 2]
        return np.stack([local[:, 0] * scale + (width - 1) / 2, -local[:, 1] * scale + (height - 1) / 2], axis=1)

    def back_project(self, u: float, v: float, width: int, height: int, z_m: float) -> tuple[float, float]:
        """Return the point (x, y) [m] at a height z where the ray of a pixel (u, v) passes."""
        focal = self.focal_px(height)
        ray = self.rotation @ np.array([(u - (width - 1) / 2) / focal, -(v - (height - 1) / 2) / focal, -1.0])
        point = self.position_m + ray * ((z_m - self.position_m[2]) / ray[2])
        return float(point[0]), float(point[1])


def _looking_at(name: str, position_m: tuple[float, ...], target_m: tuple[float, ...], fovy_deg: float) -> Camera:
    back = np.subtract(position_m, target_m)
    back /= np.linalg.norm(back)
    right = np.array([-back[1], back[0], 0.0])
    if np.linalg.norm(right) < 1e-9:  # straight down: the arm's forward is up in the picture
        right = np.array([0.0, -1.0, 0.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(back, right), back], axis=1)
    return Camera(name, "", np.array(position_m), rotation, math.radians(fovy_deg))


def _on_gripper() -> Camera:
    cos, sin = math.cos(-0.57), math.sin(-0.57)
    rotation = np.array([[1.0, 0.0, 0.0], [0.0, cos, -sin], [0.0, sin, cos]])
    return Camera("wrist", "gripper", np.array([0.0, 0.055, -0.045]), rotation, math.radians(60.0))


FRONT = _looking_at("front", (0.56, 0.0, 0.46), (0.165, 0.0, 0.055), 48.0)
TOP = _looking_at("top", (0.20, 0.0, 0.75), (0.20, 0.0, 0.0), 46.0)
WRIST = _on_gripper()
CAMERAS = {camera.name: camera for camera in (FRONT, WRIST, TOP)}
