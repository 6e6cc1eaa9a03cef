"""What is to be looked over of a policy server, and what was found out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from bt_robot.cli.observations import Seen
from bt_robot.cli.settings import RunSettings
from bt_robot.policy.chunks.forecast import Forecast
from bt_robot.policy.connection.access import Access
from bt_robot.policy.dialect.profile import Profile
from bt_robot.policy.inspection.judgement import Finding, JointReading

PARTS: Final = ("picture", "encode", "network", "server", "decode")
"""What an answer's time is split into."""


@dataclass(frozen=True, slots=True)
class Check:
    """What is to be looked over.

    Attributes:
        settings: The config, with the URLs and the profile's name in it.
        profile: The profile.
        urls: Where the servers are, the preferred one first.
        prompts: What is asked, at least one.
        seen: What is shown.
        requests: How many answers are measured.
        access: The API key and what is trusted.
    """

    settings: RunSettings
    profile: Profile
    urls: tuple[str, ...]
    prompts: tuple[str, ...]
    seen: Seen
    requests: int
    access: Access = field(default_factory=Access)


@dataclass(frozen=True, slots=True)
class Spread:
    """Some durations in three numbers [s]."""

    p50_s: float
    p95_s: float
    max_s: float

    @classmethod
    def of(cls, values_s: list[float]) -> Spread:
        """Sum up at least one duration."""
        p50, p95 = np.percentile(values_s, (50, 95))
        return cls(float(p50), float(p95), max(values_s))


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found out; parts that were not reached are empty.

    Attributes:
        check: What was looked over.
        url: The server that answered, or the one that was tried.
        announced: What it said about itself; None if it never did.
        asked: Requests whose answers were to be measured.
        shape: The shape of the actions.
        others: What else a reply held, by key.
        joints: What an answer says of each joint.
        first_s: How long the first answer took [s].
        total: From the pictures to the answer.
        parts: Where that time went, by part; None for what a server does not tell.
        forecast: What the latency means for a run.
        findings: The judgements.
    """

    check: Check
    url: str
    announced: Mapping[str, Any] | None = None
    asked: int = 0
    answered: int = 0
    shape: tuple[int, ...] | None = None
    others: Mapping[str, Any] = field(default_factory=dict[str, Any])
    joints: tuple[JointReading, ...] = ()
    first_s: float | None = None
    total: Spread | None = None
    parts: Mapping[str, Spread | None] = field(default_factory=dict[str, "Spread | None"])
    forecast: Forecast | None = None
    findings: tuple[Finding, ...] = ()

    def hide(self, text: str) -> str:
        """Return a text without the API key, which a server may have repeated."""
        return self.check.access.hide(text)

    @property
    def good(self) -> bool:
        """Whether nothing failed."""
        return all(finding.severity != "FAIL" for finding in self.findings)
