"""Notes what the tree is told from outside, so that a recording can tell it the same again."""

from __future__ import annotations

from bt_robot.messages import (
    Answered,
    Find,
    Frame,
    Heard,
    Judge,
    Judged,
    Judgement,
    Look,
    People,
    Question,
    Reply,
    Sight,
    Sighting,
)


class HeardSight:
    """A `Sight` that tells the same for a whole tick, and notes what is new."""

    def __init__(self, sight: Sight) -> None:
        """Begin without a look."""
        self._sight = sight
        self._now: dict[tuple[str, Find], Sighting | None] = {}
        self._told: dict[tuple[str, Find], Sighting] = {}
        self.looks: list[Look] = []

    def begin(self) -> None:
        """Begin a tick."""
        self._now.clear()
        self.looks = []

    def find(self, wanted: Find, frame: Frame) -> Sighting | None:
        """Ask to look for a thing in a picture; return the newest look."""
        key = (frame.camera, wanted)
        if key in self._now:
            return self._now[key]
        found = self._now[key] = self._sight.find(wanted, frame)
        if found is not None and found is not self._told.get(key):
            self._told[key] = found
            self.looks.append(Look(frame.camera, repr(wanted), found))
        return found


class HeardJudge:
    """A `Judge` that notes its answers."""

    def __init__(self, judge: Judge) -> None:
        """Begin without questions."""
        self._judge = judge
        self._asked: dict[int, str] = {}
        self.judgements: list[Judged] = []

    def ask(self, question: Question, now_s: float) -> int | None:
        """Begin to ask; return a ticket, or None while too many questions are under way."""
        ticket = self._judge.ask(question, now_s)
        if ticket is not None:
            self._asked[ticket] = question.text
        return ticket

    def poll(self, ticket: int, now_s: float) -> Judgement | None:
        """Take the answer, once; None while there is none."""
        judgement = self._judge.poll(ticket, now_s)
        if judgement is not None:
            self.judgements.append(Judged(self._asked.pop(ticket, ""), judgement))
        return judgement

    def forget(self, ticket: int) -> None:
        """Give a ticket back."""
        self._asked.pop(ticket, None)
        self._judge.forget(ticket)


class HeardPeople:
    """`People` whose answers are noted."""

    def __init__(self, people: People) -> None:
        """Begin without questions."""
        self._people = people
        self._asked: dict[int, str] = {}
        self.replies: list[Answered] = []

    def ask(self, question: str, path: str = "") -> int:
        """Show a question; return a ticket.

        Args:
            question: The question.
            path: The node that asks.
        """
        ticket = self._people.ask(question, path)
        self._asked[ticket] = question
        return ticket

    def poll(self, ticket: int) -> Reply | None:
        """Return the answer; None while there is none."""
        reply = self._people.poll(ticket)
        if reply is not None and ticket in self._asked:
            self.replies.append(Answered(self._asked.pop(ticket), reply))
        return reply

    def withdraw(self, ticket: int) -> None:
        """Take a question back."""
        self._asked.pop(ticket, None)
        self._people.withdraw(ticket)


class Hearing:
    """What a run's tree can ask, and what it was told in the present tick."""

    def __init__(self, sight: Sight, judge: Judge, people: People) -> None:
        """Listen to those whom the tree asks."""
        self.sight = HeardSight(sight)
        self.judge = HeardJudge(judge)
        self.people = HeardPeople(people)

    def begin(self) -> None:
        """Begin a tick."""
        self.sight.begin()
        self.judge.judgements = []
        self.people.replies = []

    @property
    def heard(self) -> Heard | None:
        """What the tree was told in this tick; None if that was nothing."""
        looks, judgements, replies = self.sight.looks, self.judge.judgements, self.people.replies
        if not (looks or judgements or replies):
            return None
        return Heard(tuple(looks), tuple(judgements), tuple(replies))
