"""Pictures as the policy expects them."""

from __future__ import annotations

import math

import cv2
import numpy as np

from bt_robot.messages import Image


def resize_with_pad(image: Image, height: int, width: int) -> Image:
    """Fit a picture into a size without changing its proportions, the rest black, as openpi_client does.

    A picture that has the size already is returned as it is. Shrinking first averages with the triangle filter that
    Pillow's antialiased `BILINEAR` uses; without it the policy sees aliased pictures it was never trained on.

    Args:
        image: (h, w, 3) uint8.
        height: Height to fit [px].
        width: Width to fit [px].
    """
    h, w = image.shape[:2]
    if (h, w) == (height, width):
        return image
    ratio = max(w / width, h / height)
    inner_h, inner_w = max(1, int(h / ratio)), max(1, int(w / ratio))  # truncated, as openpi_client does
    smooth: Image = image
    if ratio > 1.0:
        smooth = cv2.sepFilter2D(
            image, -1, _triangle(w / inner_w), _triangle(h / inner_h), borderType=cv2.BORDER_REFLECT
        )  # pyright: ignore[reportAssignmentType]
    resized = cv2.resize(smooth, (inner_w, inner_h), interpolation=cv2.INTER_LINEAR)
    padded = np.zeros((height, width, 3), np.uint8)
    top, left = (height - inner_h) // 2, (width - inner_w) // 2
    padded[top : top + inner_h, left : left + inner_w] = resized
    return padded


def _triangle(ratio: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    reach = math.ceil(ratio)
    weights = np.maximum(0.0, 1.0 - np.abs(np.arange(-reach, reach + 1)) / ratio)
    return (weights / weights.sum()).astype(np.float32)
