"""What a leaf says at the end of a tick."""

from __future__ import annotations

from dataclasses import dataclass

from bt_robot.messages import Status


@dataclass(frozen=True, slots=True)
class Outcome:
    """A status and the words that go with it; made by the four functions below.

    Attributes:
        status: RUNNING, SUCCESS or FAILURE.
        reason: What was achieved, what is waited for, or why it failed.
        declined: The failure only says that this alternative does not apply now.
        age_s: How old the evidence is that it rests on [s]; None where it rests on none that ages.
        confidence: How clearly that evidence is on the answer's side, 0 … 1; None where nothing is weighed.
    """

    status: Status
    reason: str = ""
    declined: bool = False
    age_s: float | None = None
    confidence: float | None = None

    def __post_init__(self) -> None:
        """Refuse an outcome that says nothing.

        Raises:
            ValueError: A failure has no reason, the status is IDLE, or the confidence is not within 0 … 1.
        """
        if self.confidence is not None and not 0.0 <= self.confidence <= 1.0:
            raise ValueError(f"a confidence is within 0 … 1, and this is {self.confidence}")
        if self.status is Status.FAILURE and not self.reason.strip():
            raise ValueError("a failure needs a reason")
        if self.status is Status.IDLE:
            raise ValueError("a leaf that was ticked can't be IDLE")


_SUCCESS = Outcome(Status.SUCCESS)
_RUNNING = Outcome(Status.RUNNING)


def success(reason: str = "", *, age_s: float | None = None, confidence: float | None = None) -> Outcome:
    """Say that the leaf has done what it is for.

    Args:
        reason: What was achieved, or found.
        age_s: How old the evidence is [s]; it is told behind the reason.
        confidence: How clearly the evidence is on the answer's side, 0 … 1; it is told behind the reason.
    """
    if age_s is None and confidence is None:
        return Outcome(Status.SUCCESS, reason) if reason else _SUCCESS
    return Outcome(Status.SUCCESS, _weighed(reason, age_s, confidence), False, age_s, confidence)


def running(reason: str = "") -> Outcome:
    """Say that the leaf is not done yet, and what it waits for."""
    return Outcome(Status.RUNNING, reason) if reason else _RUNNING


def failure(reason: str, *, age_s: float | None = None, confidence: float | None = None) -> Outcome:
    """Say that the leaf can't do what it is for, and why.

    Args:
        reason: Why.
        age_s: How old the evidence is [s]; it is told behind the reason.
        confidence: How clearly the evidence is on the answer's side, 0 … 1; it is told behind the reason.

    Raises:
        ValueError: The reason is empty.
    """
    if age_s is None and confidence is None:
        return Outcome(Status.FAILURE, reason)
    words = _weighed(reason, age_s, confidence) if reason.strip() else reason
    return Outcome(Status.FAILURE, words, False, age_s, confidence)


def declined(reason: str) -> Outcome:
    """Fail because this alternative does not apply now; it never explains why a tree failed.

    Raises:
        ValueError: The reason is empty.
    """
    return Outcome(Status.FAILURE, reason, declined=True)


def _weighed(reason: str, age_s: float | None, confidence: float | None) -> str:
    """Return a reason with the age and the confidence of what it rests on: `gap 0.12; 0.03 s old, confidence 0.93`."""
    evidence: list[str] = []
    if age_s is not None:
        evidence.append(f"{age_s:.2f} s old")
    if confidence is not None:
        evidence.append(f"confidence {confidence:.2f}")
    return f"{reason}{'; ' if reason else ''}{', '.join(evidence)}"
