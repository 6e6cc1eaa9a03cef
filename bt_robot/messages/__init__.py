"""The values that travel between the parts, with their shapes and units.

Everything is SI: seconds, radians. A joint vector holds one position per joint in the robot's
order; the gripper, the last one, is 0.0 (closed) to 1.0 (open). Arrays are never written to after
they were handed over.
"""

from bt_robot.messages.advice import Judge, Judgement, People, Question, Reply
from bt_robot.messages.arm import (
    Body,
    Command,
    Effort,
    Frame,
    Health,
    Image,
    JointLimits,
    Joints,
    Kinematics,
    Observation,
    Verdict,
)
from bt_robot.messages.heard import Answered, Heard, Judged, Look
from bt_robot.messages.policy import (
    ActionChunk,
    ActionPlan,
    Actions,
    Disagreement,
    LatencyParts,
    LinkState,
    PlanStats,
    PolicyLink,
    Splice,
)
from bt_robot.messages.sight import MARKER_FAMILIES, Blob, Find, Marker, MarkerFamily, Sight, Sighting, Spot
from bt_robot.messages.tick import (
    KeyWrite,
    NodeFailure,
    NodeInfo,
    NodeState,
    Setup,
    Sink,
    Status,
    TickContext,
    TickRecord,
)

__all__ = [
    "Frame",
    "Health",
    "Effort",
    "Observation",
    "Kinematics",
    "Body",
    "Find",
    "MARKER_FAMILIES",
    "MarkerFamily",
    "Blob",
    "Marker",
    "Spot",
    "Sighting",
    "Sight",
    "JointLimits",
    "Command",
    "Verdict",
    "Joints",
    "Image",
    "LatencyParts",
    "ActionChunk",
    "Splice",
    "Disagreement",
    "PlanStats",
    "LinkState",
    "PolicyLink",
    "ActionPlan",
    "Actions",
    "Question",
    "Judgement",
    "Judge",
    "Reply",
    "People",
    "Look",
    "Judged",
    "Answered",
    "Heard",
    "Status",
    "Setup",
    "TickContext",
    "NodeInfo",
    "NodeState",
    "NodeFailure",
    "KeyWrite",
    "TickRecord",
    "Sink",
]
