"""What a recorded run was told by its policy, its vision-language model, its sight and its people, told again.

Answers come at the steps at which they came then. Whoever was not asked then has no answer now, and says so.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Final, Generic, TypeVar

from bt_robot.messages import (
    ActionChunk,
    Find,
    Frame,
    Heard,
    Judgement,
    LinkState,
    Observation,
    Question,
    Reply,
    Sighting,
    TickRecord,
)
from bt_robot.replay.survey import prompts_asked
from bt_robot.replay.tape import Tape
from bt_robot.sight.inline import InlineSight
from bt_robot.telemetry.recorder import RecordedFrame

Note = Callable[[str], None]
"""Takes what a person should know of a replay."""

Answer = TypeVar("Answer")

_SOON_S: Final = 1.0
"""A chunk that comes within this time is worth waiting for [s]."""

_LOOKING_S: Final = 0.5
"""Who looks for a thing sees something new within this time [s]."""


class RecordedLink:
    """A policy link that gives the recorded chunks at the recorded steps.

    A chunk is given to a tree that waits for an answer to its prompt; another tree misses it.
    """

    def __init__(self, tape: Tape, asked: Mapping[str, Sequence[float]] | None, note: Note) -> None:
        """Begin with nothing asked.

        Args:
            tape: The recording.
            asked: The prompts that were asked for in the recorded run, and when chunks came for them [s]; None if the
                same are asked for again, at the same times.
            note: Told of what there is no answer to.
        """
        self._tape = tape
        self._asked = asked
        self._note = note
        self._prompt = ""
        self._waits = False

    @property
    def state(self) -> LinkState:
        """The link as it stood in this tick; not available for a prompt that was never asked for."""
        recorded = self._tape.record.link
        if not self._unknown(self._prompt):
            return recorded
        return replace(
            recorded, available=False, in_flight=False, reason=f"the recorded run never asked for '{self._prompt}'"
        )

    def _unknown(self, prompt: str) -> bool:
        return bool(prompt) and self._asked is not None and prompt not in self._asked

    def follow(self, prompt: str) -> None:
        """Note the prompt in force."""
        self._waits = self._waits and prompt == self._prompt
        self._prompt = prompt
        if self._unknown(prompt):
            self._note(f"the recorded run never asked the policy for '{prompt}': it is unavailable there")

    def offer(self, observation: Observation, prompt: str) -> bool:
        """Wait for the next recorded answer to a prompt; return whether there was none to wait for yet."""
        self.follow(prompt)
        before, self._waits = self._waits, True
        if not before:
            self._note_patience(prompt)
        return not before and not self._unknown(prompt)

    def _note_patience(self, prompt: str) -> None:
        """Note when the answer to a prompt is long in coming, because it was not asked for then."""
        now_s = self._tape.record.time_s
        arrivals = (self._asked or {}).get(prompt)
        if arrivals is None or prompt in prompts_asked(self._tape.record):
            return
        i = bisect_left(arrivals, now_s)
        if i < len(arrivals) and arrivals[i] <= now_s + _SOON_S:
            return
        until = f"before {arrivals[i]:.2f} s" if i < len(arrivals) else "from then on"
        self._note(
            f"at {now_s:.2f} s the replay asks the policy for '{prompt}'; the recorded run did so at other times, and"
            f" has no actions for it {until}"
        )

    def poll(self, now_s: float) -> ActionChunk | None:
        """Return the chunk that arrived in this tick, if the tree waits for it."""
        chunk = None if self._tape.over else self._tape.record.chunk
        if chunk is None or not self._waits or chunk.prompt != self._prompt:
            return None
        self._waits = False
        return chunk

    def new_epoch(self) -> None:
        """Wait for nothing any more."""
        self._waits = False

    def close(self) -> None:
        """Nothing is open."""


class _Shelf(Generic[Answer]):
    """The recorded answers that nobody took so far, by question."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._now: dict[str, list[Answer]] = {}
        self._before: dict[str, Answer] = {}

    def put(self, answers: Iterable[tuple[str, Answer]]) -> None:
        """Put a tick's answers on the shelf; of each question's earlier ones only the newest stays."""
        self._before |= {question: left[-1] for question, left in self._now.items() if left}
        self._now = {}
        for question, answer in answers:
            self._now.setdefault(question, []).append(answer)

    def holds(self, question: str) -> bool:
        """Return whether there is an answer to a question."""
        return question in self._before or bool(self._now.get(question))

    def take(self, question: str) -> Answer | None:
        """Take the answer to a question; None while there is none."""
        before = self._before.pop(question, None)
        now = self._now.get(question)
        return now.pop(0) if now else before


class RecordedJudge:
    """A vision-language model that says what it said then."""

    def __init__(self, tape: Tape, asked: Mapping[str, float], note: Note) -> None:
        """Begin without questions.

        Args:
            tape: The recording.
            asked: What was asked, and answered, in the recorded run, and when it last was [s].
            note: Told of what was not.
        """
        self._tape = tape
        self._asked = asked
        self._note = note
        self._shelf = _Shelf[Judgement]()
        self._tickets: dict[int, str] = {}
        self._last = 0
        tape.listen(self._hear)

    def _hear(self, record: TickRecord) -> None:
        heard = record.heard or Heard()
        self._shelf.put((each.question, each.judgement) for each in heard.judgements)

    def ask(self, question: Question, now_s: float) -> int | None:
        """Wait for the recorded answer."""
        self._last += 1
        self._tickets[self._last] = question.text
        if question.text not in self._asked:
            self._note(f"the recorded run has no answer of a model to: {question.text}")
        elif self._tape.record.time_s > self._asked[question.text] and not self._shelf.holds(question.text):
            last_s = self._asked[question.text]
            self._note(f"after {last_s:.2f} s the recorded run has no answer of a model to: {question.text}")
        return self._last

    def poll(self, ticket: int, now_s: float) -> Judgement | None:
        """Take the recorded answer, once; None while there is none."""
        question = self._tickets.get(ticket)
        if question is None:
            return None
        answer = self._shelf.take(question)
        if question not in self._asked:
            answer = Judgement(None, reason="the recorded run has no answer to this")
        if answer is not None:
            del self._tickets[ticket]
        return answer

    def forget(self, ticket: int) -> None:
        """Wait no longer."""
        self._tickets.pop(ticket, None)


class RecordedPeople:
    """The people who answered then; they answer when they did."""

    def __init__(self, tape: Tape, answered: Set[str] | None, note: Note) -> None:
        """Begin without questions.

        Args:
            tape: The recording.
            answered: What people answered in the recorded run; None if they will not be asked anything else.
            note: Told of what they did not.
        """
        self._answered = answered
        self._note = note
        self._shelf = _Shelf[Reply]()
        self._asked: dict[int, str] = {}
        self._given: dict[int, Reply] = {}
        self._last = 0
        tape.listen(self._hear)

    def _hear(self, record: TickRecord) -> None:
        heard = record.heard or Heard()
        self._shelf.put((each.question, each.reply) for each in heard.replies)

    def ask(self, question: str, path: str = "") -> int:
        """Wait for the recorded answer; return a ticket."""
        if self._answered is not None and question not in self._answered:
            self._note(f"nobody answers what was not answered in the recorded run: {question}")
        self._last += 1
        self._asked[self._last] = question
        return self._last

    def poll(self, ticket: int) -> Reply | None:
        """Return the recorded answer; None while there is none."""
        if ticket not in self._given and ticket in self._asked:
            reply = self._shelf.take(self._asked[ticket])
            if reply is not None:
                self._given[ticket] = reply
        return self._given.get(ticket)

    def withdraw(self, ticket: int) -> None:
        """Wait no longer."""
        self._asked.pop(ticket, None)
        self._given.pop(ticket, None)


def _as_old_as_its_picture(frame: Frame) -> Frame:
    """Return a frame with the capture time of its recorded picture: fewer are recorded than the run saw."""
    picture = frame.picture if isinstance(frame, RecordedFrame) else None
    return frame if picture is None else Frame(frame.camera, picture.captured_s, lambda: frame.image)


class RecordedSight:
    """Looks that found what they found then; what was not looked for then is looked for in the recorded pictures."""

    def __init__(
        self, tape: Tape, looked: Mapping[tuple[str, str], Sequence[float]], note: Note, *, exact: bool = False
    ) -> None:
        """Begin without a look.

        Args:
            tape: The recording.
            looked: What was looked for in the recorded run, as camera and words, and when it was seen anew [s].
            note: Told of what was not.
            exact: Whether the same is looked for again at the same times: then nothing else is known.
        """
        self._tape = tape
        self._exact = exact
        self._looked = looked
        self._note = note
        self._found: dict[tuple[str, str], Sighting] = {}
        self._told: set[tuple[str, str]] = set()
        self._own = InlineSight()
        tape.listen(self._hear)

    def _hear(self, record: TickRecord) -> None:
        for look in record.heard.looks if record.heard else ():
            self._found[look.camera, look.wanted] = look.sighting

    def find(self, wanted: Find, frame: Frame) -> Sighting | None:
        """Return the newest look for a thing in a camera's pictures."""
        key = frame.camera, repr(wanted)
        if self._exact or self._was_looked_for(key):
            return self._found.get(key)
        when = f" at {self._tape.record.time_s:.2f} s" if key in self._looked else ""
        if key not in self._told:
            self._told.add(key)
            self._note(
                f"the recorded run did not look for {key[1]}{when}: it is looked for in the pictures of the recording,"
                " which are fewer than the run saw, and JPEG"
            )
        return self._own.find(wanted, _as_old_as_its_picture(frame))

    def _was_looked_for(self, key: tuple[str, str]) -> bool:
        """Return whether the recorded run looked for a thing about now."""
        times, now_s = self._looked.get(key, ()), self._tape.record.time_s
        i = bisect_left(times, now_s - _LOOKING_S)
        return i < len(times) and times[i] <= now_s + _LOOKING_S
