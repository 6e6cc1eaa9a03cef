"""The policy link of a tree that asks no policy."""

from __future__ import annotations

from bt_robot.messages import ActionChunk, LinkState, Observation


class SilentPolicy:
    """A link without a server: it takes no request and has no answers."""

    state = LinkState(available=False, reason="this tree asks no policy")

    def follow(self, prompt: str) -> None:
        """There is nobody to follow."""

    def offer(self, observation: Observation, prompt: str) -> bool:
        """Take nothing."""
        return False

    def poll(self, now_s: float) -> ActionChunk | None:
        """Return nothing."""
        return None

    def new_epoch(self) -> None:
        """There is nothing that could become stale."""

    def close(self) -> None:
        """There is nothing to close."""
