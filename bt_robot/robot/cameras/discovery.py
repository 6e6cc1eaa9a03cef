"""Which cameras are plugged in, and the path that stays with each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bt_robot.errors import RobotRefused
from bt_robot.robot.cameras.settings import OpenCvCameraSettings

_DEV: Final = Path("dev")
_BY_ID, _BY_PATH = _DEV / "v4l/by-id", _DEV / "v4l/by-path"
_SYS: Final = Path("sys/class/video4linux")


@dataclass(frozen=True, slots=True)
class VideoDevice:
    """A device that gives pictures.

    Attributes:
        node: Its present device file, e.g. `/dev/video0`; another one after the next start.
        name: What the driver calls it.
        by_id: Its path by maker and serial number; empty if it has none.
        by_path: Its path by the USB port it is plugged into; empty if it has none.
    """

    node: str
    name: str
    by_id: str = ""
    by_path: str = ""

    @property
    def stable(self) -> str:
        """The path to write into a config."""
        return self.by_id or self.by_path or self.node


def devices(root: Path = Path("/")) -> tuple[VideoDevice, ...]:
    """Return the devices that give pictures, in the order of their numbers.

    Args:
        root: Where `dev` and `sys` are.
    """
    by_id, by_path = _links(root, _BY_ID), _links(root, _BY_PATH)
    nodes = sorted(
        (path for path in (root / _DEV).glob("video[0-9]*") if path.name[5:].isdigit()), key=lambda p: int(p.name[5:])
    )
    found = [
        VideoDevice(f"/dev/{n.name}", _said(root, n, "name"), by_id.get(n.name, ""), by_path.get(n.name, ""))
        for n in nodes
    ]
    # A USB camera's second device only tells about its pictures.
    return tuple(device for device, node in zip(found, nodes, strict=True) if _said(root, node, "index") in ("", "0"))


def stable_path(device: int | str, root: Path = Path("/")) -> str:
    """Return the path that stays with a camera, for an index or a device file; what was given if there is none.

    Args:
        device: An index, a path or a URL.
        root: Where `dev` and `sys` are.
    """
    node = node_of(device, root)
    return next((known.stable for known in devices(root) if known.node == node), _path(device))


def node_of(device: int | str, root: Path = Path("/")) -> str:
    """Return the device file, e.g. `/dev/video0`, that an index or a path means now; a URL means itself."""
    path = _path(device)
    if not path.startswith("/"):
        return path
    here = root / path[1:]
    return f"/dev/{here.resolve().name}" if here.is_symlink() and here.exists() else path


def refuse_missing(name: str, device: int | str, root: Path = Path("/")) -> None:
    """Refuse a camera that is not plugged in.

    Args:
        name: What the config calls it.
        device: An index, a path or a URL.
        root: Where `dev` and `sys` are.

    Raises:
        RobotRefused: There is no such device; the words list those that there are.
    """
    path = _path(device)
    if path.startswith("/") and not (root / path[1:]).exists():
        raise RobotRefused(f"camera '{name}': there is no {path}; {listed(devices(root))}")


def listed(found: Sequence[VideoDevice]) -> str:
    """Say in a few words which cameras there are."""
    if not found:
        return "no camera is plugged in"
    return "plugged in: " + ", ".join(f"{device.stable} ({device.name or 'no name'})" for device in found)


def advice(cameras: Mapping[str, OpenCvCameraSettings], root: Path = Path("/")) -> tuple[str, ...]:
    """Look whether each name means one camera, and stays with it.

    Args:
        cameras: The cameras by name.
        root: Where `dev` and `sys` are.

    Returns:
        Words for a person about cameras that could be mixed up after a replug.

    Raises:
        RobotRefused: Two names mean the same device.
    """
    owners: dict[str, str] = {}
    words: list[str] = []
    for name, settings in cameras.items():
        node = node_of(settings.device, root)
        if node in owners:
            same = settings.shown if "://" in node else node
            raise RobotRefused(
                f"the cameras '{owners[node]}' and '{name}' are the same device, {same};"
                f" give each its own: {listed(devices(root))}"
            )
        owners[node] = name
        path, stable = _path(settings.device), stable_path(settings.device, root)
        if path != stable and path == node:
            words.append(
                f"camera '{name}': {path} may be another camera after a replug or restart; write device: {stable}"
            )
    return tuple(words)


def _path(device: int | str) -> str:
    text = str(device)
    return f"/dev/video{text}" if text.isdigit() else text


def _links(root: Path, folder: Path) -> dict[str, str]:
    """Return the path in a folder of links for each device file's name."""
    try:
        names = sorted(os.listdir(root / folder))
    except OSError:
        return {}
    return {(root / folder / name).resolve().name: f"/{folder / name}" for name in names}


def _said(root: Path, node: Path, what: str) -> str:
    try:
        return (root / _SYS / node.name / what).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
