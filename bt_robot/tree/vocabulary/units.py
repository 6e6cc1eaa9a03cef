"""The units at the end of names, such as `wait_s` and `speed_rad_s`."""

from __future__ import annotations

_SPEEDS = ("rad_s2", "m_s2", "rad_s", "deg_s", "mm_s", "m_s")
_UNITS = (*_SPEEDS, "ms", "us", "ns", "s", "khz", "hz", "rad", "deg", "mm", "cm", "m")
"""Longer ones first."""


def unit_of(name: str) -> str:
    """Return the unit at the end of a name, e.g. `s` for `wait_s`; empty if it has none."""
    return next((unit for unit in _UNITS if name.endswith(f"_{unit}") and len(name) > len(unit) + 1), "")


def in_unit(name: str, unit: str) -> str:
    """Return a name with another unit at its end."""
    return f"{name.removesuffix(unit_of(name))}{unit}"
