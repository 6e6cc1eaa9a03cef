"""The border between the wire's units and ours: degrees and gripper scales exist here and nowhere above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

AngleUnit = Literal["degrees", "radians"]


@dataclass(frozen=True)
class GripperScale:
    """What the gripper's two ends are called on the wire.

    Attributes:
        closed: The value for closed, 0.0 inside.
        open: The value for open, 1.0 inside.
    """

    closed: float = 0.0
    open: float = 100.0

    def __post_init__(self) -> None:
        """Refuse a scale without length."""
        if self.closed == self.open:
            raise ValueError(f"closed and open are both {self.closed:g}")


@dataclass(frozen=True)
class WireUnits:
    """How joint vectors are written on the wire; the last joint of a vector is the gripper.

    Attributes:
        angle: The unit of every joint but the gripper.
        gripper: The scale of the gripper.
    """

    angle: AngleUnit = "degrees"
    gripper: GripperScale = GripperScale()

    def to_wire(self, joints: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return joint vectors, (…, n) rad with gripper 0 … 1, in the wire's units."""
        out = np.rad2deg(joints) if self.angle == "degrees" else np.array(joints, dtype=np.float64)
        out[..., -1] = self.gripper.closed + joints[..., -1] * (self.gripper.open - self.gripper.closed)
        return out

    def from_wire(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return joint vectors in the wire's units, (…, n), as rad with gripper 0 … 1."""
        out = np.deg2rad(values) if self.angle == "degrees" else np.array(values, dtype=np.float64)
        out[..., -1] = (values[..., -1] - self.gripper.closed) / (self.gripper.open - self.gripper.closed)
        return out
