"""What a policy expects and answers that its protocol does not say, read from YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Final, Literal

from bt_robot.config.overlay import underlay
from bt_robot.config.source import MapNode, Problems, ScalarNode, SourceNode, read_file
from bt_robot.config.values import INVALID, Rule, bind
from bt_robot.errors import LoadError, Problem, did_you_mean
from bt_robot.policy.dialect.rtc import RtcDialect
from bt_robot.policy.dialect.units import AngleUnit, GripperScale

Protocol = Literal["openpi", "roboarena", "vllm_omni", "sglang", "json"]
ActionKind = Literal["absolute", "relative", "delta", "velocity"]
Pixels = Annotated[int, Rule(minimum=8, maximum=4096)]

_BUILT_IN = Path(__file__).parents[1] / "profiles"
_JOINT: Final = "{joint}"
_EXTENDS: Final = "extends"
_MAX_EXTENDS: Final = 8


@dataclass(frozen=True)
class Profile:
    """A policy server's dialect.

    Attributes:
        protocol: How the server speaks: `openpi`, one of its kin (`roboarena`, `vllm_omni`, `sglang`), or `json`.
        images: The wire key of each camera, by camera name; a list of keys sends the same picture under each.
        joints: Joint names in the order of the action's columns.
        horizon: Actions in a chunk.
        description: What it is for, one sentence.
        image_width: Width of the pictures on the wire [px].
        image_height: Height of the pictures on the wire [px].
        image_layout: `hwc` or `chw`.
        images_under: The key of a map that holds the pictures; empty where they stand beside the state.
        decodes_jpeg: Whether the server takes JPEG files in the place of pixels, as `policy.jpeg` sends them.
        state_key: The wire key of the joint vector; with `{joint}` in it, a key per joint and a number under each; or a
            mapping from key to the joints under it (for clients without a robot also to what is no joint).
        joint_unit: Unit of the joints on the wire: `degrees`, `radians`, `range_100` (LeRobot's -100 … 100 over the
            robot's range), or `raw`, which converts nothing, the grippers' neither; otherwise theirs is `gripper`.
        gripper: The grippers' values on the wire.
        gripper_joints: Which joints are grippers; by default those called so, or else the last one.
        prompt_key: The wire key of the prompt.
        wrap_key: The key of a map that holds the whole observation; empty where it is not wrapped.
        action_key: Where the actions are in a reply; a list of keys is put side by side.
        action_dim: Columns of the actions; those beyond the joints are padding. As many as joints by default.
        action_kind: What an action is: an `absolute` joint target, an offset `relative` to the observed joints, a
            `delta` to the action before, or a `velocity`. A gripper's value is a target in every kind.
        velocity_scale: The speed that a velocity of 1 on the wire means [joint_unit/s].
        rate_hz: The rate at which the actions are meant to be executed [Hz].
        execute_steps: How many actions of a chunk are executed before the next chunk takes over [actions]; half of the
            horizon by default, also of a horizon that differs from the extended profile's.
        max_first_jump_rad: Greatest distance from the measured joints to a chunk's first action [rad].
        reset: How a server with a memory is made to forget when a task begins: as its `family` does, `none`, with a
            request to its `endpoint` reset, or with a new `session` id.
        metadata: What the server must announce about itself.
        volatile_metadata: What it announces that may differ from one connection to the next.
        rtc: How the server is told the plan to continue (real-time chunking); absent where it can't be.
    """

    protocol: Protocol
    images: Mapping[str, str | tuple[str, ...]]
    joints: tuple[str, ...]
    horizon: Annotated[int, Rule(minimum=1, maximum=1000)]
    description: str = ""
    image_width: Pixels = 224
    image_height: Pixels = 224
    image_layout: Literal["hwc", "chw"] = "hwc"
    images_under: str = ""
    decodes_jpeg: bool = False
    state_key: str | Mapping[str, tuple[str, ...]] = "observation.state"
    joint_unit: AngleUnit = "degrees"
    gripper: GripperScale = field(default_factory=GripperScale)
    gripper_joints: tuple[str, ...] | None = None
    prompt_key: str = "prompt"
    wrap_key: str = ""
    action_key: str | tuple[str, ...] = "actions"
    action_dim: Annotated[int | None, Rule(minimum=1, maximum=1000)] = None
    action_kind: ActionKind = "absolute"
    velocity_scale: Annotated[float, Rule(minimum=1e-6, maximum=1e6)] = 1.0
    rate_hz: Annotated[float, Rule(minimum=1.0, maximum=200.0)] = 30.0
    execute_steps: Annotated[int, Rule(minimum=0, maximum=1000)] = 0
    max_first_jump_rad: Annotated[float, Rule(minimum=0.01, maximum=7.0)] = 0.6
    reset: Literal["family", "none", "endpoint", "session"] = "family"
    metadata: Mapping[str, bool | int | float | str] = field(default_factory=dict[str, bool | int | float | str])
    volatile_metadata: tuple[str, ...] = ()
    rtc: RtcDialect | None = None

    def __post_init__(self) -> None:
        """Refuse what can't be executed or contradicts itself."""
        keys = [*self.wire_keys()]
        for key in {key for key in keys if keys.count(key) > 1}:
            raise ValueError(f"the wire key '{key}' is used twice")
        if len(set(self.joints)) < max(2, len(self.joints)):
            raise ValueError("joints needs at least two names, each of them once")
        if self.execute_steps == 0:
            object.__setattr__(self, "execute_steps", (self.horizon + 1) // 2)
        if self.execute_steps > self.horizon:
            raise ValueError(f"execute_steps {self.execute_steps} is beyond the horizon of {self.horizon}")
        if self.columns < len(self.joints):
            raise ValueError(f"action_dim {self.columns} is less than the {len(self.joints)} joints")
        unknown = [name for name in self.gripper_joints or () if name not in self.joints]
        if unknown:
            hint = did_you_mean(unknown[0], self.joints)
            raise ValueError(f"gripper_joints: there is no joint '{unknown[0]}'{f' ({hint})' if hint else ''}")
        if not all(self.image_keys(camera) for camera in self.images):
            raise ValueError("images: each camera needs at least one wire key")
        if not all(self._named_state()):
            raise ValueError("state_key: each key needs the names of the joints under it")
        if self.rtc is not None and self.incremental:
            raise ValueError(
                f"rtc has no place with action_kind {self.action_kind}: a plan to continue is made of positions"
            )
        if self.protocol == "json":
            self._check_json()

    def _check_json(self) -> None:
        if self.metadata:
            raise ValueError("metadata can't be checked: the json protocol announces none")
        if self.reset in ("endpoint", "session"):
            raise ValueError(f"reset '{self.reset}' has no place in the json protocol; expected family or none")
        for name in ("decodes_jpeg", "images_under", "wrap_key", "rtc"):
            if getattr(self, name):
                raise ValueError(f"{name} has no place in the json protocol")
        if self.action_key != "actions":
            raise ValueError("action_key has no place in the json protocol: it is always 'actions'")

    def _named_state(self) -> tuple[tuple[str, ...], ...]:
        return () if isinstance(self.state_key, str) else tuple(self.state_key.values())

    @property
    def columns(self) -> int:
        """Columns of the actions on the wire."""
        return len(self.joints) if self.action_dim is None else self.action_dim

    @property
    def grippers(self) -> tuple[bool, ...]:
        """Which of the joints are grippers."""
        names = self.gripper_joints
        if names is None:
            names = tuple(joint for joint in self.joints if "gripper" in joint) or self.joints[-1:]
        return tuple(joint in names for joint in self.joints)

    def with_horizon(self, horizon: int | None) -> Profile:
        """Return the profile with another number of actions in a chunk; None changes nothing."""
        if horizon is None:
            return self
        fits = self.execute_steps <= horizon
        return replace(self, horizon=horizon, execute_steps=self.execute_steps if fits else 0)

    @property
    def incremental(self) -> bool:
        """Whether an action says how to move, not where to."""
        return self.action_kind in ("delta", "velocity")

    def image_keys(self, camera: str) -> tuple[str, ...]:
        """Return the wire keys of a camera's picture."""
        keys = self.images[camera]
        return (keys,) if isinstance(keys, str) else keys

    def state_joints(self) -> Iterator[tuple[str, tuple[str, ...], bool]]:
        """Yield each wire key of the state, the joints under it, and whether a bare number stands there."""
        if not isinstance(self.state_key, str):
            yield from ((key, joints, False) for key, joints in self.state_key.items())
        elif _JOINT in self.state_key:
            yield from ((self.state_key.replace(_JOINT, joint), (joint,), True) for joint in self.joints)
        else:
            yield self.state_key, self.joints, False

    def wire_keys(self) -> tuple[str, ...]:
        """Return every key of an observation on the wire."""
        pictures = [key for camera in self.images for key in self.image_keys(camera)]
        return (*pictures, *(key for key, _, _ in self.state_joints()), self.prompt_key)


def built_in_profiles() -> tuple[str, ...]:
    """Return the names of the profiles that come with the package."""
    return tuple(sorted(path.stem for path in _BUILT_IN.glob("*.yaml")))


def load_profile(name_or_path: str) -> Profile:
    """Read a built-in profile by its name, or any profile by the path of its file.

    A profile that `extends` another one says only what differs.

    Args:
        name_or_path: A name such as `standin`, or a path that ends in .yaml or .yml or holds a slash.

    Raises:
        LoadError: There is no such profile, or problems in it, all of them.
    """
    problems = Problems()
    node = _read(name_or_path, problems, ())
    profile = bind(Profile, node, problems, "profile") if node is not None else INVALID
    problems.raise_if_any()
    assert isinstance(profile, Profile)  # anything else was noted as a problem
    return profile


def profile_files(name_or_path: str) -> tuple[Path, ...]:
    """Return the file of a profile that can be loaded, and those of the profiles that it extends, in that order."""
    path, _ = _find(name_or_path, None)
    found = [path]
    while isinstance(node := read_file(path, Problems()), MapNode) and isinstance(node.get(_EXTENDS), ScalarNode):
        base = node.get(_EXTENDS)
        assert isinstance(base, ScalarNode), "just seen"
        path, _ = _find(base.text, path.parent)
        found.append(path)
    return tuple(found)


def _read(name_or_path: str, problems: Problems, seen: tuple[Path, ...]) -> SourceNode | None:
    path, shown = _find(name_or_path, seen[-1].parent if seen else None)
    node = read_file(path, problems, shown=shown)
    base = node.get(_EXTENDS) if isinstance(node, MapNode) else None
    if not isinstance(node, MapNode) or base is None:
        return node
    seen = (*seen, path.resolve())
    if not isinstance(base, ScalarNode):
        problems.add(base.mark, f"{_EXTENDS} is no name", expected="a built-in profile, or the path of a .yaml file")
        return None
    try:
        found, _ = _find(base.text, path.parent)
    except LoadError as error:
        problem = error.problems[0]
        problems.add(base.mark, f"unknown profile '{base.text}'", expected=problem.expected, hint=problem.hint)
        return None
    if found.resolve() in seen:
        problems.add(base.mark, f"'{base.text}' extends itself", expected="profiles that end at one that extends none")
        return None
    if len(seen) > _MAX_EXTENDS:
        problems.add(base.mark, f"more than {_MAX_EXTENDS} profiles extend one another", expected="fewer")
        return None
    below = _read(base.text, problems, seen)
    own = MapNode(tuple(entry for entry in node.entries if entry[0].text != _EXTENDS), node.mark)
    if isinstance(below, MapNode) and own.get("horizon") is not None:  # half of another horizon is another number
        below = MapNode(tuple(entry for entry in below.entries if entry[0].text != "execute_steps"), below.mark)
    return None if below is None else underlay(own, below)


def _find(name_or_path: str, beside: Path | None) -> tuple[Path, str]:
    """Return a profile's file, and how it is called in messages."""
    if "/" in name_or_path or name_or_path.endswith((".yaml", ".yml")):
        path = Path(name_or_path)
        return (beside / path if beside is not None else path), name_or_path
    if name_or_path in built_in_profiles():
        return _BUILT_IN / f"{name_or_path}.yaml", f"profiles/{name_or_path}.yaml"
    known = built_in_profiles()
    expected = f"one of {', '.join(known)}, or the path of a .yaml file"
    raise LoadError([Problem(name_or_path, 0, 0, "unknown profile", expected, did_you_mean(name_or_path, known))])
