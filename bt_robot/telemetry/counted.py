"""A number with its noun, one or many."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """Return e.g. `1 chunk` or `2 chunks`.

    Args:
        count: How many.
        noun: What, in the singular; its plural ends in s.
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
