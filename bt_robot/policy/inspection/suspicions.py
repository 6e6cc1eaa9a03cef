"""What an implausible answer could be meant as instead: other units, another order, another kind of action; pure.

Each suspicion reads the same numbers in another way and speaks up when only that way they begin where the arm is and
stay in its range. Where one reading puts every joint on its place and the others do not, only that one is told.
A policy that follows its input echoes the state in whatever unit it was sent, so ranges count, too.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bt_robot.messages import Joints
from bt_robot.policy.dialect.dialect import SPEED_TOLERANCE
from bt_robot.policy.inspection.judgement import Evidence, Finding, Severity

_MOST_TRIED: Final = 8  # joints whose every order is tried; more are only swapped in pairs
_TURN_RAD: Final = 2.0 * np.pi
_UNIT_INTERVAL: Final = 1.05
_STRAYS: Final = 1.5  # how far normalised values go: quantiles are at -1 and 1
_CRAWL_RAD: Final = 0.1
_MOST_QUARTERS: Final = 2.0  # of a turn, by which calibrations differ
_NEAR: Final = 0.1
_FAR: Final = 0.35
_STEPS_MISS: Final = 0.25  # small numbers are always near as steps, which is no coincidence that proves anything
_MUCH_WORSE: Final = 3.0
_ALIKE: Final = 0.02


@dataclass(frozen=True, slots=True)
class _Reading:
    """The numbers of an answer, read in another way.

    Attributes:
        key: A stable name.
        words: What a person should know, and do.
        miss: How far the first action is from the state, as a share of the state's greatest angle.
    """

    key: str
    words: str
    miss: float


def suspect(evidence: Evidence) -> tuple[Finding, ...]:
    """Return what an answer looks like, if not like what the profile says."""
    if evidence.profile.joint_unit == "raw" or not np.isfinite(evidence.state).all():
        return ()
    with np.errstate(all="ignore"):  # a server's numbers may be as large as numbers get
        arm, grippers = [*_arm(evidence)], [*_grippers(evidence)]
        if not arm:
            small = any(finding.key == "gripper_scale" for finding in grippers)
            arm = [*_crawling(evidence, small_gripper=small)]
    return (*arm, *grippers)


def _arm(evidence: Evidence) -> Iterator[Finding]:
    if _as_declared(evidence):
        return
    kinds = [*_kinds(evidence)]
    best = _best([*kinds, *_units(evidence)])
    readings = [(reading.key, reading.words) for reading in best]
    readings = readings or [*_orders(evidence)] or [*_signs(evidence)] or [*_offsets(evidence)]
    if not readings or (best and all(reading in kinds for reading in best)):  # small numbers can be steps as well
        readings += _normalised(evidence)
    severity: Severity = "warn" if evidence.made_up else "FAIL"
    yield from (Finding(key, severity, words) for key, words in readings)


def _best(readings: Sequence[_Reading]) -> list[_Reading]:
    """Return the readings that explain the first action best, the best one first; those much worse are left out."""
    ranked = sorted(readings, key=lambda reading: reading.miss)
    return [reading for reading in ranked if reading.miss <= _MUCH_WORSE * ranked[0].miss + _ALIKE]


def _miss(evidence: Evidence, targets: Joints) -> float:
    """Return how far targets, (n,) rad, are from the state, as a share of its greatest angle."""
    arm = evidence.arm
    reach = max(_NEAR, float(np.abs(evidence.state[arm]).max()))
    return float(np.abs(targets - evidence.state)[arm].max()) / reach


def _as_declared(evidence: Evidence) -> bool:
    actions = evidence.actions
    if not evidence.profile.incremental:
        return evidence.plausible(actions)
    most = np.pi if evidence.limits is None else evidence.limits.velocity.max()
    return bool(np.abs(actions[:, evidence.arm]).max() * evidence.profile.rate_hz <= SPEED_TOLERANCE * most)


def _kinds(evidence: Evidence) -> Iterator[_Reading]:
    kind, scale = evidence.profile.action_kind, evidence.scale
    offsets = scale.differences_from_wire(evidence.wire) + np.where(evidence.arm, evidence.state, 0.0)
    bent = float(np.abs(evidence.state[evidence.arm]).max()) > evidence.profile.max_first_jump_rad
    if kind == "absolute" and bent and evidence.plausible(offsets):
        yield _Reading(
            "offsets",
            "the first actions are near zero while the arm is not: looks like offsets or steps, not targets;"
            " try action_kind: relative or delta",
            _STEPS_MISS,
        )
    targets = scale.from_wire(evidence.wire)
    if kind != "absolute" and bent and evidence.plausible(targets):
        yield _Reading(
            "targets",
            f"the actions begin at the state itself: looks like targets, not {kind} actions; try action_kind: absolute",
            _miss(evidence, targets[0]),
        )


def _units(evidence: Evidence) -> Iterator[_Reading]:
    unit, wire = evidence.profile.joint_unit, evidence.wire
    arm = wire[:, evidence.arm]
    if evidence.profile.action_kind != "absolute":
        return
    degrees, most = np.deg2rad(wire), float(np.abs(arm).max())
    too_far = most > _TURN_RAD and evidence.stays_inside(degrees)
    if unit == "radians" and (evidence.plausible(degrees) or too_far):
        words = f"values up to {most:.3g} look like degrees under a profile of radians; try joint_unit: degrees"
        yield _Reading("degrees", words, _miss(evidence, degrees[0]))
    if unit != "radians" and evidence.plausible(wire):
        words = f"values up to {most:.3g} look like radians under a profile of {unit}; try joint_unit: radians"
        yield _Reading("radians", words, _miss(evidence, wire[0]))
    if unit == "range_100" and evidence.plausible(degrees):
        words = "looks like degrees under a profile of range_100; try joint_unit: degrees"
        yield _Reading("degrees", words, _miss(evidence, degrees[0]))
    if unit != "range_100" and evidence.limits is not None and most <= 105.0:
        middle = (evidence.limits.lower + evidence.limits.upper) / 2
        shares = middle + wire * (evidence.limits.upper - evidence.limits.lower) / 200.0
        if evidence.plausible(shares):
            words = f"looks like LeRobot's -100 … 100 under a profile of {unit}; try joint_unit: range_100"
            yield _Reading("range_100", words, _miss(evidence, shares[0]))


def _orders(evidence: Evidence) -> Iterator[tuple[str, str]]:
    count = len(evidence.profile.joints)
    first, joints = evidence.wire[0], evidence.profile.joints
    # Column i read as joint j, and how far that is from where joint j is.
    readings = np.stack([evidence.scale.from_wire(np.full(count, value)) for value in first])
    costs = np.abs(readings - evidence.state) * np.where(evidence.arm, 1.0, 0.5)
    order = _cheapest(costs)
    moved = [j for j in range(count) if order[j] != j]
    if evidence.profile.action_kind != "absolute" or not moved:
        return
    if evidence.plausible(evidence.scale.from_wire(evidence.wire[:, order])):
        found = [""] * count
        for joint, column in zip(joints, order, strict=True):
            found[column] = joint
        yield "order", f"the columns fit another order of the joints; try joints: [{', '.join(found)}]"


def _cheapest(costs: Joints) -> list[int]:
    """Return which column is taken for each joint so that the sum of costs, (column, joint), is least."""
    count = len(costs)
    here = np.arange(count)
    if count <= _MOST_TRIED:
        orders = np.array(list(itertools.permutations(range(count))))
    else:
        orders = np.array([here, *(_swapped(here, i, j) for i, j in itertools.combinations(range(count), 2))])
        halves = np.roll(here, count // 2)
        orders = np.vstack([orders, halves, here[::-1]])
    best = orders[np.argmin(costs[orders, here].sum(axis=1))]
    return [int(column) for column in best]


def _swapped(order: NDArray[np.intp], i: int, j: int) -> NDArray[np.intp]:
    swapped = order.copy()
    swapped[[i, j]] = swapped[[j, i]]
    return swapped


def _signs(evidence: Evidence) -> Iterator[tuple[str, str]]:
    targets = evidence.actions
    near, far = np.abs(targets[0] + evidence.state), np.abs(targets[0] - evidence.state)
    flipped = evidence.arm & (far > evidence.profile.max_first_jump_rad) & (near < far)
    if evidence.profile.action_kind != "absolute" or not flipped.any():
        return
    if evidence.plausible(targets * np.where(flipped, -1.0, 1.0)):
        words = "the actions fit with the opposite sign; another calibration than the policy's data?"
        yield "sign", f"{_named(evidence, flipped)}: {words}"


def _offsets(evidence: Evidence) -> Iterator[tuple[str, str]]:
    targets = evidence.actions
    quarters = np.where(evidence.arm, np.round((targets[0] - evidence.state) / (np.pi / 2)), 0.0)
    turned: Joints = quarters * (np.pi / 2)
    if evidence.profile.action_kind != "absolute" or not 0.0 < np.abs(quarters).max() <= _MOST_QUARTERS:
        return
    if evidence.plausible(targets - turned):
        values = ", ".join(f"{90 * quarters[i]:+.0f}°" for i in np.flatnonzero(quarters))
        named = _named(evidence, quarters != 0.0)
        yield "offset", f"{named}: the actions are off by {values}; another calibration than the policy's data?"


def _normalised(evidence: Evidence) -> Iterator[tuple[str, str]]:
    if evidence.profile.joint_unit != "radians" and np.abs(evidence.wire[:, evidence.arm]).max() <= _STRAYS:
        yield (
            "normalised",
            "every value is within -1 … 1: looks normalised; does the server apply its norm_stats (Unnormalize)?",
        )


def _named(evidence: Evidence, which: NDArray[np.bool_]) -> str:
    return ", ".join(evidence.profile.joints[i] for i in np.flatnonzero(which))


def _grippers(evidence: Evidence) -> Iterator[Finding]:
    scale, told = evidence.profile.gripper, False
    low, high = sorted((scale.closed, scale.open))
    for i in np.flatnonzero(evidence.scale.grippers):
        name, column, sent = evidence.profile.joints[i], evidence.wire[:, i], float(evidence.sent[i])
        opening, state = float(evidence.actions[0, i]), float(evidence.state[i])
        unit = bool(((column > -0.05) & (column < _UNIT_INTERVAL)).all())
        if high - low > 10.0 and unit and sent - low > 5.0 and not scale.binary:
            told = True
            words = f"{name}: every value is within 0 … 1 under a profile of {low:g} … {high:g}"
            yield Finding("gripper_scale", "warn", f"{words}; closed, or try {_scale(1)}")
        elif high - low <= 2.0 and column.max() > high + 2.0 * (high - low):
            told = True
            words = f"{name}: values up to {column.max():.3g} under a profile of {low:g} … {high:g}"
            yield Finding("gripper_scale", "FAIL", f"{words}; try {_scale(100)}")
        elif abs(opening - state) > _FAR and abs(1.0 - opening - state) < _NEAR:
            told = True
            words = f"the first action is {opening:.3g} open, the gripper {state:.3g}: the direction may be reversed"
            yield Finding("gripper_direction", "warn", f"{name}: {words}")
    if not told and evidence.scale.grippers.any():
        words = "which way a gripper opens can't be told from an answer; watch it in the first run"
        yield Finding("gripper_direction", "note", words)


def _scale(end: int) -> str:
    return f"gripper: {{closed: 0, open: {end}}} or {{closed: {end}, open: 0}}"


def _crawling(evidence: Evidence, *, small_gripper: bool) -> Iterator[Finding]:
    """A server that works in radians and is sent degrees goes on from there, in steps 57 times too small."""
    targets = evidence.actions
    if evidence.profile.action_kind != "absolute":
        return
    travel_rad = float(np.ptp(targets[:, evidence.arm], axis=0).max())
    if travel_rad > _CRAWL_RAD:
        return
    seconds = len(targets) / evidence.profile.rate_hz
    words = f"the chunk moves no joint by more than {np.rad2deg(travel_rad):.2g}° in {seconds:.2g} s"
    if small_gripper and evidence.profile.joint_unit != "radians":
        words += " and the gripper is within 0 … 1: looks like a server that works in radians; try joint_unit: radians"
        yield Finding("radians", "warn" if evidence.made_up else "FAIL", words)
    else:
        yield Finding("crawling", "note", f"{words}: right for a policy that waits, wrong for one that should act")
