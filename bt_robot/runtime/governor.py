"""The safety envelope: every command passes through here, and nothing else reaches the robot.

Pure functions: no clock, no memory, no I/O. The law, for every joint and whatever was proposed:
the command is finite, inside the joint limits, its speed and its change of speed are within limits
around the *previous command*, and it can still brake before the joint limit.

A stream of targets that keeps these limits passes unchanged. A target that can't be reached in one
tick is approached as if it went on moving as it did, so a resting target is not overshot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bt_robot.messages import Command, JointLimits, Joints, Verdict

TOLERANCE = 1e-9
"""Differences below this are rounding, not a clamp [rad]."""


@dataclass(frozen=True, slots=True)
class Governed:
    """What the governor let through.

    Attributes:
        command: The command to send.
        verdict: What was done to the proposal.
        target: The proposal after the position clamp, (n,); None when there was none. The next
            call wants it back, to know how the target moves.
    """

    command: Command
    verdict: Verdict
    target: Joints | None


def rest_at(joints: Joints, step: int) -> Command:
    """Return the command that stands still at a measured pose, (n,): the first of every run."""
    return Command(step, joints.copy(), np.zeros_like(joints))


def braking_step(distance: Joints, change: Joints) -> Joints:
    """Return the longest step from which a joint can still stop within a distance.

    A joint that moves `s` in one tick and may change that by at most `c` per tick needs
    `s + (s-c) + (s-2c) + …` to stop. This is the exact inverse of that sum.

    Args:
        distance: Room left, (n,) ≥ 0.
        change: Greatest change of the step per tick, (n,) > 0.
    """
    whole = np.floor((np.sqrt(1.0 + 8.0 * distance / change) - 1.0) / 2.0)
    return (distance + change * whole * (whole + 1.0) / 2.0) / (whole + 1.0)


def govern(
    proposal: Joints | None,
    previous: Command,
    limits: JointLimits,
    period_s: float,
    *,
    step: int,
    previous_target: Joints | None = None,
) -> Governed:
    """Turn a proposal, or none, into a command that is safe to send after the previous one.

    Args:
        proposal: Wanted targets, (n,) rad, gripper 0 … 1; None brakes to a stop and holds.
        previous: The command sent on the tick before, or `rest_at` the measured pose.
        limits: The safety envelope.
        period_s: The control period [s].
        step: The control step of the new command.
        previous_target: `target` of the previous call.
    """
    refused = "" if proposal is None else why_refused(proposal, limits)
    if proposal is None or refused:
        command = _move(previous, np.zeros_like(previous.positions), limits, period_s, step)
        return Governed(command, Verdict(refused=refused, held=True), None)
    target = np.clip(proposal, limits.lower, limits.upper)
    command = _move(previous, _approach(target, previous, previous_target, limits, period_s), limits, period_s, step)
    return Governed(command, Verdict(clamped=_clamps(proposal, target, previous, command, limits, period_s)), target)


def why_refused(proposal: Joints, limits: JointLimits) -> str:
    """Return why a proposal can't even be clamped, or an empty string."""
    if proposal.shape != limits.lower.shape:
        return f"a command of shape {proposal.shape}, expected {limits.lower.shape}"
    bad = np.flatnonzero(~np.isfinite(proposal))
    if bad.size:
        return f"{limits.names[bad[0]]} is {proposal[bad[0]]}, not a finite number"
    return ""


def _approach(
    target: Joints, previous: Command, previous_target: Joints | None, limits: JointLimits, period_s: float
) -> Joints:
    """Return the wanted step: catch up with the target, then move as it moves."""
    drift = np.zeros_like(target) if previous_target is None else target - previous_target
    drift = np.where(np.abs(drift) <= limits.velocity * period_s + TOLERANCE, drift, 0.0)  # further is a jump
    gap = target - previous.positions - drift
    return drift + np.sign(gap) * braking_step(np.abs(gap), limits.acceleration * period_s**2)


def _move(previous: Command, wanted: Joints, limits: JointLimits, period_s: float, step: int) -> Command:
    """Take the step nearest to the wanted one that keeps every limit."""
    change = limits.acceleration * period_s**2
    reach = limits.velocity * period_s
    last = previous.velocities * period_s
    low = np.clip(last - change, -reach, reach)
    high = np.clip(last + change, -reach, reach)
    up = braking_step(np.maximum(limits.upper - previous.positions, 0.0), change)
    down = braking_step(np.maximum(previous.positions - limits.lower, 0.0), change)
    # Outside its limits (moved there by hand) a joint has no room to one side; it may still move back.
    moved = np.clip(np.clip(wanted, -down, up), low, high)
    positions = previous.positions + moved
    inside = (previous.positions >= limits.lower) & (previous.positions <= limits.upper)
    positions = np.where(inside, np.clip(positions, limits.lower, limits.upper), positions)
    return Command(step, positions, (positions - previous.positions) / period_s)


def _clamps(
    proposal: Joints, target: Joints, previous: Command, command: Command, limits: JointLimits, period_s: float
) -> tuple[str, ...]:
    outside = np.abs(proposal - target) > TOLERANCE
    short = np.abs(command.positions - target) > TOLERANCE
    if not (outside.any() or short.any()):
        return ()
    fast = np.abs(target - previous.positions) > limits.velocity * period_s + TOLERANCE
    found: list[str] = []
    for i, name in enumerate(limits.names):
        if outside[i]:
            found.append(f"{name}: position")
        if short[i]:
            found.append(f"{name}: {'velocity' if fast[i] else 'acceleration'}")
    return tuple(found)
