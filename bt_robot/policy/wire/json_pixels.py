"""Pictures as nested JSON numbers, fast: there are only 256 pixels, so each number is copied from a table.

Two pictures are 2.6 MB of text, and touching fresh memory is what costs: they are written straight to their places in
the document, which is made with holes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import orjson
from numpy.typing import NDArray

HOLE: Final = orjson.Fragment(b"\0")
"""What stands in a document in the place of a picture; nothing else in JSON text is this byte."""

_DECIMALS: Final = 5  # with these, seven digits and a comma are the eight bytes that a table of uint64 copies at once
_NUMBERS: Final = "".join(f"{value / 255:.{_DECIMALS}f}," for value in range(256)).encode()
_TABLE: Final = np.frombuffer(_NUMBERS, dtype=np.uint64)
_OPEN, _CLOSE, _COMMA = b"[],"


def filled(document: bytes, pictures: Sequence[NDArray[np.uint8]]) -> str:
    """Return a JSON document with pictures in its holes, in their order, as nested lists of numbers in [0, 1].

    A reader's `rint(255 x)` is the pixel.

    Args:
        document: Written with `HOLE` once for each picture.
        pictures: Each with three axes, such as (h, w, 3) or (3, h, w), and not empty.
    """
    parts = [np.frombuffer(part, np.uint8) for part in document.split(b"\0")]
    sizes = [_size(picture.shape) for picture in pictures]
    text = np.empty(sum(len(part) for part in parts) + sum(sizes) + 1, np.uint8)
    at = 0
    for index, part in enumerate(parts):
        if index:
            size = sizes[index - 1]
            _write(pictures[index - 1], text[at : at + size + 1])  # its last comma is overwritten by what follows
            at += size
        text[at : at + len(part)] = part
        at += len(part)
    return str(text[:-1].data, "utf-8")


def _size(shape: tuple[int, ...]) -> int:
    planes, rows, columns = shape
    return planes * (rows * (columns * 8 + 2) + 2) + 1


def _write(picture: NDArray[np.uint8], text: NDArray[np.uint8]) -> None:
    # A list is a bracket, its items with a comma behind each, a bracket in the place of the last comma, and a comma.
    # The lists of a level are of the same length, so their brackets are written all at once.
    planes, rows, columns = picture.shape
    row_size = columns * 8 + 2
    plane_size = rows * row_size + 2
    in_planes = text[1:-1].reshape(planes, plane_size)
    in_rows = in_planes[:, 1:-1].reshape(planes, rows, row_size)
    numbers = np.ndarray(picture.shape, np.uint64, text, offset=3, strides=(plane_size, row_size, 8))
    for plane, pixels in zip(numbers, picture, strict=True):
        plane[...] = _TABLE[pixels]
    for lists in (in_rows, in_planes, text[None]):
        lists[..., 0] = _OPEN
        lists[..., -2] = _CLOSE
        lists[..., -1] = _COMMA
