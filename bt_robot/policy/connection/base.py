"""What every connection to a policy server is to the link."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bt_robot.policy.connection.access import Access
from bt_robot.policy.wire.base import Fields, Reply


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long the link waits [s].

    Attributes:
        connect_s: To connect and get the server's metadata.
        first_inference_s: For the first answer of a server that may compile its model then: after the start, and after
            it was lost.
        inference_s: For every later answer.
        start_wait_s: For a server that is not there yet when the link starts.
    """

    connect_s: float = 3.0
    first_inference_s: float = 60.0
    inference_s: float = 5.0
    start_wait_s: float = 0.0


class Policy(Protocol):
    """One policy server, asked one request at a time by one thread.

    After any failure the connection is gone, because a late reply on it would be taken for the next answer; only an
    error after which the server says that it listens on (`ServerError.open`) leaves it standing.
    """

    @property
    def url(self) -> str:
        """Where the server is."""
        ...

    @property
    def connected(self) -> bool:
        """Whether the connection stands and is quiet, as far as can be told without waiting."""
        ...

    @property
    def lost(self) -> bool:
        """Whether the last connection broke, rather than ended in good order: the server may have been restarted."""
        ...

    def connect(self, timeout_s: float) -> Fields:
        """Connect anew and return the server's metadata, empty if it announces none.

        Raises:
            PolicyError: There is no such server now, or it does not answer as one.
            PolicyRefused: There will be none, however often it is tried.
        """
        ...

    def infer(self, fields: Fields, timeout_s: float) -> Reply:
        """Send a request and wait for its answer.

        Raises:
            PolicyError: There is no usable answer.
        """
        ...

    def reset(self, fields: Fields, timeout_s: float) -> None:
        """Make the server forget what it saw, and wait until it says that it did.

        Raises:
            PolicyError: It did not.
        """
        ...

    def abort(self) -> None:
        """Make a call that waits in another thread fail at once."""
        ...

    def close(self) -> None:
        """Drop the connection; allowed at any time, any number of times."""
        ...


Opener = Callable[[str, Access], Policy]
"""Takes a URL, and the API key and what is trusted; returns the policy server there, not connected yet."""
