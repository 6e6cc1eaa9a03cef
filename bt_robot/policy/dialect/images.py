"""Pictures as the policy expects them."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from bt_robot.messages import Image

Picture = Image | bytes
"""A picture on the wire: pixels, or a JPEG file."""

_FILTERED_RATIOS: Final = (2.75, 7.0)
"""Ratios of shrinking for which filtering first is near enough to Pillow (beyond 2.75) and the fastest (below 7)."""
_FILTERED_PIXELS: Final = 100_000
"""Smaller pictures cost little either way."""

Floats = NDArray[np.float32]


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

    A picture that has the size already is returned as it is. Shrinking averages with the triangle filter of Pillow's
    `BILINEAR`, to within 5 of 255 grey levels; without it the policy sees aliased pictures it was never trained on.

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
    padded = np.zeros((height, width, 3), np.uint8)
    top, left = (height - inner_h) // 2, (width - inner_w) // 2
    padded[top : top + inner_h, left : left + inner_w] = _resized(image, inner_h, inner_w)
    return padded


def _resized(image: Image, height: int, width: int) -> Any:
    h, w = image.shape[:2]
    ratios = (h / height, w / width)
    if max(ratios) <= 1.0:
        return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    low, high = _FILTERED_RATIOS
    if h * w >= _FILTERED_PIXELS and min(ratios) >= low and max(ratios) <= high:
        return _filtered(image, height, width)
    return _averaged(image, height, width)


def _filtered(image: Image, height: int, width: int) -> Image:
    """Shrink by filtering the whole picture and picking from it by linear interpolation."""
    h, w = image.shape[:2]
    (rows, row_gains), (columns, column_gains) = _prefilter(h, height), _prefilter(w, width)
    # Pillow averages over what there is at the borders: black beyond them adds nothing, and the gains make up for it.
    smooth = cv2.sepFilter2D(image, -1, columns, rows, borderType=cv2.BORDER_CONSTANT)
    small: Image = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)  # pyright: ignore[reportAssignmentType]
    for row, gain in row_gains:
        small[row] = np.minimum(small[row] * gain + np.float32(0.5), 255.0)
    for column, gain in column_gains:
        small[:, column] = np.minimum(small[:, column] * gain + np.float32(0.5), 255.0)
    return small


@lru_cache(maxsize=64)
def _prefilter(size: int, smaller: int) -> tuple[Floats, tuple[tuple[int, np.float32], ...]]:
    """Return the taps of an axis's filter, and the gains that make up for what lies beyond its ends, by place.

    Args:
        size: Pixels along the axis.
        smaller: Pixels along it afterwards.
    """
    ratio = size / smaller
    at = (np.arange(smaller) + 0.5) * ratio - 0.5
    taps = _fitted(ratio, np.unique(np.round(at % 1.0, 6)))
    reach = len(taps) // 2
    inside = np.convolve(np.ones(size), taps)[reach : reach + size]
    shares = np.interp(at, np.arange(size), inside)
    gains = tuple((int(i), np.float32(1.0 / shares[i])) for i in np.flatnonzero(np.abs(shares - 1.0) > 1e-3))
    return taps.astype(np.float32), gains


def _fitted(ratio: float, phases: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the filter after which linear interpolation is nearest to the triangle filter of a ratio.

    Interpolating widens a filter, by how much depends on where between two pixels it falls. The taps are the least
    squares fit over all the places where it does; one less on each side than the triangle has costs no accuracy.
    """
    reach = math.ceil(ratio) - 1
    places = np.arange(-reach - 1, reach + 3)
    wanted = np.maximum(0.0, 1.0 - np.abs(places - phases[:, None]) / ratio)
    wanted /= wanted.sum(axis=1, keepdims=True)
    # The filter is symmetric: tap d stands at distance d on both sides.
    distances = np.arange(reach + 1)
    here = np.abs(places)[:, None] == distances
    next_one = np.abs(places - 1)[:, None] == distances
    mixed = (1.0 - phases)[:, None, None] * here + phases[:, None, None] * next_one
    whole = np.where(distances == 0, 1.0, 2.0)  # a row so heavy that the taps add up to 1: grey stays grey
    equations = np.vstack([mixed.reshape(-1, reach + 1), 1e3 * whole])
    half = np.linalg.lstsq(equations, np.append(wanted.ravel(), 1e3), rcond=None)[0]
    taps = np.concatenate([half[:0:-1], half])
    return taps / taps.sum()


def _averaged(image: Image, height: int, width: int) -> Image:
    """Resize by adding up weighted pixels, exactly as Pillow does but for the rounding in between."""
    h, w = image.shape[:2]
    rows = _added_up(image.reshape(h, w * 3), height).reshape(height, w, 3)
    turned = np.ascontiguousarray(rows.transpose(1, 0, 2)).reshape(w, height * 3)
    columns = np.rint(_added_up(turned, width)).astype(np.uint8)
    return columns.reshape(width, height, 3).transpose(1, 0, 2)


def _added_up(lines: NDArray[Any], count: int) -> Floats:
    first, weights = _weights(len(lines), count)
    total = lines[first] * weights[0]
    for tap in range(1, len(weights)):
        total += lines[first + tap] * weights[tap]
    return total


@lru_cache(maxsize=64)
def _weights(size: int, count: int) -> tuple[NDArray[np.intp], Floats]:
    """Return the first pixel that goes into each pixel of a resized axis, (count,), and the weights, (taps, count, 1).

    Source: `precompute_coeffs` in Pillow's `Resample.c` with its bilinear filter.
    """
    ratio = size / count
    reach = max(ratio, 1.0)
    centre = (np.arange(count) + 0.5) * ratio
    begin = np.maximum((centre - reach + 0.5).astype(np.intp), 0)
    end = np.minimum((centre + reach + 0.5).astype(np.intp), size)
    taps = int((end - begin).max())
    begin = np.minimum(begin, size - taps)
    places = begin + np.arange(taps)[:, None]
    weights = np.maximum(0.0, 1.0 - np.abs(places + 0.5 - centre) / reach)
    weights /= weights.sum(axis=0)
    return begin, weights[:, :, None].astype(np.float32)
