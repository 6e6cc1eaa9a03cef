"""The JSON protocol: images as nested floats in [0, 1], one number per joint, actions as nested lists.

A request is `{"type": "inference", "observation": {…}}`, the reply `{"success": true, "actions": [[…], …]}` or
`{"success": false, "error": "…"}`, after which the connection stays open. The server sends nothing before the first
request. Two pictures of 224 x 224 are 2.6 MB of text: OpenPI's protocol says the same in 0.3 MB.
"""

from __future__ import annotations

import json
from typing import Any, Final, cast

import numpy as np
import orjson
from numpy.typing import NDArray

from bt_robot.errors import WireError
from bt_robot.messages import Actions
from bt_robot.policy.wire.base import Fields, Reply
from bt_robot.policy.wire.checks import checked_actions, kinds, server_error
from bt_robot.policy.wire.json_pixels import HOLE, filled

MAX_REPLY_BYTES: Final = 1_000_000  # a thousand actions of 32 joints; the parser takes up to 13 times the memory
MAX_DIMENSIONS: Final = 3
MAX_REPLY_LISTS: Final = 20_000
MAX_REPLY_ITEMS: Final = 200_000
_NO_RESET: Final = "the JSON protocol has no reset"


class JsonProtocol:
    """The client's side of the protocol."""

    @property
    def greets(self) -> bool:
        """False: the server waits for the first request."""
        return False

    def metadata(self, frame: str | bytes) -> Fields:
        """Refuse: this protocol has no metadata.

        Raises:
            WireError: Always.
        """
        raise WireError(f"the server sent {len(frame)} bytes before the first request")

    def request(self, fields: Fields) -> str:
        """Write a request; uint8 images become floats in [0, 1].

        Raises:
            WireError: A field can't be written as JSON.
        """
        observation = {key: _plain(value) for key, value in fields.items()}
        payload = {"type": "inference", "observation": observation}
        try:
            document = orjson.dumps(payload, option=orjson.OPT_SERIALIZE_NUMPY)
        except orjson.JSONEncodeError as error:
            raise WireError(f"can't be written as JSON: {error}") from error
        return filled(document, [value for value in fields.values() if _is_picture(value)])

    def reply(self, frame: str | bytes) -> Reply:
        """Read the answer to a request.

        Raises:
            ServerError: The server sent an error instead.
            WireError: The frame breaks the format, or its actions are no finite (H, n).
        """
        _check_size(frame, "reply")
        fields = _object(frame, MAX_REPLY_BYTES, "reply")
        _check_keys(frame, fields)
        if fields.get("success") is not True:
            if "error" in fields or fields.get("success") is False:
                raise server_error(fields.get("error") or "", open=True)
            raise WireError(f"the reply says neither success nor error; it holds {kinds(fields)}")
        rest = {key: value for key, value in fields.items() if key not in ("success", "actions")}
        return Reply(checked_actions(numbers(fields.get("actions"), "actions")), fields=rest)

    def reset_request(self, fields: Fields) -> str:
        """Refuse: this protocol has no reset.

        Raises:
            WireError: Always.
        """
        raise WireError(_NO_RESET)

    def check_reset(self, frame: str | bytes) -> None:
        """Refuse: this protocol has no reset.

        Raises:
            WireError: Always.
        """
        raise WireError(_NO_RESET)


def _is_picture(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 3 and value.size > 0


def _plain(value: Any) -> Any:
    if _is_picture(value):
        return HOLE
    if isinstance(value, np.ndarray) and value.dtype == np.uint8:
        return np.ascontiguousarray(value, dtype=np.float32) / np.float32(255.0)
    return np.ascontiguousarray(value) if isinstance(value, np.ndarray) else value


def _check_size(frame: str | bytes, what: str) -> None:
    """Refuse what would grow to many times its size when it is read; text within counts too."""
    if len(frame) > MAX_REPLY_BYTES:
        raise WireError(f"the {what} has {len(frame)} bytes, at most {MAX_REPLY_BYTES} are read")
    if isinstance(frame, str):
        lists, items = frame.count("[") + frame.count("{"), frame.count(",")
    else:
        lists, items = frame.count(b"[") + frame.count(b"{"), frame.count(b",")
    if lists > MAX_REPLY_LISTS or items > MAX_REPLY_ITEMS:
        raise WireError(
            f"the {what} has {lists} lists and {items} items, at most {MAX_REPLY_LISTS} and {MAX_REPLY_ITEMS} are read"
        )


def _check_keys(frame: str | bytes, fields: dict[str, Any]) -> None:
    """Refuse an object that has the same key twice, of which a JSON parser keeps either one.

    As many colons as keys at the top can't hold a second key of any name; only other frames are read once more.
    """
    colons = frame.count(":") if isinstance(frame, str) else frame.count(b":")
    if colons == len(fields):
        return
    try:
        json.loads(frame, object_pairs_hook=_without_repeats)
    except WireError:
        raise
    except (ValueError, RecursionError) as error:
        raise WireError("the reply is not JSON, or nested too deep") from error


def _without_repeats(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise WireError("the reply has the same key twice")


def _object(frame: str | bytes, max_bytes: int, what: str) -> dict[str, Any]:
    if len(frame) > max_bytes:
        raise WireError(f"the {what} has {len(frame)} bytes, at most {max_bytes} are read")
    try:
        value = orjson.loads(frame)
    except orjson.JSONDecodeError as error:
        raise WireError(f"the {what} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise WireError(f"the {what} is a {type(value).__name__}, expected an object")
    return cast("dict[str, Any]", value)


def numbers(value: Any, what: str) -> NDArray[np.float64]:
    """Return nested JSON lists of numbers as an array.

    Args:
        value: Lists of lists of numbers, all of the same length on each level.
        what: How the value is called in messages.

    Raises:
        WireError: It is anything else.
    """
    if not isinstance(value, list):
        raise WireError(f"the {what} are a {type(value).__name__}, expected a list of lists of numbers")
    # The items are looked at before numpy is: one long text among many numbers would make it allocate terabytes.
    level, shape = cast("list[Any]", value), [len(cast("list[Any]", value))]
    while level and isinstance(level[0], list):
        lengths = {len(item) if isinstance(item, list) else -1 for item in level}
        if len(lengths) != 1 or len(shape) == MAX_DIMENSIONS:
            raise WireError(f"the {what} have rows of different lengths or too many levels")
        shape.append(lengths.pop())
        level = [item for row in level for item in row]
    if not all(type(item) in (float, int) for item in level):
        raise WireError(f"the {what} hold something that is no number")
    return np.array(level, dtype=np.float64).reshape(shape)


def read_request(frame: str | bytes, max_bytes: int) -> Fields:
    """Read a request, on the server's side; images stay nested lists.

    Raises:
        WireError: The frame breaks the format.
    """
    fields = _object(frame, max_bytes, "request")
    observation = fields.get("observation")
    if fields.get("type") != "inference" or not isinstance(observation, dict):
        raise WireError("expected {'type': 'inference', 'observation': {…}}")
    return cast(Fields, observation)


def write_reply(actions: Actions) -> str:
    """Write a reply, on the server's side.

    Args:
        actions: (H, n), in the units of the wire.
    """
    payload = {"success": True, "actions": actions.astype(np.float64).tolist()}
    return orjson.dumps(payload).decode()


def write_error(words: str) -> str:
    """Write an error as a reply, on the server's side."""
    return orjson.dumps({"success": False, "error": words}).decode()
