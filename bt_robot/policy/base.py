"""What every connection to a policy server is to the worker."""

from __future__ import annotations

from typing import Protocol

from bt_robot.policy.wire.base import Fields, Reply


class Policy(Protocol):
    """One policy server, asked one request at a time by one thread.

    After any failure the connection is gone: a late reply on it would be taken for the next answer.
    """

    @property
    def url(self) -> str:
        """Where the server is."""
        ...

    @property
    def connected(self) -> bool:
        """Whether the connection stands and is quiet, as far as can be told without waiting."""
        ...

    def connect(self, timeout_s: float) -> Fields:
        """Connect anew and return the server's metadata, empty if it announces none.

        Raises:
            PolicyError: There is no such server, or it does not answer as one.
        """
        ...

    def infer(self, fields: Fields, timeout_s: float) -> Reply:
        """Send a request and wait for its answer.

        Raises:
            PolicyError: There is no usable answer.
        """
        ...

    def abort(self) -> None:
        """Make a call that waits in another thread fail at once."""
        ...

    def close(self) -> None:
        """Drop the connection; allowed at any time, any number of times."""
        ...
