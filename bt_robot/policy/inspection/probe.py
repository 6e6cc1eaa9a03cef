"""Asks a policy server without judging the answer, for whoever wants to look a server over."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from bt_robot.errors import PolicyRefused, UsageError
from bt_robot.messages import Actions, Image, Joints, LatencyParts
from bt_robot.policy.connection.access import Access
from bt_robot.policy.connection.announced import Announced, objections
from bt_robot.policy.connection.base import Opener, Timeouts
from bt_robot.policy.connection.failover import connect_patiently, open_servers
from bt_robot.policy.dialect.fields import actions_from_wire, request_fields
from bt_robot.policy.dialect.images import picture
from bt_robot.policy.dialect.profile import Profile
from bt_robot.policy.dialect.units import JointScale
from bt_robot.policy.wire.base import Fields

_EPISODE: Final = 0
_DELAY: Final = 4  # actions that a server is told to be on the way, to see whether it can continue a plan


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        images: The picture of each of the profile's cameras, (h, w, 3) uint8 RGB.
        state: A value for each of `state_names`, (m,) [rad, gripper 0 … 1; as it is for what is no joint].
        prompt: What to do.
    """

    images: Mapping[str, Image]
    state: Joints
    prompt: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer, as it came.

    Attributes:
        wire: (H, m) finite numbers in the server's units; H and m need not be what the profile says.
        latency_s: From the pictures to the answer [s].
        parts: Where that time went.
        fields: Everything else that the server said, by wire key.
        sent_bytes: What the pictures of the request have on the wire, before any framing.
    """

    wire: Actions
    latency_s: float
    parts: LatencyParts
    fields: Fields
    sent_bytes: int


def state_names(profile: Profile) -> tuple[str, ...]:
    """Return what a profile's state holds, in the order of the wire; not all of it needs to be joints."""
    return tuple(dict.fromkeys(name for _, names, _ in profile.state_joints() for name in names))


class Probe:
    """Asks one of some servers and waits; one thread uses it."""

    def __init__(
        self,
        profile: Profile,
        urls: Sequence[str],
        timeouts: Timeouts,
        access: Access,
        *,
        jpeg_quality: int | None = None,
        ranges_rad: tuple[Joints, Joints] | None = None,
        openers: Mapping[str, Opener] = MappingProxyType({}),
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            profile: The servers' dialect.
            urls: Where they are, the preferred one first.
            timeouts: How long to wait.
            access: The API key and what is trusted.
            jpeg_quality: Send pictures as JPEG files of this quality, 1 … 100; as pixels by default.
            ranges_rad: The low and the high end of each joint, (n,) each in the profile's order.
            openers: What connects to URLs of other schemes than ws and wss.

        Raises:
            UsageError: The unit needs ranges and there are none, or the CA file can't be used.
        """
        lower, upper = ranges_rad or (None, None)
        try:
            self.scale = JointScale(profile.joint_unit, profile.gripper, profile.grippers, lower, upper)
        except ValueError as error:
            raise UsageError(f"{error}, and the config's robot has other joints than the profile") from error
        self.profile = profile
        self.announced: Fields | None = None
        """What the last server announced, also one that a run would refuse; None before any did."""
        self.objections: tuple[str, ...] = ()
        """Why a run would refuse what was announced; asking goes on all the same, to find out what else is wrong."""
        self.sent: Fields | None = None
        """The last request by wire key; None before any was made."""
        self._admission = Announced(profile)
        self._jpeg_quality = jpeg_quality
        self._timeouts = timeouts
        self._servers = open_servers(profile, urls, timeouts, access, admit=self._admit, openers=openers)

    def _admit(self, url: str, announced: Fields) -> None:
        self.announced = announced
        words = [*objections(announced, self.profile)]
        if not words:
            try:
                self._admission.admit(url, announced)
            except PolicyRefused as error:  # another server than before
                words = [str(error)]
        self.objections = tuple(dict.fromkeys((*self.objections, *words)))

    @property
    def url(self) -> str:
        """The server in use."""
        return self._servers.url

    def connect(self) -> None:
        """Connect.

        Raises:
            PolicyError: There is no server, within `timeouts.start_wait_s`.
            PolicyRefused: It can't be connected to like this, e.g. without a key.
        """
        connect_patiently(self._servers, self._timeouts.start_wait_s)

    def joints(self, state: Joints) -> Joints:
        """Return the values of the profile's joints in a state, (n,); NaN for a joint that the state does not hold."""
        found = dict(zip(state_names(self.profile), state, strict=True))
        return np.array([found.get(joint, np.nan) for joint in self.profile.joints])

    def ask(self, question: Question, leftover: Actions | None = None) -> Sample:
        """Ask and wait for the answer; connects if needed.

        Args:
            question: What is asked.
            leftover: Actions as the server sent them, which it shall continue, (k, m) with k > 0.

        Raises:
            PolicyError: There is no usable answer.
            PolicyRefused: The server can't be connected to again.
        """
        began_s = time.perf_counter()
        profile = self.profile
        pictures = {
            camera: picture(
                question.images[camera],
                profile.image_height,
                profile.image_width,
                profile.image_layout,
                self._jpeg_quality,
            )
            for camera in profile.images
        }
        fields = request_fields(profile, pictures, self._on_the_wire(question.state), question.prompt)
        if leftover is not None and profile.rtc is not None:
            planned = self._targets(leftover, question.state)
            fields.update(
                profile.rtc.fields(planned, min(_DELAY, len(planned)), profile.execute_steps, profile.horizon)
            )
        self.sent = fields
        asked_s = time.perf_counter()
        reply = self._servers.ask(fields, _EPISODE)
        latency_s = time.perf_counter() - began_s
        network_s = max(0.0, reply.round_trip_s - (reply.server_s or 0.0))
        parts = LatencyParts(asked_s - began_s, reply.encode_s, network_s, reply.server_s, reply.decode_s)
        size = sum(len(one) if isinstance(one, bytes) else one.nbytes for one in pictures.values())
        return Sample(reply.actions, latency_s, parts, reply.fields, size)

    def _targets(self, wire: Actions, state: Joints) -> Actions:
        """Return actions as the wire's joint targets, (k, m), whatever kind they are of."""
        if self.profile.action_kind != "relative":
            return wire
        count = len(self.profile.joints)
        targets = actions_from_wire(self.profile, self.scale, wire[:, :count], self.joints(state))
        return np.concatenate([self.scale.to_wire(targets), wire[:, count:]], axis=1)

    def _on_the_wire(self, state: Joints) -> dict[str, float]:
        values = dict(zip(state_names(self.profile), (float(value) for value in state), strict=True))
        wire = self.scale.to_wire(self.joints(state))
        return values | {
            joint: float(value) for joint, value in zip(self.profile.joints, wire, strict=True) if joint in values
        }

    def close(self) -> None:
        """Hang up; allowed at any time, any number of times."""
        self._servers.close()
