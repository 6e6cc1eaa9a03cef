"""What clients send to the stand-in server, as one question whichever dialect they speak."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from bt_robot.errors import WireError
from bt_robot.messages import Image, Joints
from bt_robot.policy.dialect.images import resize_with_pad
from bt_robot.policy.dialect.profile import Profile
from bt_robot.policy.wire.base import Fields
from bt_robot.policy.wire.checks import escape, kinds
from bt_robot.policy.wire.json_protocol import numbers

SIDE_PX: Final = 224
MAX_SIDE_PX: Final = 4096
_CHANNELS: Final = 3
_MARKER: Final = 0xFF
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # the segments that hold a picture's size


@dataclass(frozen=True, slots=True)
class Question:
    """One request.

    Attributes:
        front: The fixed camera's picture, (224, 224, 3) RGB.
        joints: The measured positions, (6,) rad, gripper 0 … 1.
        prompt: What to do.
    """

    front: Image
    joints: Joints
    prompt: str

    @property
    def fingerprint(self) -> int:
        """A number that is the same for the same question, whoever asks and whenever."""
        digest = hashlib.blake2b(digest_size=8)
        for part in (self.front.tobytes(), self.joints.tobytes(), self.prompt.encode()):
            digest.update(part)
        return int.from_bytes(digest.digest(), "big")


def field(fields: Fields, key: str) -> Any:
    """Return what a request holds under a key.

    Raises:
        WireError: It is not there.
    """
    if key not in fields:
        raise WireError(f"the request lacks '{key}'; it holds {kinds(fields)}")
    return fields[key]


def inner(fields: Fields, key: str) -> Fields:
    """Return the map that a request holds under a key; an empty key is the request itself.

    Raises:
        WireError: It is not there, or no map.
    """
    value = field(fields, key) if key else fields
    if not isinstance(value, Mapping):
        raise WireError(f"'{key}' is {_found(value)}, expected a map")
    return cast(Fields, value)


def only(fields: Fields, known: Iterable[str], place: str = "the request") -> None:
    """Refuse keys that the dialect does not know.

    Raises:
        WireError: There is one.
    """
    known = tuple(known)
    unknown = [key for key in fields if key not in known]
    if unknown:
        raise WireError(
            f"{place} holds '{escape(unknown[0])}', which the profile does not know; it knows {kinds(known)}"
        )


def pixels(value: Any, key: str, profile: Profile) -> Image:
    """Read a picture in a profile's form, as (height, width, 3) RGB.

    Raises:
        WireError: It has another form.
    """
    if isinstance(value, bytes) and profile.decodes_jpeg:
        return _decoded(value, key)
    if profile.protocol == "json":
        value = _from_floats(value, key)
    axis = 2 if profile.image_layout == "hwc" else 0
    shape = "(height, width, 3)" if axis else "(3, height, width)"
    if (
        not isinstance(value, np.ndarray)
        or value.dtype != np.uint8
        or value.ndim != 3
        or value.shape[axis] != _CHANNELS
    ):
        raise WireError(f"'{key}' is {_found(value)}, expected uint8 {shape}")
    if 0 in value.shape:
        raise WireError(f"'{key}' is empty")
    return value if axis else np.ascontiguousarray(value.transpose(1, 2, 0))


def fitted(image: Image) -> Image:
    """Return a picture in the size that is looked at."""
    return resize_with_pad(image, SIDE_PX, SIDE_PX)


def state(value: Any, key: str, size: int) -> NDArray[np.float64]:
    """Read a joint vector of a length.

    Raises:
        WireError: It is something else.
    """
    found = numbers(value, f"numbers of '{key}'") if isinstance(value, list) else value
    if (
        not isinstance(found, np.ndarray)
        or found.shape != (size,)
        or found.dtype.kind != "f"
        or not np.isfinite(found).all()
    ):
        raise WireError(f"'{key}' is {_found(found)}, expected {size} finite numbers")
    return found.astype(np.float64)


def number(value: Any, key: str) -> float:
    """Read a single number.

    Raises:
        WireError: It is something else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
        raise WireError(f"'{key}' is {_found(value)}, expected a finite number")
    return float(value)


def text(value: Any, key: str) -> str:
    """Read a text.

    Raises:
        WireError: It is something else.
    """
    if not isinstance(value, str):
        raise WireError(f"'{key}' is {_found(value)}, expected text")
    return value


def _found(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    return f"a {type(value).__name__}"


def _from_floats(value: Any, key: str) -> Image:
    floats = numbers(value, f"pixels of '{key}'")
    if not ((floats >= 0.0) & (floats <= 1.0)).all():
        raise WireError(f"'{key}' holds pixels outside 0 … 1")
    return np.rint(floats * 255.0).astype(np.uint8)


def _decoded(file: bytes, key: str) -> Image:
    size = _jpeg_size(file)
    if size is None:
        raise WireError(f"'{key}' has {len(file)} bytes that are no JPEG file")
    if max(size) > MAX_SIDE_PX or 0 in size:
        raise WireError(f"'{key}' is a JPEG file of {size} pixels, expected 1 to {MAX_SIDE_PX} a side")
    try:
        image: Any = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        image = None
    if image is None:
        raise WireError(f"'{key}' is a JPEG file that can't be decoded")
    return np.asarray(image, dtype=np.uint8)


def _jpeg_size(file: bytes) -> tuple[int, int] | None:
    """Return height and width as a JPEG file's header has them, before anything is allocated (ITU-T T.81, B.2.2)."""
    if file[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(file) and file[at] == _MARKER:
        kind, length = file[at + 1], int.from_bytes(file[at + 2 : at + 4], "big")
        if kind in _FRAMES:
            return int.from_bytes(file[at + 5 : at + 7], "big"), int.from_bytes(file[at + 7 : at + 9], "big")
        at += 2 + max(2, length)
    return None
