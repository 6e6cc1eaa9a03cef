"""The border between the wire's units and ours: degrees and gripper scales exist here and nowhere above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

AngleUnit = Literal["degrees", "radians", "range_100", "raw"]
"""`range_100` is LeRobot's older scale: -100 and 100 are the ends of a joint's range. `raw` converts nothing."""

Values = NDArray[np.float64]

_OVERSHOOT = 0.35  # of a gripper's way


@dataclass(frozen=True)
class GripperScale:
    """What the gripper's two ends are called on the wire.

    Attributes:
        closed: The value for closed, 0.0 inside.
        open: The value for open, 1.0 inside.
        binary: Whether actions only tell open from shut: what is beyond the middle is the end it is nearer to.
    """

    closed: float = 0.0
    open: float = 100.0
    binary: bool = False

    def __post_init__(self) -> None:
        """Refuse a scale without length."""
        if self.closed == self.open:
            raise ValueError(f"closed and open are both {self.closed:g}")

    def to_wire(self, opening: Values) -> Values:
        """Return openings, 0 … 1, as they are written."""
        return self.closed + opening * (self.open - self.closed)

    def from_wire(self, values: Values) -> Values:
        """Return openings, 0 … 1, from what is written; what is far beyond both ends is left for a check to find."""
        opening = (values - self.closed) / (self.open - self.closed)
        if not self.binary:
            return opening
        plausible = np.abs(opening - 0.5) <= 0.5 + _OVERSHOOT
        return np.where(plausible, np.where(opening < 0.5, 0.0, 1.0), opening)


class JointScale:
    """How joint vectors are written on the wire, for given joints in a given order.

    Attributes:
        grippers: Which columns are grippers, (n,) bool.
    """

    def __init__(
        self,
        angle: AngleUnit,
        gripper: GripperScale,
        grippers: Sequence[bool],
        lower_rad: Values | None = None,
        upper_rad: Values | None = None,
    ) -> None:
        """Prepare the conversion.

        Args:
            angle: The unit of every joint but the grippers.
            gripper: The scale of the grippers.
            grippers: Which columns are grippers.
            lower_rad: The low end of each joint's range, (n,) rad; `range_100` needs it.
            upper_rad: The high end of each joint's range, (n,) rad; `range_100` needs it.

        Raises:
            ValueError: The unit needs ranges and there are none, or one without length.
        """
        self.grippers = np.array(grippers, dtype=bool)
        self._gripper = gripper
        self._raw = angle == "raw"
        self._factor, self._zero = np.ones(len(self.grippers)), np.zeros(len(self.grippers))
        if angle == "degrees":
            self._factor[:] = 180.0 / np.pi
        elif angle == "range_100":
            if lower_rad is None or upper_rad is None:
                raise ValueError("the unit range_100 needs the joints' ranges")
            if not (upper_rad > lower_rad)[~self.grippers].all():
                raise ValueError("the unit range_100 needs ranges with a length")
            self._factor = 200.0 / np.where(self.grippers, 1.0, upper_rad - lower_rad)
            self._zero = np.where(self.grippers, 0.0, (lower_rad + upper_rad) / 2)

    def to_wire(self, joints: Values) -> Values:
        """Return joint vectors, (…, n) rad with grippers 0 … 1, in the wire's units."""
        if self._raw:
            return np.array(joints, dtype=np.float64)
        out = (joints - self._zero) * self._factor
        out[..., self.grippers] = self._gripper.to_wire(joints[..., self.grippers])
        return out

    def from_wire(self, values: Values) -> Values:
        """Return joint vectors in the wire's units, (…, n), as rad with grippers 0 … 1."""
        if self._raw:
            return np.array(values, dtype=np.float64)
        out = values / self._factor + self._zero
        out[..., self.grippers] = self._gripper.from_wire(values[..., self.grippers])
        return out

    def differences_from_wire(self, values: Values) -> Values:
        """Return differences or speeds in the wire's units, (…, n), in rad; a gripper's column is a target, as ever."""
        if self._raw:
            return np.array(values, dtype=np.float64)
        out = values / self._factor
        out[..., self.grippers] = self._gripper.from_wire(values[..., self.grippers])
        return out

    def differences_to_wire(self, differences: Values) -> Values:
        """Return differences or speeds, (…, n) rad, in the wire's units; the inverse of `differences_from_wire`."""
        if self._raw:
            return np.array(differences, dtype=np.float64)
        out = differences * self._factor
        out[..., self.grippers] = self._gripper.to_wire(differences[..., self.grippers])
        return out
