"""OpenPI's websocket protocol: metadata first, then one msgpack request and one reply at a time.

The dialects of the servers that call themselves compatible are read too: actions under `actions` or `action`, a
bare array, a leading batch of one, and errors as a text frame, `{"error": …}` or `{"type": "error", …}`.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from bt_robot.errors import ServerError, WireError
from bt_robot.messages import Actions
from bt_robot.policy.wire import msgpack_numpy
from bt_robot.policy.wire.base import Fields, Reply
from bt_robot.policy.wire.checks import checked_actions, duration_s, kinds, server_words


class OpenPi:
    """The client's side of the protocol."""

    @property
    def greets(self) -> bool:
        """True: the server's first frame is its metadata."""
        return True

    def metadata(self, frame: str | bytes) -> Fields:
        """Read the server's first frame.

        Raises:
            ServerError: The server sent an error instead.
            WireError: The frame breaks the format.
        """
        value = _unpacked(frame)
        if not isinstance(value, dict):
            raise WireError(f"the server's metadata is a {type(value).__name__}, expected a map")
        return cast(Fields, value)

    def request(self, fields: Fields) -> bytes:
        """Write a request.

        Raises:
            WireError: A field can't be written as msgpack.
        """
        return msgpack_numpy.pack(dict(fields))

    def reply(self, frame: str | bytes) -> Reply:
        """Read the answer to a request.

        Raises:
            ServerError: The server sent an error instead.
            WireError: The frame breaks the format, or its actions are no finite floating-point (H, n).
        """
        value = _unpacked(frame)
        if isinstance(value, np.ndarray):
            return Reply(checked_actions(value))
        if not isinstance(value, dict):
            raise WireError(f"the reply is a {type(value).__name__}, expected a map or an array")
        fields = cast("dict[str, Any]", value)
        actions = fields.get("actions", fields.get("action"))
        if not isinstance(actions, np.ndarray):
            found = "missing" if actions is None else f"a {type(actions).__name__}"
            raise WireError(f"the actions are {found}, expected an array; the reply holds {kinds(fields)}")
        rest = {key: item for key, item in fields.items() if item is not actions}
        return Reply(checked_actions(actions), _server_s(fields), rest)


def _unpacked(frame: str | bytes) -> Any:
    if isinstance(frame, str):
        raise ServerError(f"the policy server reports: {server_words(frame)}")
    value = msgpack_numpy.unpack(frame)
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        words = fields.get("message", "") if fields.get("type") == "error" else fields.get("error")
        if words is not None:
            raise ServerError(f"the policy server reports: {server_words(str(words))}")
    return value


def _server_s(fields: dict[str, Any]) -> float | None:
    for name in ("server_timing", "policy_timing"):
        timing = fields.get(name)
        if isinstance(timing, dict):
            found = duration_s(cast("dict[str, Any]", timing).get("infer_ms"))
            if found is not None:
                return found
    return None


def read_request(frame: bytes, max_bytes: int) -> Fields:
    """Read a request, on the server's side.

    Raises:
        WireError: The frame breaks the format.
    """
    value = msgpack_numpy.unpack(frame, max_bytes)
    if not isinstance(value, dict):
        raise WireError(f"the request is a {type(value).__name__}, expected a map")
    return cast(Fields, value)


def write_reply(actions: Actions, infer_s: float) -> bytes:
    """Write a reply, on the server's side.

    Args:
        actions: (H, n), in the units of the wire.
        infer_s: What the inference took [s].
    """
    timing = {"infer_ms": infer_s * 1000.0}
    return msgpack_numpy.pack({"actions": actions.astype(np.float32), "server_timing": timing})
