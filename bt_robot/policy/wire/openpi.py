"""OpenPI's websocket protocol: metadata first, then one msgpack request and one reply at a time.

The dialects of the servers that call themselves compatible are read too. Actions: under `actions` or `action`, as a
bare array (RoboArena, vLLM-Omni), as named arrays (vLLM-Omni), with a leading batch of one. Errors: a text frame
(openpi, RoboArena), `{"error": …}` (SGLang), `{"type": "error", "message": …}` (vLLM-Omni, which goes on answering).
A reset is `{"endpoint": "reset"}`, and done when the text `reset successful` (RoboArena) or
`{"status": "reset successful"}` (vLLM-Omni) comes back; stock openpi has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from bt_robot.errors import WireError
from bt_robot.policy.wire import msgpack_numpy
from bt_robot.policy.wire.base import Fields, Reply
from bt_robot.policy.wire.checks import checked_actions, duration_s, escape, kinds, server_error

RESET_DONE: Final = "reset successful"
_ACTIONS: Final = "actions"
_OTHER_NAME: Final = "action"


class OpenPi:
    """The client's side of the protocol."""

    def __init__(self, action_key: str | tuple[str, ...] = _ACTIONS) -> None:
        """Say where the actions are.

        Args:
            action_key: Their key in a reply; of several keys the arrays are put side by side, in this order, and one
                of a single number per step is one column.
        """
        self._key = action_key

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
            raise WireError(f"the server's metadata is a {_kind(value)}, expected a map")
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
        if isinstance(frame, str) and frame.strip() == RESET_DONE:
            raise WireError(f"the server answers '{RESET_DONE}' to a request for actions: its answers are out of step")
        value = _unpacked(frame)
        if isinstance(value, np.ndarray):
            return Reply(checked_actions(value))
        if not isinstance(value, dict):
            raise WireError(f"the reply is a {_kind(value)}, expected a map or an array")
        fields = cast("dict[str, Any]", value)
        if isinstance(self._key, tuple):
            actions, used = _side_by_side(fields, self._key)
        else:
            actions, used = _under(fields, self._key)
        rest = {key: item for key, item in fields.items() if key not in used}
        return Reply(checked_actions(actions), _server_s(fields), rest)

    def reset_request(self, fields: Fields) -> bytes:
        """Write a request that makes the server forget the episode so far.

        Args:
            fields: What goes with it, e.g. the session's id.

        Raises:
            WireError: A field can't be written as msgpack.
        """
        return msgpack_numpy.pack({"endpoint": "reset", **fields})

    def check_reset(self, frame: str | bytes) -> None:
        """Read the answer to a reset, and return if it was done.

        Raises:
            ServerError: The server sent an error instead.
            WireError: The frame breaks the format or says something else.
        """
        if isinstance(frame, str) and frame.strip() == RESET_DONE:
            return
        value = _unpacked(frame)
        status = cast("dict[str, Any]", value).get("status") if isinstance(value, dict) else None
        if isinstance(status, str) and status.strip() == RESET_DONE:
            return
        found = f"the status '{escape(status[:60])}'" if isinstance(status, str) else _kind(value)
        raise WireError(f"the answer to a reset was {found}, expected '{RESET_DONE}'; does this server have a reset?")


def _unpacked(frame: str | bytes) -> Any:
    if isinstance(frame, str):
        raise server_error(frame)
    value = msgpack_numpy.unpack(frame)
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        kind = fields.get("type")
        if isinstance(kind, str) and kind == "error":  # an array here would be compared item by item
            raise server_error(fields.get("message", ""), open=True)
        if fields.get("error") is not None:
            raise server_error(fields["error"])
    return value


def _kind(value: object) -> str:
    return "map" if isinstance(value, dict) else "array" if isinstance(value, np.ndarray) else type(value).__name__


def _under(fields: Mapping[str, Any], key: str) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return the array under a key, and the keys that are spent with it."""
    found = _OTHER_NAME if key == _ACTIONS and key not in fields else key
    actions = fields.get(found)
    if isinstance(actions, np.ndarray):
        return actions, (found,)
    what = "missing" if actions is None else f"a {_kind(actions)}"
    named = cast("Mapping[str, Any]", actions if isinstance(actions, dict) else fields)
    arrays = [name for name, item in named.items() if isinstance(item, np.ndarray)]
    hint = f"; if {kinds(arrays)} are the actions, list them under the profile's action_key" if arrays else ""
    raise WireError(f"the {_shown(key)} are {what}, expected an array; the reply holds {kinds(fields)}{hint}")


def _side_by_side(fields: Mapping[str, Any], names: tuple[str, ...]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return named arrays as the columns of one, and the keys that are spent with them."""
    inner = fields.get(_ACTIONS)
    nested = isinstance(inner, dict) and _ACTIONS not in names
    source = cast("Mapping[str, Any]", inner) if nested else fields
    parts = {name: source.get(name) for name in names}
    for name, part in parts.items():
        if not isinstance(part, np.ndarray):
            what = "missing" if part is None else f"a {_kind(part)}"
            raise WireError(f"the actions' part '{name}' is {what}, expected an array; found were {kinds(source)}")
    arrays = cast("dict[str, NDArray[Any]]", parts)
    if any(array.ndim == 3 for array in arrays.values()):  # with a batch of one before all of them
        arrays = {name: array[0] if array.shape[:1] == (1,) else array for name, array in arrays.items()}
    columns = {name: array[:, None] if array.ndim == 1 else array for name, array in arrays.items()}
    for name, array in columns.items():
        if array.ndim != 2 or array.dtype.kind != "f":
            raise WireError(
                f"the actions' part '{name}' is {array.dtype} {array.shape}, expected floating-point (horizon, columns)"
            )
    steps = {name: len(array) for name, array in columns.items()}
    if len(set(steps.values())) > 1:
        told = ", ".join(f"{name} {count}" for name, count in steps.items())
        raise WireError(f"the parts of the actions have different numbers of steps: {told}")
    return np.concatenate(list(columns.values()), axis=1), (_ACTIONS,) if nested else names


def _shown(key: str) -> str:
    return _ACTIONS if key == _ACTIONS else f"actions under '{key}'"


def _server_s(fields: Mapping[str, Any]) -> float | None:
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
