"""A look at a policy server in words for a person, and as one JSON object."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from textwrap import wrap
from typing import Any, Final, cast

import numpy as np

from bt_robot.cli.checking.report import CONSEQUENCES, Report, Spread, grouped
from bt_robot.cli.checking.table import table
from bt_robot.policy.dialect.profile import Profile
from bt_robot.policy.inspection.judgement import Finding, Severity
from bt_robot.policy.wire.checks import escape

_COLOURS: Final = {"ok": "32", "note": "2", "warn": "33", "FAIL": "1;31", "so": "31"}
_MARKS: Final = {"ok": "ok  ", "note": "·   ", "warn": "warn", "FAIL": "FAIL", "so": "so  "}
_WIDTH: Final = 80
_NAME: Final = 13
_CHARS: Final = 200
_ITEMS: Final = 12
_DEPTH: Final = 4
_ABOUT: Final = {
    "server": ("connection", "metadata", "rtc"),
    "reply": ("answer", "hint", "shape", "repeats", "joints_matter", "pictures_matter", "frozen"),
    "verdict": ("verdict", "help"),
}


def text(reports: Sequence[Report], *, colour: bool) -> str:
    """Return reports for a person, line by line, at most 80 characters each.

    Args:
        reports: What was found out of each server, at least one; the good ones after the first good one are told
            in a few words.
        colour: Whether marks are coloured, as on a terminal.
    """
    lines, shown, told = list[str](), False, False
    for report in reports:
        if told and report.good and not report.warnings:
            lines += _in_short(report, colour)
        else:
            lines += _lines(report, colour, with_question=not shown)
            shown, told = shown or bool(report.sent), told or report.good
        lines.append("")
    if len(reports) == 1:
        lines += _named("result", reports[0].result)
    for i, report in enumerate(reports if len(reports) > 1 else ()):
        lines += _named("" if i else "result", f"{escape(report.url)}: {report.result}")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _in_short(report: Report, colour: bool) -> Iterator[str]:
    yield from _named("server", escape(report.url))
    latency = "" if report.total is None else f"; the p95 of its answers is {1000 * report.total.p95_s:.0f} ms"
    yield from _told(Finding("short", "ok", f"nothing to mend{latency}"), colour)


def _lines(report: Report, colour: bool, *, with_question: bool) -> Iterator[str]:
    check = report.check
    yield from _named("server", escape(report.url))
    yield from _named("profile", f"{check.settings.policy.profile} ({check.profile.protocol})")
    if report.announced is not None:
        yield from _listed("announced", report.announced)
    yield from _found(report, "server", colour)
    if report.sent and with_question:
        yield ""
        yield from _question(report)
    if report.shape is not None or any(finding.key in _ABOUT["reply"] for finding in report.findings):
        yield ""
    if report.sent and report.shape is None:
        yield from _listed("sent", report.sent)
    if report.shape is not None:
        seconds = report.shape[0] / check.profile.rate_hz
        yield f"reply        {report.shape} floats, {seconds:.2f} s at {check.profile.rate_hz:g} Hz"
        yield from _listed("besides", report.others) if report.others else ()
    yield from _found(report, "reply", colour)
    if report.joints:
        yield ""
        yield from _joints(report, colour)
    told = [key for keys in _ABOUT.values() for key in keys]
    for finding in report.findings:
        if finding.key not in told:
            follows = finding.key in CONSEQUENCES and finding not in report.failures
            yield from _told(finding, colour, "so" if follows and finding.severity == "FAIL" else "")
    yield from _latency(report, colour)


def _question(report: Report) -> Iterator[str]:
    for i, note in enumerate(report.check.seen.notes):
        yield from _named("" if i else "observation", note)
    for i, prompt in enumerate(report.check.prompts[:_ITEMS]):
        yield from _named("" if i else "prompt", f"'{_short(prompt)}'")


def _found(report: Report, about: str, colour: bool) -> Iterator[str]:
    for finding in report.findings:
        if finding.key in _ABOUT[about]:
            yield from _told(finding, colour)


def _told(finding: Finding, colour: bool, mark: str = "") -> Iterator[str]:
    for i, line in enumerate(wrap(finding.words, _WIDTH - 8, break_on_hyphens=False)):
        yield f"  {'    ' if i else _mark(mark or finding.severity, colour)}  {line}"


def _mark(severity: str, colour: bool) -> str:
    mark = _MARKS[severity]
    return f"\x1b[{_COLOURS[severity]}m{mark}\x1b[0m" if colour else mark


def _named(name: str, words: str) -> Iterator[str]:
    """Yield words behind a name, in as many lines as they need."""
    for i, line in enumerate(wrap(words, _WIDTH - _NAME, break_on_hyphens=False)):
        yield f"{'' if i else name:<{_NAME}}{line}"


def _listed(name: str, fields: Mapping[str, Any]) -> Iterator[str]:
    items = list(fields.items())
    if not items:
        yield f"{name:<{_NAME}}nothing"
    for i, (key, value) in enumerate(items[:_ITEMS]):
        yield from _named("" if i else name, f"{_short(str(key), 60)}: {_value(value)}")
    if len(items) > _ITEMS:
        yield f"{'':<{_NAME}}… and {len(items) - _ITEMS} more"


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _short(value)
    return _short(_words(_plain(value)))


def _words(plain: Any) -> str:
    if isinstance(plain, dict):
        return ", ".join(f"{key} {_words(item)}" for key, item in cast("dict[str, Any]", plain).items())
    if isinstance(plain, list):
        return ", ".join(_words(item) for item in cast("list[Any]", plain))
    return f"{plain:.4g}" if isinstance(plain, float) else str(plain)


def _short(words: str, limit: int = _CHARS) -> str:
    shown = escape(words[: 2 * limit])
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def _units(profile: Profile) -> str:
    scale = profile.gripper
    unit = {"range_100": "-100 … 100", "raw": "as it comes"}.get(profile.joint_unit, profile.joint_unit)
    gripper = "" if profile.joint_unit == "raw" else f", gripper {scale.closed:g} closed … {scale.open:g} open"
    kind = "" if profile.action_kind == "absolute" else f"; actions are {profile.action_kind}"
    return f"{unit}{gripper}{kind}"


def _joints(report: Report, colour: bool) -> Iterator[str]:
    moved = any(joint.speed is not None for joint in report.joints)
    steps = "step in rad, gripper 0 … 1" + (", speeds in rad/s" if moved else "")
    yield from _named("joints", f"on the wire: {_units(report.check.profile)}; {steps}")
    yield from table(report.joints, lambda severity: _mark(severity, colour), _WIDTH)
    told = [finding.words for finding in report.findings]
    severities: tuple[Severity, ...] = ("FAIL", "warn", "note")
    for severity in severities:
        for words in grouped(report.joints, severity):
            if words not in told:
                yield from (f"{'':<8}{line}" for line in wrap(words, _WIDTH - 8, break_on_hyphens=False))


def _latency(report: Report, colour: bool) -> Iterator[str]:
    if report.total is None:
        return
    yield ""
    yield f"latency [ms] {'p50':>8} {'p95':>8} {'max':>8}   of {report.answered} answers"
    for name, spread in (*report.parts.items(), ("together", report.total)):
        yield f"  {name:<10} {_milliseconds(spread)}"
    if report.first_s is not None:
        yield f"  the first answer took {report.first_s:.2f} s"
    yield ""
    hz = report.check.settings.control_hz
    yield from _named("verdict", f"at {hz:g} Hz, for the p95 of {1000 * report.total.p95_s:.0f} ms{_horizon(report)}")
    yield from _found(report, "verdict", colour)


def _horizon(report: Report) -> str:
    """Say where H is from, if it is not the number of actions."""
    profile, speed = report.check.profile, report.check.settings.policy.execution.speed
    actions = profile.horizon if report.shape is None else report.shape[0]
    if report.forecast is None or report.forecast.horizon_steps == actions:
        return ""
    slowed = f" and policy.execution.speed {speed:g}" if speed != 1.0 else ""
    return f"; H {report.forecast.horizon_steps} is {actions} actions at {profile.rate_hz:g} Hz{slowed}"


def _milliseconds(spread: Spread | None) -> str:
    if spread is None:
        return f"{'-':>8} {'-':>8} {'-':>8}   not told by the server"
    return " ".join(f"{1000 * value:8.1f}" for value in (spread.p50_s, spread.p95_s, spread.max_s))


def as_json(reports: Sequence[Report]) -> dict[str, Any]:
    """Return at least one report as what JSON can hold: stable keys, finite numbers."""
    check = reports[0].check
    found = {
        "ok": all(report.good for report in reports),
        "profile": check.settings.policy.profile,
        "protocol": check.profile.protocol,
        "observation": list(check.seen.notes),
        "prompts": list(check.prompts),
        "expected_shape": [check.profile.horizon, check.profile.columns],
        "servers": [_of_server(report) for report in reports],
    }
    return cast("dict[str, Any]", _plain(found, depth=2 * _DEPTH + 2, items=1000))


def _of_server(report: Report) -> dict[str, Any]:
    return {
        "url": report.url,
        "ok": report.good,
        "result": report.result,
        "announced": None if report.announced is None else _plain(report.announced),
        "sent": _plain(report.sent),
        "asked": report.asked,
        "answered": report.answered,
        "shape": None if report.shape is None else list(report.shape),
        "besides": _plain(report.others),
        "joints": [asdict(joint) for joint in report.joints],
        "first_s": report.first_s,
        "latency": None if report.total is None else asdict(report.total),
        "parts": {name: None if spread is None else asdict(spread) for name, spread in report.parts.items()},
        "forecast": None if report.forecast is None else asdict(report.forecast),
        "findings": [asdict(finding) for finding in report.findings],
    }


def _plain(value: Any, depth: int = _DEPTH, items: int = 100) -> Any:
    """Return a value from anywhere as what JSON can hold, cut where a stranger's gets too long or too deep."""
    if value is None or isinstance(value, (bool, str)):
        return value[:2000] if isinstance(value, str) else value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)[:40]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, np.generic):
        return _plain(value.item(), depth, items)
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    if depth and isinstance(value, Mapping):
        pairs = list(cast("Mapping[Any, Any]", value).items())[:items]
        return {str(key)[:200]: _plain(item, depth - 1, items) for key, item in pairs}
    if depth and isinstance(value, (list, tuple)):
        return [_plain(item, depth - 1, items) for item in cast("list[Any]", value)[:items]]
    return f"a {type(value).__name__}"
