"""A look at a policy server in words for a person, and as one JSON object."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from textwrap import wrap
from typing import Any, Final, cast

import numpy as np

from bt_robot.cli.policy_report import Report, Spread
from bt_robot.policy.dialect.profile import Profile
from bt_robot.policy.inspection.judgement import Finding, JointReading
from bt_robot.policy.wire.checks import escape

_COLOURS: Final = {"ok": "32", "note": "2", "warn": "33", "FAIL": "1;31"}
_MARKS: Final = {"ok": "ok  ", "note": "·   ", "warn": "warn", "FAIL": "FAIL"}
_CHARS: Final = 100
_ITEMS: Final = 12
_DEPTH: Final = 4
_ABOUT: Final = {
    "server": ("connection", "metadata", "rtc"),
    "reply": ("answer", "shape", "repeats", "joints_matter", "pictures_matter", "frozen"),
    "verdict": ("verdict", "help"),
}


def text(report: Report, *, colour: bool) -> str:
    """Return a report for a person, line by line.

    Args:
        report: What was found out.
        colour: Whether marks are coloured, as on a terminal.
    """
    return "\n".join(line.rstrip() for line in _lines(report, colour)) + "\n"


def _lines(report: Report, colour: bool) -> Iterator[str]:
    check = report.check
    yield f"server       {escape(report.url)}"
    yield f"profile      {check.settings.policy.profile} ({check.profile.protocol})"
    if report.announced is not None:
        yield from _listed("announced", report.announced)
    yield from _found(report, "server", colour)
    yield ""
    for i, note in enumerate(check.seen.notes):
        yield f"{'' if i else 'observation':<13}{note}"
    for i, prompt in enumerate(check.prompts[:_ITEMS]):
        yield f"{'' if i else 'prompt':<13}'{_short(prompt)}'"
    if report.shape is not None or not report.good:
        yield ""
    if report.shape is not None:
        seconds = report.shape[0] / check.profile.rate_hz
        yield f"reply        {report.shape} floats, {seconds:.2f} s at {check.profile.rate_hz:g} Hz"
        yield from _listed("besides", report.others) if report.others else ()
    yield from _found(report, "reply", colour)
    if report.joints:
        yield ""
        yield from _table(report.joints, check.profile, colour)
    told = [key for keys in _ABOUT.values() for key in keys]
    for finding in report.findings:
        if finding.key not in told:
            yield from _told(finding, colour)
    yield from _latency(report, colour)
    yield ""
    yield f"result       {_result(report)}"


def _result(report: Report) -> str:
    counts = Counter(finding.severity for finding in report.findings)
    warnings = f", {counts['warn']} warning{'s' if counts['warn'] > 1 else ''}" if counts["warn"] else ""
    return f"{'good' if report.good else str(counts['FAIL']) + ' FAIL'}{warnings}"


def _found(report: Report, about: str, colour: bool) -> Iterator[str]:
    for finding in report.findings:
        if finding.key in _ABOUT[about]:
            yield from _told(finding, colour)


def _told(finding: Finding, colour: bool) -> Iterator[str]:
    for i, line in enumerate(wrap(finding.words, _CHARS)):
        yield f"  {'    ' if i else _mark(finding.severity, colour)}  {line}"


def _mark(severity: str, colour: bool) -> str:
    mark = _MARKS[severity]
    return f"\x1b[{_COLOURS[severity]}m{mark}\x1b[0m" if colour else mark


def _listed(name: str, fields: Mapping[str, Any]) -> Iterator[str]:
    items = list(fields.items())
    if not items:
        yield f"{name:<13}nothing"
    for i, (key, value) in enumerate(items[:_ITEMS]):
        yield f"{'' if i else name:<13}{_short(str(key), 40)}: {_value(value)}"
    if len(items) > _ITEMS:
        yield f"{'':<13}… and {len(items) - _ITEMS} more"


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


def _table(joints: tuple[JointReading, ...], profile: Profile, colour: bool) -> Iterator[str]:
    width = max(5, *(len(joint.joint) for joint in joints))
    yield f"joints       on the wire: {_units(profile)}; step in rad, gripper 0 … 1"
    head = f"{'joint':<{width}} {'state':>8} {'first':>8} {'step':>8}   {'chunk':^17}   {'limits':^17}"
    yield f"        {head}"
    for joint in joints:
        numbers = f"{_number(joint.state)} {_number(joint.first)} {_number(joint.step, 3)}"
        ranges = f"{_range(joint.low, joint.high)}   {_range(joint.lower, joint.upper)}"
        row = f"{joint.joint:<{width}} {numbers}   {ranges}"
        yield f"  {_mark(joint.severity, colour)}  {row}{'   ' + joint.why if joint.why else ''}"


def _number(value: float | None, digits: int = 2) -> str:
    if value is None:
        return f"{'-':>8}"
    return f"{value + 0.0:8.{digits}f}" if abs(value) < 10_000 else f"{value:8.1e}"


def _range(low: float | None, high: float | None) -> str:
    return (
        f"{'-':^17}" if low is None or high is None else f"{_number(low, 1).strip():>7} … {_number(high, 1).strip():<7}"
    )


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
    yield f"verdict      at {hz:g} Hz, for the p95 of {1000 * report.total.p95_s:.0f} ms"
    yield from _found(report, "verdict", colour)


def _milliseconds(spread: Spread | None) -> str:
    if spread is None:
        return f"{'-':>8} {'-':>8} {'-':>8}   not told by the server"
    return " ".join(f"{1000 * value:8.1f}" for value in (spread.p50_s, spread.p95_s, spread.max_s))


def as_json(report: Report) -> dict[str, Any]:
    """Return a report as what JSON can hold: stable keys, finite numbers."""
    check = report.check
    found = {
        "url": report.url,
        "profile": check.settings.policy.profile,
        "protocol": check.profile.protocol,
        "announced": None if report.announced is None else _plain(report.announced),
        "observation": list(check.seen.notes),
        "prompts": list(check.prompts),
        "asked": report.asked,
        "answered": report.answered,
        "shape": None if report.shape is None else list(report.shape),
        "expected_shape": [check.profile.horizon, check.profile.columns],
        "besides": _plain(report.others),
        "joints": [asdict(joint) for joint in report.joints],
        "first_s": report.first_s,
        "latency": None if report.total is None else asdict(report.total),
        "parts": {name: None if spread is None else asdict(spread) for name, spread in report.parts.items()},
        "forecast": None if report.forecast is None else asdict(report.forecast),
        "findings": [asdict(finding) for finding in report.findings],
        "ok": report.good,
    }
    return cast("dict[str, Any]", _plain(found, depth=2 * _DEPTH, items=1000))


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
