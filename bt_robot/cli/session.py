"""One run from settings to ending: opens the parts in the right order and closes what it opened.

Order of start: everything is loaded and validated before this module is called; then the robot is
looked at without being moved, then the policy is connected, warmed up and checked. Nothing moves
before all of it passed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from bt_robot.cli.judging import RunJudge, judge_of
from bt_robot.cli.person import Confirm, people_of
from bt_robot.cli.preflight import Plans, preflight, require_inside
from bt_robot.cli.robots import make_robot
from bt_robot.cli.settings import RunSettings
from bt_robot.errors import PolicyRefused
from bt_robot.messages import JointLimits, Joints, Observation, People, Sink
from bt_robot.plugins.policies import openers
from bt_robot.policy.chunks.forecast import Forecast, forecast
from bt_robot.policy.chunks.plan import Plan
from bt_robot.policy.connection.access import Access
from bt_robot.policy.dialect.dialect import Dialect
from bt_robot.policy.link.silent import SilentPolicy
from bt_robot.policy.link.simulated import SimulatedLatency
from bt_robot.policy.link.worker import Worker
from bt_robot.robot.base import Robot
from bt_robot.runtime.clock import Clock, PacedClock, SimulatedClock, WallClock, sleep_punctually
from bt_robot.runtime.loop import Ending, Link, Loop
from bt_robot.runtime.people import Board
from bt_robot.runtime.steering import Helm
from bt_robot.runtime.undisturbed import undisturbed
from bt_robot.sight.background import BackgroundSight
from bt_robot.sight.inline import InlineSight
from bt_robot.tree import Tree, TreeSpec


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that decides a run.

    Attributes:
        settings: The config.
        spec: The tree.
        urls: Where the policy servers are, the preferred one first; ignored when the tree asks no policy.
        seed: Places the blocks.
        fast: Unpaced simulated time instead of time paced to the wall; no robot of real time can do that.
        max_time_s: Time limit on the run's clock [s]; None for none.
        confirm: What a person would answer, if that is decided before; `ask` to ask.
    """

    settings: RunSettings
    spec: TreeSpec
    urls: tuple[str, ...]
    seed: int = 0
    fast: bool = False
    max_time_s: float | None = None
    confirm: Confirm = "ask"

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
        plans: The tree, the safety envelope and the poses.
        start: The measured pose before the first command, (n,).
        outlook: Whether the arm will have to wait for answers; None when the tree asks no policy.
    """

    job: Job
    robot: Robot
    plans: Plans
    start: Joints
    outlook: Forecast | None
    _link: Link
    _plan: Plan
    _sight: InlineSight | BackgroundSight
    _judge: RunJudge | None
    _people: People | None

    @property
    def strategy(self) -> str | None:
        """How chunks follow each other; None when the tree asks no policy."""
        profile = self.plans.profile
        if profile is None:
            return None
        return self.job.settings.policy.execution.resolved(incremental=profile.incremental)

    def plans_of(self, spec: TreeSpec) -> Plans:
        """Hold another tree against the config, the robot and the people of this run.

        Raises:
            LoadError: They do not fit; every misfit is told, with its place.
        """
        return preflight(self.job.settings, spec, self.robot, people=self._people is not None)

    def run(
        self,
        sinks: Sequence[Sink] = (),
        interrupted: Callable[[], bool] = lambda: False,
        edits: Callable[[], Tree | tuple[str, ...] | None] = lambda: None,
        helm: Helm | None = None,
    ) -> Ending:
        """Arm the robot and tick the tree to its end, or the edited one that took over.

        Args:
            sinks: Told of every tick.
            interrupted: Asked on every tick; True ends the run.
            edits: Asked on every tick for a tree that takes over, or why an edit changes nothing.
            helm: What people want of the run while it goes on.

        Raises:
            RobotRefused: The robot could not be armed; nothing moved.
        """
        job = self.job
        with undisturbed() if job.settings.real_time else nullcontext():
            self.robot.arm()
            loop = Loop(
                robot=self.robot,
                tree=self.plans.tree,
                link=self._link,
                plan=self._plan,
                clock=_clock(job),
                limits=self.plans.limits,
                poses=self.plans.poses,
                sinks=sinks,
                max_time_s=job.max_time_s,
                interrupted=interrupted,
                edits=edits,
                body=self.robot.body,
                sight=self._sight,
                judge=self._judge,
                people=self._people,
                helm=helm,
            )
            try:
                return loop.run()
            except KeyboardInterrupt:  # insisted on: the arm is not parked, either; it holds where it is
                self.robot.emergency_stop("interrupted twice")
                raise


def _clock(job: Job) -> Clock:
    if job.settings.real_time:
        return WallClock(job.period_s, sleep=sleep_punctually)
    clock = SimulatedClock(job.period_s)
    return clock if job.fast else PacedClock(clock)


@contextmanager
def open_session(job: Job, board: Board | None = None) -> Generator[Session]:
    """Open the robot and the policy link; close them again, whatever happened in between.

    Args:
        job: What is run.
        board: Where a person sees questions and answers them; None if nobody is there.

    Raises:
        UsageError: The config does not fit the robot, the tree or the profile.
        StartRefused: The robot or the policy said no.
        LoadError: The profile could not be loaded.
        PluginError: The policy's client comes from another package, and can't be used.
    """
    robot = make_robot(job.settings, job.seed)
    people = people_of(job.confirm, board)
    plans = preflight(job.settings, job.spec, robot, people=people is not None)
    policy = job.settings.policy
    access = Access.read(policy.api_key_env, policy.ca_file) if plans.profile is not None else Access()
    judge = judge_of(job.settings, fast=job.fast)
    robot.connect()
    try:
        observation = robot.observe(0, 0.0)
        require_inside(observation, plans.limits)
        link, plan, outlook = _open_policy(job, plans, robot.limits, observation, access)
        sight = BackgroundSight() if job.settings.real_time else InlineSight()
        try:
            yield Session(job, robot, plans, observation.joints, outlook, link, plan, sight, judge, people)
        finally:
            if judge is not None:
                judge.close()
            sight.close()
            link.close()
    finally:
        robot.close()


def _open_policy(
    job: Job, plans: Plans, robot_limits: JointLimits, observation: Observation, access: Access
) -> tuple[Link, Plan, Forecast | None]:
    profile = plans.profile
    if profile is None:
        return SilentPolicy(), Plan(1, 1), None
    policy, control_hz = job.settings.policy, job.settings.control_hz
    execution = policy.execution
    pace, plan = execution.pace(profile, control_hz), execution.plan(profile, control_hz)
    dialect = Dialect(profile, plans.limits, ranges=robot_limits, pace=pace, jpeg_quality=policy.jpeg_quality)
    leftover = plan.leftover if execution.strategy == "rtc" else None
    worker = Worker(
        profile,
        job.urls,
        plans.limits,
        policy.timeouts,
        access=access,
        dialect=dialect,
        leftover=leftover,
        openers=openers(job.urls),
    )
    link: SimulatedLatency | Worker = worker
    if not job.settings.real_time:
        link = SimulatedLatency(
            worker, policy.least_latency_s, wait=job.fast, jitter_s=policy.simulated_jitter_s, seed=job.seed
        )
    try:
        link.start(observation, plans.prompts[0])
    except PolicyRefused:
        link.close()
        raise
    plan.expect_delay(math.ceil(link.expected_latency_s * control_hz))
    return link, plan, forecast(profile, execution, control_hz, link.expected_latency_s)
