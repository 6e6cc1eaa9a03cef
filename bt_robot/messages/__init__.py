"""The values that travel between the parts, with their shapes and units.

Everything is SI: seconds, radians. A joint vector holds one position per joint in the robot's
order; the gripper, the last one, is 0.0 (closed) to 1.0 (open). Arrays are never written to after
they were handed over.
"""

from bt_robot.messages.arm import Command, Frame, Health, Image, JointLimits, Joints, Observation, Verdict
from bt_robot.messages.policy import (
    ActionChunk,
    ActionPlan,
    Actions,
    LatencyParts,
    LinkState,
    PlanStats,
    PolicyLink,
    Splice,
)
from bt_robot.messages.tick import NodeFailure, NodeInfo, NodeState, Setup, Sink, Status, TickContext, TickRecord

__all__ = [
    "Frame",
    "Health",
    "Observation",
    "JointLimits",
    "Command",
    "Verdict",
    "Joints",
    "Image",
    "LatencyParts",
    "ActionChunk",
    "Splice",
    "PlanStats",
    "LinkState",
    "PolicyLink",
    "ActionPlan",
    "Actions",
    "Status",
    "Setup",
    "TickContext",
    "NodeInfo",
    "NodeState",
    "NodeFailure",
    "TickRecord",
    "Sink",
]
