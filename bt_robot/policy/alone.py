"""The policy link for someone who wants no tree and no robot of ours: ask a server, get actions."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from types import TracebackType
from typing import Self

import numpy as np

from bt_robot.errors import UsageError
from bt_robot.messages import Actions, Image, Joints, LatencyParts
from bt_robot.policy.connection.access import Access
from bt_robot.policy.connection.base import Timeouts
from bt_robot.policy.connection.failover import connect_patiently, open_servers
from bt_robot.policy.dialect.fields import actions_from_wire, check_shape, request_fields
from bt_robot.policy.dialect.images import picture
from bt_robot.policy.dialect.profile import ActionKind, Profile, load_profile
from bt_robot.policy.dialect.units import JointScale
from bt_robot.policy.wire.base import Fields


@dataclass(frozen=True, slots=True)
class Inference:
    """What a policy answered.

    Attributes:
        actions: (H, n), a row per action at the profile's rate, a column per joint in the profile's order [rad, gripper
            0 … 1]: joint targets, or for the kinds `delta` and `velocity` what an action adds to the one before, with
            the gripper's column a target nevertheless.
        kind: What the profile says that an action is; `relative` ones have become targets.
        latency_s: From the call to the checked actions [s].
        parts: Where that time went.
        fields: Everything else that the server said, by wire key.
    """

    actions: Actions
    kind: ActionKind
    latency_s: float
    parts: LatencyParts
    fields: Fields


class PolicyClient:
    """Asks a policy server, and waits for the answer; connects by itself, again whenever that is needed.

    ```
    with PolicyClient("ws://gpu:8000", profile="pi05_droid") as client:
        reply = client.infer({"camera": image}, state, "pick up the red block")
    ```

    One thread uses it. It knows no robot: where its actions lie is for the caller to judge before they are executed.
    """

    def __init__(
        self,
        url: str | Sequence[str],
        profile: str | PathLike[str] | Profile,
        *,
        timeouts: Timeouts | None = None,
        api_key_env: str = "",
        ca_file: str = "",
        jpeg_quality: int | None = None,
        ranges_rad: tuple[Joints, Joints] | None = None,
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            url: `ws://host:port` or `wss://…`; of several, the first that answers is used, the next when it is lost.
            profile: The server's dialect: a built-in profile's name, the path of a .yaml file, or a profile.
            timeouts: How long to wait.
            api_key_env: The environment variable that holds the server's API key.
            ca_file: A PEM file with the certificates to trust for wss://, besides the system's.
            jpeg_quality: Send pictures as JPEG files of this quality, 1 … 100; as pixels by default.
            ranges_rad: The low and the high end of each joint's range, (n,) each; the unit `range_100` needs them.

        Raises:
            LoadError: There is no such profile, or something is wrong in it.
            UsageError: The API key's variable is not set, or something does not fit the profile.
        """
        self._profile = profile if isinstance(profile, Profile) else load_profile(fspath(profile))
        if jpeg_quality is not None and not self._profile.decodes_jpeg:
            raise UsageError("jpeg_quality is given, but the profile does not say decodes_jpeg: true")
        lower, upper = ranges_rad or (None, None)
        try:
            self._scale = JointScale(
                self._profile.joint_unit, self._profile.gripper, self._profile.grippers, lower, upper
            )
        except ValueError as error:
            raise UsageError(f"{error}; give ranges_rad=(lower, upper)") from error
        self._jpeg_quality = jpeg_quality
        self._timeouts = timeouts or Timeouts()
        urls = (url,) if isinstance(url, str) else tuple(url)
        if not urls:
            raise UsageError("no URL is given; expected ws://host:port")
        access = Access.read(api_key_env, ca_file)
        self._servers = open_servers(self._profile, urls, self._timeouts, access)
        self._episode = 0

    @property
    def profile(self) -> Profile:
        """The server's dialect."""
        return self._profile

    @property
    def url(self) -> str:
        """The server in use."""
        return self._servers.url

    @property
    def metadata(self) -> Fields:
        """What the server in use announced about itself; empty before the first connection."""
        return self._servers.metadata

    def connect(self) -> Fields:
        """Connect now, and return what the server announces; `infer` does it too when it is needed.

        Raises:
            PolicyError: There is no server, within `timeouts.start_wait_s`.
            PolicyRefused: It is not what the profile declares.
        """
        connect_patiently(self._servers, self._timeouts.start_wait_s)
        return self.metadata

    def infer(self, images: Mapping[str, Image], state: Joints, prompt: str) -> Inference:
        """Ask for actions and wait for them.

        Args:
            images: The picture of each of the profile's cameras, (h, w, 3) uint8 RGB; it is resized as needed.
            state: The measured joints in the profile's order, (n,) [rad, gripper 0 … 1].
            prompt: What to do.

        Raises:
            UsageError: A picture or the state is not as described.
            PolicyError: There is no usable answer: the server can't be reached, was too slow, reported an error, or
                sent what must not be executed.
            PolicyRefused: The server is not what the profile declares.
        """
        began_s = time.perf_counter()
        if not prompt.strip():
            raise UsageError("the prompt is empty; expected what to do, in the words the policy was trained with")
        joints = self._checked(state)
        fields = self._request(images, joints, prompt)
        asked_s = time.perf_counter()
        reply = self._servers.ask(fields, self._episode)
        read_s = time.perf_counter()
        check_shape(self._profile, reply.actions)
        columns = reply.actions[:, : len(self._profile.joints)]
        actions = actions_from_wire(self._profile, self._scale, columns, joints)
        done_s = time.perf_counter()
        parts = LatencyParts(
            picture_s=asked_s - began_s,
            encode_s=reply.encode_s,
            network_s=max(0.0, reply.round_trip_s - (reply.server_s or 0.0)),
            server_s=reply.server_s,
            decode_s=reply.decode_s + done_s - read_s,
        )
        return Inference(actions, self._profile.action_kind, done_s - began_s, parts, reply.fields)

    def _checked(self, state: Joints) -> Joints:
        joints, names = np.asarray(state, dtype=np.float64), self._profile.joints
        if joints.shape != (len(names),) or not np.isfinite(joints).all():
            raise UsageError(
                f"the state is {np.array2string(joints, threshold=16)}; expected {len(names)} finite numbers,"
                f" one for each of {', '.join(names)}"
            )
        return joints

    def _request(self, images: Mapping[str, Image], joints: Joints, prompt: str) -> Fields:
        profile = self._profile
        missing = [camera for camera in profile.images if camera not in images]
        if missing:
            given = ", ".join(images) or "none"
            raise UsageError(f"the profile wants a picture of '{missing[0]}'; given: {given}")
        pictures = {
            camera: picture(
                _checked_image(images[camera], camera),
                profile.image_height,
                profile.image_width,
                profile.image_layout,
                self._jpeg_quality,
            )
            for camera in profile.images
        }
        values = self._scale.to_wire(joints)
        return request_fields(profile, pictures, dict(zip(profile.joints, values, strict=True)), prompt)

    def reset(self) -> None:
        """Begin a new episode: a server with a memory forgets the last one before the next answer."""
        self._episode += 1

    def close(self) -> None:
        """Hang up; allowed at any time, any number of times. The next `infer` connects again."""
        self._servers.close()

    def __enter__(self) -> Self:
        """Connect."""
        try:
            self.connect()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up."""
        self.close()


def _checked_image(image: Image, camera: str) -> Image:
    pixels = np.asarray(image)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise UsageError(
            f"the picture of '{camera}' is {pixels.dtype} {pixels.shape}; expected uint8 (height, width, 3), RGB"
        )
    return pixels
