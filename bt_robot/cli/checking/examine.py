"""Looks a policy server over: connects, warms up, asks, and judges the answers; no robot moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, TextIO

import numpy as np

from bt_robot.cli.checking.latency import explain, spreads
from bt_robot.cli.checking.observations import Seen
from bt_robot.cli.checking.report import Check, Report, Spread, grouped
from bt_robot.cli.checking.waiting import waiting
from bt_robot.errors import ChunkRefused, PolicyError, PolicyRefused, PolicyTimeout, ServerError
from bt_robot.messages import Actions, JointLimits, Joints
from bt_robot.plugins.policies import openers
from bt_robot.policy.chunks.forecast import forecast
from bt_robot.policy.dialect.dialect import Dialect
from bt_robot.policy.dialect.fields import check_shape
from bt_robot.policy.dialect.profile import Profile
from bt_robot.policy.inspection.judgement import Evidence, Finding, JointReading, Severity, read_joints, same
from bt_robot.policy.inspection.missing_key import hint, missing_key
from bt_robot.policy.inspection.probe import Probe, Question, Sample
from bt_robot.policy.inspection.suspicions import suspect
from bt_robot.policy.wire.checks import escape

_MOST_FAILURES: Final = 3  # in a row; a server that is gone is not asked a thousand times
_RANKS: Final = ("ok", "note", "warn", "FAIL")


def check_policy(check: Check, terminal: TextIO | None = None) -> Report:
    """Look a server over.

    Args:
        check: What to do.
        terminal: Where a person is told how long it takes; None for nowhere.

    Raises:
        UsageError: The CA file or the profile's unit can't be used.
        PluginError: The server's client comes from another package, and can't be used.
    """
    ranges, timeouts = check.seen.ranges, check.settings.policy.timeouts
    limits = None if ranges is None else _in_order(ranges, check.profile)
    probe = Probe(
        check.profile,
        [check.url],
        timeouts if check.patient else replace(timeouts, start_wait_s=0.0),
        check.access,
        jpeg_quality=check.settings.policy.jpeg_quality,
        ranges_rad=None if limits is None else (limits.lower, limits.upper),
        openers=openers([check.url]),
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
        self._report = Report(check, check.url)

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
        failure = ""
        try:
            self._probe.connect()
        except (PolicyError, PolicyRefused) as error:
            failure = str(error)
        announced = self._probe.announced
        self._report = replace(self._report, url=self._probe.url, announced=announced)
        if failure:
            self._note(Finding("connection", "FAIL", failure))
        elif self._probe.objections:  # asked all the same, so that not one mistake a time is found
            self._note(*(Finding("metadata", "FAIL", words) for words in self._probe.objections))
        elif announced:
            self._note(Finding("metadata", "ok", "what it announces agrees with the profile"))
        else:
            self._note(Finding("metadata", "note", "it announces nothing, so the profile has to be right by itself"))
        return not failure

    def _warm_ups(self) -> list[Sample]:
        """Return the first answers, which may include a compilation; fewer if the server fails."""
        timeouts, warm = self._check.settings.policy.timeouts, list[Sample]()
        for which, limit_s in (("first", timeouts.first_inference_s), ("second", timeouts.inference_s)):
            words = partial("{which} answer: {:.0f} s so far, limit {limit_s:g} s".format, which=which, limit_s=limit_s)
            try:
                with waiting(self._terminal, words):
                    warm.append(self._probe.ask(self._question(self._check.prompts[0])))
            except (PolicyError, PolicyRefused) as error:
                self._note(Finding("answer", "FAIL", str(error)), *self._hints(error))
                break
            finally:
                self._report = replace(self._report, sent=_kinds(self._probe.sent or {}))
            self._report = replace(self._report, first_s=warm[0].latency_s)
        return warm

    def _hints(self, error: Exception) -> Iterator[Finding]:
        key = None if isinstance(error, PolicyTimeout) else missing_key(str(error))
        if key is not None:
            yield Finding("hint", "note", hint(key, self._check.profile))
        if isinstance(error, ServerError):
            yield Finding("hint", "note", "all that the server said, a traceback perhaps, is shown by bt-check -v")

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
        suspicions = suspect(self._evidence(worst))
        self._note(*suspicions, *self._refusal(worst), *_of_joints(joints, suspicions, self._grippers()))

    def _grippers(self) -> tuple[str, ...]:
        profile = self._check.profile
        return tuple(joint for joint, is_one in zip(profile.joints, profile.grippers, strict=True) if is_one)

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
        if profile.rtc.guided(reply.fields, self._probe.announced or {}):
            return Finding(
                "rtc", "ok", "continuing a plan (RTC): the server says that it can; policy.execution.strategy: rtc"
            )
        return Finding("rtc", severity, "continuing a plan (RTC): the server does not say that it can")

    def _answered_profile(self) -> Profile:
        """Return the profile with as many actions as the answers have, which are what will be executed."""
        shape = self._report.shape
        return self._check.profile.with_horizon(None if shape is None else shape[0])

    def _time(self, samples: list[Sample]) -> None:
        if not samples:
            return
        total = Spread.of([sample.latency_s for sample in samples])
        parts = spreads(samples)
        self._report = replace(self._report, total=total, parts=parts)
        settings = self._check.settings
        try:
            found = forecast(self._answered_profile(), settings.policy.execution, settings.control_hz, total.p95_s)
        except ValueError as error:
            self._note(Finding("verdict", "FAIL", f"policy.{error}"))
            return
        self._report = replace(self._report, forecast=found)
        self._note(Finding("verdict", "warn" if found.stall_share else "ok", found.words))
        if found.stall_share:
            self._note(*explain(total, parts, found, replace(self._check, profile=self._answered_profile())))


def _kinds(fields: Mapping[str, Any], under: str = "") -> dict[str, str]:
    """Return what a request holds in words, by key; the keys inside a map behind the map's."""
    found = dict[str, str]()
    for key, value in fields.items():
        if isinstance(value, dict):
            found |= _kinds(value, f"{under}{key} > ")
        elif isinstance(value, np.ndarray):
            found[under + key] = f"{value.dtype} {value.shape}"
        elif isinstance(value, bytes):
            found[under + key] = f"a JPEG file of {len(value)} bytes"
        else:
            found[under + key] = "text" if isinstance(value, str) else f"a {type(value).__name__}"
    return found


def _of_joints(
    joints: tuple[JointReading, ...], suspicions: tuple[Finding, ...], grippers: tuple[str, ...]
) -> Iterator[Finding]:
    """Yield what is wrong with joints and explained by no suspicion; one about grippers explains no arm."""
    severities: tuple[Severity, ...] = ("FAIL", "warn")
    for severity in severities:
        explained = [one for one in suspicions if one.severity in ("FAIL", severity)]
        if all(one.key.startswith("gripper") for one in explained):
            left = tuple(joint for joint in joints if not (explained and joint.joint in grippers))
            yield from (Finding("joints", severity, words) for words in grouped(left, severity))


def _rank(joints: tuple[JointReading, ...]) -> int:
    return max(_RANKS.index(joint.severity) for joint in joints)


def _distance(one: Sample, other: Sample) -> float | None:
    if one.wire.shape != other.wire.shape:
        return None
    return float(np.abs(one.wire - other.wire).mean())


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
