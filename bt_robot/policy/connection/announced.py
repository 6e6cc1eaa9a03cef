"""What servers announce about themselves, held against the profile and against what they announced before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import numpy as np

from bt_robot.errors import PolicyRefused
from bt_robot.policy.connection.manners import manners_of
from bt_robot.policy.dialect.profile import Profile
from bt_robot.policy.wire.base import Fields
from bt_robot.policy.wire.checks import escape

_ACTION_SPACES: Final = {
    "absolute": ("joint_position",),
    "velocity": ("joint_velocity",),
    "relative": ("joint_position",),
    "delta": ("joint_position", "joint_velocity"),
}
"""RoboArena's names for what an action is, by our kind of action; other names are not known and not compared."""
_KNOWN_SPACES: Final = ("joint_position", "joint_velocity", "cartesian_position", "cartesian_velocity")


class Announced:
    """Remembers what each server announced first, to know one that came back as another."""

    def __init__(self, profile: Profile) -> None:
        """Nothing has been announced yet.

        Args:
            profile: What the servers have to agree with.
        """
        self._profile = profile
        self._first: dict[str, Fields] = {}

    def admit(self, url: str, announced: Fields) -> None:
        """Accept a server, or refuse it.

        Args:
            url: Where it is.
            announced: What it said about itself on this connection.

        Raises:
            PolicyRefused: It is not what the profile declares, or not what it was when it was first connected to.
        """
        check_metadata(announced, self._profile)
        lasting = {key: value for key, value in announced.items() if key not in self._profile.volatile_metadata}
        first = self._first.setdefault(url, lasting)
        # Another value says more about another model than a key that came or went.
        keys = sorted({**first, **lasting}, key=lambda key: not (key in first and key in lasting))
        other = [key for key in keys if not _same(first.get(key, _ABSENT), lasting.get(key, _ABSENT))]
        if other:
            key, more = other[0], f" (and {len(other) - 1} more)" if len(other) > 1 else ""
            raise PolicyRefused(
                f"the server announces {escape(str(key))}: {_shown(lasting.get(key, _ABSENT))}, at first it was"
                f" {_shown(first.get(key, _ABSENT))}{more}: has it been restarted with another model? Start anew to use"
                " it, or list the key under volatile_metadata in the profile if it means nothing"
            )


def differing_keys(one: Fields, other: Fields) -> tuple[str, ...]:
    """Return the keys under which two servers announce different things, fit to be printed."""
    keys = dict.fromkeys([*one, *other])
    return tuple(escape(str(key)) for key in keys if not _same(one.get(key, _ABSENT), other.get(key, _ABSENT)))


class _Absent:
    def __repr__(self) -> str:
        return "absent"


_ABSENT: Final = _Absent()


def _same(one: Any, other: Any) -> bool:
    """Return whether two values from the wire are equal, arrays included; their nesting is bounded by the decoder."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return type(one) is type(other) and one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        mine, others = cast("dict[Any, Any]", one), cast("dict[Any, Any]", other)
        return mine.keys() == others.keys() and all(_same(value, others[key]) for key, value in mine.items())
    if isinstance(one, list) and isinstance(other, list):
        mine, others = cast("list[Any]", one), cast("list[Any]", other)
        return len(mine) == len(others) and all(_same(a, b) for a, b in zip(mine, others, strict=True))
    return type(one) is type(other) and (one == other or (one != one and other != other))


def check_metadata(announced: Fields, profile: Profile) -> None:
    """Compare what a server announces with a profile.

    Everything the profile lists under `metadata` must be announced as listed. What RoboArena's, vLLM-Omni's and
    SGLang's servers announce must agree with the profile where it is announced; what has another type than theirs
    means something else and is passed over.

    Raises:
        PolicyRefused: Something differs; the words hold both values.
    """
    for words in objections(announced, profile):
        raise PolicyRefused(words)


def objections(announced: Fields, profile: Profile) -> Iterator[str]:
    """Yield each thing in which what a server announces differs from a profile, as `check_metadata` tells the first."""
    for key, expected in profile.metadata.items():
        if key not in announced:
            yield f"the server does not announce '{key}', expected {expected!r}: another server?"
            continue
        found = announced[key]
        if not isinstance(found, (bool, int, float, str)) or found != expected:
            yield f"the server announces {key}: {_shown(found)}, expected {expected!r}"
    yield from _differences(announced, profile)


def _differences(announced: Fields, profile: Profile) -> Iterator[str]:
    inputs, outputs = _map(announced.get("input")), _map(announced.get("output"))
    for where, fields in (("", announced), ("output.", outputs)):
        for key, expected in (("action_horizon", profile.horizon), ("action_dim", profile.columns)):
            if type(fields.get(key)) is int and fields[key] != expected:
                yield f"the server announces {where}{key}: {fields[key]}, the profile has {expected}"
    most = announced.get("max_action_horizon")
    if type(most) is int and most < profile.horizon:
        yield f"the server announces max_action_horizon: {most}, the profile has a horizon of {profile.horizon}"
    yield from _pictures("image_keys", announced.get("image_keys"), profile)
    yield from _pictures("input.image_keys", inputs.get("image_keys"), profile)
    yield from _size("image_resolution", announced.get("image_resolution"), profile)
    yield from _size("input.image_size", inputs.get("image_size"), profile)
    most, sent = inputs.get("state_dim"), sum(len(joints) for _, joints, _ in profile.state_joints())
    if type(most) is int and most < sent:  # more are filled with zeros by the server
        yield f"the server announces input.state_dim: {most}, the profile sends {sent} values"
    space, spaces = announced.get("action_space"), _ACTION_SPACES[profile.action_kind]
    known = isinstance(space, str) and space in _KNOWN_SPACES
    if known and space not in spaces and profile.joint_unit != "raw":
        fitting = " or ".join(spaces)
        yield f"the server announces action_space: {space}, the profile's {profile.action_kind} actions are {fitting}"
    if announced.get("needs_session_id") is True and not manners_of(profile).has_sessions:
        yield (
            f"the server announces needs_session_id: True, the profile's protocol {profile.protocol} has no sessions;"
            " set reset: session in the profile, or protocol: roboarena or vllm_omni"
        )


def _map(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _pictures(name: str, keys: object, profile: Profile) -> Iterator[str]:
    """Yield what is wrong if a picture that is sent is none the server knows, by its whole key or the last part."""
    if not isinstance(keys, (list, tuple)):
        return
    known = {str(key) for key in cast("list[object]", keys)}
    sent = sorted({key for camera in profile.images for key in profile.image_keys(camera)})
    if not all(key in known or key.replace("/", ".").rpartition(".")[2] in known for key in sent):
        found, wanted = _shown([*cast("list[object]", keys)]), ", ".join(sent)
        yield f"the server announces {name}: {found}, the profile sends {wanted}"


def _size(name: str, size: object, profile: Profile) -> Iterator[str]:
    """Yield what is wrong if the pictures that are sent do not have the announced height and width."""
    found: list[object] = [size, size] if type(size) is int else []
    if isinstance(size, (list, tuple)):
        found = list(cast("list[object]", size))
    if len(found) != 2 or any(type(side) is not int for side in found):
        return
    if found != [profile.image_height, profile.image_width]:
        sent = [profile.image_height, profile.image_width]
        yield f"the server announces {name}: {_shown(size)}, the profile sends {sent} (height, width)"


def _shown(value: object) -> str:
    text = escape(repr(value))
    return text if len(text) <= 120 else text[:117] + "..."
