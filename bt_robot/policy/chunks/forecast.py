"""Whether a plan can be kept filled at a latency, found out on the plan itself, pure.

One request is in flight at a time and its chunk is a delay d old when it arrives, so a chunk of H steps has H - d left
and must last for another d. `d + margin < H` is necessary; how much the arm stands still otherwise is counted here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bt_robot.messages import ActionChunk
from bt_robot.policy.chunks.execution import Execution
from bt_robot.policy.chunks.plan import Plan
from bt_robot.policy.dialect.profile import Profile

_CHUNKS = 12
_SETTLED = 4  # chunks after which every cycle is like the one before
_JOINTS = 2


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a latency means for a profile and a way to execute it.

    Attributes:
        delay_steps: The latency [control steps], rounded up.
        margin_steps: What should be left when an answer arrives [control steps].
        horizon_steps: Control steps that a chunk covers.
        stall_share: The share of time in which the arm will stand still for want of actions, 0 … 1.
        waits: Whether the strategy asks only when the plan is used up.
    """

    delay_steps: int
    margin_steps: int
    horizon_steps: int
    stall_share: float
    waits: bool

    @property
    def words(self) -> str:
        """What a person should know."""
        d, margin, horizon = self.delay_steps, self.margin_steps, self.horizon_steps
        sums = f"d {d} + margin {margin} {'<' if d + margin < horizon else '>='} H {horizon} [control steps]"
        if not self.stall_share:
            return f"{sums}: the arm will not wait for answers"
        share = f"{100 * self.stall_share:.0f} % of the time"
        if self.waits:
            return f"{sums}: with strategy sync the arm will stand still {share}"
        return (
            f"{sums}: the arm will stand still {share}, because a chunk is {d} steps old when it arrives and must last"
            f" for {d} more; use a faster server, a longer horizon, or policy.execution.speed below 1"
        )


def forecast(profile: Profile, execution: Execution, control_hz: float, latency_s: float) -> Forecast:
    """Run the plan of a profile against a server of a constant latency, and count.

    Args:
        profile: What the chunks are like.
        execution: How they are executed.
        control_hz: The control rate [Hz].
        latency_s: From the observation to the answer [s].

    Raises:
        ValueError: The strategy would merge what are no positions.
    """
    plan = execution.plan(profile, control_hz)
    delay = max(0, math.ceil(latency_s * control_hz - 1e-9))
    horizon = execution.pace(profile, control_hz).steps(profile.horizon)
    waits = execution.resolved(incremental=profile.incremental) == "sync"
    return Forecast(delay, execution.margin_steps, horizon, _stall_share(plan, horizon, delay), waits)


def _stall_share(plan: Plan, horizon: int, delay: int) -> float:
    rows, still = np.zeros((horizon, _JOINTS)), np.zeros(_JOINTS)
    asked: int | None = None
    arrived = stalls = steps = step = 0
    while arrived < _CHUNKS:
        plan.begin(still)
        if asked is not None and step - asked >= delay:
            plan.accept(ActionChunk(rows, asked, 0, "", 0.0), step)
            asked, arrived = None, arrived + 1
        if asked is None and plan.wants_more(step):
            asked = step
        missing = plan.action(step) is None
        plan.end_tick(step)
        if arrived > _SETTLED:
            steps, stalls = steps + 1, stalls + missing
        step += 1
    return stalls / max(1, steps)
