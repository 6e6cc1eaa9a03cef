"""What a profile makes of pictures, joints and a prompt on the wire, and of the actions that come back; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bt_robot.errors import ChunkRefused
from bt_robot.messages import Actions, Joints
from bt_robot.policy.dialect.images import Picture
from bt_robot.policy.dialect.profile import Profile
from bt_robot.policy.dialect.units import JointScale


def request_fields(
    profile: Profile, pictures: Mapping[str, Picture], state: Mapping[str, float], prompt: str
) -> dict[str, Any]:
    """Return a request by wire key.

    Args:
        profile: The server's dialect.
        pictures: The picture of each of the profile's cameras, as it goes on the wire.
        state: The value of each of the profile's joints, in the wire's units.
        prompt: What to do.
    """
    shown = {key: pictures[camera] for camera in profile.images for key in profile.image_keys(camera)}
    fields: dict[str, Any] = {profile.images_under: shown} if profile.images_under else dict(shown)
    for key, names, bare in profile.state_joints():
        values = [state[name] for name in names]
        fields[key] = float(values[0]) if bare else np.array(values, dtype=np.float32)
    fields[profile.prompt_key] = prompt
    return {profile.wrap_key: fields} if profile.wrap_key else fields


def check_shape(profile: Profile, raw: NDArray[np.float64]) -> None:
    """Refuse actions that are not as many as the profile says.

    Raises:
        ChunkRefused: They have another shape.
    """
    expected = (profile.horizon, profile.columns)
    if raw.shape != expected:
        raise ChunkRefused(
            f"the actions have shape {raw.shape}, expected {expected} (horizon, joints): wrong model or profile"
        )


def actions_from_wire(profile: Profile, scale: JointScale, columns: NDArray[np.float64], measured: Joints) -> Actions:
    """Return actions in SI units: joint targets, or for incremental profiles what each adds to the one before.

    A gripper's column is a target in every kind.

    Args:
        profile: The server's dialect.
        scale: The units of the columns.
        columns: (H, n), a joint per column, in the wire's units.
        measured: The joints of the observation they answer, (n,), in the order of the columns.
    """
    if profile.action_kind == "absolute":
        return scale.from_wire(columns)
    differences = scale.differences_from_wire(columns)
    if profile.action_kind == "relative":
        return differences + np.where(scale.grippers, 0.0, measured)
    if profile.action_kind == "velocity":
        differences[:, ~scale.grippers] *= profile.velocity_scale / profile.rate_hz
    return differences
