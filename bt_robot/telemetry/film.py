"""A film strip of a run: what the cameras saw, in one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bt_robot.errors import BtRobotError
from bt_robot.messages import Image
from bt_robot.telemetry.recording import Still

COLUMNS = 12
TILE_PX = 160
_STRIP_PX = 18
_cv2: Any = cv2


def film_strip(stills: list[Still], columns: int = COLUMNS) -> Image | None:
    """Return a row of pictures per camera, evenly spread in time, (h, w, 3) RGB; None without pictures."""
    if not stills:
        return None
    chosen = [stills[round(i)] for i in np.linspace(0, len(stills) - 1, min(columns, len(stills)))]
    cameras = list(chosen[0].frames)
    rows: list[NDArray[np.uint8]] = [np.hstack([_label(still.time_s) for still in chosen])]
    rows += [np.hstack([_tile(still.frames[name].image) for still in chosen]) for name in cameras]
    return np.vstack(rows)


def _tile(image: Image) -> Image:
    height, width = image.shape[:2]
    scale = TILE_PX / max(height, width)
    small = _cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    tile = np.zeros((TILE_PX, TILE_PX, 3), np.uint8)
    tile[: small.shape[0], : small.shape[1]] = small
    return tile


def _label(time_s: float) -> Image:
    strip = np.full((_STRIP_PX, TILE_PX, 3), 255, np.uint8)
    _cv2.putText(strip, f"{time_s:.1f} s", (4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (40, 40, 40), 1, cv2.LINE_AA)
    return strip


def write_png(image: Image, path: Path) -> None:
    """Write an RGB picture.

    Raises:
        BtRobotError: It could not be encoded.
        OSError: It could not be written.
    """
    ok, data = _cv2.imencode(".png", image[..., ::-1])
    if not ok:
        raise BtRobotError("the film strip could not be encoded as PNG")
    path.write_bytes(data.tobytes())
