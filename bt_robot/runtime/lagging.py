"""The run as a tree sees it whose clock is behind the run's, because a person held it.

Nothing that a leaf measures may run out while a person thinks, and nothing that it sees may look fresher than it is.
So the tree's clock stands still meanwhile, and from then on every stamp that a leaf is shown is set back by the same
amount, and every one that it hands on is set forward again.
"""

from __future__ import annotations

from dataclasses import replace

from bt_robot.messages import (
    Find,
    Frame,
    Image,
    Judge,
    Judgement,
    LinkState,
    Observation,
    PolicyLink,
    Question,
    Sight,
    Sighting,
)


class _SetBack(Frame):
    """A frame with its capture time on the tree's clock."""

    __slots__ = ("original",)

    def __init__(self, original: Frame, behind_s: float) -> None:
        super().__init__(original.camera, original.captured_s - behind_s, lambda: original.image)
        self.original = original

    @property
    def image(self) -> Image:
        """The same picture, which is not kept twice."""
        return self.original.image


def _original(frame: Frame) -> Frame:
    return frame.original if isinstance(frame, _SetBack) else frame


class Lagging:
    """Shows observations, and the policy, sight and judge, on the clock of the tree.

    It is itself the `PolicyLink`, the `Sight` and, as `judge`, the `Judge` of the tree.
    """

    def __init__(self, policy: PolicyLink, sight: Sight, judge: Judge) -> None:
        """Take those whose clock is the run's."""
        self.judge = _LaggingJudge(judge)
        self._policy = policy
        self._sight = sight
        self._behind_s = 0.0
        self._seen: Observation | None = None
        self._shown: Observation | None = None

    def show(self, observation: Observation, behind_s: float) -> Observation:
        """Return a tick's observation as the tree sees it.

        Args:
            observation: On the run's clock.
            behind_s: How far the tree's clock is behind that [s].
        """
        self._behind_s = self.judge.behind_s = behind_s
        frames = {name: _SetBack(frame, behind_s) for name, frame in observation.frames.items()}
        self._seen = observation
        self._shown = replace(observation, time_s=observation.time_s - behind_s, frames=frames)
        return self._shown

    # The policy link

    @property
    def state(self) -> LinkState:
        """The link as it stands now."""
        return self._policy.state

    def follow(self, prompt: str) -> None:
        """Note the prompt in force."""
        self._policy.follow(prompt)

    def offer(self, observation: Observation, prompt: str) -> bool:
        """Send a request; return whether it was taken."""
        seen = self._seen if observation is self._shown and self._seen is not None else observation
        return self._policy.offer(seen, prompt)

    def new_epoch(self) -> None:
        """Make every answer to an earlier request stale."""
        self._policy.new_epoch()

    # The sight

    def find(self, wanted: Find, frame: Frame) -> Sighting | None:
        """Ask to look for a thing in a picture; return the newest look."""
        sighting = self._sight.find(wanted, _original(frame))
        return None if sighting is None else replace(sighting, captured_s=sighting.captured_s - self._behind_s)


class _LaggingJudge:
    """A `Judge` on the clock of the tree."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self.behind_s = 0.0

    def ask(self, question: Question, now_s: float) -> int | None:
        """Begin to ask; return a ticket, or None while too many questions are under way."""
        now = tuple(_original(frame) for frame in question.now)
        before = tuple(_original(frame) for frame in question.before)
        return self._judge.ask(replace(question, now=now, before=before), now_s + self.behind_s)

    def poll(self, ticket: int, now_s: float) -> Judgement | None:
        """Take the answer, once; None while there is none."""
        judgement = self._judge.poll(ticket, now_s + self.behind_s)
        return None if judgement is None else replace(judgement, seen_s=judgement.seen_s - self.behind_s)

    def forget(self, ticket: int) -> None:
        """Give a ticket back."""
        self._judge.forget(ticket)
