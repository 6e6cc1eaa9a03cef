"""How each family of servers greets, answers, complains and hangs up, pure.

Read from the sources of the servers that call themselves OpenPI-compatible, as of 2026: robo-arena/roboarena
`policy_server.py`, vllm-omni `entrypoints/openpi`, sglang `runtime/entrypoints/action`.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from bt_robot.errors import WireError
from bt_robot.policy.dialect.profile import Profile
from bt_robot.policy.wire import json_protocol, msgpack_numpy, openpi
from bt_robot.policy.wire.base import REQUEST_ID, Fields
from bt_robot.standin.requests import field

JSON_PATH: Final = "/json"
SERVER_NAME: Final = "bt_robot standin"
MAX_REQUEST_BYTES: Final = 16_000_000

Frame = str | bytes
Wire = NDArray[np.float64]


class Manners(Protocol):
    """How a server speaks.

    Attributes:
        paths: The URL paths that it answers on, the usual one first; empty for all.
        idle_s: It hangs up on a client that is silent for so long [s]; None for never.
        stays: Whether the connection stays open after an error.
    """

    paths: tuple[str, ...]
    idle_s: float | None
    stays: bool

    def greeting(self) -> Frame | None:
        """Return the first frame, sent before any request; None for none."""
        ...

    def read(self, frame: Frame) -> Fields:
        """Read a request.

        Raises:
            WireError: The frame breaks the format.
        """
        ...

    def aside(self, fields: Fields) -> Frame | None:
        """Return the answer to a request that asks for no actions; None for one that does."""
        ...

    def write(self, actions: Wire, infer_s: float, extra: Fields) -> Frame:
        """Write an answer: actions, (horizon, columns), the time they took [s], and what else there is to say."""
        ...

    def error(self, error: BaseException) -> Frame:
        """Write an error."""
        ...


class OpenPi:
    """openpi's `serve_policy.py`; says more about itself than the stock server, which announces nothing."""

    paths: tuple[str, ...] = ()
    idle_s: float | None = None
    stays = False

    def __init__(self, profile: Profile) -> None:
        """Speak as a profile says."""
        self._profile = profile

    def metadata(self) -> dict[str, Any]:
        """Return what the server says about itself."""
        profile = self._profile
        said: dict[str, Any] = {
            "server": SERVER_NAME,
            "action_horizon": profile.horizon,
            "action_dim": profile.columns,
            "image_keys": _image_keys(profile),
            "echoes": [REQUEST_ID],
            **({"decodes_jpeg": True} if profile.decodes_jpeg else {}),
        }
        if profile.rtc is not None and profile.rtc.announced_by:
            put(said, profile.rtc.announced_by, {"supported": True})
        return {**said, **profile.metadata}

    def greeting(self) -> Frame | None:
        """Return the metadata."""
        return msgpack_numpy.pack(self.metadata())

    def read(self, frame: Frame) -> Fields:
        """Read a msgpack map."""
        if isinstance(frame, str):
            raise WireError(f"a text frame; OpenPI's requests are binary, JSON is spoken at {JSON_PATH}")
        return openpi.read_request(frame, MAX_REQUEST_BYTES)

    def aside(self, fields: Fields) -> Frame | None:
        """Openpi's protocol knows nothing but requests for actions."""
        return None

    def write(self, actions: Wire, infer_s: float, extra: Fields) -> Frame:
        """Write a map with the actions in it."""
        timing = {"server_timing": {"infer_ms": infer_s * 1000.0}}
        return msgpack_numpy.pack({**_named(actions, self._profile), **timing, **extra})

    def error(self, error: BaseException) -> Frame:
        """Send the traceback as text; then the server hangs up."""
        return traceback_text(error)


class RoboArena(OpenPi):
    """RoboArena's `policy_server.py`: every request has an `endpoint`, an answer is an array with nothing around it."""

    def metadata(self) -> dict[str, Any]:
        """Return the `PolicyServerConfig`."""
        profile = self._profile
        return {
            "image_resolution": [profile.image_height, profile.image_width],
            "needs_wrist_camera": "wrist" in profile.images,
            "n_external_cameras": len([camera for camera in profile.images if camera != "wrist"]),
            "needs_stereo_camera": False,
            "needs_session_id": False,
            "action_space": "joint_velocity" if profile.action_kind == "velocity" else "joint_position",
            **profile.metadata,
        }

    def aside(self, fields: Fields) -> Frame | None:
        """Answer a reset in words."""
        return openpi.RESET_DONE if field(fields, "endpoint") == "reset" else None

    def write(self, actions: Wire, infer_s: float, extra: Fields) -> Frame:
        """Write the bare array."""
        return msgpack_numpy.pack(actions.astype(np.float32))


class VllmOmni(RoboArena):
    """vLLM-Omni: as RoboArena, on one path, with errors that are answers and a limit on silence."""

    paths: tuple[str, ...] = ("/v1/realtime/robot/openpi",)
    idle_s: float | None = 30.0
    stays = True

    def metadata(self) -> dict[str, Any]:
        """Return the `PolicyServerConfig`, with the parts that vLLM-Omni adds."""
        profile = self._profile
        keys = [] if isinstance(profile.action_key, str) else list(profile.action_key)
        more = {"action_horizon": profile.horizon, "action_dim": profile.columns, "action_keys": keys}
        return {**super().metadata(), "needs_session_id": True, **more, **profile.metadata}

    def aside(self, fields: Fields) -> Frame | None:
        """Answer a reset with a map; insist on a session otherwise."""
        if fields.get("endpoint") == "reset":
            return msgpack_numpy.pack({"status": openpi.RESET_DONE})
        session = field(fields, "session_id")
        if not isinstance(session, str) or not session:
            raise WireError(f"'session_id' is {session!r:.40}, expected text")
        return None

    def write(self, actions: Wire, infer_s: float, extra: Fields) -> Frame:
        """Write the bare array, or a map of named ones."""
        if isinstance(self._profile.action_key, str):
            return super().write(actions, infer_s, extra)
        return msgpack_numpy.pack(_named(actions, self._profile))

    def error(self, error: BaseException) -> Frame:
        """Send a map without a traceback."""
        return msgpack_numpy.pack({"type": "error", "message": _words(error)})


class Sglang(OpenPi):
    """SGLang's action server: announces its input and output, sends errors as a map and hangs up."""

    paths: tuple[str, ...] = ("/openpi/policy", "/v1/actions/realtime")

    def metadata(self) -> dict[str, Any]:
        """Return the `action.metadata`."""
        profile = self._profile
        return {
            "object": "action.metadata",
            "input": {
                "image_keys": _image_keys(profile),
                "image_size": [profile.image_height, profile.image_width],
                "state_dim": len(profile.joints),
            },
            "output": {
                "action_horizon": profile.horizon,
                "action_dim": profile.columns,
                "padded_action_dim": max(32, profile.columns),
                "dtype": "float32",
            },
            "defaults": {"num_inference_steps": 10},
            "capabilities": ["actions"],
            **profile.metadata,
        }

    def write(self, actions: Wire, infer_s: float, extra: Fields) -> Frame:
        """Write a map with the actions and the timings in it."""
        timings = {"timings": {"total_ms": infer_s * 1000.0}, "server_timing": {"infer_ms": infer_s * 1000.0}}
        return msgpack_numpy.pack({**_named(actions, self._profile), **timings, **extra})

    def error(self, error: BaseException) -> Frame:
        """Send the traceback in a map."""
        return msgpack_numpy.pack({"error": traceback_text(error)})


class Json:
    """The JSON protocol: no greeting, an error is an answer."""

    paths: tuple[str, ...] = ()
    idle_s: float | None = None
    stays = True

    def greeting(self) -> Frame | None:
        """Say nothing before being asked."""
        return None

    def read(self, frame: Frame) -> Fields:
        """Read the observation."""
        return json_protocol.read_request(frame, MAX_REQUEST_BYTES)

    def aside(self, fields: Fields) -> Frame | None:
        """The protocol knows nothing but requests for actions."""
        return None

    def write(self, actions: Wire, infer_s: float, extra: Fields) -> Frame:
        """Write nested lists."""
        return json_protocol.write_reply(actions)

    def error(self, error: BaseException) -> Frame:
        """Write the error's words."""
        return json_protocol.write_error(_words(error))


def manners(profile: Profile) -> Manners:
    """Return the manners of a profile's family."""
    if profile.protocol == "json":
        return Json()
    families = {"openpi": OpenPi, "roboarena": RoboArena, "vllm_omni": VllmOmni, "sglang": Sglang}
    return families[profile.protocol](profile)


def put(fields: dict[str, Any], path: str, value: object) -> None:
    """Write a value at a path of keys with dots between them, making the maps on the way."""
    *way, last = path.split(".")
    for key in way:
        fields = fields.setdefault(key, {})
    fields[last] = value


def traceback_text(error: BaseException) -> str:
    """Return a traceback as openpi's server sends it, but with file names instead of paths."""
    report = traceback.TracebackException.from_exception(error, max_group_depth=1)
    report.__cause__ = report.__context__ = None
    for frame in report.stack:
        frame.filename = Path(frame.filename).name
    return "".join(report.format())


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _image_keys(profile: Profile) -> list[str]:
    return [key for camera in profile.images for key in profile.image_keys(camera)]


def _named(actions: Wire, profile: Profile) -> dict[str, Any]:
    """Return the actions under their keys: of several, each but the first holds one column, the last ones."""
    rows = actions.astype(np.float32)
    keys = (profile.action_key,) if isinstance(profile.action_key, str) else profile.action_key
    first = rows.shape[1] - len(keys) + 1
    return {keys[0]: rows[:, :first], **{key: rows[:, first + i : first + i + 1] for i, key in enumerate(keys[1:])}}
