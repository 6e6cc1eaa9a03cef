"""Something to show a policy server when no robot runs: from the simulation, a camera or a file."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from bt_robot.cli.robots import make_robot
from bt_robot.cli.settings import RunSettings
from bt_robot.errors import UsageError
from bt_robot.messages import Image, JointLimits, Joints
from bt_robot.policy.dialect.dialect import RANGE_TOLERANCE_GRIPPER, RANGE_TOLERANCE_RAD
from bt_robot.policy.dialect.profile import Profile
from bt_robot.policy.inspection.probe import state_names
from bt_robot.tree import TreeSpec

CAMERA = "camera:"
_STATE = "state"
_TURN_RAD: Final = 2.0 * np.pi


@dataclass(frozen=True, slots=True)
class Seen:
    """An observation in the words of a profile.

    Attributes:
        images: The picture of each of its cameras, (h, w, 3) uint8 RGB.
        state: A value for each name of its state, (m,) [rad, gripper 0 … 1; as it is for what is no joint].
        notes: Where it is from, and what of it is made up.
        unsaid: What else was measured: joints that the state does not hold [rad, gripper 0 … 1].
        made_up: Whether the state is no robot's.
        envelope: The safety limits in the robot's order; None if the profile's robot is another one.
        ranges: The robot's whole range, likewise.
    """

    images: Mapping[str, Image]
    state: Joints
    notes: tuple[str, ...]
    unsaid: Mapping[str, float] = field(default_factory=dict[str, float])
    made_up: bool = False
    envelope: JointLimits | None = None
    ranges: JointLimits | None = None

    def with_other_pictures(self) -> Seen:
        """Return it with every picture upside down, or inverted where that is the same."""
        return replace(self, images={name: _another(image) for name, image in self.images.items()})

    def with_other_state(self) -> Seen:
        """Return it with every value of the state a little nearer to zero."""
        return replace(self, state=self.state * 0.9 + 0.01)


def _another(image: Image) -> Image:
    upside_down = image[::-1].copy()
    return 255 - image if np.array_equal(upside_down, image) else upside_down


def look(source: str, settings: RunSettings, spec: TreeSpec, profile: Profile) -> Seen:
    """Return an observation for a profile.

    Args:
        source: `sim` for the config's robot, `camera:N`, or the path of a picture or an .npz file.
        settings: The config.
        spec: Any tree; a robot is made for one.
        profile: Whose cameras and joints are wanted.

    Raises:
        UsageError: There is no such camera or file, or it holds something else.
        RobotRefused: The simulation can't be opened.
    """
    if source != "sim" and not source.startswith(CAMERA) and not Path(source).exists():
        raise UsageError(f"--observation '{source}': no such file; expected sim, {CAMERA}N, a picture or an .npz file")
    seen = _from_robot(settings, spec, profile, with_pictures=source == "sim")
    if source == "sim":
        return seen
    if source.startswith(CAMERA):
        image = _from_camera(source.removeprefix(CAMERA))
        return _one_picture(seen, image, f"one picture of {source} for every camera", profile)
    if Path(source).suffix == ".npz":
        return _from_arrays(seen, Path(source), profile)
    return _one_picture(seen, _from_picture(Path(source)), f"the picture {source} for every camera", profile)


def _from_robot(settings: RunSettings, spec: TreeSpec, profile: Profile, *, with_pictures: bool) -> Seen:
    robot = make_robot(settings, seed=0)
    names, limits = state_names(profile), robot.limits
    fits = set(profile.joints) == set(limits.names) >= set(names)
    images: dict[str, Image] = {}
    joints = None
    if fits or with_pictures:
        try:
            robot.connect()
            observation = robot.observe(0, 0.0)
            joints = observation.joints
            images = {name: frame.image for name, frame in observation.frames.items()} if with_pictures else {}
        finally:
            robot.close()
    notes = [*_cast(images, profile)]
    if not fits or joints is None:
        state = np.array([_middle(name, profile) for name in names])
        notes.append("the state is made up, zeros and grippers half open: the profile's robot is not the config's")
        return Seen(_shared_out(images, profile), state, tuple(notes), made_up=True)
    try:
        envelope = settings.limits.envelope(limits)
    except ValueError as error:
        raise UsageError(str(error)) from error
    measured = dict(zip(limits.names, joints.tolist(), strict=True))
    state, unsaid = np.array([measured.pop(name) for name in names]), measured
    notes.append("the state is the config's robot at its start")
    return Seen(_shared_out(images, profile), state, tuple(notes), unsaid, envelope=envelope, ranges=limits)


def _middle(name: str, profile: Profile) -> float:
    grippers = dict(zip(profile.joints, profile.grippers, strict=True))
    return 0.5 if grippers.get(name) and profile.joint_unit != "raw" else 0.0


def _shared_out(images: Mapping[str, Image], profile: Profile) -> dict[str, Image]:
    """Return a picture for each of a profile's cameras: its own, or else the robot's in turn."""
    if not images:
        return {}
    turns = list(images.values())
    return {name: images.get(name, turns[i % len(turns)]) for i, name in enumerate(profile.images)}


def _cast(images: Mapping[str, Image], profile: Profile) -> Iterator[str]:
    if not images:
        return
    yield f"pictures of the config's robot: {', '.join(images)}"
    others = [name for name in profile.images if name not in images]
    if others:
        yield f"the robot has no camera {', '.join(others)}: its pictures stand in, in turn"


def _one_picture(seen: Seen, image: Image, note: str, profile: Profile) -> Seen:
    return replace(seen, images=dict.fromkeys(profile.images, image), notes=(note, *seen.notes))


def _from_camera(text: str) -> Image:
    if not text.isascii() or not text.isdigit():
        raise UsageError(f"--observation {CAMERA}{text}: '{text}' is no camera's number; expected e.g. {CAMERA}0")
    import cv2
    from cv2.utils import logging as opencv_log

    opencv_log.setLogLevel(opencv_log.LOG_LEVEL_SILENT)  # what it would say about an absent camera helps nobody
    capture = cv2.VideoCapture(int(text))
    try:
        image: Any = capture.read()[1] if capture.isOpened() else None
    finally:
        capture.release()
    if image is None:
        found = sorted(path.name.removeprefix("video") for path in Path("/dev").glob("video[0-9]*"))
        there = f"try {', '.join(CAMERA + number for number in found)}" if found else "none is plugged in; try sim"
        raise UsageError(f"--observation {CAMERA}{text}: no camera {text}; {there}, or a picture")
    return np.ascontiguousarray(image[:, :, ::-1], dtype=np.uint8)


def _from_picture(path: Path) -> Image:
    import cv2

    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
        image: Any = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if len(data) else None
    except OSError as error:
        raise UsageError(f"--observation '{path}' can't be read: {error.strerror}") from error
    except cv2.error:
        image = None
    if image is None:
        raise UsageError(f"--observation '{path}' is no picture; expected PNG or JPEG, or an .npz file")
    return np.asarray(image, dtype=np.uint8)


def _from_arrays(seen: Seen, path: Path, profile: Profile) -> Seen:
    arrays, names = _loaded(path), state_names(profile)
    unknown = [name for name in arrays if name not in profile.images and name != _STATE]
    missing = [name for name in profile.images if name not in arrays]
    if unknown or missing:
        wrong = f"holds '{unknown[0]}'" if unknown else f"lacks '{missing[0]}'"
        raise UsageError(
            f"--observation '{path}' {wrong}; expected an array for each of {', '.join(profile.images)}, and '{_STATE}'"
        )
    for name in profile.images:
        image = arrays[name]
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            found = f"{image.dtype} {image.shape}"
            raise UsageError(f"--observation '{path}': '{name}' is {found}; expected uint8 (height, width, 3), RGB")
    images = {name: arrays[name] for name in profile.images}
    if _STATE not in arrays:
        return replace(seen, images=images, notes=(f"pictures of {path}", *seen.notes))
    state = arrays[_STATE]
    if state.shape != (len(names),) or state.dtype.kind not in "fiu" or not np.isfinite(state).all():
        raise UsageError(
            f"--observation '{path}': '{_STATE}' is {state.dtype} {state.shape}; expected {len(names)} finite numbers,"
            f" for {', '.join(names)} [rad, gripper 0 … 1]"
        )
    _check_state(state.astype(np.float64), names, seen, profile, path)
    notes = (f"pictures and state of {path}",)
    return replace(seen, images=images, state=state.astype(np.float64), notes=notes, made_up=False)


def _check_state(state: Joints, names: Sequence[str], seen: Seen, profile: Profile, path: Path) -> None:
    """Refuse joints where no such arm can be, before a server's answer is held against them.

    Raises:
        UsageError: A joint is outside its range, or a gripper outside 0 … 1.
    """
    if profile.joint_unit == "raw":
        return
    grippers = {joint for joint, is_one in zip(profile.joints, profile.grippers, strict=True) if is_one}
    for name, value in zip(names, state.tolist(), strict=True):
        if name not in profile.joints:
            continue
        low, high, unit, beyond = -_TURN_RAD, _TURN_RAD, " rad", RANGE_TOLERANCE_RAD
        if name in grippers:
            low, high, unit, beyond = 0.0, 1.0, "", RANGE_TOLERANCE_GRIPPER
        elif seen.ranges is not None:
            at = seen.ranges.names.index(name)
            low, high = float(seen.ranges.lower[at]), float(seen.ranges.upper[at])
        if not low - beyond <= value <= high + beyond:
            meant = "degrees" if name not in grippers else "0 … 100"
            raise UsageError(
                f"--observation '{path}': '{_STATE}' puts {name} at {value:.4g}{unit}, outside {low:.3g} … {high:.3g};"
                f" is the state in {meant}? Expected rad, grippers 0 closed … 1 open"
            )


def _loaded(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except OSError as error:
        raise UsageError(f"--observation '{path}' can't be read: {error.strerror or 'no .npz file'}") from error
    except (ValueError, EOFError, AttributeError, KeyError, zipfile.BadZipFile, MemoryError) as error:
        raise UsageError(f"--observation '{path}' is no .npz file of plain arrays") from error


def save(seen: Seen, path: str) -> None:
    """Write an observation so that `--observation` reads it again.

    Raises:
        UsageError: It can't be written.
    """
    if Path(path).suffix != ".npz":
        raise UsageError(f"--save '{path}' does not end in .npz")
    arrays: dict[str, Any] = {**seen.images, _STATE: seen.state}
    try:
        with Path(path).open("wb") as file:
            np.savez_compressed(file, **arrays)
    except OSError as error:
        raise UsageError(f"--save '{path}' can't be written: {error.strerror}") from error
