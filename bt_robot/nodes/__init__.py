"""The leaf vocabulary: what trees are made of. One file per idea."""

from __future__ import annotations

from bt_robot.nodes.conditions import ChunkIdle, HoldingObject, PolicyAvailable, ReleasedObject
from bt_robot.nodes.execute_chunk import ExecuteChunk
from bt_robot.nodes.hold_position import HoldPosition
from bt_robot.nodes.joint_limits import CheckJointLimits
from bt_robot.nodes.motion import AtPose, MoveTo
from bt_robot.nodes.observe import Observe
from bt_robot.nodes.query_policy import QueryPolicy
from bt_robot.nodes.wait import Wait
from bt_robot.tree import Registry

__all__ = ["standard_registry"]


def standard_registry() -> Registry:
    """Return the node types that come with the package."""
    return Registry(
        [
            Observe,
            QueryPolicy,
            ExecuteChunk,
            CheckJointLimits,
            HoldPosition,
            MoveTo,
            Wait,
            HoldingObject,
            ReleasedObject,
            AtPose,
            PolicyAvailable,
            ChunkIdle,
        ]
    )
