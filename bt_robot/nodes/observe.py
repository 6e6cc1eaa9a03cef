"""Look before anything else: is what was measured fresh, and the robot well?"""

from __future__ import annotations

from bt_robot.messages import Setup, TickContext
from bt_robot.tree import Action, Input, Outcome, Output, failure, success


class Observe(Action):
    """Succeed while the robot is well, and the joints and every camera frame are fresh.

    Put it first in a skill: everything behind it then acts on what is really there. It fails with the
    age of what is stale, with the cameras that are missing, and with what the robot suffers from: that it
    is stopped, that a camera shows nothing new, that a joint pushes against something.
    """

    type_name = "observe"
    max_age_s = Input(float, default=0.5, minimum=0.0, doc="oldest measurement accepted [s]")
    cameras = Input(tuple[str, ...], default=(), doc="cameras that must be there; those that are there, by default")
    joints = Output(tuple[float, ...], doc="the measured joints [rad, gripper 0 … 1]")

    def why_not(self, setup: Setup) -> str:
        """Look whether the cameras are in the config."""
        missing = [name for name in self.cameras if name not in setup.cameras]
        known = ", ".join(setup.cameras) or "none"
        return f"no camera '{missing[0]}' in the config; there is {known}" if missing else ""

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Compare ages with the limit."""
        observation = ctx.observation
        health = observation.health
        for trouble in (health.stopped, *health.doubts, health.strain):
            if trouble:
                return failure(trouble)
        ages = {"the joints": ctx.now_s - observation.time_s}
        for name in self.cameras or tuple(observation.frames):
            if name not in observation.frames:
                known = ", ".join(observation.frames) or "none"
                return failure(f"no camera '{name}'; there is {known}")
            ages[f"camera {name}"] = ctx.now_s - observation.frames[name].captured_s
        for what, age_s in ages.items():
            if age_s > self.max_age_s:
                return failure(f"{what}: last measured {age_s:.2f} s ago, the limit is {self.max_age_s:g} s")
        self.joints = tuple(observation.joints.tolist())
        return success()
