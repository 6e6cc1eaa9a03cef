"""A film strip of a run: what the cameras saw, in one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bt_robot.errors import BtRobotError
from bt_robot.messages import Image
from bt_robot.telemetry.recording import Still

COLUMNS = 12
TILE_PX = 160
GAP_PX = 6
_STRIP_PX = 18
_cv2: Any = cv2


def film_strip(stills: list[Still], columns: int = COLUMNS) -> Image | None:
    """Return a row of pictures per camera, evenly spread in time, (h, w, 3) RGB; None without pictures.

    Every moment is a column, its time above the left edge of its pictures, with a gap to the next.
    """
    if not stills:
        return None
    chosen = [stills[round(i)] for i in np.linspace(0, len(stills) - 1, min(columns, len(stills)))]
    cameras = list(chosen[0].frames)
    rows: list[Image] = [_row([_label(still.time_s) for still in chosen])]
    for name in cameras:
        rows.append(_row([_tile(still.frames[name].image) for still in chosen]))
    return np.vstack(rows)[:-GAP_PX, :-GAP_PX]


def _row(tiles: list[Image]) -> Image:
    """Return tiles side by side, a column each, with a gap to the right."""
    height = max(tile.shape[0] for tile in tiles)
    row = np.full((height, len(tiles) * (TILE_PX + GAP_PX), 3), 255, np.uint8)
    for i, tile in enumerate(tiles):
        left = i * (TILE_PX + GAP_PX)
        row[: tile.shape[0], left : left + tile.shape[1]] = tile
    return row


def _tile(image: Image) -> Image:
    height, width = image.shape[:2]
    scale = TILE_PX / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small: Image = _cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.pad(small, ((0, GAP_PX), (0, 0), (0, 0)), constant_values=255)


def _label(time_s: float) -> Image:
    strip = np.full((_STRIP_PX, TILE_PX, 3), 255, np.uint8)
    _cv2.putText(strip, f"{time_s:.1f} s", (0, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (40, 40, 40), 1, cv2.LINE_AA)
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
