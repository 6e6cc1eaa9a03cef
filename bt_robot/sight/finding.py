"""Where a thing is in one picture. Pure, and a few milliseconds long: too much for a tick in real time."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bt_robot.messages import Blob, Find, Image, Spot

MOST_SPOTS = 100
"""A picture full of specks is told by its largest ones."""

_FULL = 255.0
_DEGREES_PER_HUE = 2.0  # OpenCV keeps hues in a byte


def find_in(wanted: Find, image: Image) -> tuple[Spot, ...]:
    """Return every place where a thing is in a picture, the largest first.

    Args:
        wanted: What to look for.
        image: The picture, (height, width, 3) uint8 RGB.
    """
    spots = _patches(wanted, image) if isinstance(wanted, Blob) else _markers(wanted.family, wanted.id, image)
    return tuple(sorted(spots, key=lambda spot: -spot.area))


def _patches(blob: Blob, image: Image) -> list[Spot]:
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    height, width = image.shape[:2]
    mask: NDArray[np.uint8] = np.zeros((height, width), dtype=np.uint8)
    for low, high in _hues(blob):
        floor = (low, blob.min_saturation * _FULL, blob.min_value * _FULL)
        mask |= np.asarray(cv2.inRange(hsv, floor, (high, _FULL, _FULL)), dtype=np.uint8)
    _, _, stats, middles = cv2.connectedComponentsWithStats(mask)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0  # the background
    large = np.flatnonzero(areas >= max(1.0, blob.min_area * width * height))
    spots: list[Spot] = []
    for i in large[np.argsort(-areas[large], kind="stable")][:MOST_SPOTS]:
        left, top, w, h, area = (int(value) for value in stats[i])
        x, y = (float(middles[i, 0]) + 0.5) / width, (float(middles[i, 1]) + 0.5) / height
        box = (left / width, top / height, (left + w) / width, (top + h) / height)
        spots.append(Spot(x, y, box, area / (width * height)))
    return spots


def _hues(blob: Blob) -> tuple[tuple[float, float], ...]:
    """Return the range of hues in OpenCV's unit; two of them where it passes red."""
    low, high = (hue / _DEGREES_PER_HUE for hue in blob.hue_deg)
    return ((low, high),) if low <= high else ((low, 180.0), (0.0, high))


def _markers(family: str, number: int, image: Image) -> list[Spot]:
    height, width = image.shape[:2]
    corners, ids, _ = _detector(family).detectMarkers(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    found = np.flatnonzero(np.ravel(ids) == number) if ids is not None else ()
    spots: list[Spot] = []
    for i in found:
        outline = np.asarray(corners[i], dtype=np.float32).reshape(4, 2)
        (left, top), (right, bottom) = outline.min(axis=0), outline.max(axis=0)
        box = (float(left) / width, float(top) / height, float(right) / width, float(bottom) / height)
        x, y = outline.mean(axis=0)
        area = float(cv2.contourArea(outline)) / (width * height)
        spots.append(Spot(float(x) / width, float(y) / height, box, area))
    return spots


@cache
def _detector(family: str) -> Any:
    """Return OpenCV's detector for a family of markers, with corners as exact as a region needs."""
    name = family.replace("april_", "DICT_APRILTAG_") if family.startswith("april_") else f"DICT_{family.upper()}"
    return cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, name)))
