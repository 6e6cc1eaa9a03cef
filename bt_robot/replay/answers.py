"""What a recorded run was told by its policy, its vision-language model, its sight and its people, told again.

Answers come at the steps at which they came then. Whoever was not asked then has no answer now, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from dataclasses import replace
from typing import Generic, TypeVar

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
from bt_robot.replay.tape import Tape
from bt_robot.sight.inline import InlineSight

Note = Callable[[str], None]
"""Takes what a person should know of a replay."""

Answer = TypeVar("Answer")


class RecordedLink:
    """A policy link that gives the recorded chunks at the recorded steps.

    A chunk is given to a tree that waits for an answer to its prompt; another tree misses it.
    """

    def __init__(self, tape: Tape, asked: Set[str] | None, note: Note) -> None:
        """Begin with nothing asked.

        Args:
            tape: The recording.
            asked: The prompts that were asked for in the recorded run; None if no others will be.
            note: Told of the prompts that were not.
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
        return not before and not self._unknown(prompt)

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

    def take(self, question: str) -> Answer | None:
        """Take the answer to a question; None while there is none."""
        before = self._before.pop(question, None)
        now = self._now.get(question)
        return now.pop(0) if now else before


class RecordedJudge:
    """A vision-language model that says what it said then."""

    def __init__(self, tape: Tape, asked: Set[str], note: Note) -> None:
        """Begin without questions.

        Args:
            tape: The recording.
            asked: What was asked, and answered, in the recorded run.
            note: Told of what was not.
        """
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

    def __init__(self, tape: Tape) -> None:
        """Begin without questions."""
        self._shelf = _Shelf[Reply]()
        self._asked: dict[int, str] = {}
        self._given: dict[int, Reply] = {}
        self._last = 0
        tape.listen(self._hear)

    def _hear(self, record: TickRecord) -> None:
        heard = record.heard or Heard()
        self._shelf.put((each.question, each.reply) for each in heard.replies)

    def ask(self, question: str) -> int:
        """Wait for the recorded answer; return a ticket."""
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


class RecordedSight:
    """Looks that found what they found then; what was not looked for then is looked for in the recorded pictures."""

    def __init__(self, tape: Tape, looked: Set[tuple[str, str]], note: Note) -> None:
        """Begin without a look.

        Args:
            tape: The recording.
            looked: What was looked for in the recorded run, as camera and words.
            note: Told of what was not.
        """
        self._looked = looked
        self._note = note
        self._found: dict[tuple[str, str], Sighting] = {}
        self._own = InlineSight()
        tape.listen(self._hear)

    def _hear(self, record: TickRecord) -> None:
        for look in record.heard.looks if record.heard else ():
            self._found[look.camera, look.wanted] = look.sighting

    def find(self, wanted: Find, frame: Frame) -> Sighting | None:
        """Return the newest look for a thing in a camera's pictures."""
        key = frame.camera, repr(wanted)
        if key in self._looked:
            return self._found.get(key)
        self._note(f"the recorded run did not look for {key[1]}: it is looked for in the pictures of the recording")
        return self._own.find(wanted, frame)
