"""Camera pictures as a language model takes them: small JPEG files in a data URL."""

from __future__ import annotations

import base64

import cv2
import numpy as np
from numpy.typing import NDArray

from bt_robot.messages import Image


def data_url(image: Image, longest_px: int, quality: int) -> str:
    """Return a picture as a JPEG file in a data URL (RFC 2397).

    Args:
        image: (height, width, 3) uint8 RGB.
        longest_px: Its longer side is made no longer than this [px].
        quality: Of the JPEG file, 1 … 100.

    Raises:
        ValueError: It can't be encoded.
    """
    height, width = image.shape[:2]
    scale = longest_px / max(height, width)
    shown: NDArray[np.uint8] = image
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        shown = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    good, encoded = cv2.imencode(".jpg", cv2.cvtColor(shown, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not good:
        raise ValueError("the picture can't be encoded")
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")
