"""Answers counted as votes, with hysteresis."""

from __future__ import annotations

from collections import deque


class Ballot:
    """The last answers, and what they decide.

    An answer is a vote for yes from one probability on, a vote for no up to another, and neither in between. A
    decision stands until as many votes of the last ones are for the other side.
    """

    def __init__(self, yes_above: float, no_below: float, at_least: int, of: int) -> None:
        """Begin undecided.

        Args:
            yes_above: Probability of yes from which an answer is a yes, 0 … 1.
            no_below: Probability of yes up to which an answer is a no, 0 … 1.
            at_least: How many equal votes decide; more than half of `of`, so that the other side can't have as many.
            of: How many of the last answers are counted.

        Raises:
            ValueError: The numbers contradict each other.
        """
        if not of / 2 < at_least <= of:
            raise ValueError(f"at_least {at_least} of {of}; expected more than half of them, and no more than all")
        if not no_below < yes_above:
            raise ValueError(f"no_below {no_below:g} and yes_above {yes_above:g}; expected the first to be smaller")
        self._yes_above = yes_above
        self._no_below = no_below
        self._at_least = at_least
        self._answers: deque[float] = deque(maxlen=of)
        self.verdict: bool | None = None

    def count(self, yes: float) -> None:
        """Take an answer.

        Args:
            yes: Its probability of yes, 0 … 1.
        """
        self._answers.append(yes)
        for_yes, for_no, _ = self._votes()
        if for_yes >= self._at_least:
            self.verdict = True
        elif for_no >= self._at_least:
            self.verdict = False

    def _votes(self) -> tuple[int, int, int]:
        """Count those for yes, those for no, and the others."""
        for_yes = sum(yes >= self._yes_above for yes in self._answers)
        for_no = sum(yes <= self._no_below for yes in self._answers)
        return for_yes, for_no, len(self._answers) - for_yes - for_no

    @property
    def mean(self) -> float:
        """The mean probability of yes of the answers that are counted, 0 … 1; there must be one."""
        return sum(self._answers) / len(self._answers)

    @property
    def words(self) -> str:
        """How the votes stand, e.g. `2 yes, 1 no, 0 unsure`."""
        return "{} yes, {} no, {} unsure".format(*self._votes())
