"""The leaf vocabulary: what trees are made of. One file per idea."""

from __future__ import annotations

from bt_robot.nodes.always import AlwaysFailure, AlwaysRunning, AlwaysSuccess
from bt_robot.nodes.arm_still import ArmStill
from bt_robot.nodes.ask_vlm import AskVlm
from bt_robot.nodes.blackboard import KeyExists, KeyUpdated, SetBlackboard, UnsetBlackboard, WaitForKey, WaitForUpdate
from bt_robot.nodes.chunk_idle import ChunkIdle
from bt_robot.nodes.chunks_disagree import ChunksDisagree
from bt_robot.nodes.compare import Compare, WaitFor
from bt_robot.nodes.confirm import Confirm
from bt_robot.nodes.execute_chunk import ExecuteChunk
from bt_robot.nodes.hold_position import HoldPosition
from bt_robot.nodes.holding_object import HoldingObject
from bt_robot.nodes.in_region import InRegion
from bt_robot.nodes.joint_limits import CheckJointLimits
from bt_robot.nodes.log import Log
from bt_robot.nodes.motion import AtPose, MoveTo
from bt_robot.nodes.no_progress import NoProgress
from bt_robot.nodes.object_in_region import ObjectInRegion
from bt_robot.nodes.observe import Observe
from bt_robot.nodes.policy_available import PolicyAvailable
from bt_robot.nodes.query_policy import QueryPolicy
from bt_robot.nodes.released_object import ReleasedObject
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
            AlwaysSuccess,
            AlwaysFailure,
            AlwaysRunning,
            SetBlackboard,
            UnsetBlackboard,
            KeyExists,
            KeyUpdated,
            Compare,
            WaitFor,
            WaitForKey,
            WaitForUpdate,
            Log,
            HoldingObject,
            ReleasedObject,
            AtPose,
            PolicyAvailable,
            ChunkIdle,
            ArmStill,
            InRegion,
            ObjectInRegion,
            ChunksDisagree,
            NoProgress,
            AskVlm,
            Confirm,
        ]
    )
