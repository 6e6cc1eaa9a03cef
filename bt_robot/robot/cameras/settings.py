"""What a config can say about a camera."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from bt_robot.config.values import Rule

MAX_SIDE_PX: Final = 4096

MaxAge = Annotated[
    float, Rule(doc="pictures that arrive older than this are not relied on [s]", minimum=0.05, maximum=60.0)
]
OpenTimeout = Annotated[float, Rule(doc="longest wait for the first picture [s]", minimum=0.5, maximum=120.0)]
Rate = Annotated[float, Rule(doc="pictures per second [Hz]", minimum=1.0, maximum=240.0)]
Rotation = Annotated[Literal[0, 90, 180, 270], Rule(doc="turn the pictures clockwise [deg]")]
Side = Annotated[int, Rule(doc="width or height of the pictures [px]", minimum=16, maximum=MAX_SIDE_PX)]


@dataclass(frozen=True, slots=True)
class OpenCvCameraSettings:
    """A camera that OpenCV opens: a USB camera, or one in the network that streams to a URL."""

    device: Annotated[
        int | str,
        Rule(
            doc="path under /dev/v4l/by-id (stays right when replugged), an index, or a URL", aliases=("index_or_path",)
        ),
    ]
    width: Side = 640
    height: Side = 480
    fps: Rate = 30.0
    fourcc: Annotated[str, Rule(doc="how it sends them: MJPG, YUYV, …; any for what it sends by itself")] = "MJPG"
    rotate: Rotation = 0
    max_age_s: MaxAge = 0.5
    open_timeout_s: OpenTimeout = 15.0

    @property
    def shown(self) -> str:
        """The device for messages: a URL without its password."""
        return re.sub(r"//[^/@]*@", "//***@", str(self.device))

    def __post_init__(self) -> None:
        """Check the words.

        Raises:
            ValueError: The device or the four characters can't be meant.
        """
        if self.device == "" or (isinstance(self.device, int) and self.device < 0):
            raise ValueError(
                f"device: {self.device!r}; expected a path under /dev/v4l/by-id, an index such as 0, or a URL"
            )
        if self.fourcc != "any" and (len(self.fourcc) != 4 or not self.fourcc.isascii()):
            raise ValueError(f"fourcc: '{self.fourcc}'; expected four characters such as MJPG or YUYV, or any")


@dataclass(frozen=True, slots=True)
class VideoCameraSettings:
    """A recorded video that is played as if it were a camera."""

    path: Annotated[str, Rule(doc="the video file")]
    loop: Annotated[bool, Rule(doc="begin again at the end")] = True
    fps: Annotated[
        float | None, Rule(doc="pictures per second [Hz]; as recorded if absent", minimum=1.0, maximum=240.0)
    ] = None
    rotate: Rotation = 0
    max_age_s: MaxAge = 0.5
    open_timeout_s: OpenTimeout = 15.0


@dataclass(frozen=True, slots=True)
class SimulatedCameraSettings:
    """A camera of the simulated work cell."""

    view: Annotated[Literal["front", "wrist", "top"], Rule(doc="which camera of the cell")]


@dataclass(frozen=True, slots=True)
class Step:
    """What a scripted camera does for a while.

    Attributes:
        do: `play` well; `pause`, no pictures; `repeat` one picture with new times; `black`, `white` and `cover` the
            lens; `lose` the device, as if unplugged; `block` inside a read for ever; be `slow`; `burst` pictures as
            fast as they can be made; `corrupt` them; `resize` them; show them `late`.
        for_s: How long [s]; until told otherwise if absent.
        amount: How much: seconds for `slow` and `late`, the share of pictures for `corrupt`, the factor for `resize`.
    """

    do: Annotated[
        Literal[
            "play",
            "pause",
            "repeat",
            "black",
            "white",
            "cover",
            "lose",
            "block",
            "slow",
            "burst",
            "corrupt",
            "resize",
            "late",
        ],
        Rule(doc="what it does"),
    ]
    for_s: Annotated[float | None, Rule(doc="how long [s]; for ever if absent", minimum=0.0)] = None
    amount: Annotated[
        float | None, Rule(doc="seconds for slow and late, share for corrupt, factor for resize", minimum=0.0)
    ] = None


@dataclass(frozen=True, slots=True)
class ScriptedCameraSettings:
    """A made-up camera that misbehaves as a script says, for tests and demonstrations."""

    width: Side = 64
    height: Side = 48
    fps: Rate = 30.0
    script: Annotated[tuple[Step, ...], Rule(doc="what it does, one after the other; then it plays on")] = ()
    max_age_s: MaxAge = 0.5
    open_timeout_s: OpenTimeout = 15.0


_CAPTURED: Final = {"opencv": OpenCvCameraSettings, "video": VideoCameraSettings, "scripted": ScriptedCameraSettings}

CapturedSettings = OpenCvCameraSettings | VideoCameraSettings | ScriptedCameraSettings
"""Cameras whose pictures a capture process takes."""

CameraSettings = CapturedSettings | SimulatedCameraSettings

CAMERA_KINDS: Final[Mapping[str, type]] = {**_CAPTURED, "simulated": SimulatedCameraSettings}
"""The word after `type:` → the settings; `opencv` is meant when there is none."""


def largest(settings: CapturedSettings) -> tuple[int, int]:
    """Return the greatest width and height of the pictures [px]; a video's are known when it is open."""
    if isinstance(settings, VideoCameraSettings):
        return MAX_SIDE_PX, MAX_SIDE_PX
    return settings.width, settings.height


def to_json(settings: CapturedSettings) -> str:
    """Write settings as one line, for a capture process."""
    kind = next(word for word, cls in _CAPTURED.items() if type(settings) is cls)
    return json.dumps({"type": kind, **dataclasses.asdict(settings)})


def from_json(line: str) -> CapturedSettings:
    """Read what `to_json` wrote."""
    fields = json.loads(line)
    cls = _CAPTURED[fields.pop("type")]
    if "script" in fields:
        fields["script"] = tuple(Step(**step) for step in fields["script"])
    return cls(**fields)
