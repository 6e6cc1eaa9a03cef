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
    """

    status: Status
    reason: str = ""
    declined: bool = False

    def __post_init__(self) -> None:
        """Refuse an outcome that says nothing.

        Raises:
            ValueError: A failure has no reason, or the status is IDLE.
        """
        if self.status is Status.FAILURE and not self.reason.strip():
            raise ValueError("a failure needs a reason")
        if self.status is Status.IDLE:
            raise ValueError("a leaf that was ticked can't be IDLE")


_SUCCESS = Outcome(Status.SUCCESS)


def success(reason: str = "") -> Outcome:
    """Say that the leaf has done what it is for."""
    return Outcome(Status.SUCCESS, reason) if reason else _SUCCESS


def running(reason: str = "") -> Outcome:
    """Say that the leaf is not done yet, and what it waits for."""
    return Outcome(Status.RUNNING, reason)


def failure(reason: str) -> Outcome:
    """Say that the leaf can't do what it is for, and why.

    Raises:
        ValueError: The reason is empty.
    """
    return Outcome(Status.FAILURE, reason)


def declined(reason: str) -> Outcome:
    """Fail because this alternative does not apply now; it never explains why a tree failed.

    Raises:
        ValueError: The reason is empty.
    """
    return Outcome(Status.FAILURE, reason, declined=True)
