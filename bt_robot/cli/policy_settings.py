"""What a config says about the policy server, and about how its answers are executed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Literal
from urllib.parse import urlsplit

from bt_robot.config.values import Rule
from bt_robot.plugins.policies import plugin_policies, scheme_of
from bt_robot.policy.chunks.execution import Execution
from bt_robot.policy.connection.base import Timeouts

STANDIN = "standin"
"""The policy URL that means: start the stand-in server beside the run."""

STANDIN_LATENCY_S = 0.1
"""The stand-in answers in a few milliseconds, which no model does [s]."""


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """The policy server and what is expected of it."""

    url: Annotated[
        str | tuple[str, ...],
        Rule(
            doc=f"ws://host:port of the server, or '{STANDIN}' to start the stand-in; of a list, the first that answers"
            " is used, and the next when it is lost",
            aliases=("websocket_url",),
        ),
    ] = STANDIN
    profile: Annotated[str, Rule(doc="a built-in profile, one of a plug-in, or the path of one")] = "standin"
    api_key_env: Annotated[
        str, Rule(doc="the environment variable that holds the server's API key, e.g. OPENPI_API_KEY")
    ] = ""
    ca_file: Annotated[str, Rule(doc="a PEM file with the certificates to trust for wss://, besides the system's")] = ""
    connect_timeout_s: Annotated[float, Rule(doc="to connect [s]", minimum=0.1, maximum=60.0)] = 3.0
    first_timeout_s: Annotated[
        float, Rule(doc="for the first answers, which may include a compilation [s]", minimum=0.1, maximum=600.0)
    ] = 60.0
    timeout_s: Annotated[
        float, Rule(doc="for any later answer [s]", minimum=0.05, maximum=60.0, aliases=("timeout",))
    ] = 5.0
    start_wait_s: Annotated[
        float, Rule(doc="how long to wait for a server that is not there at the start [s]", minimum=0.0, maximum=3600.0)
    ] = 15.0
    horizon: Annotated[
        int | None,
        Rule(
            doc="actions in a chunk, instead of the profile's number",
            minimum=1,
            maximum=1000,
            aliases=("action_horizon",),
        ),
    ] = None
    jpeg: Annotated[
        Literal["off"] | int,
        Rule(doc="send pictures as JPEG files of this quality; for slow networks", minimum=1, maximum=100),
    ] = "off"
    execution: Annotated[Execution, Rule(doc="how chunks are executed")] = field(default_factory=Execution)
    simulated_latency_s: Annotated[
        float | None,
        Rule(
            doc="simulation only: least time from question to answer [s]; by default 0.1 with the stand-in that is"
            " started beside the run, and nothing is added to a server of your own",
            minimum=0.0,
            maximum=10.0,
        ),
    ] = None
    simulated_jitter_s: Annotated[
        float, Rule(doc="simulation only: up to this much more, at random [s]", minimum=0.0, maximum=10.0)
    ] = 0.0

    def __post_init__(self) -> None:
        """Check the addresses and the times.

        Raises:
            ValueError: One is no websocket address, or every answer would come too late.
        """
        if not self.urls:
            raise ValueError("url is an empty list; expected ws://host:port")
        if STANDIN in self.urls and self.url != STANDIN:
            raise ValueError(f"url '{STANDIN}' has no place in a list; start one with bt-serve and name its address")
        for url in self.urls:
            if url != STANDIN:
                check_url(url)
        slowest_s = self.least_latency_s + self.simulated_jitter_s
        if slowest_s >= self.timeout_s:
            raise ValueError(
                f"simulated_latency_s and simulated_jitter_s of {slowest_s:g} must be below timeout_s of"
                f" {self.timeout_s:g}"
            )

    @property
    def urls(self) -> tuple[str, ...]:
        """The servers, the preferred one first."""
        return (self.url,) if isinstance(self.url, str) else self.url

    @property
    def least_latency_s(self) -> float:
        """The least time from question to answer under a simulated clock [s]."""
        if self.simulated_latency_s is not None:
            return self.simulated_latency_s
        return STANDIN_LATENCY_S if self.url == STANDIN else 0.0

    @property
    def jpeg_quality(self) -> int | None:
        """The quality of the JPEG files to send, 1 … 100; None to send pixels."""
        return None if self.jpeg == "off" else self.jpeg

    @property
    def timeouts(self) -> Timeouts:
        """How long the link waits."""
        return Timeouts(
            connect_s=self.connect_timeout_s,
            first_inference_s=self.first_timeout_s,
            inference_s=self.timeout_s,
            start_wait_s=self.start_wait_s,
        )


def check_url(url: str) -> None:
    """Refuse what is neither a websocket address nor one that a plug-in has a client for.

    Raises:
        ValueError: It is neither, or holds a password.
    """
    websocket = url.startswith(("ws://", "wss://"))
    if not websocket and scheme_of(url) not in (schemes := plugin_policies().words):
        scheme = "wss" if url.startswith(("https:", "wss")) else "ws"
        near = re.sub(r"^[a-z]*:?/+", "", url)
        others = "".join(f", {known}://…" for known in schemes)
        raise ValueError(
            f"url '{url}' is no websocket address; expected ws://host:port, wss://host:port{others} or {STANDIN}"
            f" (try {scheme}://{near})"
        )
    if websocket and not _host_and_port(url):
        raise ValueError(f"url '{url}' has no host, or a port that is none; expected ws://host:port")
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise ValueError("url holds a password, which would end up in logs and summaries; use api_key_env instead")


def _host_and_port(url: str) -> bool:
    """Return whether a URL has a host and, if any, a port that can be one."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
