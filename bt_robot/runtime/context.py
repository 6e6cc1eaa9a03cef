"""What the leaves of a tree reach during one tick."""

from __future__ import annotations

from collections.abc import Mapping

from bt_robot.messages import (
    ActionPlan,
    Body,
    Command,
    JointLimits,
    Joints,
    Judge,
    Judgement,
    Observation,
    People,
    PolicyLink,
    Question,
    Sight,
)
from bt_robot.runtime.hearing import Hearing
from bt_robot.runtime.lagging import Lagging
from bt_robot.runtime.people import Board
from bt_robot.sight.inline import InlineSight


class NoJudge:
    """A `Judge` where none is configured: it takes no questions."""

    def ask(self, question: Question, now_s: float) -> int | None:
        """Refuse."""
        return None

    def poll(self, ticket: int, now_s: float) -> Judgement | None:
        """Have no answer."""
        return None

    def forget(self, ticket: int) -> None:
        """Do nothing."""


class Context:
    """Implements `bt_robot.messages.TickContext`; the loop refills it for every tick."""

    def __init__(
        self,
        limits: JointLimits,
        poses: Mapping[str, Joints],
        policy: PolicyLink,
        plan: ActionPlan,
        *,
        body: Body | None = None,
        sight: Sight | None = None,
        judge: Judge | None = None,
        people: People | None = None,
    ) -> None:
        """Keep what stays the same for a whole run."""
        self.limits = limits
        self.poses = poses
        self.policy: PolicyLink = policy
        self.plan = plan
        self.body = body or Body()
        self.hearing = Hearing(sight or InlineSight(), judge or NoJudge(), people or Board())
        self.sight: Sight = self.hearing.sight
        self.judge: Judge = self.hearing.judge
        self.people: People = self.hearing.people
        self.unbroken = 0  # each tree tells its leaves their own
        self.path = ""  # and this, too
        self.told: list[str] = []
        self.now_s = 0.0
        self.proposal: Joints | None = None
        self._lagging: Lagging | None = None
        self._observation: Observation | None = None
        self._last_command: Command | None = None

    @property
    def last_command(self) -> Command:
        """What was sent on the previous tick; the measured pose on the first."""
        assert self._last_command is not None, "leaves are ticked inside a tick only"
        return self._last_command

    @property
    def observation(self) -> Observation:
        """This tick's observation."""
        assert self._observation is not None, "leaves are ticked inside a tick only"
        return self._observation

    def begin(self, now_s: float, observation: Observation, last_command: Command, behind_s: float = 0.0) -> None:
        """Start a tick without a proposal.

        Args:
            now_s: The run's clock [s].
            observation: This tick's observation.
            last_command: What was sent on the previous tick.
            behind_s: How far the tree's clock is behind the run's [s].
        """
        if behind_s:
            observation = self._set_back(observation, behind_s)
        self.now_s = now_s - behind_s
        self._observation = observation
        self._last_command = last_command
        self.proposal = None
        self.told = []
        self.hearing.begin()

    def _set_back(self, observation: Observation, behind_s: float) -> Observation:
        if self._lagging is None:
            self._lagging = Lagging(self.policy, self.sight, self.judge)
            self.policy, self.sight, self.judge = self._lagging, self._lagging, self._lagging.judge
        return self._lagging.show(observation, behind_s)

    def tell(self, words: str) -> None:
        """Keep what a person should read of this tick."""
        self.told.append(str(words))  # a leaf may hand over anything

    def propose(self, positions: Joints) -> None:
        """Take the tick's command, (n,); the tree has seen to it that there is only one."""
        self.proposal = positions
