"""The stand-in server as a process of its own, which ends when its parent does."""

from __future__ import annotations

from typing import Final, Self

from bt_robot.child import Child
from bt_robot.errors import PolicyRefused

_NAME: Final = "the stand-in policy server"


class StandinProcess:
    """Starts the server on entering, ends it on leaving.

    Entering does not wait: the first look at `url` does, so that other parts can start meanwhile.
    """

    def __init__(
        self,
        *,
        horizon: int | None = None,
        latency_s: float = 0.0,
        port: int = 0,
        profile: str = "standin",
        spread_deg: float = 0.0,
        jitter_s: float = 0.0,
        seed: int = 0,
    ) -> None:
        """Prepare; `start` or a `with` block starts it.

        Args:
            horizon: Actions in a chunk; None for the profile's number.
            latency_s: Time added to every answer [s].
            port: The loopback port; 0 takes a free one.
            profile: The name or file of the profile whose server it plays.
            spread_deg: How far answers wander from the plan [deg].
            jitter_s: The longest random extra time [s].
            seed: Of the spread and the jitter.
        """
        arguments = [
            *("--json", "--with-parent", "--port", str(port)),
            *("--latency-ms", repr(latency_s * 1000.0), f"--profile={profile}"),
            *("--spread-deg", repr(spread_deg), "--jitter-ms", repr(jitter_s * 1000.0), "--seed", str(seed)),
            *(() if horizon is None else ("--horizon", str(horizon))),
        ]
        self._child = Child(_NAME, "bt_robot.standin", arguments, PolicyRefused)

    def start(self) -> None:
        """Start the process and return at once.

        Raises:
            PolicyRefused: It could not be started.
        """
        self._child.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id; only while it runs."""
        return self._child.pid

    @property
    def url(self) -> str:
        """Where it speaks the profile's protocol; waits until it listens.

        Raises:
            PolicyRefused: It did not come up.
        """
        return self._child.greeting["url"]

    @property
    def json_url(self) -> str:
        """Where it speaks the JSON protocol; waits until it listens.

        Raises:
            PolicyRefused: It did not come up.
        """
        return self._child.greeting["json_url"]

    def stderr(self) -> str:
        """Return the end of what the process wrote to stderr."""
        return self._child.stderr()

    def kill(self) -> None:
        """End the process as a crash would, without a farewell."""
        self._child.kill()

    def stop(self) -> None:
        """End the process; allowed at any time, any number of times."""
        self._child.stop()
