"""The policy servers of a link: one of them in use, the others to turn to when it is lost."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from bt_robot.errors import PolicyError, PolicyRefused, PolicyTimeout, PolicyUnavailable, UsageError
from bt_robot.policy.connection.access import Access
from bt_robot.policy.connection.announced import Announced, differing_keys
from bt_robot.policy.connection.base import Opener, Policy, Timeouts
from bt_robot.policy.connection.client import open_policy
from bt_robot.policy.connection.manners import MANNERS, Manners, manners_of
from bt_robot.policy.dialect.profile import Profile
from bt_robot.policy.wire.base import Fields, Reply

logger = logging.getLogger(__name__)

Admit = Callable[[str, Fields], None]
"""Takes a server's URL and what it announces; raises PolicyRefused for one that must not be used."""

_Known = Literal["cold", "hung", "warm"]
"""What is known of a server: it may have to compile its model first, it did not answer in time, or it answered."""


def open_servers(
    profile: Profile,
    urls: Sequence[str],
    timeouts: Timeouts,
    access: Access | None = None,
    *,
    admit: Admit | None = None,
    openers: Mapping[str, Opener] = MappingProxyType({}),
) -> Servers:
    """Return the servers at some URLs, not connected yet.

    Args:
        profile: Their dialect.
        urls: Where they are, the preferred one first; the family's usual path is used where a URL has none.
        timeouts: How long to wait.
        access: The API key and what is trusted.
        admit: Decides whether a server may be used; by default the profile does, and what was announced at first.
        openers: What connects to URLs of other schemes than ws and wss.

    Raises:
        UsageError: The CA file can't be used, or a URL holds a password.
    """
    access, manners = access or Access(), manners_of(profile)
    addresses = list(dict.fromkeys(url if _scheme(url) in openers else manners.address(url) for url in urls))
    for address in addresses:
        if "@" in address.partition("://")[2].partition("/")[0]:
            raise UsageError("a policy server's URL holds a password, which would end up in logs; use api_key_env")
        if _scheme(address) not in openers:
            access.warn(address)
    policies = [
        openers[_scheme(address)](address, access)
        if _scheme(address) in openers
        else open_policy(address, profile.protocol, access, action_key=profile.action_key)
        for address in addresses
    ]
    admit = admit or Announced(profile).admit

    def admitted(url: str, announced: Fields) -> None:
        try:
            admit(url, announced)
        except PolicyRefused as error:  # a server may tell our own headers back
            raise PolicyRefused(access.hide(str(error))) from None

    return Servers(policies, timeouts, admitted, manners)


def _scheme(url: str) -> str:
    return url.partition("://")[0]


class Servers:
    """Asks one of some servers, connects by itself, and turns to the next one when it is lost; one thread uses it.

    A server that is lost goes to the end of the line; the others are tried in their order. The first answer of a server
    that may have been restarted gets the time that a compilation takes, while no other one is known to answer.
    """

    def __init__(
        self, policies: Sequence[Policy], timeouts: Timeouts, admit: Admit, manners: Manners = MANNERS["openpi"]
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            policies: The servers, the preferred one first.
            timeouts: How long to wait.
            admit: Decides whether a server may be used.
            manners: How the servers want to be spoken to.

        Raises:
            ValueError: There are no servers.
        """
        if not policies:
            raise ValueError("a link needs at least one server")
        self._policies = tuple(policies)
        self._timeouts = timeouts
        self._admit = admit
        self._manners = manners
        self._at = 0
        self._first = 0  # where the next search begins
        self._known: list[_Known] = ["cold"] * len(self._policies)
        self._episode: int | None = None
        self._session_id = ""
        self._over = threading.Event()
        self.connects = 0
        """How many connections were made."""
        self.metadata: Fields = {}
        """What the server in use announced."""

    @property
    def url(self) -> str:
        """Where the server in use is."""
        return self._policy.url

    @property
    def urls(self) -> tuple[str, ...]:
        """Where the servers are, the preferred one first."""
        return tuple(policy.url for policy in self._policies)

    @property
    def connected(self) -> bool:
        """Whether the connection stands and is quiet, as far as can be told without waiting."""
        return self._policy.connected

    @property
    def _policy(self) -> Policy:
        return self._policies[self._at]

    def connect(self) -> None:
        """Connect to the first server that can be used, beginning with the one that last worked.

        Raises:
            PolicyUnavailable: None can; the words name each.
            PolicyTimeout: None can, and the last took too long; with a single server only.
            PolicyRefused: None can, and one that is there must not be used.
            PolicyError: The only one there is greeted with an error.
        """
        self._policy.close()
        self._note_loss()
        failures: list[tuple[str, Exception]] = []
        for i in range(len(self._policies)):
            at = (self._first + i) % len(self._policies)
            policy = self._policies[at]
            if self._over.is_set():
                raise PolicyUnavailable(f"{policy.url} is not connected to: the link is closed")
            try:
                metadata = policy.connect(self._timeouts.connect_s)
                self._admitted(policy, metadata)
            except (PolicyError, PolicyRefused) as error:
                failures.append((policy.url, error))
                self._known[at] = "cold"
            else:
                return self._use(at, metadata, failures)
        raise _none(failures)

    def _note_loss(self) -> None:
        """A server that broke off may have been restarted: it compiles its model again, and the next one is tried."""
        if self.connects and self._policy.lost:
            self._known[self._at] = "cold"
            self._first = (self._at + 1) % len(self._policies)

    def _admitted(self, policy: Policy, metadata: Fields) -> None:
        try:
            self._admit(policy.url, metadata)
        except PolicyRefused:
            policy.close()
            raise

    def _use(self, at: int, metadata: Fields, failures: Sequence[tuple[str, Exception]]) -> None:
        other = at != self._at
        if other:
            why = "; ".join(_told(url, error) for url, error in failures) or f"{self.url} is lost"
            differing = ", ".join(differing_keys(self.metadata, metadata)) if self.connects else ""
            also = f" (it announces another {differing})" if differing else ""
            logger.warning("the policy server %s is asked from now on%s: %s", self._policies[at].url, also, why)
        if other or self._known[at] == "cold":
            self._episode = None  # whatever it remembers is not of this episode
        self._at = self._first = at
        self.metadata = metadata
        self.connects += 1

    def ask(self, fields: Fields, episode: int) -> Reply:
        """Connect if needed, make the server forget an earlier episode, and ask.

        Args:
            fields: The observation by wire key.
            episode: What the request belongs to; a server with a memory begins anew with each.

        Raises:
            PolicyError: There is no usable answer.
            PolicyRefused: No server may be used.
        """
        made = not self.connected
        if made:
            self.connect()
        try:
            return self._ask(fields, episode)
        except PolicyUnavailable as error:
            if made or not error.hung_up:
                raise
        self.connect()  # it hung up in the very moment in which it was asked
        return self._ask(fields, episode)

    def _ask(self, fields: Fields, episode: int) -> Reply:
        limit_s = self._limit_s
        try:
            if episode != self._episode:
                self._begin(episode, limit_s)
            additions = self._manners.additions(self._session_id)
            reply = self._policy.infer({**fields, **additions} if additions else fields, limit_s)
        except PolicyTimeout:
            self._first = (self._at + 1) % len(self._policies)  # it hangs; the others are tried before it
            self._known[self._at] = "hung"
            raise
        self._known[self._at] = "warm"
        return reply

    @property
    def _limit_s(self) -> float:
        """The time for the next answer [s]: long for a server that may have to compile, unless another one has not."""
        others = (known for at, known in enumerate(self._known) if at != self._at)
        compiles = self._known[self._at] == "cold" and all(known == "cold" for known in others)
        return self._timeouts.first_inference_s if compiles else self._timeouts.inference_s

    def _begin(self, episode: int, limit_s: float) -> None:
        """Begin an episode on the server."""
        if self._manners.resets:
            self._policy.reset(self._manners.session(self._session_id) if self._session_id else {}, limit_s)
        if self._manners.has_sessions:
            self._session_id = uuid.uuid4().hex
        self._episode = episode

    def forget(self) -> None:
        """Make the server begin anew with the next request."""
        self._episode = None

    def abort(self) -> None:
        """End it for good: a call that waits in another thread fails at once, and so does every later one."""
        self._over.set()
        for policy in self._policies:
            policy.abort()

    def close(self) -> None:
        """Drop the connection; allowed at any time, any number of times."""
        for policy in self._policies:
            policy.close()


def _told(url: str, error: Exception) -> str:
    text = str(error)
    return text if url in text else f"{url}: {text}"


def _none(failures: Sequence[tuple[str, Exception]]) -> Exception:
    """Return the error that says why no server can be used."""
    if len(failures) == 1:
        return failures[0][1]
    text = "no policy server of the list can be used: " + "; ".join(_told(url, error) for url, error in failures)
    refused = any(isinstance(error, PolicyRefused) for _, error in failures)
    return PolicyRefused(text) if refused else PolicyUnavailable(text)


FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 8.0


def connect_patiently(
    servers: Servers,
    wait_s: float,
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Connect; while no server is there, try again after 1, 2, 4, 8, 8 … seconds, telling a person each time.

    Args:
        servers: The servers.
        wait_s: How long to try after the first failure [s].
        now: A clock [s].
        sleep: Waits [s]; Ctrl-C ends it.

    Raises:
        PolicyError: None came in time, or it greeted with an error.
        PolicyRefused: One that is there must not be used, which waiting does not change.
    """
    until_s: float | None = None
    next_s = FIRST_WAIT_S
    while True:
        try:
            return servers.connect()
        except (PolicyUnavailable, PolicyTimeout) as error:
            until_s = now() + wait_s if until_s is None else until_s
            left_s = until_s - now()
            if left_s <= 0.0:
                raise
            pause_s = min(next_s, left_s)
            logger.warning("%s (trying again in %.0f s, for %.0f s more; Ctrl-C to give up)", error, pause_s, left_s)
        sleep(pause_s)
        next_s = min(2.0 * next_s, LONGEST_WAIT_S)
