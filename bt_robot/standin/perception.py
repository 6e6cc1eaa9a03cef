"""What the fixed camera shows: where the blocks and the container are.

Colours give masks; a mask gives a pose by moving a cuboid of known size about the table until its
outline covers the mask best. Pixels that are neither the object nor the table may hide a part of
it, so they count neither for nor (much) against a pose.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bt_robot.arm import workcell
from bt_robot.arm.workcell import FRONT
from bt_robot.messages import Image

Mask = NDArray[np.uint8]  # (height, width), 0 or 255

_HUES = {"red": ((0, 8), (171, 179)), "yellow": ((20, 34),), "green": ((48, 80),), "blue": ((106, 128),)}
_MIN_SATURATION, _MIN_VALUE = 110, 40
_MIN_AREA = 8 / 224**2  # of the picture
_TABLE_TOLERANCE = 26  # grey levels
_FINE_HEIGHT = 4 * 224  # a mask is enlarged to about this height of the whole picture before fitting
_MARGIN = 40 / 224  # of the picture's height, around a mask
_TRUSTED = 0.80

_BLOCK_HALF_M = (workcell.BLOCK_HALF_M,) * 3
_CONTAINER_HALF_M = (
    workcell.CONTAINER_OUTER_HALF_M,
    workcell.CONTAINER_OUTER_HALF_M,
    workcell.CONTAINER_HEIGHT_M / 2,
)


@dataclass(frozen=True, slots=True)
class TablePose:
    """An object standing on the table, in the base frame.

    Attributes:
        x_m: Forward of the base.
        y_m: To the left of the base.
        yaw_rad: Its turn; a cuboid's repeats every quarter.
        score: How well its outline fits what is seen, 1 at best.
    """

    x_m: float
    y_m: float
    yaw_rad: float
    score: float

    @property
    def trusted(self) -> bool:
        """Whether the fit is good enough to rely on."""
        return self.score > _TRUSTED


@dataclass(frozen=True, slots=True)
class Blob:
    """The largest patch of a colour.

    Attributes:
        mask: Its pixels.
        u: Column of its centroid [px].
        v: Row of its centroid [px].
    """

    mask: Mask
    u: float
    v: float


@dataclass(frozen=True, slots=True)
class Floor:
    """What is seen where a block could lie; the rest is other blocks.

    Attributes:
        free: The share that shows the container, 0 … 1.
        hidden: The share that shows neither the container nor a block, 0 … 1.
    """

    free: float
    hidden: float


class View:
    """One picture of the fixed camera, looked at only as far as asked."""

    def __init__(self, image: Image) -> None:
        """Prepare a picture, (height, width, 3) RGB."""
        self.height, self.width = image.shape[:2]
        self._masks: dict[str, Mask] = {}
        self._hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
        table = np.median(image[::8, ::8].reshape(-1, 3), axis=0)
        low, high = np.clip(table - _TABLE_TOLERANCE, 0, 255), np.clip(table + _TABLE_TOLERANCE, 0, 255)
        self._table: Mask = np.asarray(cv2.inRange(image, low, high), dtype=np.uint8)

    def pixel(self, point_m: NDArray[np.float64]) -> tuple[float, float]:
        """Return the pixel (u, v) where a point, (3,) m, is seen."""
        u, v = FRONT.project(point_m[None, :], self.width, self.height)[0]
        return float(u), float(v)

    def blob(self, colour: str) -> Blob | None:
        """Return the largest patch of a block's colour, or None if none is seen."""
        count, labels, stats, centroids = cv2.connectedComponentsWithStats(self._colour(colour))
        if count < 2:
            return None
        largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
        if stats[largest, cv2.CC_STAT_AREA] < self._min_area:
            return None
        u, v = centroids[largest]
        return Blob(np.where(labels == largest, 255, 0).astype(np.uint8), float(u), float(v))

    def on_table(self, blob: Blob) -> tuple[float, float]:
        """Return the point (x, y) [m] at half a block's height behind a patch's centroid."""
        return FRONT.back_project(blob.u, blob.v, self.width, self.height, workcell.BLOCK_HALF_M)

    def block(self, blob: Blob, guesses: Iterable[tuple[float, float, float]] = ()) -> TablePose:
        """Return the pose of the block that explains a patch best.

        Args:
            blob: The patch.
            guesses: Further poses (x [m], y [m], yaw [rad]) to start from.
        """
        x, y = self.on_table(blob)
        starts = [(x, y, math.radians(11.25 * k)) for k in range(8)]
        outline = _Outline(self, blob.mask, _BLOCK_HALF_M)
        return _climb(outline, [*starts, *guesses], (0.003, 0.003, math.radians(8.0)), 0.0004)

    def container(self) -> TablePose | None:
        """Return where the container stands, its sides along x and y, or None if it is not seen."""
        mask = self._colour("blue")
        points: NDArray[np.int32] | None = cv2.findNonZero(mask)  # type: ignore[assignment]
        if points is None or len(points) < 20 * self._min_area:
            return None
        filled = np.zeros_like(mask)
        cv2.fillConvexPoly(filled, cv2.convexHull(points), 255)
        u, v = points.reshape(-1, 2).mean(axis=0)
        x, y = FRONT.back_project(float(u), float(v), self.width, self.height, workcell.CONTAINER_HEIGHT_M / 2)
        outline = _Outline(self, filled, _CONTAINER_HALF_M, enlarge=False)
        return _climb(outline, [(x, y, 0.0)], (0.012, 0.012, 0.0), 0.0007)

    def floor(self, x_m: float, y_m: float) -> Floor:
        """Return what is seen where a block could lie on the container's floor."""
        corners = _cuboid(_BLOCK_HALF_M) + np.array([x_m, y_m, workcell.CONTAINER_FLOOR_M])
        hull = cv2.convexHull(np.round(FRONT.project(corners, self.width, self.height)).astype(np.int32))
        drawn = np.zeros((self.height, self.width), dtype=np.uint8)
        cv2.fillConvexPoly(drawn, hull, 255)
        count = max(1, cv2.countNonZero(drawn))
        blue = cv2.countNonZero(cv2.bitwise_and(drawn, self._colour("blue"))) / count
        blocks = sum(cv2.countNonZero(cv2.bitwise_and(drawn, self._colour(c))) for c in workcell.BLOCK_COLOURS) / count
        return Floor(blue, max(0.0, 1.0 - blue - blocks))

    @property
    def _min_area(self) -> float:
        return _MIN_AREA * self.height * self.width

    def _colour(self, colour: str) -> Mask:
        if colour not in self._masks:
            mask: Mask = np.zeros((self.height, self.width), dtype=np.uint8)
            for low, high in _HUES[colour]:
                mask |= cv2.inRange(self._hsv, (low, _MIN_SATURATION, _MIN_VALUE), (high, 255, 255)).astype(np.uint8)
            self._masks[colour] = mask
        return self._masks[colour]

    def occluder(self, mask: Mask) -> Mask:
        """Return the pixels that may hide an object: neither its own nor the table's."""
        return cv2.bitwise_not(cv2.bitwise_or(mask, self._table)).astype(np.uint8)


class _Outline:
    """Scores a pose of a cuboid by how its projected outline covers a mask."""

    def __init__(self, view: View, mask: Mask, half_m: tuple[float, ...], *, enlarge: bool = True) -> None:
        u, v, w, h = cv2.boundingRect(mask)
        margin = round(_MARGIN * view.height)
        left, top = max(0, u - margin), max(0, v - margin)
        right, bottom = min(view.width, u + w + margin), min(view.height, v + h + margin)
        scale = max(1, round(_FINE_HEIGHT / view.height)) if enlarge else 1
        self._view, self._scale, self._origin = view, scale, np.array([left, top])
        self._mask = self._crop(mask, left, top, right, bottom)
        self._occluder = self._crop(view.occluder(mask), left, top, right, bottom)
        self._area = cv2.countNonZero(self._mask)
        self._corners = _cuboid(half_m)

    def score(self, x_m: float, y_m: float, yaw_rad: float) -> float:
        cos, sin = math.cos(yaw_rad), math.sin(yaw_rad)
        corners = self._corners @ np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
        corners[:, 0] += x_m
        corners[:, 1] += y_m
        pixels = FRONT.project(corners, self._view.width, self._view.height)
        pixels = (pixels - self._origin + 0.5) * self._scale - 0.5
        hull = cv2.convexHull(np.round(pixels * 16).astype(np.int32))
        drawn = np.zeros_like(self._mask)
        cv2.fillConvexPoly(drawn, hull, 255, lineType=cv2.LINE_8, shift=4)
        covered = cv2.countNonZero(drawn)
        if covered == 0:
            return -1.0
        common = cv2.countNonZero(cv2.bitwise_and(drawn, self._mask))
        hidden = cv2.countNonZero(cv2.bitwise_and(drawn, self._occluder))
        return common / max(1, self._area + covered - common - hidden) - 0.15 * hidden / covered

    def _crop(self, mask: Mask, left: int, top: int, right: int, bottom: int) -> Mask:
        part = mask[top:bottom, left:right]
        if self._scale == 1:
            return np.ascontiguousarray(part)
        fine = cv2.resize(part, None, fx=self._scale, fy=self._scale, interpolation=cv2.INTER_LINEAR)
        return cv2.threshold(fine, 127, 255, cv2.THRESH_BINARY)[1].astype(np.uint8)


def _cuboid(half_m: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the corners, (8, 3) m, of a cuboid that stands on the origin."""
    return np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (0, 2)]) * half_m


def _climb(
    outline: _Outline, starts: list[tuple[float, float, float]], steps: tuple[float, float, float], finest_m: float
) -> TablePose:
    """Search by coordinates from the best start, halving the steps down to the finest."""
    score: Callable[[float, float, float], float] = outline.score
    best = max(starts, key=lambda start: score(*start))
    value = score(*best)
    factor = 1.0
    while steps[0] * factor >= finest_m:
        improved = False
        for axis, sign in ((0, 1), (0, -1), (1, 1), (1, -1), (2, 1), (2, -1)):
            if steps[axis] == 0.0:
                continue
            trial = list(best)
            trial[axis] += sign * steps[axis] * factor
            trial_value = score(*trial)
            if trial_value > value:
                best, value, improved = (trial[0], trial[1], trial[2]), trial_value, True
        if not improved:
            factor /= 2
    return TablePose(*best, value)
