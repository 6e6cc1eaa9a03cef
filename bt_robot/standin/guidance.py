"""Continuing a plan that is under way, as a server with real-time chunking does, pure.

The actions that will be executed while the server computes are frozen; the following ones lean towards what was
planned, less and less (the soft mask of Black et al., arXiv 2506.07339). Here the plan is blended, not inpainted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bt_robot.arm.so101 import GRIPPER
from bt_robot.messages import Actions


@dataclass(frozen=True, slots=True)
class Prefix:
    """A plan to continue.

    Attributes:
        actions: Joint targets from the step of the observation on, (H, 6) rad.
        valid: How many of them were planned; the rest repeats the last one.
        delay: How many of them are executed before the answer arrives.
        execution_horizon: How many actions of a chunk are executed.
    """

    actions: Actions
    valid: int
    delay: int
    execution_horizon: int


def soft_mask(horizon: int, delay: int, execution_horizon: int) -> NDArray[np.float64]:
    """Return how much of the old plan is kept in each action, (horizon,), 1 … 0.

    Args:
        horizon: Actions in a chunk, H.
        delay: Frozen actions, d.
        execution_horizon: Executed actions, s; the last s actions of the chunk are free.
    """
    i = np.arange(horizon)
    end = max(delay, horizon - execution_horizon)
    c = np.clip((end - i) / (end - delay + 1), 0.0, 1.0)  # 1 while frozen, 0 from the end on
    return c * np.expm1(c) / np.expm1(1.0)


def continued(own: Actions, prefix: Prefix) -> Actions:
    """Return actions that begin with the given plan and end with the own one, (H, 6).

    Where the given plan ends early, the own one goes on from there. The gripper leaves the old plan as soon as it is
    free to: its targets are steps, which a blend would smear.

    Args:
        own: What is planned now, (H, 6) rad.
        prefix: What was planned before, with as many rows.
    """
    k = prefix.valid
    old = np.concatenate([prefix.actions[:k], own[k:] + prefix.actions[k - 1] - own[k - 1]])
    weights = soft_mask(len(own), prefix.delay, prefix.execution_horizon)[:, None]
    merged = weights * old + (1.0 - weights) * own
    merged[prefix.delay :, GRIPPER] = own[prefix.delay :, GRIPPER]
    return merged
