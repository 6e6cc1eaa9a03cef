"""Runs the loop over a recording: its clock, its robot, its policy, with a tree of your own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bt_robot.messages import Body, JointLimits, Status, TickRecord
from bt_robot.policy.chunks.plan import Plan
from bt_robot.replay.answers import Note, RecordedJudge, RecordedLink, RecordedPeople, RecordedSight
from bt_robot.replay.comparing import Comparison, End
from bt_robot.replay.survey import Survey
from bt_robot.replay.tape import RecordedClock, RecordedRobot, Tape
from bt_robot.runtime.loop import Ending, Loop
from bt_robot.runtime.steering import Helm
from bt_robot.telemetry.recorder import RecordedRun
from bt_robot.tree import Tree


@dataclass(frozen=True, slots=True)
class Cast:
    """What takes part in a replay.

    Attributes:
        trees: Freshly built: the one that begins, then those that take over where the run's tree was edited.
        changed: Whether they are other trees than those that ran.
        plan: Empty, as the run's was in the beginning.
        limits: The range that the robot keeps its targets in.
        body: What is known of the robot besides its joints.
    """

    trees: Sequence[Tree]
    changed: bool
    plan: Plan
    limits: JointLimits
    body: Body


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a replay.

    Attributes:
        recorded: How the recorded run ended.
        replayed: How this one did.
        comparison: Where they differ.
        notes: What a person should know of how far the replay can be relied on.
    """

    recorded: End
    replayed: End
    comparison: Comparison
    notes: tuple[str, ...]

    @property
    def went_alike(self) -> bool:
        """Whether it went the same way, whatever its nodes are called."""
        return self.comparison.ticked_alike and self.replayed.status == self.recorded.status

    @property
    def same(self) -> bool:
        """Whether it is the same run again, tick by tick."""
        return self.comparison.alike and self.replayed.same_as(self.recorded)


class _Comparer:
    """A sink that compares each tick with the recorded one, and finds out when the tree ended."""

    def __init__(self, tape: Tape, comparison: Comparison) -> None:
        """Begin with nothing compared."""
        self._tape = tape
        self._comparison = comparison
        self.end_s = 0.0
        self._ended = False

    def publish(self, record: TickRecord) -> None:
        """Take note of one tick."""
        if not self._ended and not self._tape.over:
            self.end_s, self._ended = record.time_s, record.status is not Status.RUNNING
        if not self._tape.over:
            self._comparison.compare(self._tape.record, record)


class _Notes:
    """What a person should know, each thing once."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.told: dict[str, None] = {}

    def __call__(self, words: str) -> None:
        """Take note."""
        self.told.setdefault(words)


def replay(run: RecordedRun, survey: Survey, cast: Cast, progress: Callable[[float], None]) -> Replayed:
    """Tick trees against a recording, and compare.

    Args:
        run: The recording.
        survey: What is known of it.
        cast: What takes part.
        progress: Told how far it is [s].
    """
    info, notes = run.info, _Notes()
    tape = Tape(run.records(), survey.ticks)
    tape.listen(lambda record: progress(record.time_s))
    comparison = Comparison(info.limits.names)
    comparer = _Comparer(tape, comparison)
    cast.plan.expect_delay(survey.delay_steps)
    recorded = recorded_end(run, survey)
    last_step = survey.busy_step if recorded.status == "INTERRUPTED" else survey.last_step
    loop = Loop(
        robot=RecordedRobot(tape, cast.limits, cast.body),
        tree=cast.trees[0],
        link=RecordedLink(tape, survey.prompts if cast.changed else None, notes),
        plan=cast.plan,
        clock=RecordedClock(tape, 1.0 / info.control_hz),
        limits=info.limits,
        poses=info.poses,
        sinks=[comparer],
        max_time_s=info.max_time_s,
        interrupted=lambda: tape.over or tape.record.step >= last_step,
        edits=_Edits(tape, cast, survey),
        helm=_helm(tape, notes),
        body=cast.body,
        sight=RecordedSight(tape, survey.looks, notes, exact=not cast.changed),
        judge=RecordedJudge(tape, survey.questions, notes),
        people=RecordedPeople(tape, survey.replies if cast.changed else None, notes),
    )
    replayed = _replayed_end(loop.run(), comparer.end_s, recorded, survey)
    return Replayed(recorded, replayed, comparison, (*_doubts(run, survey, cast), *notes.told))


class _Edits:
    """Hands over the edited trees when the recorded run got them."""

    def __init__(self, tape: Tape, cast: Cast, survey: Survey) -> None:
        """Begin before the first edit."""
        self._tape = tape
        self._steps = [] if cast.changed else list(survey.edit_steps)
        self._trees = list(cast.trees)

    def __call__(self) -> Tree | None:
        """Return the tree that was edited in this tick; None if none was."""
        if not self._steps or self._tape.over or self._tape.record.step < self._steps[0]:
            return None
        del self._steps[0]
        if len(self._trees) > 1:  # else the run was over before the edited tree took over: nobody knows it
            del self._trees[0]
        return self._trees[0]


def _helm(tape: Tape, note: Note) -> Helm:
    """Return what steers a replay as the recorded run was steered."""
    helm = Helm()

    def steer(record: TickRecord) -> None:
        for wish in record.wishes:
            if refusal := helm.wish(wish, "replay"):
                note(f"what a person did at {record.time_s:.2f} s ({wish.act}) is not done again: {refusal}")

    tape.listen(steer)
    return helm


def recorded_end(run: RecordedRun, survey: Survey) -> End:
    """Return how a recorded run ended, as far as it can be replayed."""
    if survey.gap or run.ending is None:
        return End("RUNNING", survey.last_s, survey.gap or "the recording was cut off")
    return End(run.ending.status, survey.end_s, run.ending.reason, run.ending.failed_path)


def _replayed_end(ending: Ending, end_s: float, recorded: End, survey: Survey) -> End:
    """Return how a replay ended; what ended the recorded run from outside ends it in the same way."""
    if not ending.interrupted:
        return End(ending.status.value, end_s, ending.reason, ending.failed_path)
    if recorded.status == "INTERRUPTED" or survey.busy_step == survey.last_step:
        return recorded
    return End("RUNNING", end_s, "the recording is over")


def _doubts(run: RecordedRun, survey: Survey, cast: Cast) -> list[str]:
    """Return what makes a replay less than the run was."""
    found: list[str] = []
    if survey.gap and run.ending is not None:
        went_on = f"{run.ending.status}{f': {run.ending.reason}' if run.ending.reason else ''}"
        found.append(f"{survey.gap}; only what was before can be replayed, and the run went on to {went_on}")
    elif survey.gap:
        found.append(f"{survey.gap}; only what was before can be replayed")
    if survey.hooked_s is not None:
        found.append(
            f"at {survey.hooked_s:.2f} s another program, as Groot2, had a node wait or answered for it; that is not"
            " recorded, and not done again"
        )
    if cast.changed and survey.steered:
        found.append("a person steered the recorded run; the replay is steered in the same way")
    if cast.changed and survey.edit_steps:
        found.append("the recorded run's tree was edited while it ran; the replay has one tree all the time")
    return found
