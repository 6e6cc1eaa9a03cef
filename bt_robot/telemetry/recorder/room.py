"""How a recording keeps within its size: pictures get rarer, then stop, then ticks stop; the end always has room."""

from __future__ import annotations

import math
from typing import Final

PICTURES_SHARE: Final = 0.8
"""Of what is not kept for the end, what pictures may fill together with the ticks beside them."""

RAREST: Final = 64
"""Pictures that would be rarer than one in so many are left out."""

INDEX_BYTES: Final = 300
"""For every chunk of the file, kept for the index at its end."""

END_BYTES: Final = 500_000
"""Kept for the end of the run: its last seconds, with the last picture of each camera."""


class Room:
    """How much of a file's size is left, and for what."""

    def __init__(self, limit_bytes: int) -> None:
        """Start with an empty file.

        Args:
            limit_bytes: The size that the file may have, a few times `END_BYTES` at least.
        """
        self._limit = limit_bytes - min(END_BYTES, limit_bytes // 4)

    def one_picture_in(self, used_bytes: int) -> int | None:
        """Return how many pictures are skipped for one that is written, counting itself; None when none is.

        Half of the pictures' room is for all of them, half of the rest for every second one, and so on.
        """
        left = 1.0 - used_bytes / (PICTURES_SHARE * self._limit)
        if left <= 0.0:
            return None
        one_in = 2 ** math.floor(-math.log2(min(left, 1.0)))
        return one_in if one_in <= RAREST else None

    def for_ticks(self, used_bytes: int, chunks: int) -> bool:
        """Whether ticks may be written.

        Args:
            used_bytes: What is written already.
            chunks: In how many chunks.
        """
        return used_bytes + INDEX_BYTES * chunks < self._limit
