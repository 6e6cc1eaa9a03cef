"""Calibration files: LeRobot's JSON, and where LeRobot looks for it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from bt_robot.arm.so101 import JOINT_NAMES
from bt_robot.config.source import MAX_BYTES, MapNode, Mark, Problems, SourceNode, parse
from bt_robot.config.values import Rule, bind, describe
from bt_robot.errors import LoadError, Problem, UsageError, did_you_mean
from bt_robot.robot.so101.calibration import MAX_TICK, Calibration, JointCalibration, faults_of

ROBOT_FOLDERS: Final = ("so_follower", "so101_follower", "so100_follower")
"""LeRobot's folder names for this arm, the newest first: 0.4.3 moved them, and never looks into the older ones."""

_OLD_FORMAT = frozenset({"homing_offset", "drive_mode", "start_pos", "end_pos", "calib_mode", "motor_names"})


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the file says of one joint; ranges are checked by `faults_of`."""

    id: Annotated[int, Rule(doc="the servo's id")]
    drive_mode: Annotated[int, Rule(doc="1 to count the gripper the other way round")]
    homing_offset: Annotated[int, Rule(doc="what the servo takes off its encoder's position [ticks]")]
    range_min: Annotated[int, Rule(doc="low end of the range [ticks]")]
    range_max: Annotated[int, Rule(doc="high end of the range [ticks]")]


def base_folder() -> Path:
    """Return LeRobot's calibration folder, by its own environment variables."""
    environment = os.environ
    if given := environment.get("HF_LEROBOT_CALIBRATION"):
        return Path(given).expanduser()
    if given := environment.get("HF_LEROBOT_HOME"):
        return Path(given).expanduser() / "calibration"
    cache = Path(environment.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(environment.get("HF_HOME") or cache).expanduser() / "lerobot" / "calibration"


def folders() -> tuple[Path, ...]:
    """Return the folders in which calibrations of this arm may be, the newest first."""
    return tuple(base_folder() / "robots" / name for name in ROBOT_FOLDERS)


def known_ids() -> tuple[str, ...]:
    """Return the ids under which calibrations are stored, in order."""
    return tuple(sorted({file.stem for folder in folders() for file in folder.glob("*.json") if file.is_file()}))


def find(given: str) -> Path:
    """Return the calibration file that a user named.

    Args:
        given: A path, or the id under which LeRobot stored it; an id in several folders means the newest folder.

    Raises:
        LoadError: There is none; it tells where it looked and which ids there are.
    """
    path = Path(os.path.expanduser(given))
    if given and path.is_file():
        return path
    if _is_id(given):
        for file in (folder / f"{given.removesuffix('.json')}.json" for folder in folders()):
            if file.is_file():
                return file
    elif path.is_dir():
        raise LoadError([Problem(given, 0, 0, "that is a folder", "a calibration file, or its id")])
    known = known_ids()
    ids = f"one of the ids {', '.join(known)}" if known else "an id (there are none yet)"
    places = ", ".join(str(folder) for folder in folders())
    hint = did_you_mean(path.stem, known) or "make one with bt-arm calibrate"
    raise LoadError([Problem(given, 0, 0, "there is no such calibration", f"a path, or {ids} in {places}", hint)])


def _is_id(given: str) -> bool:
    return bool(given) and given not in (".", "..") and not set(given) & {"/", os.sep, "\0"}


def read(path: Path) -> Calibration:
    """Read a calibration file.

    Raises:
        LoadError: Everything that is wrong with it, with places.
    """
    problems = Problems()
    root = _parsed(path, problems)
    calibration = None if root is None else _calibration(root, problems)
    problems.raise_if_any()
    assert calibration is not None  # or there was a problem
    return calibration


def _parsed(path: Path, problems: Problems) -> SourceNode | None:
    name = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        problems.add(Mark(name), f"can't be read: {error.strerror or error}", expected="a calibration file")
        return None
    if len(data) > MAX_BYTES:
        problems.add(Mark(name), f"the file has more than {MAX_BYTES} bytes", expected="a calibration file")
        return None
    try:
        text = data.decode("utf-8")
        json.loads(text)
    except json.JSONDecodeError as error:
        problems.add(Mark(name, error.lineno, error.colno), f"not JSON: {error.msg}")
        return None
    except (ValueError, RecursionError) as error:  # not UTF-8, a number of thousands of digits, nested too deep
        problems.add(Mark(name), f"not JSON: {error}")
        return None
    # JSON is YAML but for tabs, which JSON allows between values only; so the reader that knows places can read it.
    return parse(text.replace("\t", " "), name, problems)


def _calibration(root: SourceNode, problems: Problems) -> Calibration | None:
    if not isinstance(root, MapNode):
        problems.add(root.mark, f"the file holds {describe(root)}", expected="a calibration: a mapping of joints")
        return None
    if old := [key for key, _ in root.entries if key.text in _OLD_FORMAT]:
        hint = "calibrate again with bt-arm calibrate"
        problems.add(old[0].mark, f"'{old[0].text}' here is LeRobot's older format", hint=hint)
        return None
    joints = {key.text: _joint(key.text, node, problems) for key, node in root.entries if key.text in JOINT_NAMES}
    for key, _ in root.entries:
        if key.text not in JOINT_NAMES:
            problems.unknown(key.mark, "joint", key.text, JOINT_NAMES)
    for name in JOINT_NAMES:
        if name not in joints:
            problems.add(root.mark, f"joint '{name}' is missing", expected=", ".join(JOINT_NAMES))
    _check_ids(root, problems)
    complete = tuple(joint for name in JOINT_NAMES if (joint := joints.get(name)) is not None)
    return None if problems.found else Calibration(complete)


def _joint(name: str, node: SourceNode, problems: Problems) -> JointCalibration | None:
    entry = bind(_Entry, node, problems, name)
    if not isinstance(entry, _Entry):
        return None
    faults = list(faults_of(entry.id, entry.drive_mode, entry.homing_offset, entry.range_min, entry.range_max))
    for fault in faults:
        mark = _value_mark(node, fault.field)
        beyond = fault.field.startswith("range") and max(entry.range_min, entry.range_max) > MAX_TICK
        hint = "the joint crossed the encoder's seam; calibrate again with bt-arm calibrate" if beyond else ""
        problems.add(mark, f"{name}: {fault.message}", expected=fault.expected, hint=hint)
    if faults:
        return None
    return JointCalibration(name, entry.id, entry.drive_mode, entry.homing_offset, entry.range_min, entry.range_max)


def _value_mark(node: SourceNode, key: str) -> Mark:
    value = node.get(key) if isinstance(node, MapNode) else None
    return node.mark if value is None else value.mark


def _check_ids(root: MapNode, problems: Problems) -> None:
    """Note servos that two joints claim; ids that are no numbers are noted elsewhere."""
    owners: dict[str, str] = {}
    for key, node in root.entries:
        value = node.get("id") if isinstance(node, MapNode) else None
        text = getattr(value, "text", None)
        if text is None:
            continue
        if text in owners:
            hint = "every servo has an id of its own"
            problems.add(_value_mark(node, "id"), f"{key.text}: id {text} is that of {owners[text]}, too", hint=hint)
        owners.setdefault(text, key.text)


def destination(given: str, *, folder: str = ROBOT_FOLDERS[0]) -> Path:
    """Return where `write` puts a calibration.

    Args:
        given: An id, or a path: whatever has a folder or ends with `.json`.
        folder: Which of LeRobot's folders an id means.

    Raises:
        UsageError: It is neither, or there is no such folder.
    """
    if folder not in ROBOT_FOLDERS:
        hint = did_you_mean(folder, ROBOT_FOLDERS)
        raise UsageError(
            f"unknown folder '{folder}'; expected {', '.join(ROBOT_FOLDERS)}" + (f" ({hint})" if hint else "")
        )
    if _is_id(given) and not given.endswith(".json"):
        return base_folder() / "robots" / folder / f"{given}.json"
    path = Path(os.path.expanduser(given))
    if path.suffix != ".json" or not path.stem or path.is_dir():
        raise UsageError(f"a calibration can't be stored as '{given}'; expected an id, or a path that ends with .json")
    return path


def write(calibration: Calibration, given: str, *, folder: str = ROBOT_FOLDERS[0]) -> Path:
    """Store a calibration as LeRobot does; return where it is.

    The file is there as a whole or not at all, whatever happens meanwhile.

    Args:
        calibration: What to store.
        given: An id, or a path.
        folder: Which of LeRobot's folders an id means; the newest by default.

    Raises:
        UsageError: It can't be stored there.
    """
    path = destination(given, folder=folder)
    target = Path(os.path.realpath(path))  # a link stays a link
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with draft.open("w", encoding="utf-8") as file:
                file.write(as_json(calibration))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        reason = "its folder is a file" if isinstance(error, FileExistsError) else error.strerror or error
        raise UsageError(f"the calibration can't be stored as {path}: {reason}; name another place") from error
    return path


def as_json(calibration: Calibration) -> str:
    """Return a calibration as LeRobot writes it: its key order, four spaces, no newline at the end."""
    entries = {
        joint.name: {
            "id": joint.servo_id,
            "drive_mode": joint.drive_mode,
            "homing_offset": joint.homing_offset,
            "range_min": joint.range_min,
            "range_max": joint.range_max,
        }
        for joint in calibration.joints
    }
    return json.dumps(entries, indent=4)
