"""One run from settings to ending: opens the parts in the right order and closes what it opened.

Order of start: everything is loaded and validated before this module is called; then the robot is
looked at without being moved, then the policy is connected, warmed up and checked. Nothing moves
before all of it passed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bt_robot.cli.settings import PolicySettings, RunSettings
from bt_robot.errors import PolicyRefused, UsageError
from bt_robot.messages import JointLimits, Joints, Observation, Sink
from bt_robot.policy.attempt import Timeouts
from bt_robot.policy.plan import Plan
from bt_robot.policy.profile import Profile, load_profile
from bt_robot.policy.silent import SilentPolicy
from bt_robot.policy.simulated import SimulatedLatency
from bt_robot.policy.worker import Worker
from bt_robot.robot.base import Robot
from bt_robot.robot.fake import FakeRobot, FakeSettings
from bt_robot.runtime.clock import Clock, PacedClock, SimulatedClock
from bt_robot.runtime.loop import Ending, Link, Loop
from bt_robot.tree import Tree, TreeSpec, build_tree


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that decides a run.

    Attributes:
        settings: The config.
        spec: The tree.
        url: Where the policy server is; ignored when the tree asks no policy.
        seed: Places the blocks.
        fast: Unpaced simulated time instead of time paced to the wall.
        max_time_s: Time limit on the run's clock [s]; None for none.
    """

    settings: RunSettings
    spec: TreeSpec
    url: str
    seed: int = 0
    fast: bool = False
    max_time_s: float | None = None

    @property
    def period_s(self) -> float:
        """The control period [s]."""
        return 1.0 / self.settings.control_hz


@dataclass(frozen=True, slots=True)
class Session:
    """The parts of one run, connected and ready.

    Attributes:
        job: What is run.
        robot: Connected.
        tree: Freshly built.
        limits: The safety envelope.
        start: The measured pose before the first command, (n,).
    """

    job: Job
    robot: Robot
    tree: Tree
    limits: JointLimits
    start: Joints
    _link: Link
    _plan: Plan

    def run(self, sinks: Sequence[Sink] = (), interrupted: Callable[[], bool] = lambda: False) -> Ending:
        """Tick the tree to its end."""
        job = self.job
        clock: Clock = SimulatedClock(job.period_s)
        if not job.fast:
            clock = PacedClock(SimulatedClock(job.period_s))
        loop = Loop(
            robot=self.robot,
            tree=self.tree,
            link=self._link,
            plan=self._plan,
            clock=clock,
            limits=self.limits,
            poses=job.settings.named_poses(self.robot.limits),
            sinks=sinks,
            max_time_s=job.max_time_s,
            interrupted=interrupted,
        )
        return loop.run()


@contextmanager
def open_session(job: Job) -> Generator[Session]:
    """Open the robot and the policy link; close them again, whatever happened in between.

    Raises:
        UsageError: The config does not fit the robot or the profile.
        StartRefused: The robot or the policy said no.
        LoadError: The profile could not be loaded.
    """
    settings = job.settings
    profile = checked_profile(settings)
    robot = make_robot(job)
    try:
        limits = settings.limits.envelope(robot.limits)
        settings.named_poses(robot.limits)
    except ValueError as error:
        raise UsageError(str(error)) from error
    robot.connect()
    try:
        observation = robot.observe(0, 0.0)
        tree = build_tree(job.spec)
        link, plan = _open_policy(job, profile, limits, tree, observation)
        try:
            yield Session(job, robot, tree, limits, observation.joints, link, plan)
        finally:
            link.close()
    finally:
        robot.close()


def make_robot(job: Job) -> Robot:
    """Return the robot that a config asks for, not connected yet."""
    settings = job.settings.robot
    if isinstance(settings, FakeSettings):
        return FakeRobot(settings)
    from bt_robot.robot.sim.robot import SimRobot  # MuJoCo is loaded only where it is used

    return SimRobot(settings, job.seed, job.period_s)


def checked_profile(settings: RunSettings) -> Profile:
    """Return the profile, if its actions can be executed at the control rate.

    Raises:
        LoadError: The profile could not be loaded.
        UsageError: Its rate is not the control rate.
    """
    profile = load_profile(settings.policy.profile)
    if abs(profile.rate_hz - settings.control_hz) > 1e-9:
        raise UsageError(
            f"profile '{settings.policy.profile}' plans {profile.rate_hz:g} actions a second, but control_hz is"
            f" {settings.control_hz:g}; set control_hz to {profile.rate_hz:g}"
        )
    return profile


def _open_policy(
    job: Job, profile: Profile, limits: JointLimits, tree: Tree, observation: Observation
) -> tuple[Link, Plan]:
    plan = Plan(profile.horizon, profile.replan_after_steps)
    prompts = [node.prompt for node in tree.nodes if node.type == "query_policy"]
    if not prompts:
        return SilentPolicy(), plan
    policy = job.settings.policy
    worker = Worker(profile, job.url, limits, _timeouts(policy))
    link = SimulatedLatency(worker, policy.simulated_latency_s, wait=job.fast)
    try:
        link.start(observation, prompts[0])
    except PolicyRefused:
        link.close()
        raise
    return link, plan


def _timeouts(policy: PolicySettings) -> Timeouts:
    return Timeouts(
        connect_s=policy.connect_timeout_s, first_inference_s=policy.first_timeout_s, inference_s=policy.timeout_s
    )
