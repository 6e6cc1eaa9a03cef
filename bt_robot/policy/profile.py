"""What a policy expects and answers that its protocol does not say, read from YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from bt_robot.config.source import Problems, read_file
from bt_robot.config.values import INVALID, Rule, bind
from bt_robot.errors import LoadError, Problem, did_you_mean
from bt_robot.policy.units import AngleUnit, GripperScale, WireUnits

_BUILT_IN = Path(__file__).parent / "profiles"
_JOINT = "{joint}"

Pixels = Annotated[int, Rule(minimum=8, maximum=4096)]


@dataclass(frozen=True)
class Profile:
    """A policy server's dialect.

    Attributes:
        protocol: `openpi` (msgpack) or `json`.
        images: The wire key of each camera, by camera name.
        joints: Joint names in the wire's order.
        horizon: Actions in a chunk.
        description: What it is for, one sentence.
        image_width: Width of the pictures on the wire [px].
        image_height: Height of the pictures on the wire [px].
        image_layout: `hwc` or `chw`.
        state_key: The wire key of the joint vector; with `{joint}` in it, a key per joint and a number under each.
        joint_unit: Unit of the joints on the wire, `degrees` or `radians`; not the gripper's.
        gripper: The gripper's values on the wire.
        prompt_key: The wire key of the prompt.
        action_kind: What an action is; only absolute joint targets can be executed.
        rate_hz: The rate at which the actions are meant to be executed [Hz].
        replan_after_steps: Ask for the next chunk when the newest one's observation is this old [control steps].
        max_first_jump_rad: Greatest distance from the measured joints to a chunk's first action [rad].
        metadata: What the server must announce about itself.
    """

    protocol: Literal["openpi", "json"]
    images: Mapping[str, str]
    joints: tuple[str, ...]
    horizon: Annotated[int, Rule(minimum=1, maximum=1000)]
    description: str = ""
    image_width: Pixels = 224
    image_height: Pixels = 224
    image_layout: Literal["hwc", "chw"] = "hwc"
    state_key: str = "observation.state"
    joint_unit: AngleUnit = "degrees"
    gripper: GripperScale = field(default_factory=GripperScale)
    prompt_key: str = "prompt"
    action_kind: Literal["absolute", "delta", "velocity"] = "absolute"
    rate_hz: Annotated[float, Rule(minimum=1.0, maximum=200.0)] = 30.0
    replan_after_steps: Annotated[int, Rule(minimum=1, maximum=1000)] = 25
    max_first_jump_rad: Annotated[float, Rule(minimum=0.01, maximum=7.0)] = 0.6
    metadata: Mapping[str, bool | int | float | str] = field(default_factory=dict[str, bool | int | float | str])

    def __post_init__(self) -> None:
        """Refuse what can't be executed or contradicts itself."""
        if self.action_kind != "absolute":
            raise ValueError(
                f"action_kind '{self.action_kind}' can't be executed, only 'absolute' targets can; openpi answers "
                "those also for weights trained on deltas, because its server adds the state back"
            )
        keys = [*self.wire_keys()]
        for key in {key for key in keys if keys.count(key) > 1}:
            raise ValueError(f"the wire key '{key}' is used twice")
        if len(set(self.joints)) < max(2, len(self.joints)):
            raise ValueError("joints needs at least two names, each of them once")
        if self.replan_after_steps > self.horizon:
            raise ValueError(f"replan_after_steps {self.replan_after_steps} is beyond the horizon of {self.horizon}")
        if self.protocol == "json" and self.metadata:
            raise ValueError("metadata can't be checked: the json protocol announces none")

    @property
    def units(self) -> WireUnits:
        """The units of joint vectors on the wire."""
        return WireUnits(self.joint_unit, self.gripper)

    def state_keys(self) -> tuple[str, ...]:
        """Return the wire keys of the joint positions: one, or one per joint in the wire's order."""
        if _JOINT in self.state_key:
            return tuple(self.state_key.replace(_JOINT, joint) for joint in self.joints)
        return (self.state_key,)

    def wire_keys(self) -> tuple[str, ...]:
        """Return every key of a request."""
        return (*self.images.values(), *self.state_keys(), self.prompt_key)


def built_in_profiles() -> tuple[str, ...]:
    """Return the names of the profiles that come with the package."""
    return tuple(sorted(path.stem for path in _BUILT_IN.glob("*.yaml")))


def load_profile(name_or_path: str) -> Profile:
    """Read a built-in profile by its name, or any profile by the path of its file.

    Args:
        name_or_path: A name such as `standin`, or a path that ends in .yaml or .yml or holds a slash.

    Raises:
        LoadError: There is no such profile, or problems in it, all of them.
    """
    if "/" in name_or_path or name_or_path.endswith((".yaml", ".yml")):
        path, shown = Path(name_or_path), name_or_path
    elif name_or_path in built_in_profiles():
        path, shown = _BUILT_IN / f"{name_or_path}.yaml", f"profiles/{name_or_path}.yaml"
    else:
        known = built_in_profiles()
        expected = f"one of {', '.join(known)}, or the path of a .yaml file"
        hint = did_you_mean(name_or_path, known)
        raise LoadError([Problem(name_or_path, 0, 0, "unknown profile", expected, hint)])
    problems = Problems()
    node = read_file(path, problems, shown=shown)
    profile = bind(Profile, node, problems, "profile") if node is not None else INVALID
    problems.raise_if_any()
    assert isinstance(profile, Profile)  # anything else was noted as a problem
    return profile
