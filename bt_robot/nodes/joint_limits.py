"""Guard the measured joints."""

from __future__ import annotations

import numpy as np

from bt_robot.messages import TickContext
from bt_robot.tree import Action, Input, Outcome, failure, success


class CheckJointLimits(Action):
    """Succeed while every measured joint is within its limits.

    Commands are always limited; this guards against an arm that does not follow them, or was moved
    by hand. It fails with the joint, its position and its limits.
    """

    type_name = "check_joint_limits"
    tolerance = Input(
        float, default=0.05, minimum=0.0, maximum=0.5, doc="how far outside a joint may be [rad, gripper 0 … 1]"
    )

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Compare the measured joints with the limits."""
        limits, joints = ctx.limits, ctx.observation.joints
        outside = (joints < limits.lower - self.tolerance) | (joints > limits.upper + self.tolerance)
        bad = np.flatnonzero(outside | ~np.isfinite(joints))
        if not bad.size:
            return success()
        i = int(bad[0])
        return failure(
            f"{limits.names[i]} is at {joints[i]:.3f}, outside {limits.lower[i]:.3f} … {limits.upper[i]:.3f}"
            f" by more than {self.tolerance:g}"
        )
