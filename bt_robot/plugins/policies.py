"""Policy clients from installed packages: an entry point's name is the scheme of their URLs, and leads to a factory."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

from bt_robot.errors import BtRobotError, PolicyRefused, ServerError, WireError
from bt_robot.plugins.installed import POLICIES
from bt_robot.plugins.shelf import Shelf
from bt_robot.policy.connection.access import Access
from bt_robot.policy.connection.base import Opener, Policy
from bt_robot.policy.wire.base import Fields, Reply
from bt_robot.policy.wire.checks import checked_actions

_OWN_SCHEMES = ("ws", "wss", "http", "https", "standin")


def plugin_policies() -> Shelf[Opener]:
    """Return the factories that installed packages bring along, by the schemes of their URLs."""
    return Shelf(POLICIES, "policy client", _checked, _OWN_SCHEMES)


def openers(urls: Iterable[str]) -> Mapping[str, Opener]:
    """Return the factories that some URLs need, by their schemes; nothing is imported for those of ws and wss.

    Raises:
        PluginError: One can't be used.
    """
    plugins = plugin_policies()
    schemes = dict.fromkeys(scheme_of(url) for url in urls)
    return {
        scheme: _guarded(plugins.load(scheme), plugins.origin(scheme))
        for scheme in schemes
        if scheme not in _OWN_SCHEMES and scheme in plugins.words
    }


def scheme_of(url: str) -> str:
    """Return what stands before `://`; empty if nothing does."""
    scheme, separator, _ = url.partition("://")
    return scheme if separator else ""


def _checked(_: str, found: object) -> Opener:
    if not isinstance(found, Callable):
        raise TypeError(f"{found!r} can't be called with a URL and an Access to make a client")
    return cast(Opener, found)


def _guarded(opener: Opener, origin: str) -> Opener:
    def guarded(url: str, access: Access) -> Policy:
        with _blamed(origin, PolicyRefused):
            return GuardedPolicy(opener(url, access), url, origin)

    return guarded


@contextmanager
def _blamed(origin: str, kind: type[BtRobotError] = ServerError) -> Generator[None]:
    """Turn an error that a client must not raise into one that says whose it is.

    Raises:
        BtRobotError: One of a kind, in the place of anything that is none.
    """
    try:
        yield
    except BtRobotError:
        raise
    except Exception as error:
        raise kind(f"the client of plug-in {origin} raised {type(error).__name__}: {error}") from error


class GuardedPolicy:
    """A client of another package, held to what `Policy` says: its errors, and actions that can be read."""

    def __init__(self, policy: Policy, url: str, origin: str) -> None:
        """Put a client in.

        Args:
            policy: The client.
            url: Where it was told to go.
            origin: Whose it is, e.g. `my-parts 1.2`.
        """
        self._policy = policy
        self._origin = origin
        self.url = url
        """Where the server is."""

    @property
    def connected(self) -> bool:
        """Whether the connection stands."""
        with _blamed(self._origin):
            return bool(self._policy.connected)

    @property
    def lost(self) -> bool:
        """Whether the last connection broke."""
        with _blamed(self._origin):
            return bool(self._policy.lost)

    def connect(self, timeout_s: float) -> Fields:
        """Connect anew and return the server's metadata.

        Raises:
            PolicyError: There is no such server now, or the client failed.
        """
        with _blamed(self._origin):
            return dict(self._policy.connect(timeout_s))

    def infer(self, fields: Fields, timeout_s: float) -> Reply:
        """Send a request and wait for its answer.

        Raises:
            PolicyError: There is no usable answer, or the client failed.
        """
        with _blamed(self._origin):
            reply = self._policy.infer(fields, timeout_s)
            if not isinstance(reply, Reply):  # pyright: ignore[reportUnnecessaryIsInstance] - another package's word for it
                raise WireError(
                    f"the client of plug-in {self._origin} answered with a {type(reply).__name__}, no Reply"
                )
            return replace(reply, actions=checked_actions(reply.actions))

    def reset(self, fields: Fields, timeout_s: float) -> None:
        """Make the server forget what it saw.

        Raises:
            PolicyError: It did not, or the client failed.
        """
        with _blamed(self._origin):
            self._policy.reset(fields, timeout_s)

    def abort(self) -> None:
        """Make a call that waits in another thread fail at once."""
        with _blamed(self._origin):
            self._policy.abort()

    def close(self) -> None:
        """Drop the connection."""
        with _blamed(self._origin):
            self._policy.close()
