"""Whether a server's answers can be meant in a profile's units, joint by joint, pure: arrays in, findings out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from bt_robot.messages import Actions, JointLimits, Joints
from bt_robot.policy.dialect.dialect import RANGE_TOLERANCE_GRIPPER, RANGE_TOLERANCE_RAD, SPEED_TOLERANCE
from bt_robot.policy.dialect.fields import actions_from_wire
from bt_robot.policy.dialect.profile import Profile
from bt_robot.policy.dialect.units import JointScale

Severity = Literal["ok", "note", "warn", "FAIL"]

_BRISK_RAD_S: Final = 4.0  # no arm that is sold for learning reaches it; a Franka's joints end at 2.6
_HALF_OPEN: Final = "a half-open gripper was made up for the question, so it is not judged"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found out.

    Attributes:
        key: What it is about, a stable name.
        severity: How bad it is: `ok` and `note` are not.
        words: What a person should know, and do.
    """

    key: str
    severity: Severity
    words: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was sent and what came back.

    Attributes:
        profile: What the server is taken for.
        scale: The profile's units.
        state: What was sent, (n,) in the profile's order [rad, gripper 0 … 1]; NaN for what the state does not hold.
        wire: The actions of an answer to it, (H, n) in the server's units, the joints' columns only.
        limits: The robot's joints in the profile's order; None for a robot that is not known.
        made_up: Whether the state is no robot's, so that its distance to the actions says little.
    """

    profile: Profile
    scale: JointScale
    state: Joints
    wire: Actions
    limits: JointLimits | None = None
    made_up: bool = False

    @property
    def arm(self) -> NDArray[np.bool_]:
        """Which columns are no grippers, (n,)."""
        return ~self.scale.grippers

    @property
    def sent(self) -> Joints:
        """The state in the wire's units, (n,)."""
        return self.scale.to_wire(self.state)

    @property
    def actions(self) -> Actions:
        """The actions as the profile has them read, (H, n) rad: targets, or increments."""
        return actions_from_wire(self.profile, self.scale, self.wire, self.state)

    def bounds(self, tolerance: float = 1.0) -> tuple[Joints, Joints]:
        """Return the lowest and the highest plausible target, (n,) each.

        Args:
            tolerance: How much of what `bt-run` tolerates beyond the limits is added.
        """
        beyond = np.where(self.arm, RANGE_TOLERANCE_RAD, RANGE_TOLERANCE_GRIPPER) * tolerance
        if self.limits is not None:
            return self.limits.lower - beyond, self.limits.upper + beyond
        turn = 2.0 * np.pi
        return np.where(self.arm, -turn, 0.0) - beyond, np.where(self.arm, turn, 1.0) + beyond

    def plausible(self, targets: Actions) -> bool:
        """Return whether joint targets, (H, n) rad, begin where the arm is and stay in its range."""
        return self.begins_there(targets[0]) and self.stays_inside(targets)

    def begins_there(self, first: Joints) -> bool:
        """Return whether a target, (n,) rad, is near the state."""
        return bool(np.all(np.abs(first - self.state)[self.arm] <= self.profile.max_first_jump_rad))

    def stays_inside(self, targets: Actions) -> bool:
        """Return whether the arm's targets, (H, n) rad, are in its range."""
        lower, upper = self.bounds()
        return bool(np.all((targets >= lower) & (targets <= upper), axis=0)[self.arm].all())


@dataclass(frozen=True, slots=True)
class JointReading:
    """One joint of an answer, for a table.

    Attributes:
        joint: Its name.
        state: What was sent, in the wire's units; None if the state does not hold it.
        first: Its first action, in the wire's units.
        step: How far the first action is from the state, or an increment by itself [rad, gripper 0 … 1; raw units for
            profiles without]; None if there is nothing to compare with.
        low: The least of the chunk, in the wire's units.
        high: The greatest of the chunk, in the wire's units.
        lower: The joint's lower limit, in the wire's units; None where none is known or actions are no targets.
        upper: The joint's upper limit, likewise.
        speed: The greatest speed that increments ask for [rad/s]; None for targets, as a gripper's always are.
        most_speed: What it is held against: the joint's greatest speed [rad/s], or a robot's that is not known.
        severity: Whether this can be.
        why: What is wrong; empty if nothing is.
    """

    joint: str
    state: float | None
    first: float
    step: float | None
    low: float
    high: float
    lower: float | None
    upper: float | None
    speed: float | None = None
    most_speed: float | None = None
    severity: Severity = "ok"
    why: str = ""


def read_joints(evidence: Evidence) -> tuple[JointReading, ...]:
    """Return what an answer says of each joint."""
    with np.errstate(all="ignore"):  # a server's numbers may be as large as numbers get
        return tuple(_readings(evidence))


def _readings(evidence: Evidence) -> Iterator[JointReading]:
    profile, wire, sent = evidence.profile, evidence.wire, evidence.sent
    steps = _steps(evidence)
    limits: tuple[Joints, Joints] | None = None
    if evidence.limits is not None and profile.action_kind == "absolute":
        ends = np.stack([evidence.scale.to_wire(evidence.limits.lower), evidence.scale.to_wire(evidence.limits.upper)])
        limits = ends.min(axis=0), ends.max(axis=0)
    for i, joint in enumerate(profile.joints):
        severity, why = _judged(evidence, i, float(steps[i]))
        moved = profile.incremental and bool(evidence.arm[i]) and profile.joint_unit != "raw"
        yield JointReading(
            joint,
            _known(sent[i]),
            float(wire[0, i]),
            _known(steps[i]),
            float(wire[:, i].min()),
            float(wire[:, i].max()),
            None if limits is None else float(limits[0][i]),
            None if limits is None else float(limits[1][i]),
            _speed(evidence, i) if moved else None,
            _top_speed(evidence, i) if moved else None,
            severity,
            why,
        )


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _steps(evidence: Evidence) -> Joints:
    """Return what the first action does, (n,); a gripper's is a target in every kind."""
    first = evidence.actions[0]
    targets = evidence.scale.grippers if evidence.profile.incremental else np.ones(len(first), dtype=bool)
    return np.where(targets, first - evidence.state, first)


def _judged(evidence: Evidence, i: int, step: float) -> tuple[Severity, str]:
    profile, column = evidence.profile, evidence.actions[:, i]
    if profile.joint_unit == "raw":
        return "ok", ""
    arm = bool(evidence.arm[i])
    if arm and profile.incremental:
        return _judged_speed(evidence, i)
    lower, upper = evidence.bounds()
    if column.min() < lower[i] or column.max() > upper[i]:
        return "FAIL", "far outside its range"
    if arm and abs(step) > profile.max_first_jump_rad:
        severity: Severity = "warn" if evidence.made_up else "FAIL"
        return severity, f"begins more than {profile.max_first_jump_rad:g} rad away"
    lower, upper = evidence.bounds(0.01)
    if column.min() < lower[i] or column.max() > upper[i]:
        return "warn", "leaves its limits, will be clamped"
    return ("note", _HALF_OPEN) if evidence.made_up and not arm else ("ok", "")


def _judged_speed(evidence: Evidence, i: int) -> tuple[Severity, str]:
    speed = _speed(evidence, i)
    most = SPEED_TOLERANCE * (np.pi if evidence.limits is None else _top_speed(evidence, i))
    if speed > most:
        return "FAIL", f"faster than {most:.3g} rad/s, which can't be meant"
    if evidence.limits is None and speed > _BRISK_RAD_S:
        return "warn", f"faster than {_BRISK_RAD_S:g} rad/s; wrong joint_unit or velocity_scale?"
    return "ok", ""


def _speed(evidence: Evidence, i: int) -> float:
    """Return the greatest speed that the increments of a joint ask for [rad/s]."""
    return float(np.abs(evidence.actions[:, i]).max()) * evidence.profile.rate_hz


def _top_speed(evidence: Evidence, i: int) -> float:
    return _BRISK_RAD_S if evidence.limits is None else float(evidence.limits.velocity[i])


def same(one: Actions, other: Actions) -> bool:
    """Return whether two chunks are the same for whoever executes them."""
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=0.0, atol=1e-5))
