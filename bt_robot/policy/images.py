"""Pictures as the policy expects them."""

from __future__ import annotations

import math
from typing import Literal

import cv2
import numpy as np

from bt_robot.messages import Image

Picture = Image | bytes
"""A picture on the wire: pixels, or a JPEG file."""


def picture(
    image: Image, height: int, width: int, layout: Literal["hwc", "chw"], jpeg_quality: int | None = None
) -> Picture:
    """Return a camera's picture as it goes on the wire.

    Args:
        image: (h, w, 3) uint8 RGB.
        height: Height on the wire [px].
        width: Width on the wire [px].
        layout: The order of the axes; a JPEG file has none.
        jpeg_quality: Make a JPEG file of this quality, 1 … 100, instead of pixels.
    """
    resized = resize_with_pad(image, height, width)
    if jpeg_quality is not None:
        return jpeg(resized, jpeg_quality)
    return np.ascontiguousarray(resized.transpose(2, 0, 1)) if layout == "chw" else resized


def jpeg(image: Image, quality: int) -> bytes:
    """Return a picture, (h, w, 3) RGB, as a JPEG file of a quality, 1 … 100."""
    done, encoded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done, "a picture of pixels can be encoded"
    return encoded.tobytes()


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
