"""Looks a policy server over: connects, warms up, asks, and judges the answers; no robot moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final, TextIO

import numpy as np

from bt_robot.cli.observations import Seen
from bt_robot.cli.policy_report import PARTS, Check, Report, Spread
from bt_robot.cli.waiting import waiting
from bt_robot.errors import ChunkRefused, PolicyError, PolicyRefused
from bt_robot.messages import Actions, JointLimits, Joints
from bt_robot.policy.chunks.forecast import forecast
from bt_robot.policy.dialect.dialect import Dialect
from bt_robot.policy.dialect.fields import check_shape
from bt_robot.policy.dialect.profile import Profile
from bt_robot.policy.inspection.judgement import Evidence, Finding, JointReading, read_joints, same
from bt_robot.policy.inspection.probe import Probe, Question, Sample
from bt_robot.policy.inspection.suspicions import suspect
from bt_robot.policy.wire.checks import escape

_MOST_FAILURES: Final = 3  # in a row; a server that is gone is not asked a thousand times
_RANKS: Final = ("ok", "note", "warn", "FAIL")
_LARGE_SHARE: Final = 0.5


def check_policy(check: Check, terminal: TextIO | None = None) -> Report:
    """Look a server over.

    Args:
        check: What to do.
        terminal: Where a person is told how long it takes; None for nowhere.

    Raises:
        UsageError: The CA file or the profile's unit can't be used.
    """
    ranges = check.seen.ranges
    limits = None if ranges is None else _in_order(ranges, check.profile)
    probe = Probe(
        check.profile,
        check.urls,
        check.settings.policy.timeouts,
        check.access,
        jpeg_quality=check.settings.policy.jpeg_quality,
        ranges_rad=None if limits is None else (limits.lower, limits.upper),
    )
    try:
        return _Examination(check, probe, terminal).report()
    finally:
        probe.close()


def _in_order(limits: JointLimits, profile: Profile) -> JointLimits:
    at = [limits.names.index(joint) for joint in profile.joints]
    return JointLimits(profile.joints, limits.lower[at], limits.upper[at], limits.velocity[at], limits.acceleration[at])


class _Examination:
    """One look at one server, step by step; each step adds to the report."""

    def __init__(self, check: Check, probe: Probe, terminal: TextIO | None) -> None:
        self._check = check
        self._probe = probe
        self._terminal = terminal
        self._report = Report(check, check.urls[0])

    def report(self) -> Report:
        """Take the steps as far as they lead."""
        if self._connects():
            warm = self._warm_ups()
            if len(warm) == 2:
                samples = self._measured()
                self._judge([*warm, *samples])
                self._vary(warm)
                self._time(samples)
        return self._report

    def _note(self, *findings: Finding) -> None:
        self._report = replace(self._report, findings=(*self._report.findings, *findings))

    def _question(self, prompt: str, seen: Seen | None = None) -> Question:
        shown = seen or self._check.seen
        return Question(shown.images, shown.state, prompt)

    def _connects(self) -> bool:
        finding = Finding("metadata", "ok", "what it announces agrees with the profile")
        try:
            self._probe.connect()
        except PolicyRefused as error:
            finding = Finding("metadata" if self._probe.announced is not None else "connection", "FAIL", str(error))
        except PolicyError as error:
            finding = Finding("connection", "FAIL", str(error))
        announced = self._probe.announced
        if finding.severity == "ok" and not announced:
            finding = Finding("metadata", "note", "it announces nothing, so the profile has to be right by itself")
        self._report = replace(self._report, url=self._probe.url, announced=announced)
        self._note(finding)
        return finding.severity != "FAIL"

    def _warm_ups(self) -> list[Sample]:
        """Return the first answers, which may include a compilation; fewer if the server fails."""
        timeouts, warm = self._check.settings.policy.timeouts, list[Sample]()
        for which, limit_s in (("first", timeouts.first_inference_s), ("second", timeouts.inference_s)):
            words = partial("{which} answer: {:.0f} s so far, limit {limit_s:g} s".format, which=which, limit_s=limit_s)
            try:
                with waiting(self._terminal, words):
                    warm.append(self._probe.ask(self._question(self._check.prompts[0])))
            except (PolicyError, PolicyRefused) as error:
                self._note(Finding("answer", "FAIL", str(error)))
                break
            self._report = replace(self._report, first_s=warm[0].latency_s)
        return warm

    def _measured(self) -> list[Sample]:
        prompts, samples, failures = self._check.prompts, list[Sample](), dict[str, list[str]]()
        wanted, row, asked = max(self._check.requests, len(prompts)), 0, 0
        with waiting(self._terminal, lambda _: f"{asked} of {wanted} requests"):
            for asked in range(1, wanted + 1):
                prompt = prompts[(asked - 1) % len(prompts)]
                try:
                    samples.append(self._probe.ask(self._question(prompt)))
                    row = 0
                except (PolicyError, PolicyRefused) as error:
                    failures.setdefault(prompt, []).append(str(error))
                    row += 1
                if row == max(_MOST_FAILURES, len(prompts)):
                    break
        self._report = replace(self._report, asked=asked, answered=len(samples))
        self._note(*_failed(failures, asked, wanted, prompts))
        return samples

    def _judge(self, samples: list[Sample]) -> None:
        sample, profile = samples[0], self._check.profile
        self._report = replace(self._report, shape=sample.wire.shape, others=sample.fields)
        try:
            check_shape(profile, sample.wire)
            self._note(Finding("shape", "ok", "the actions have the profile's shape"))
        except ChunkRefused as error:
            self._note(Finding("shape", "FAIL", f"{error}; {_shape_hint(profile, sample.wire)}"))
        if sample.wire.shape[1] < len(profile.joints):
            return
        worst, joints = sample, read_joints(self._evidence(sample))
        for other in samples[1:]:
            if other.wire.shape == sample.wire.shape:
                found = read_joints(self._evidence(other))
                if _rank(found) > _rank(joints):
                    worst, joints = other, found
        self._report = replace(self._report, joints=joints)
        self._note(*suspect(self._evidence(worst)), *self._refusal(worst))

    def _evidence(self, sample: Sample) -> Evidence:
        seen, profile = self._check.seen, self._check.profile
        limits = None if seen.envelope is None else _in_order(seen.envelope, profile)
        joints = self._measured_joints()
        wire = sample.wire[:, : len(profile.joints)]
        return Evidence(profile, self._probe.scale, joints, wire, limits, seen.made_up)

    def _measured_joints(self) -> Joints:
        """Return what is known of the profile's joints, (n,) rad; NaN where nothing is."""
        said, unsaid = self._probe.joints(self._check.seen.state), self._check.seen.unsaid
        return np.array(
            [unsaid.get(joint, value) for joint, value in zip(self._check.profile.joints, said, strict=True)]
        )

    def _refusal(self, sample: Sample) -> Iterator[Finding]:
        """Yield what `bt-run` would say to an answer."""
        seen, profile = self._check.seen, self._check.profile
        if seen.envelope is None or sample.wire.shape != (profile.horizon, profile.columns):
            return
        known = dict(zip(profile.joints, self._measured_joints(), strict=True))
        measured = np.array([known[name] for name in seen.envelope.names])
        try:
            Dialect(profile, seen.envelope, ranges=seen.ranges).actions(sample.wire, measured)
        except (ChunkRefused, ValueError) as error:
            yield Finding("refused", "FAIL", f"bt-run would refuse this answer: {error}")
        else:
            yield Finding("units", "ok", "bt-run would accept this answer")

    def _vary(self, warm: list[Sample]) -> None:
        """Ask about something else, to know whether the answer depends on it."""
        base, repeat = warm
        seen, prompt = self._check.seen, self._check.prompts[0]
        noise = _distance(base, repeat)
        if noise is None or same(base.wire, repeat.wire):
            self._note(Finding("repeats", "note", "the same observation gives the same chunk"))
        else:
            self._note(Finding("repeats", "note", "the same observation gives another chunk: the policy samples"))
        varied = {"joints": seen.with_other_state(), "pictures": seen.with_other_pictures()}
        deaf = list[str]()
        for name, other in varied.items():
            try:
                sample = self._probe.ask(self._question(prompt, other))
            except (PolicyError, PolicyRefused) as error:
                self._note(Finding(f"{name}_matter", "note", f"whether the {name} matter can't be told: {error}"))
                continue
            distance = _distance(base, sample)
            if same(base.wire, sample.wire):
                deaf.append(name)
            elif noise and distance is not None and distance <= 1.2 * noise:
                words = f"whether the {name} matter can't be told: chunks differ no more than those of repeats"
                self._note(Finding(f"{name}_matter", "note", words))
            else:
                self._note(Finding(f"{name}_matter", "ok", f"other {name} give another chunk"))
        if len(deaf) == len(varied):
            words = "the answer is the same whatever the server is shown: a frozen policy, or nothing reaches it"
            self._note(Finding("frozen", "FAIL", words))
        else:
            words = "make no difference to the answer; do they reach the policy under the keys it knows?"
            self._note(*(Finding(f"{name}_matter", "warn", f"other {name} {words}") for name in deaf))
        self._note(self._rtc(base))

    def _rtc(self, base: Sample) -> Finding:
        profile, wanted = self._check.profile, self._check.settings.policy.execution.strategy == "rtc"
        severity = "warn" if wanted else "note"
        if profile.rtc is None:
            return Finding("rtc", severity, "continuing a plan (RTC): the profile says of no way to ask for it")
        try:
            reply = self._probe.ask(self._question(self._check.prompts[0]), base.wire)
        except (PolicyError, PolicyRefused) as error:
            return Finding("rtc", severity, f"continuing a plan (RTC): the server fails when it is asked to: {error}")
        confirmed = profile.rtc.confirmed(reply.fields)
        if confirmed or (confirmed is None and profile.rtc.announced(self._probe.announced or {})):
            return Finding("rtc", "ok", "continuing a plan (RTC): the server says that it can; execution.strategy: rtc")
        return Finding("rtc", severity, "continuing a plan (RTC): the server does not say that it can")

    def _time(self, samples: list[Sample]) -> None:
        if not samples:
            return
        total = Spread.of([sample.latency_s for sample in samples])
        parts = {part: _spread(samples, part) for part in PARTS}
        self._report = replace(self._report, total=total, parts=parts)
        settings = self._check.settings
        try:
            found = forecast(self._check.profile, settings.policy.execution, settings.control_hz, total.p95_s)
        except ValueError as error:
            self._note(Finding("verdict", "FAIL", f"policy.{error}"))
            return
        self._report = replace(self._report, forecast=found)
        self._note(Finding("verdict", "warn" if found.stall_share else "ok", found.words))
        if found.stall_share:
            self._note(*_help(total, parts, self._check))


def _rank(joints: tuple[JointReading, ...]) -> int:
    return max(_RANKS.index(joint.severity) for joint in joints)


def _distance(one: Sample, other: Sample) -> float | None:
    if one.wire.shape != other.wire.shape:
        return None
    return float(np.abs(one.wire - other.wire).mean())


def _spread(samples: list[Sample], part: str) -> Spread | None:
    values = [getattr(sample.parts, f"{part}_s") for sample in samples]
    known = [float(value) for value in values if value is not None]
    return Spread.of(known) if known else None


def _shape_hint(profile: Profile, wire: Actions) -> str:
    horizon, columns = wire.shape
    if columns < len(profile.joints):
        return f"the profile's joints are {', '.join(profile.joints)}"
    wrong = [f"horizon: {horizon}"] if horizon != profile.horizon else []
    wrong += [f"action_dim: {columns}"] if columns != profile.columns else []
    return f"if the model is right, set {' and '.join(wrong)} in the profile"


def _failed(failures: Mapping[str, list[str]], asked: int, wanted: int, prompts: tuple[str, ...]) -> Iterator[Finding]:
    for prompt, reasons in failures.items():
        tries = len(range(prompts.index(prompt), asked, len(prompts)))
        about = f" for '{escape(prompt)}'" if len(prompts) > 1 else ""
        gave_up = f"; gave up before {wanted}" if asked < wanted else ""
        words = f"{len(reasons)} of {tries} requests failed{about}{gave_up}: {reasons[0]}"
        yield Finding("answer", "FAIL" if len(reasons) == tries or gave_up else "warn", words)


def _help(total: Spread, parts: Mapping[str, Spread | None], check: Check) -> Iterator[Finding]:
    server, network = parts.get("server"), parts.get("network")
    if server is None:
        words = "the server does not tell how long it computes, so network and model can't be told apart"
    elif server.p50_s > _LARGE_SHARE * total.p50_s:
        words = "most of the time is the model's: a faster GPU, fewer denoising steps, or a longer horizon"
    elif network is not None and network.p50_s > _LARGE_SHARE * total.p50_s:
        words = "most of the time passes outside the model: a nearer server, a cable, no other clients before it"
        if check.profile.decodes_jpeg and check.settings.policy.jpeg == "off":
            words += ", or policy.jpeg: 90"
    else:
        return
    yield Finding("help", "note", words)
