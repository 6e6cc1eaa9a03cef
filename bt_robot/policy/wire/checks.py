"""Checks that every wire format shares."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from bt_robot.errors import ServerError, WireError

MAX_ERROR_CHARS = 300
_MAX_KEYS = 20
_TRACEBACK = "Traceback (most recent call last):"


def escape(text: str) -> str:
    """Return text with every character that could drive a terminal written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _shortened(line: str, limit: int) -> str:
    return line if len(line) <= limit else line[: limit - 1] + "…"


def server_words(text: str) -> str:
    """Return the first and the last line of a server's error, safe to print and at most 300 characters long.

    The line that opens every Python traceback says nothing and is left out.
    """
    # A megabyte of text has its telling lines at its ends; the middle is never looked at.
    ends = text if len(text) <= 20_000 else text[:10_000] + "\n" + text[-10_000:]
    lines = [line.strip() for line in ends.splitlines()]
    lines = [line for line in lines if line and line != _TRACEBACK and not line.startswith("File ")]
    if not lines:
        return "an error without words"
    first, last = escape(lines[0]), escape(lines[-1])
    if text.lstrip().startswith(_TRACEBACK) or first == last:
        return _shortened(last, MAX_ERROR_CHARS)
    half = MAX_ERROR_CHARS // 2 - 2
    return f"{_shortened(first, half)} … {_shortened(last, half)}"


def server_error(said: object, *, open: bool = False) -> ServerError:
    """Return the error for what a server said instead of actions.

    Args:
        said: Its words; of a map the ones under `message`.
        open: Whether it goes on answering on this connection.
    """
    if isinstance(said, Mapping):
        said = cast("Mapping[object, object]", said).get("message", said)
    if isinstance(said, bytes):
        said = said[:MAX_ERROR_CHARS].decode(errors="replace")
    # Writing out lists and maps of a stranger could take seconds.
    words = server_words(said) if isinstance(said, str) else f"an error that is a {type(said).__name__}"
    return ServerError(f"the policy server reports: {words}", open=open)


def checked_actions(array: NDArray[Any]) -> NDArray[np.float64]:
    """Return an array from the wire as actions, (H, n) float64, in memory of its own.

    A leading batch of one is taken off.

    Raises:
        WireError: It is no array of finite floating-point numbers with two dimensions.
    """
    if array.dtype.kind != "f":
        raise WireError(f"the actions are {array.dtype.name}, expected floating-point numbers")
    if array.ndim == 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim != 2:
        raise WireError(f"the actions have shape {array.shape}, expected (horizon, joints)")
    if 0 in array.shape:
        raise WireError(f"the actions have shape {array.shape}: there are none")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        row, column = (int(i) for i in bad[0])
        raise WireError(f"the actions hold {array[row, column]} at step {row}, joint {column}; all must be finite")
    return np.array(array, dtype=np.float64)


def duration_s(value: Any) -> float | None:
    """Return a duration in milliseconds from the wire as seconds; None unless it is a sensible number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
        return float(value) / 1000.0
    return None


def kinds(names: Iterable[object]) -> str:
    """Return the keys of a message for an error text, shortened and safe to print."""
    first = [_shortened(str(name), 120) for name in islice(names, _MAX_KEYS)]
    return _shortened(escape(", ".join(first)) or "nothing", 120)
