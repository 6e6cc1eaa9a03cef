"""`bt-arm cameras`: which cameras there are, and what they see."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bt_robot.cli.arguments import EXIT_FAILURE, EXIT_SUCCESS, Parser, add_set_flag
from bt_robot.cli.arm.command import Command, tell
from bt_robot.cli.arm.config import add_common_flags
from bt_robot.cli.arm.words import marked, paragraph
from bt_robot.errors import RobotRefused, UsageError

if TYPE_CHECKING:
    from bt_robot.cli.arm.camera_look import CameraLook
    from bt_robot.robot.cameras.base import Camera
    from bt_robot.robot.cameras.discovery import VideoDevice
    from bt_robot.robot.cameras.settings import CameraSettings

_EXAMPLES: Final = """\
Write the path under /dev/v4l/by-id into the config: it stays with the camera,
while an index may mean another one after a replug.

examples:
  bt-arm cameras                                    which cameras are plugged in
  bt-arm cameras --snapshot shots                   one picture of each of them
  bt-arm cameras --config configs/so101.yaml --snapshot shots
                                                    of each camera of the config
"""


def _add_flags(parser: Parser) -> None:
    parser.add_argument("--snapshot", metavar="DIR", help="save a PNG of each camera there")
    parser.add_argument(
        "--config", metavar="FILE", help="look through the cameras of this config instead of all devices"
    )
    add_set_flag(parser)
    add_common_flags(parser)


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.robot.cameras.discovery import devices

    if arguments.assignments and not arguments.config:
        raise UsageError("--set changes a config; give --config, too")
    found = devices()
    looks: dict[str, CameraLook] = {}
    if arguments.config or arguments.snapshot:
        from bt_robot.cli.arm.camera_look import look_through

        cameras = _cameras(arguments, found)
        if not cameras:
            raise RobotRefused("there is no camera to look through: " + (_NONE if not found else "the config has none"))
        folder = _folder(arguments.snapshot) if arguments.snapshot else None
        looks = look_through(cameras)
        saved = _saved(looks, folder) if folder is not None else {}
    else:
        saved = dict[str, str]()
    good = all(look.good for look in looks.values()) and bool(found or looks)
    result = {
        "status": "OK" if good else "FAILURE",
        "devices": [
            {"path": d.stable, "device": d.node, "name": d.name, "by_id": d.by_id, "by_path": d.by_path} for d in found
        ],
        "cameras": {name: {**look.as_json(), "file": saved.get(name)} for name, look in looks.items()},
    }
    tell(arguments, _words(found, looks, saved), result)
    return EXIT_SUCCESS if good else EXIT_FAILURE


_NONE: Final = (
    "no camera is plugged in (there is no /dev/video*). If one is, look at `sudo dmesg | tail`; without permission,"
    " `sudo usermod -aG video $USER`, log out and in again"
)


def _cameras(arguments: argparse.Namespace, found: tuple[VideoDevice, ...]) -> dict[str, Camera]:
    from bt_robot.robot.cameras.captured import CapturedCamera
    from bt_robot.robot.cameras.settings import OpenCvCameraSettings

    if arguments.config:
        return real_cameras(configured_cameras(arguments))
    by_name = {Path(device.node).name: OpenCvCameraSettings(device=device.stable) for device in found}
    return {name: CapturedCamera(name, settings) for name, settings in by_name.items()}


def configured_cameras(arguments: argparse.Namespace) -> dict[str, CameraSettings]:
    """Return the cameras of a config by name.

    Raises:
        LoadError: The config is wrong.
        UsageError: It is no config of an SO-101.
    """
    from bt_robot.cli.settings import load_settings
    from bt_robot.robot.so101.settings import So101Settings

    robot = load_settings(arguments.config, arguments.assignments).robot
    if not isinstance(robot, So101Settings):
        raise UsageError(
            f"the robot of {arguments.config} is no SO-101; expected a config with `type: so101` in `robot`"
        )
    return dict(robot.cameras)


def real_cameras(settings: dict[str, CameraSettings]) -> dict[str, Camera]:
    """Return the cameras that are there without a simulation, not open.

    Raises:
        RobotRefused: Two names mean the same device.
    """
    from bt_robot.robot.cameras import discovery
    from bt_robot.robot.cameras.captured import CapturedCamera
    from bt_robot.robot.cameras.settings import OpenCvCameraSettings, SimulatedCameraSettings

    discovery.advice({name: each for name, each in settings.items() if isinstance(each, OpenCvCameraSettings)})
    return {n: CapturedCamera(n, each) for n, each in settings.items() if not isinstance(each, SimulatedCameraSettings)}


def _folder(given: str) -> Path:
    folder = Path(given)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--snapshot {given}: {error.strerror or error}; name another folder") from error
    return folder


def _saved(looks: dict[str, CameraLook], folder: Path) -> dict[str, str]:
    from bt_robot.telemetry.film import write_png

    saved: dict[str, str] = {}
    for name, look in looks.items():
        if look.image is None:
            continue
        path = folder / f"{name}.png"
        try:
            write_png(look.image, path)
        except OSError as error:
            raise UsageError(f"--snapshot {path}: {error.strerror or error}; name another folder") from error
        saved[name] = str(path)
    return saved


def _words(found: tuple[VideoDevice, ...], looks: dict[str, CameraLook], saved: dict[str, str]) -> str:
    lines = [d.stable + "\n" + paragraph(f"{d.name or 'a camera'}, now {d.node}", "    ") for d in found]
    if not found:
        lines.append(paragraph(_NONE))
    for name, look in looks.items():
        words = look.refusal or f"{name}: {look.words}"
        text = f"{words}\n{saved[name]}" if name in saved else words
        lines.append(marked("OK" if look.good else "FAIL", "camera", text))
    return "".join(lines)


COMMAND: Final = Command(
    name="cameras",
    summary="list the cameras, and take a picture with each",
    description="List the cameras that are plugged in, and take a picture with each.",
    examples=_EXAMPLES,
    add_flags=_add_flags,
    run=_run,
)
