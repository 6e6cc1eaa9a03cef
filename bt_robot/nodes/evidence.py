"""What a condition's answer rests on: how old it is, and how clearly it is on the answer's side.

A confidence is no probability. It is 0.5 where a measured value is right at its limit and goes to 1 the further it is
on the answer's side: twice the limit is 0.67, nine times 0.9. A condition that rests on several values is as
confident as the least clear of them.
"""

from __future__ import annotations

from bt_robot.messages import TickContext
from bt_robot.tree import Outcome, failure, success

MAX_AGE_S = 0.5
"""Joints that were measured longer ago say nothing about now [s]."""


def above(value: float, limit: float) -> float:
    """Return how clearly a value, of 0 or more, is at or above a limit: 0.5 at the limit, towards 1 above."""
    value, limit = max(value, 0.0), max(limit, 0.0)
    return value / (value + limit) if value + limit > 0.0 else 0.5


def below(value: float, limit: float) -> float:
    """Return how clearly a value, of 0 or more, is at or below a limit: 0.5 at the limit, 1 at zero."""
    return 1.0 - above(value, limit)


def answer(holds: bool, reason: str, clear: float, age_s: float | None) -> Outcome:
    """Return a condition's answer with what it rests on.

    Args:
        holds: Whether it is a yes.
        reason: What was seen.
        clear: How clearly that is on the side of a yes, 0 … 1.
        age_s: How old it is [s].
    """
    if holds:
        return success(reason, age_s=age_s, confidence=clear)
    return failure(reason, age_s=age_s, confidence=1.0 - clear)


def joints_age(ctx: TickContext) -> float:
    """Return how old the measured joints are [s]."""
    return max(0.0, ctx.now_s - ctx.observation.time_s)


def unknown_joints(age_s: float) -> Outcome | None:
    """Return the answer where the joints were measured too long ago to tell; None where they were not."""
    if age_s <= MAX_AGE_S:
        return None
    return failure(f"not known: the joints were last measured {age_s:.2f} s ago, the limit is {MAX_AGE_S:g} s")
