"""The server's side of a profile: requests to questions, plans to actions on the wire, pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bt_robot.arm.so101 import GRIPPER, JOINT_NAMES, LOWER, UPPER
from bt_robot.errors import WireError
from bt_robot.messages import Actions, Joints
from bt_robot.policy.dialect.pace import Pace
from bt_robot.policy.dialect.profile import Profile
from bt_robot.policy.dialect.rtc import RtcDialect
from bt_robot.policy.dialect.units import JointScale
from bt_robot.policy.wire.base import REQUEST_ID, Fields
from bt_robot.standin.guidance import Prefix
from bt_robot.standin.requests import Question, field, fitted, inner, number, only, pixels, state, text

PLAN_HZ: Final = 30.0
"""The rate at which the stand-in plans."""

_ALWAYS_ALLOWED: Final = (REQUEST_ID, "endpoint", "session_id")  # clients may send these to every server of the family


@dataclass(frozen=True, slots=True)
class Request:
    """A request, read.

    Attributes:
        question: What is asked.
        prefix: The plan to continue; None without one.
        request_id: What the client calls it; None if it does not.
    """

    question: Question
    prefix: Prefix | None = None
    request_id: Any = None


class ServerDialect:
    """Reads and writes as a server that a profile describes.

    Attributes:
        profile: The profile.
        plan_steps: How many steps, at 30 Hz, a plan needs for a chunk.
    """

    def __init__(self, profile: Profile) -> None:
        """Prepare for an SO-101.

        Raises:
            ValueError: The profile is for another robot.
        """
        if sorted(profile.joints) != sorted(JOINT_NAMES):
            raise ValueError(
                f"the profile's joints are {', '.join(profile.joints)}; the stand-in moves an SO-101:"
                f" {', '.join(JOINT_NAMES)}"
            )
        known = {name for _, names, _ in profile.state_joints() for name in names}
        if known != set(JOINT_NAMES):
            odd = ", ".join(sorted(known ^ set(JOINT_NAMES)))
            raise ValueError(f"state_key must hold each of the SO-101's joints once, and nothing else; see: {odd}")
        self.profile = profile
        self.plan_steps = math.ceil((profile.horizon - 1) * PLAN_HZ / profile.rate_hz) + 1
        self._order = [JOINT_NAMES.index(name) for name in profile.joints]
        self._pace = Pace.of(PLAN_HZ, profile.rate_hz)
        # What the state says of the gripper is measured; only actions tell no more than open from shut.
        gripper = replace(profile.gripper, binary=False)
        grippers = [index == GRIPPER for index in range(len(JOINT_NAMES))]
        self._scale = JointScale(profile.joint_unit, gripper, grippers, LOWER, UPPER)

    def read(self, fields: Fields) -> Request:
        """Read a request.

        Raises:
            WireError: Something is missing, unexpected, or of the wrong shape, type or range.
        """
        profile = self.profile
        observation = inner(fields, profile.wrap_key)
        known = [*self._keys(), *(() if profile.wrap_key else (*_ALWAYS_ALLOWED, *self._rtc_keys()))]
        only(observation, known)
        if profile.wrap_key:
            only(fields, (profile.wrap_key, *_ALWAYS_ALLOWED, *self._rtc_keys()))
        pictures = inner(observation, profile.images_under)
        if profile.images_under:
            only(pictures, self._image_keys(), f"'{profile.images_under}'")
        seen = {key: pixels(field(pictures, key), key, profile) for key in self._image_keys()}
        camera = "front" if "front" in profile.images else next(iter(profile.images))
        question = Question(
            fitted(seen[profile.image_keys(camera)[0]]),
            self._joints(observation),
            text(field(observation, profile.prompt_key), profile.prompt_key),
        )
        return Request(question, self._prefix(fields), fields.get(REQUEST_ID))

    def write(self, targets: Actions, observed: Joints) -> NDArray[np.float64]:
        """Return actions in the wire's units, order and columns, (horizon, columns).

        Args:
            targets: Joint targets at the profile's rate, (horizon, 6) rad.
            observed: The joints of the request, (6,) rad.
        """
        profile = self.profile
        wire = np.zeros((profile.horizon, profile.columns))
        wire[:, : len(self._order)] = self._values(targets, observed)[:, self._order]
        return wire

    def _values(self, targets: Actions, observed: Joints) -> Actions:
        kind = self.profile.action_kind
        if kind == "absolute":
            return self._scale.to_wire(targets)
        offsets = targets - observed if kind == "relative" else np.diff(targets, axis=0, prepend=observed[None, :])
        if kind == "velocity":
            offsets = offsets * (self.profile.rate_hz / self.profile.velocity_scale)
        offsets[:, GRIPPER] = targets[:, GRIPPER]
        return self._scale.differences_to_wire(offsets)

    def at_rate(self, planned: Actions) -> Actions:
        """Return a plan at 30 Hz, (plan_steps, 6), as targets at the profile's rate, (horizon, 6)."""
        return self._pace.spread_targets(planned)[: self.profile.horizon]

    def _keys(self) -> Iterator[str]:
        profile = self.profile
        yield from (profile.images_under,) if profile.images_under else self._image_keys()
        yield from (key for key, _, _ in profile.state_joints())
        yield profile.prompt_key

    def _image_keys(self) -> list[str]:
        return [key for camera in self.profile.images for key in self.profile.image_keys(camera)]

    def _joints(self, observation: Fields) -> Joints:
        values = np.empty(len(JOINT_NAMES))
        for key, names, bare in self.profile.state_joints():
            found = field(observation, key)
            where = [JOINT_NAMES.index(name) for name in names]
            values[where] = number(found, key) if bare else state(found, key, len(names))
        return self._scale.from_wire(values)

    def _rtc_keys(self) -> tuple[str, ...]:
        rtc = self.profile.rtc
        if rtc is None:
            return ()
        return (rtc.key,) if rtc.key else _rtc_parts(rtc)

    def _prefix(self, fields: Fields) -> Prefix | None:
        rtc = self.profile.rtc
        if rtc is None or (rtc.key or rtc.prev_actions) not in fields:
            return None
        parts = inner(fields, rtc.key)
        if rtc.key:
            only(parts, _rtc_parts(rtc), f"'{rtc.key}'")
        horizon, expected = self.profile.horizon, (self.profile.horizon, self.profile.columns)
        wire = field(parts, rtc.prev_actions)
        if not isinstance(wire, np.ndarray) or wire.shape != expected or not np.isfinite(wire).all():
            raise WireError(f"'{rtc.prev_actions}' is not {expected} finite numbers (horizon, columns)")
        order = np.argsort(self._order)
        actions = self._scale.from_wire(wire[:, : len(self._order)].astype(np.float64)[:, order])
        valid = _count(parts, rtc.valid_steps, horizon, horizon)
        delay = _count(parts, rtc.inference_delay, 0, valid)
        return Prefix(actions, valid, delay, _count(parts, rtc.execution_horizon, horizon - valid, horizon))


def _rtc_parts(rtc: RtcDialect) -> tuple[str, ...]:
    named = (rtc.prev_actions, rtc.valid_steps, rtc.inference_delay, rtc.execution_horizon)
    return (*(name for name in named if name), *rtc.constants)


def _count(parts: Fields, key: str, default: int, highest: int) -> int:
    if not key:
        return default
    value = field(parts, key)
    if type(value) is not int or not 0 <= value <= highest:
        raise WireError(f"'{key}' is {value!r:.40}, expected a whole number from 0 to {highest}")
    return value
