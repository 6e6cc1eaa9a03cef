"""The JSON protocol: images as nested floats in [0, 1], one number per joint, actions as nested lists.

A request is `{"type": "inference", "observation": {…}}`, the reply `{"success": true, "actions": [[…], …]}` or
`{"success": false, "error": "…"}`. The server sends nothing before the first request. Two pictures of 224 x 224
are 2.9 MB of text: OpenPI's protocol says the same in 0.3 MB.
"""

from __future__ import annotations

from typing import Any, Final, cast

import numpy as np
import orjson
from numpy.typing import NDArray

from bt_robot.errors import ServerError, WireError
from bt_robot.messages import Actions
from bt_robot.policy.wire.base import Fields, Reply
from bt_robot.policy.wire.checks import checked_actions, kinds, server_words

MAX_REPLY_BYTES: Final = 4_000_000
MAX_DIMENSIONS: Final = 3


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
            return orjson.dumps(payload, option=orjson.OPT_SERIALIZE_NUMPY).decode()
        except orjson.JSONEncodeError as error:
            raise WireError(f"can't be written as JSON: {error}") from error

    def reply(self, frame: str | bytes) -> Reply:
        """Read the answer to a request.

        Raises:
            ServerError: The server sent an error instead.
            WireError: The frame breaks the format, or its actions are no finite (H, n).
        """
        fields = _object(frame, MAX_REPLY_BYTES, "reply")
        if fields.get("success") is not True:
            if "error" in fields or fields.get("success") is False:
                raise ServerError(f"the policy server reports: {server_words(str(fields.get('error') or ''))}")
            raise WireError(f"the reply says neither success nor error; it holds {kinds(fields)}")
        return Reply(checked_actions(numbers(fields.get("actions"), "actions")))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype == np.uint8:
        return np.ascontiguousarray(value, dtype=np.float32) / np.float32(255.0)
    return np.ascontiguousarray(value) if isinstance(value, np.ndarray) else value


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
