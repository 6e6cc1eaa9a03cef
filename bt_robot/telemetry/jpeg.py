"""Pictures as JPEG and back."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from bt_robot.messages import Image

QUALITY = 85
"""Of 100: as cameras have it; a picture of 224x224 is some 8 kB."""

_cv2: Any = cv2


def encode_jpeg(image: Image, quality: int = QUALITY) -> bytes:
    """Return a picture, (h, w, 3) RGB, as JPEG; other threads go on meanwhile.

    Raises:
        ValueError: It is no picture.
    """
    if image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ValueError(f"a picture of shape {image.shape} can't be made a JPEG; expected (height, width, 3)")
    ok, data = _cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not ok:
        raise ValueError(f"a picture of shape {image.shape} can't be made a JPEG")
    return data.tobytes()


def decode_jpeg(data: bytes) -> Image:
    """Return a JPEG as a picture, (h, w, 3) RGB.

    Raises:
        ValueError: It is no JPEG that can be decoded.
    """
    image = _cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if image is None:
        raise ValueError("the JPEG can't be decoded")
    return np.ascontiguousarray(image[..., ::-1])
