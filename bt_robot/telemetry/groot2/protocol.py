"""Groot2's requests and replies as bytes: pure, without a socket.

Source: BehaviorTree.CPP 4.10, `include/behaviortree_cpp/loggers/groot2_protocol.h`. A request has 6 bytes (protocol,
type, a number of the client's choice, little endian) and perhaps a second part; a reply repeats them, followed by 16
bytes that name the tree, and has the answer in its second part.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, cast

PROTOCOL: Final = 2
MAX_PAYLOAD: Final = 1 << 20
"""Longest second part of a request that is looked at [bytes]."""

_HEADER = struct.Struct("<BcI")


class Request(StrEnum):
    """What a client may ask."""

    FULL_TREE = "T"
    STATUS = "S"
    BLACKBOARD = "B"
    HOOK_INSERT = "I"
    HOOK_REMOVE = "R"
    BREAKPOINT_UNLOCK = "U"
    HOOKS_DUMP = "D"
    REMOVE_ALL_HOOKS = "A"
    DISABLE_ALL_HOOKS = "X"
    TOGGLE_RECORDING = "r"
    GET_TRANSITIONS = "t"


BREAKPOINT_REACHED: Final = "N"
"""The type of the message that is published when a node holds."""


class WrongRequest(ValueError):
    """A request that can't be answered; its text goes back to the client."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first part of a request."""

    request: Request
    number: int

    @classmethod
    def from_bytes(cls, data: bytes) -> Header:
        """Read the first part of a request.

        Raises:
            WrongRequest: It is none of protocol 2.
        """
        if len(data) != _HEADER.size:
            raise WrongRequest(f"wrong request size: {len(data)} bytes, expected {_HEADER.size}")
        protocol, kind, number = _HEADER.unpack(data)
        if protocol != PROTOCOL:
            raise WrongRequest(f"protocol {protocol} is not spoken here, only {PROTOCOL}")
        try:
            return cls(Request(kind.decode("latin-1")), number)
        except ValueError:
            raise WrongRequest(f"unknown request type {kind!r}") from None

    def reply(self, tree_id: bytes) -> bytes:
        """Return the first part of a reply."""
        return _HEADER.pack(PROTOCOL, self.request.encode(), self.number) + tree_id


def breakpoint_reached(uid: int, number: int = 0) -> tuple[bytes, bytes]:
    """Return the two parts of the message that a node holds."""
    return _HEADER.pack(PROTOCOL, BREAKPOINT_REACHED.encode(), number), str(uid).encode()


Position = Literal["pre", "post"]
Forced = Literal["SUCCESS", "FAILURE"]
_POSITIONS: Final[tuple[Position, ...]] = ("pre", "post")


@dataclass(frozen=True, slots=True)
class HookWish:
    """A hook as a client describes it.

    Attributes:
        uid: The node's number.
        position: Before the node is ticked, or after it has ended.
        hold: Whether the node holds there until it is let go; else it is answered for.
        result: What is answered for it; None leaves it as it is.
        once: Whether the hook is gone after it has worked once.
        enabled: Whether it works at all.
    """

    uid: int
    position: Position
    hold: bool = True
    result: Forced | None = None
    once: bool = False
    enabled: bool = True

    def to_json(self) -> dict[str, object]:
        """Return it in the protocol's words."""
        return {
            "enabled": self.enabled,
            "uid": self.uid,
            "mode": 0 if self.hold else 1,
            "once": self.once,
            "desired_status": self.result or "SKIPPED",
            "position": _POSITIONS.index(self.position),
        }


def read_hooks(payload: bytes) -> tuple[HookWish, ...]:
    """Read one hook or a list of them.

    Raises:
        WrongRequest: It is not JSON, or not a hook.
    """
    data = _json(payload)
    items = cast("list[Any]", data) if isinstance(data, list) else [data]
    return tuple(_hook(item) for item in items)


def _hook(data: Any) -> HookWish:
    fields = _mapping(data)
    mode = _whole(fields, "mode", 1)
    if mode == 1 and _result(fields) is None:
        raise WrongRequest("'desired_status': expected SUCCESS or FAILURE, as the hook answers for the node")
    return HookWish(
        uid=_whole(fields, "uid", 0xFFFF),
        position=_POSITIONS[_whole(fields, "position", 1)],
        hold=mode == 0,
        result=_result(fields),
        once=_flag(fields, "once"),
        enabled=_flag(fields, "enabled"),
    )


@dataclass(frozen=True, slots=True)
class Unlock:
    """A node that may go on.

    Attributes:
        uid: The node's number.
        position: Where it holds.
        result: What is answered for it; None lets it go on as it is.
        remove: Whether the hook goes, too.
    """

    uid: int
    position: Position
    result: Forced | None
    remove: bool


def read_unlock(payload: bytes) -> Unlock:
    """Read which node is let go.

    Raises:
        WrongRequest: It is not JSON, or names no node.
    """
    fields = _mapping(_json(payload))
    position = _POSITIONS[_whole(fields, "position", 1)]
    return Unlock(_whole(fields, "uid", 0xFFFF), position, _result(fields), _flag(fields, "remove_when_done"))


def read_removal(payload: bytes) -> tuple[int, Position]:
    """Read which hook goes.

    Raises:
        WrongRequest: It is not JSON, or names no hook.
    """
    fields = _mapping(_json(payload))
    return _whole(fields, "uid", 0xFFFF), _POSITIONS[_whole(fields, "position", 1)]


def _json(payload: bytes) -> Any:
    if len(payload) > MAX_PAYLOAD:
        raise WrongRequest(f"{len(payload)} bytes; expected at most {MAX_PAYLOAD}")
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        raise WrongRequest("the second part is not JSON") from None


def _mapping(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise WrongRequest("expected a JSON object")
    return cast("dict[str, Any]", data)


def _whole(fields: dict[str, Any], name: str, most: int) -> int:
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise WrongRequest(f"'{name}': expected a whole number from 0 to {most}")
    return value


def _flag(fields: dict[str, Any], name: str) -> bool:
    value = fields.get(name)
    if not isinstance(value, bool):
        raise WrongRequest(f"'{name}': expected true or false")
    return value


def _result(fields: dict[str, Any]) -> Forced | None:
    value = fields.get("desired_status")
    return value if value in ("SUCCESS", "FAILURE") else None
