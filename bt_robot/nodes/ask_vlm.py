"""Ask a vision-language model about what the cameras see, in the background."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from bt_robot.errors import did_you_mean
from bt_robot.messages import Frame, Judgement, Question, Setup, TickContext
from bt_robot.nodes.attempt import Attempt
from bt_robot.nodes.ballot import Ballot
from bt_robot.tree import Condition, Input, Outcome, Output, failure, success

MAX_QUESTION = 500
"""The longest question [characters]."""

MAX_CAMERAS = 2

_LONGEST_PAUSE_S = 10.0  # between questions to an endpoint that does not answer


class AskVlm(Condition):
    """Succeed when a vision-language model says so of what the cameras see.

    Ask about the visible state, "is the red block inside the bowl?", not "is the task done?". It is asked in the
    background and never makes a tick wait; the answer is the newest one, with its age. While there is none that is
    new enough (none yet, a lost endpoint, a model that would not say) this fails: not known, and why. So say
    `expect: no` for the opposite; an `inverter` would take "not known" for it.

    Answers count for one attempt: they are dropped when the question changes, and when what this condition is a part
    of has ended and begins anew.
    """

    type_name = "ask_vlm"
    question = Input(str, doc='what is asked, yes or no, e.g. "is the red block inside the bowl?"')
    cameras = Input(tuple[str, ...], default=("front",), doc="whose pictures are shown, one or two")
    with_start = Input(bool, default=False, doc="show also what they saw when the attempt began, to compare with")
    expect = Input(Literal["yes", "no"], default="yes", doc="the answer to succeed on")
    every_s = Input(float, default=1.0, minimum=0.1, doc="from one question to the next, at least [s]")
    max_age_s = Input(float, default=5.0, minimum=0.1, doc="a picture or an answer older than this tells nothing [s]")
    yes_above = Input(
        float, default=0.7, minimum=0.0, maximum=1.0, doc="probability of yes from which an answer is a yes"
    )
    no_below = Input(
        float, default=0.3, minimum=0.0, maximum=1.0, doc="probability of yes up to which an answer is a no"
    )
    at_least = Input(int, default=1, minimum=1, maximum=100, doc="equal answers that decide, more than half of `of`")
    of = Input(int, default=1, minimum=1, maximum=100, doc="of the last how many answers")
    latch = Input(bool, default=False, doc="stay with the first success for the rest of the attempt")
    probability = Output(float, doc="the newest answer's probability of yes")

    def __init__(self, **values: object) -> None:
        """Start without an answer."""
        super().__init__(**values)
        self._attempt = Attempt()
        self._ticket: int | None = None
        self._asked = ""
        self._clear(0.0)

    @classmethod
    def amiss(cls, values: Mapping[str, object], kinds: Mapping[str, Any]) -> tuple[str, str] | None:
        """Find values that contradict each other, and what can't be asked."""
        question, cameras = values.get("question"), values.get("cameras")
        if isinstance(question, str) and not 0 < len(question.strip()) <= MAX_QUESTION:
            return "question", f"a question of 1 to {MAX_QUESTION} characters"
        if isinstance(cameras, tuple) and not 1 <= len(cast("tuple[str, ...]", cameras)) <= MAX_CAMERAS:
            return "cameras", "one or two cameras"
        at_least, of = values.get("at_least"), values.get("of")
        if isinstance(at_least, int) and isinstance(of, int) and not of / 2 < at_least <= of:
            return "at_least", f"more than half of the {of} in 'of', and no more than all of them"
        above, below = values.get("yes_above"), values.get("no_below")
        if isinstance(above, float) and isinstance(below, float) and not below < above:
            return "no_below", f"less than the {above:g} of 'yes_above'"
        return None

    def why_not(self, setup: Setup) -> str:
        """Look for the model and the cameras."""
        if not setup.judge:
            return (
                "there is no vision-language model to ask; add one to the config:"
                " vlm: {url: 'http://localhost:8000/v1'} (or 'url: standin' to try it in simulation)"
            )
        for camera in self.cameras:
            if camera not in setup.cameras:
                known = ", ".join(setup.cameras) or "none"
                near = did_you_mean(camera, setup.cameras)
                return f"cameras: no camera '{camera}'; the config has {known}{f' ({near})' if near else ''}"
        return ""

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Take the answer that came, ask again when it is time, and say how it stands."""
        if self._attempt.begins(ctx) or self.question != self._asked:
            self._begin_anew(ctx)
        if self._latched is not None:
            return success("as it was once", age_s=ctx.now_s - self._latched[0], confidence=self._latched[1])
        self._take_answer(ctx)
        trouble = self._ask(ctx)
        return self._standing(ctx, trouble)

    def _clear(self, now_s: float) -> None:
        self._ballot: Ballot | None = None
        self._newest: Judgement | None = None  # the newest answer that is one
        self._unknown = ""  # why the latest answer was none
        self._start: tuple[Frame, ...] = ()
        self._latched: tuple[float, float | None] | None = None
        self._next_s = now_s
        self._pause_s = 0.0  # between questions while the endpoint does not answer

    def _begin_anew(self, ctx: TickContext) -> None:
        if self._ticket is not None:
            ctx.judge.forget(self._ticket)
        self._ticket, self._asked = None, self.question
        self._clear(ctx.now_s)

    def _take_answer(self, ctx: TickContext) -> None:
        answer = None if self._ticket is None else ctx.judge.poll(self._ticket, ctx.now_s)
        if answer is None:
            return
        self._ticket = None
        if answer.news:
            ctx.tell(answer.news)
        if answer.yes is None:
            self._unknown = answer.reason
            self._pause_s = min(2.0 * max(self._pause_s, self.every_s), max(_LONGEST_PAUSE_S, self.every_s))
            self._next_s = max(self._next_s, ctx.now_s + max(answer.retry_in_s, self._pause_s - self.every_s))
            return
        if self._newest is not None and answer.seen_s - self._newest.seen_s > self.max_age_s + self.every_s:
            self._ballot = None  # what was said before the endpoint was lost is no vote about now
        self._unknown, self._pause_s, self._newest = "", 0.0, answer
        self.probability = answer.yes
        self._ballot = self._ballot or Ballot(self.yes_above, self.no_below, self.at_least, self.of)
        self._ballot.count(answer.yes)

    def _ask(self, ctx: TickContext) -> str:
        """Ask when it is time; return why that is not possible, or an empty string."""
        seen = ctx.observation.frames
        missing = [camera for camera in self.cameras if camera not in seen]
        if missing:
            return f"no picture of '{missing[0]}' yet"
        frames = tuple(seen[camera] for camera in self.cameras)
        age_s = ctx.now_s - min(frame.captured_s for frame in frames)
        if age_s > self.max_age_s:
            return f"the newest picture is {age_s:.1f} s old"
        if self.with_start and not self._start:
            self._start = frames
        if self._ticket is None and ctx.now_s >= self._next_s:
            self._ticket = ctx.judge.ask(Question(self.question, frames, self._start), ctx.now_s)
            if self._ticket is not None:
                self._next_s = ctx.now_s + self.every_s
        return ""

    def _standing(self, ctx: TickContext, trouble: str) -> Outcome:
        trouble = self._unknown or trouble
        newest, ballot = self._newest, self._ballot
        age_s = ctx.now_s - newest.seen_s if newest else 0.0
        if newest is None or newest.yes is None or ballot is None:
            return failure(f"not known: {trouble or 'waiting for the first answer'}")
        if age_s > self.max_age_s:
            return failure(f"not known: no answer for {age_s:.1f} s{f'; {trouble}' if trouble else ''}")
        verdict = ballot.verdict
        if verdict is None:
            return failure(f"undecided: {ballot.words} (P(yes) {newest.yes:.2f})", age_s=age_s)
        confidence = (ballot.mean if verdict else 1.0 - ballot.mean) if newest.graded else None
        said = "yes" if verdict else "no"
        if said != self.expect:
            return failure(f"answered {said}", age_s=age_s, confidence=confidence)
        if self.latch:
            self._latched = newest.seen_s, confidence
        return success(f"answered {said}", age_s=age_s, confidence=confidence)
