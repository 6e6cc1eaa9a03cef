"""What a page asks for: the other half of the view's protocol, read strictly."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

import orjson

from bt_robot.messages.steering import Act, Wish

MAX_POINTS: Final = 1200
"""Of a plot."""

_LONGEST_TEXT: Final = 2000
_LONGEST_PATH: Final = 4000
_MOST_CAMERAS: Final = 16


class WrongMessage(ValueError):
    """A message that is none of the protocol; its text says what was expected."""


@dataclass(frozen=True, slots=True)
class Seek:
    """Show the run at a time [s]."""

    time_s: float


@dataclass(frozen=True, slots=True)
class Live:
    """Follow the run again."""


@dataclass(frozen=True, slots=True)
class Window:
    """Show the joints over a time.

    Attributes:
        name: Told back with the answer.
        start_s: From [s].
        end_s: To [s].
        points: How many at most.
    """

    name: str
    start_s: float
    end_s: float
    points: int


@dataclass(frozen=True, slots=True)
class Pictures:
    """Send the pictures of these cameras, and of no others."""

    cameras: frozenset[str]


@dataclass(frozen=True, slots=True)
class Claim:
    """Take the right to steer, give it back, or say that its holder is there."""

    what: Literal["take", "leave", "alive"]


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop the robot."""


Request = Seek | Live | Window | Pictures | Claim | Stop | Wish

_STATUSES: Final = ("SUCCESS", "FAILURE")
_AT: Final = ("any", "RUNNING", *_STATUSES)


def read(data: str | bytes) -> Request:
    """Read a message.

    Raises:
        WrongMessage: It is none.
    """
    try:
        message = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise WrongMessage("expected JSON") from error
    if not isinstance(message, dict):
        raise WrongMessage("expected a JSON object")
    fields = cast("dict[str, Any]", message)
    reader = _READERS.get(str(fields.get("type")))
    if reader is None:
        raise WrongMessage(f"there is no message of the type {str(fields.get('type'))[:40]!r}")
    return reader(fields)


def _seek(fields: Mapping[str, Any]) -> Request:
    return Seek(_number(fields, "t"))


def _window(fields: Mapping[str, Any]) -> Request:
    start_s, end_s = _number(fields, "t0"), _number(fields, "t1")
    if start_s > end_s:
        raise WrongMessage("t0: expected a time before t1")
    return Window(_text(fields, "id"), start_s, end_s, min(max(_whole(fields, "points"), 2), MAX_POINTS))


def _pictures(fields: Mapping[str, Any]) -> Request:
    cameras = fields.get("cameras")
    if cameras == "none":
        return Pictures(frozenset())
    if not isinstance(cameras, list) or not all(isinstance(name, str) for name in cast("list[Any]", cameras)):
        raise WrongMessage("cameras: expected a list of names, or 'none'")
    names = cast("list[str]", cameras)
    if len(names) > _MOST_CAMERAS:
        raise WrongMessage(f"cameras: expected at most {_MOST_CAMERAS}")
    return Pictures(frozenset(names))


def _act(fields: Mapping[str, Any]) -> Request:
    act = fields.get("act")
    if act == "stop":
        return Stop()
    match act:
        case "hold" | "resume" | "step" | "step_to_change":
            return Wish(act)
        case "breakpoint" | "unbreak":
            return Wish(act, _path(fields), status=_choice(fields, "status", _AT))
        case "force":
            return Wish(act, _path(fields), status=_choice(fields, "status", _STATUSES))
        case "skip":
            return Wish(act, _path(fields))
        case "prompt":
            return Wish(act, _path(fields), text=_text(fields, "text"))
        case "parameter":
            return Wish(act, _path(fields), name=_text(fields, "name"), text=_text(fields, "value"))
        case "confirm":
            answer = fields.get("value")
            if not isinstance(answer, bool):
                raise WrongMessage("value: expected true or false")
            return Wish(act, number=_whole(fields, "id"), yes=answer)
        case _:
            raise WrongMessage(f"act: expected one of {', '.join(get_args(Act))}, stop")


def _path(fields: Mapping[str, Any]) -> str:
    path = fields.get("path")
    if not isinstance(path, str) or not 0 < len(path) <= _LONGEST_PATH:
        raise WrongMessage("path: expected the path of a node")
    return path


def _text(fields: Mapping[str, Any], name: str) -> str:
    text = fields.get(name)
    if not isinstance(text, str) or len(text) > _LONGEST_TEXT:
        raise WrongMessage(f"{name}: expected a text of at most {_LONGEST_TEXT} characters")
    return text


def _choice(fields: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    word = fields.get(name)
    if word not in choices:
        raise WrongMessage(f"{name}: expected one of {', '.join(choices)}")
    return cast(str, word)


def _number(fields: Mapping[str, Any], name: str) -> float:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise WrongMessage(f"{name}: expected a number")
    return float(value)


def _whole(fields: Mapping[str, Any], name: str) -> int:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 53:
        raise WrongMessage(f"{name}: expected a whole number")
    return value


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Request]]] = {
    "seek": _seek,
    "live": lambda _: Live(),
    "window": _window,
    "pictures": _pictures,
    "take": lambda _: Claim("take"),
    "leave": lambda _: Claim("leave"),
    "alive": lambda _: Claim("alive"),
    "act": _act,
}
