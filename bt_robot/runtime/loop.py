"""The control loop: one tick after the other, and an arm at rest whatever ends it."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from bt_robot.errors import RobotError
from bt_robot.messages import (
    ActionChunk,
    Body,
    Command,
    Heard,
    JointLimits,
    Joints,
    Judge,
    NodeState,
    Observation,
    People,
    PolicyLink,
    Sight,
    Sink,
    Splice,
    Status,
    TickRecord,
    Verdict,
)
from bt_robot.policy.chunks.plan import Plan
from bt_robot.robot.base import Robot
from bt_robot.runtime.clock import Clock, Tick
from bt_robot.runtime.context import Context
from bt_robot.runtime.events import Events
from bt_robot.runtime.governor import TOLERANCE, govern, rest_at
from bt_robot.runtime.steering import Helm, Turn
from bt_robot.tree import Tree

logger = logging.getLogger(__name__)

OVERRUN_PERIODS = 3
"""A decision that took longer than this many periods is too old to be executed."""


class Link(PolicyLink, Protocol):
    """The policy link as its owner sees it."""

    def poll(self, now_s: float) -> ActionChunk | None:
        """Return the chunk that became visible since the last call, if any, without waiting for one."""
        ...

    def close(self) -> None:
        """Drop the connection and end the background work; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Decision:
    """What a tick decided, and what it found; nothing of both while the arm is only brought to rest.

    Attributes:
        proposal: What the tree asked for, (n,); None where it asked for nothing.
        chunk: The chunk that arrived, or None.
        splice: What became of it.
        stalled: Whether an action was wanted and none was planned.
        events: What a person should read.
        heard: What the tree was told from outside.
    """

    proposal: Joints | None = None
    chunk: ActionChunk | None = None
    splice: Splice | None = None
    stalled: bool = False
    events: tuple[str, ...] = ()
    heard: Heard | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended.

    Attributes:
        status: SUCCESS or FAILURE of the tree; FAILURE for anything else that ended the run.
        reason: Why, in words; empty on SUCCESS.
        failed_path: The node that explains a FAILURE; empty where no node does.
        interrupted: True when a person ended the run.
        acts: What people did that no tick tells, in words.
    """

    status: Status
    reason: str = ""
    failed_path: str = ""
    interrupted: bool = False
    acts: tuple[str, ...] = ()


def at_rest(command: Command) -> bool:
    """Whether a command has the arm stand still."""
    return bool(np.max(np.abs(command.velocities)) < TOLERANCE)


class Loop:
    """Ticks a tree at the control rate until it ends.

    The loop owns the order of a tick, and the exit: however `run` ends, the tree is halted and the robot
    holds, each even if the other failed. What was opened elsewhere is closed by who opened it.
    """

    def __init__(
        self,
        *,
        robot: Robot,
        tree: Tree,
        link: Link,
        plan: Plan,
        clock: Clock,
        limits: JointLimits,
        poses: Mapping[str, Joints],
        sinks: Sequence[Sink] = (),
        max_time_s: float | None = None,
        interrupted: Callable[[], bool] = lambda: False,
        edits: Callable[[], Tree | tuple[str, ...] | None] = lambda: None,
        body: Body | None = None,
        sight: Sight | None = None,
        judge: Judge | None = None,
        people: People | None = None,
        helm: Helm | None = None,
    ) -> None:
        """Wire the parts together; nothing moves before `run`.

        Args:
            robot: Connected and ready.
            tree: Freshly built.
            link: Started.
            plan: Empty.
            clock: The owner of time.
            limits: The safety envelope.
            poses: Named poses, (n,) each.
            sinks: Told of every tick.
            max_time_s: End the run as a FAILURE after this time on the run's clock.
            interrupted: Asked on every tick; True ends the run.
            edits: Asked on every tick, without waiting: for a tree, which takes over once the arm is at rest, or why an
                edit changes nothing, in lines.
            body: What is known of the robot besides its joints.
            sight: Finds things in pictures; it looks at once by default.
            judge: Answers questions about pictures; it takes none by default.
            people: Answer questions; nobody does by default.
            helm: What people want of the run while it goes on.
        """
        self._robot = robot
        self._tree = tree
        self._link = link
        self._plan = plan
        self._clock = clock
        self._limits = limits
        self._max_time_s = max_time_s
        self._interrupted = interrupted
        self._edits = edits
        self._edited: Tree | None = None
        self._helm = helm or Helm()
        self._sinks = list(sinks)
        self._context = Context(limits, poses, link, plan, body=body, sight=sight, judge=judge, people=people)
        self._target: Joints | None = None
        self._previous: Command | None = None
        self._events = Events(clock.period_s)

    def run(self) -> Ending:
        """Tick until the tree ends, the time is over, a person interrupts, or the robot fails.

        The arm is braked to a standstill within its limits before this returns. Only a second
        interrupt, or a robot that fails, skips the braking; then the arm stops at its last target.
        """
        with ExitStack() as leave:
            leave.callback(self._helm.close)
            leave.callback(self._stop)
            leave.callback(self._halt_tree)
            try:
                ending = self._until_it_ends()
                nodes = self._tree.states()
                self._tree.halt()
                self._let_go(ending.status, nodes)
                self._come_to_rest(ending.status, nodes)
            except RobotError as error:
                logger.error("the robot failed: %s", error)
                ending = Ending(Status.FAILURE, str(error))
            except Exception as error:  # whatever it is, the arm has to be stopped and the run accounted for
                logger.exception("the control loop failed")
                ending = Ending(Status.FAILURE, f"internal error: {type(error).__name__}: {error}")
            return replace(ending, acts=self._helm.untold())

    def _stop(self) -> None:
        try:
            self._robot.stop()
        except Exception:  # what is known of the run must not be lost because the robot is gone
            logger.exception("the robot could not be stopped")

    def _halt_tree(self) -> None:
        """Halt what still runs, at an exit that leaves no time for letting go."""
        self._tree.halt()
        self._tree.cut_off("the run is over")

    def _let_go(self, status: Status, nodes: tuple[NodeState, ...]) -> None:
        """Tick the leaves that need time to let go; the tree sees to it that they don't take forever.

        What is told of the tree is how it ended, but for the leaves that are still at work.
        """
        while self._tree.leaving:
            tick = self._clock.next_tick()
            observation = self._observe(tick)
            previous = self._last_command(observation, tick)
            self._context.begin(tick.time_s, observation, previous, self._helm.behind_s)
            told = Status.RUNNING if self._tree.leave(self._context) else status
            unfit = self._too_late() or observation.health.stopped
            proposal = None if unfit else self._context.proposal
            verdict = self._act(tick, previous, proposal)
            now = zip(nodes, self._tree.states(), strict=True)
            shown = tuple(state if state.status is Status.RUNNING else ended for ended, state in now)
            decision = Decision(proposal, heard=self._context.hearing.heard)
            self._publish(tick, observation, verdict, told, shown, decision)

    def _until_it_ends(self) -> Ending:
        while True:
            tick = self._clock.next_tick()
            ending = self._ending(self._tick(tick), tick)
            if ending is not None:
                return ending

    def _come_to_rest(self, status: Status, nodes: tuple[NodeState, ...]) -> None:
        """Brake until the arm stands still; what is told of the tree is how it ended."""
        slowest = np.max(self._limits.velocity / self._limits.acceleration)
        for _ in range(math.ceil(slowest / self._clock.period_s) + 1):
            if self._previous is None or at_rest(self._previous):
                return
            tick = self._clock.next_tick()
            observation = self._observe(tick)
            verdict = self._act(tick, self._last_command(observation, tick), None)
            self._publish(tick, observation, verdict, status, nodes)

    def _ending(self, status: Status, tick: Tick) -> Ending | None:
        if status is Status.SUCCESS:
            return Ending(Status.SUCCESS)
        if status is Status.FAILURE:
            failure = self._tree.failure
            return Ending(status, failure.reason, failure.path) if failure else Ending(status, "the tree failed")
        if self._interrupted():
            return Ending(Status.FAILURE, "interrupted", interrupted=True)
        if self._max_time_s is not None and self._context.now_s >= self._max_time_s:
            path, words = self._busiest()
            return Ending(Status.FAILURE, f"the time limit of {self._max_time_s:g} s is over{words}", path)
        return None

    def _busiest(self) -> tuple[str, str]:
        """Return the path of the deepest node that is RUNNING, and its words for a sentence."""
        states = self._tree.states()
        i = self._deepest_running(states)
        if i is None:
            return "", ""
        return self._tree.nodes[i].path, f"; it was: {states[i].reason}" if states[i].reason else ""

    def _deepest_running(self, states: Sequence[NodeState]) -> int | None:
        """Return the index of the deepest node that is RUNNING; None if none is."""
        running = [i for i, state in enumerate(states) if state.status is Status.RUNNING]
        return max(running, key=lambda i: self._tree.nodes[i].depth, default=None)

    def _skill(self, running: int | None) -> str:
        """Return the path of the innermost subtree call at or above a node; the root's path where there is none."""
        nodes, i = self._tree.nodes, -1 if running is None else running
        while i >= 0 and nodes[i].kind != "subtree":
            i = nodes[i].parent
        return nodes[max(i, 0)].path

    def _tick(self, tick: Tick) -> Status:
        observation = self._observe(tick)
        previous = self._last_command(observation, tick)
        stopped = bool(observation.health.stopped)
        turn = self._helm.begin(self._tree, tick.time_s)
        if turn.anew:  # the arm stands, or will stand, elsewhere than what is planned begins
            self._plan.clear()
            self._link.new_epoch()
        self._plan.begin(previous.positions, observation.joints)
        chunk = self._link.poll(tick.time_s)
        splice = None if chunk is None else self._plan.accept(chunk, tick.step)
        self._context.begin(tick.time_s, observation, previous, turn.behind_s)
        status, told = self._decide(previous, turn)
        late = self._too_late()
        proposal = None if late or stopped else self._context.proposal
        verdict = self._act(tick, previous, proposal)
        stalled = self._plan.stalled(tick.step)
        if turn.ticks:
            self._settle_plan(tick.step, proposal)
        events = self._events.of(
            tick,
            verdict,
            self._link.state,
            stalled=stalled,
            late=late,
            chunk=chunk,
            splice=splice,
            health=observation.health,
        )
        told = (*told, *self._context.told, *events)
        decision = Decision(proposal, chunk, splice, stalled, told, self._context.hearing.heard)
        self._publish(tick, observation, verdict, status, self._tree.states(), decision)
        return status

    def _decide(self, previous: Command, turn: Turn) -> tuple[Status, tuple[str, ...]]:
        """Tick the tree unless it is held; where it was edited, let the new one take over once the arm is at rest.

        Returns:
            The status, and what a person should read about an edit.
        """
        told: list[str] = []
        edited = self._edits()
        if isinstance(edited, tuple):
            told += edited
        elif edited:
            if self._edited is None:
                self._tree.halt()
                told.append("the tree was edited; holding until the arm is at rest")
            self._edited = edited
        if self._edited is not None:
            if self._tree.leaving:
                if turn.ticks:
                    self._tree.leave(self._context)
                return Status.RUNNING, tuple(told)
            if not at_rest(previous):
                return Status.RUNNING, tuple(told)
            self._tree, self._edited = self._edited, None
            told += ["the edited tree takes over, from its root", *self._helm.adopt(self._tree)]
        if turn.ticks:
            return self._tree.tick(self._context), tuple(told)
        self._tree.rest()
        return Status.RUNNING, tuple(told)

    def _settle_plan(self, step: int, executed: Joints | None) -> None:
        """Tell the plan what became of its action: only what the arm really did is behind it."""
        planned = self._plan.action(step) if self._plan.took(step) else None
        followed = executed is not None and planned is not None and np.array_equal(executed, planned)
        if not followed:
            self._plan.give_back(step)
        moved_otherwise = executed is not None and not followed
        if self._plan.end_tick(step) or moved_otherwise:
            self._link.new_epoch()  # an answer still under way would begin where the arm no longer is

    def _observe(self, tick: Tick) -> Observation:
        observation = self._robot.observe(tick.step, tick.time_s)
        self._require_finite(observation.joints, "measured")
        return observation

    def _last_command(self, observation: Observation, tick: Tick) -> Command:
        previous = self._previous
        if previous is None or observation.health.stopped:  # where a stopped arm comes to rest is seen, not known
            return rest_at(observation.joints, tick.step - 1)
        if tick.step - previous.step > 1:  # real time passed without a command: the arm came to rest
            return rest_at(previous.positions, tick.step - 1)
        return previous

    def _act(self, tick: Tick, previous: Command, proposal: Joints | None) -> Verdict:
        """Send the one command of a tick."""
        governed = govern(
            proposal,
            previous,
            self._limits,
            self._clock.period_s,
            step=tick.step,
            previous_target=self._target,
        )
        sent = self._robot.command(governed.command)
        self._require_finite(sent, "sent")
        self._target = governed.target
        self._previous = Command(tick.step, sent, (sent - previous.positions) / self._clock.period_s)
        return governed.verdict

    def _require_finite(self, joints: Joints, what: str) -> None:
        bad = np.flatnonzero(~np.isfinite(joints))
        if bad.size:
            name = self._limits.names[bad[0]]
            raise RobotError(f"the robot {what} {joints[bad[0]]} for {name}; expected a finite number")

    def _too_late(self) -> str:
        """Return why the decision is too old to be executed, or an empty string."""
        spent_s = self._clock.spent_s()
        if spent_s <= OVERRUN_PERIODS * self._clock.period_s:
            return ""
        slowest = self._tree.slowest
        who = f", {slowest[1]:.2f} s of it in {slowest[0]}" if slowest else ""
        return f"the tick took {spent_s:.2f} s{who}; holding"

    def _publish(
        self,
        tick: Tick,
        observation: Observation,
        verdict: Verdict,
        status: Status,
        nodes: tuple[NodeState, ...],
        decision: Decision | None = None,
    ) -> None:
        assert self._previous is not None, "published after a command was sent"
        running, decision = self._deepest_running(nodes), decision or Decision()
        steered = self._helm.end(self._tree)
        events = (*(f"person: {act}" for act in steered.acts), *decision.events, *steered.news)
        record = TickRecord(
            step=tick.step,
            time_s=tick.time_s,
            lateness_s=tick.lateness_s,
            skipped=tick.skipped,
            observation=observation,
            command=self._previous,
            verdict=verdict,
            status=status,
            nodes=nodes,
            link=self._link.state,
            prompt="" if running is None else self._tree.nodes[running].prompt,
            chunk_age_steps=self._plan.chunk_age(tick.step),
            planned_steps=len(self._plan.remaining(tick.step + 1)),
            chunk=decision.chunk,
            stalled=decision.stalled,
            events=events,
            splice=decision.splice,
            plan=self._plan.stats,
            skill=self._skill(running),
            proposal=decision.proposal,
            layout=self._tree.nodes,
            written=self._tree.written(),
            acts=steered.acts,
            wishes=steered.wishes,
            mode=steered.mode,
            heard=decision.heard,
        )
        for sink in list(self._sinks):
            try:
                sink.publish(record)
            except Exception:  # a broken display or a full disk must not stop the arm's control
                logger.exception("%s failed and is switched off", type(sink).__name__)
                self._sinks.remove(sink)
