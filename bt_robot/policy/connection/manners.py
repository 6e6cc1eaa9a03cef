"""What the servers that speak OpenPI's protocol want beyond it, as a table.

Sources: openpi `websocket_policy_server.py`, RoboArena `policy_server.py`, vLLM-Omni `entrypoints/openpi`, SGLang
`runtime/entrypoints/action`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from bt_robot.policy.dialect.profile import Profile, Protocol


@dataclass(frozen=True, slots=True)
class Manners:
    """How a family of servers wants to be spoken to.

    Attributes:
        path: The path that is used when a URL has none.
        names_endpoint: Whether a request says that it is one, `endpoint: infer`.
        has_sessions: Whether a request names the session it belongs to; another name begins with an empty memory.
        resets: Whether the server forgets what it saw when it is told so.
    """

    path: str = ""
    names_endpoint: bool = False
    has_sessions: bool = False
    resets: bool = False

    def address(self, url: str) -> str:
        """Return a URL, with the family's path if it has none."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return url  # connecting will say what is wrong with it
        return urlunsplit(parts._replace(path=self.path)) if parts.path in ("", "/") and self.path else url

    def session(self, session_id: str) -> dict[str, Any]:
        """Return what a reset says about the session it ends."""
        return {"session_id": session_id} if self.has_sessions else {}

    def additions(self, session_id: str) -> dict[str, Any]:
        """Return what a request says besides the observation; nothing for stock openpi."""
        fields: dict[str, Any] = {"endpoint": "infer"} if self.names_endpoint else {}
        return fields | self.session(session_id)


MANNERS: Final[Mapping[Protocol, Manners]] = {
    "openpi": Manners(),
    "roboarena": Manners(names_endpoint=True, has_sessions=True, resets=True),
    "vllm_omni": Manners(path="/v1/realtime/robot/openpi", names_endpoint=True, has_sessions=True),
    "sglang": Manners(path="/openpi/policy"),
    "json": Manners(),
}


def manners_of(profile: Profile) -> Manners:
    """Return how a profile's server wants to be spoken to: as its family, unless the profile says otherwise."""
    family = MANNERS[profile.protocol]
    if profile.reset == "family":
        return family
    return replace(family, resets=profile.reset == "endpoint", has_sessions=profile.reset == "session")
