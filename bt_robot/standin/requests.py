"""What clients send to the stand-in server, as one question whichever protocol they speak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from bt_robot.arm.so101 import JOINT_NAMES
from bt_robot.errors import WireError
from bt_robot.messages import Image, Joints
from bt_robot.policy.images import resize_with_pad
from bt_robot.policy.units import GripperScale, JointScale
from bt_robot.policy.wire.base import Fields
from bt_robot.policy.wire.checks import kinds
from bt_robot.policy.wire.json_protocol import numbers

FRONT_KEY: Final = "observation.images.front"
WRIST_KEY: Final = "observation.images.wrist"
STATE_KEY: Final = "observation.state"
PROMPT_KEY: Final = "prompt"
SIDE_PX: Final = 224
UNITS: Final = JointScale(
    "degrees", GripperScale(), [name == "gripper" for name in JOINT_NAMES]
)  # LeRobot's: degrees, gripper 0 … 100


@dataclass(frozen=True, slots=True)
class Question:
    """One request.

    Attributes:
        front: The fixed camera's picture, (224, 224, 3) RGB.
        joints: The measured positions, (6,) rad, gripper 0 … 1.
        prompt: What to do.
    """

    front: Image
    joints: Joints
    prompt: str


def from_openpi(fields: Fields) -> Question:
    """Read the fields of an OpenPI request.

    Raises:
        WireError: One is missing or has the wrong shape or type.
    """
    front, _ = (_picture(_field(fields, key), key) for key in (FRONT_KEY, WRIST_KEY))
    return Question(front, _joints(np.asarray(_field(fields, STATE_KEY))), _prompt(fields))


def from_json(fields: Fields) -> Question:
    """Read the observation of a JSON request: pictures as floats in [0, 1], one number per joint.

    Raises:
        WireError: Something is missing or has the wrong shape, type or range.
    """
    front, _ = (_float_picture(_field(fields, key), key) for key in (FRONT_KEY, WRIST_KEY))
    state = [_field(fields, f"{STATE_KEY}.{joint}.pos") for joint in JOINT_NAMES]
    return Question(front, _joints(numbers(state, "joint positions")), _prompt(fields))


def _field(fields: Fields, key: str) -> Any:
    if key not in fields:
        raise WireError(f"the request lacks '{key}'; it holds {kinds(fields)}")
    return fields[key]


def _picture(value: Any, key: str) -> Image:
    if not isinstance(value, np.ndarray) or value.dtype != np.uint8 or value.ndim != 3 or value.shape[2] != 3:
        found = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
        raise WireError(f"'{key}' is {found}, expected uint8 (height, width, 3)")
    if 0 in value.shape:
        raise WireError(f"'{key}' is empty")
    return resize_with_pad(value, SIDE_PX, SIDE_PX)


def _float_picture(value: Any, key: str) -> Image:
    floats = numbers(value, f"pixels of '{key}'")
    if not ((floats >= 0.0) & (floats <= 1.0)).all():
        raise WireError(f"'{key}' holds pixels outside 0 … 1")
    return _picture(np.rint(floats * 255.0).astype(np.uint8), key)


def _joints(state: Any) -> Joints:
    if state.shape != (len(JOINT_NAMES),) or state.dtype.kind != "f" or not np.isfinite(state).all():
        raise WireError(f"the state is {state.dtype} {state.shape}, expected {len(JOINT_NAMES)} finite numbers")
    return UNITS.from_wire(state.astype(np.float64))


def _prompt(fields: Fields) -> str:
    prompt = _field(fields, PROMPT_KEY)
    if not isinstance(prompt, str):
        raise WireError(f"'{PROMPT_KEY}' is a {type(prompt).__name__}, expected text")
    return prompt
