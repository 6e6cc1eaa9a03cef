"""What is to be looked over of a policy server, and what was found out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from bt_robot.cli.checking.observations import Seen
from bt_robot.cli.settings import RunSettings
from bt_robot.policy.chunks.forecast import Forecast
from bt_robot.policy.connection.access import Access
from bt_robot.policy.dialect.profile import Profile
from bt_robot.policy.inspection.judgement import Finding, JointReading, Severity

PARTS: Final = ("picture", "encode", "network", "server", "decode")
"""What an answer's time is split into."""

CONSEQUENCES: Final = ("refused",)
"""Findings that follow from others: mending those mends them."""

_MOST_TELLING: Final = ("verdict", "pictures_matter", "joints_matter", "joints")
"""The warnings that are told first."""


@dataclass(frozen=True, slots=True)
class Check:
    """What is to be looked over.

    Attributes:
        settings: The config, with the URLs and the profile's name in it.
        profile: The profile.
        url: Where the server is.
        prompts: What is asked, at least one.
        seen: What is shown.
        requests: How many answers are measured.
        access: The API key and what is trusted.
        patient: Whether a server that is not there is waited for, as a run does when it has no other.
    """

    settings: RunSettings
    profile: Profile
    url: str
    prompts: tuple[str, ...]
    seen: Seen
    requests: int
    access: Access = field(default_factory=Access)
    patient: bool = True


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
        sent: What a request held, by wire key, its type and shape in words; empty if none was made.
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
    sent: Mapping[str, str] = field(default_factory=dict[str, str])
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

    @property
    def failures(self) -> tuple[Finding, ...]:
        """What is to be mended; what only follows from it counts when there is nothing else."""
        failed = tuple(finding for finding in self.findings if finding.severity == "FAIL")
        return tuple(finding for finding in failed if finding.key not in CONSEQUENCES) or failed

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What a person should know before a run, the most important first."""
        warned = [finding for finding in self.findings if finding.severity == "warn"]
        rank = {key: i for i, key in enumerate(_MOST_TELLING)}
        return tuple(sorted(warned, key=lambda finding: rank.get(finding.key, len(rank))))

    @property
    def result(self) -> str:
        """Everything in one line."""
        warned = self.warnings
        if self.good and warned:
            first, *others = warned
            more = f"; {_count(len(others), 'more warning')}" if others else ""
            return f"good, but {self._brief(first)}{more}"
        if self.good:
            return "good"
        if any(finding.key == "connection" for finding in self.failures):
            return "no connection"
        joints = sum(joint.severity == "FAIL" for joint in self.joints)
        counts = [_count(len(self.failures), "thing") + " to mend"]
        counts += [f"{_count(joints, 'joint')} affected"] if joints else []
        counts += [_count(len(warned), "warning")] if warned else []
        return ", ".join(counts)

    def _brief(self, finding: Finding) -> str:
        if finding.key == "verdict" and self.forecast is not None:
            return f"the arm will stand still {100 * self.forecast.stall_share:.0f} % of the time"
        return finding.words.partition(";")[0]


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def grouped(joints: tuple[JointReading, ...], severity: Severity) -> Iterator[str]:
    """Yield each thing that is wrong with joints, and with which."""
    reasons = dict[str, list[str]]()
    for joint in joints:
        if joint.severity == severity:
            reasons.setdefault(joint.why, []).append(joint.joint)
    for why, names in reasons.items():
        who = "every joint" if len(names) == len(joints) > 1 else ", ".join(names)
        yield f"{who}: {why}"
