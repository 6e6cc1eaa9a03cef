"""Which field of a profile a key belongs in that a server misses, guessed from the words of its error; pure."""

from __future__ import annotations

import re
from typing import Final

from bt_robot.policy.dialect.profile import Profile

_MISSING: Final = (
    re.compile(r"KeyError: (['\"])(?P<key>.{1,80}?)\1"),
    re.compile(
        r"\b(?:lacks|misses|missing|no|requires|expected|without)"
        r"(?: (?:a|an|the|key|field|input|required|argument))*:? (['\"])(?P<key>.{1,80}?)\1",
        re.IGNORECASE,
    ),
    re.compile(r"(['\"])(?P<key>.{1,80}?)\1 (?:is |was )?(?:missing|not found|not in|required)", re.IGNORECASE),
    re.compile(r"reports: (['\"])(?P<key>.{1,80}?)\1$"),
)
_WHOLE: Final = ("obs", "observation", "observations", "input", "inputs", "data", "batch")
_ALL_PICTURES: Final = ("images", "image", "cameras", "videos", "video")
_PICTURE: Final = re.compile(r"image|img|cam|rgb|pixel|picture|video|view|wrist_?\d*$|(^|[./_])(front|top|side)$")
_PROMPT: Final = re.compile(r"prompt|task|instruction|language|text|command")
_STATE: Final = re.compile(r"state|joint|pos|proprio|gripper|arm|motor|angle|(^|[./_])q$")


def missing_key(words: str) -> str | None:
    """Return the key that an error says is not there; None if it says no such thing."""
    for pattern in _MISSING:
        if found := pattern.search(words):
            return found["key"]
    return None


def hint(key: str, profile: Profile) -> str:
    """Return which line of a profile would send a key.

    Args:
        key: What the server misses.
        profile: What it was sent.
    """
    return f"the server misses '{key}': {_line(key, profile)}"


def _line(key: str, profile: Profile) -> str:
    name = key.lower()
    if name in _WHOLE and not profile.wrap_key:
        return f"if that is to hold the whole observation, try wrap_key: {key}"
    if name in _ALL_PICTURES and not profile.images_under:
        return f"if that is to hold all the pictures, try images_under: {key}"
    if _PICTURE.search(name):
        camera = next((camera for camera in profile.images if camera in name), next(iter(profile.images), "front"))
        return f"if that is a picture, try images: {{{camera}: {key}}}"
    if _PROMPT.search(name):
        return f"if that is the prompt, try prompt_key: {key}"
    if _STATE.search(name):
        return f"if that is the joints, try state_key: {key}"
    fields = "images, images_under, state_key, prompt_key or wrap_key"
    return f"which of the profile's keys is that? Write it under {fields}"
