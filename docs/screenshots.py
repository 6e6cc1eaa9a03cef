"""Takes pictures of the page: a run, one that failed, a large tree. Called by `make docs`, where there is a browser.

Real runs in simulation, recorded and shown by `bt-view` in a headless Chromium.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SIZE = (1440, 1160)

FAILS = """\
tree: pick
include: [skills/vla_skill.yaml]
root:
  sequence:
    - retry:
        attempts: 2
        child: {vla_skill: {prompt: pick up the red block, done: {holding_object: {for_s: 5}}, time_limit_s: 3}}
    - move_to: {pose: rest}
"""
"""The gripper has to hold the block for longer than the skill may take."""


def large() -> str:
    """Return a tree of 500 nodes: skills of 13 nodes, one after the other."""
    skill = "    - vla_skill: {prompt: pick up the red block, done: {chunk_idle: {for_s: 0.2}}}\n"
    waits = "    - wait: {duration_s: 0.1}\n"
    return f"tree: long_day\ninclude: [skills/vla_skill.yaml]\nroot:\n  sequence:\n{38 * skill}{5 * waits}"


@dataclass(frozen=True)
class Shot:
    """A picture of the page.

    Attributes:
        file: Where it goes.
        moment_s: The moment of the run that it shows [s]; None is its end.
        scheme: `light` or `dark`.
        keys: What is pressed before.
    """

    file: str
    moment_s: float | None
    scheme: str = "light"
    keys: str = ""


SHOTS = (
    (None, (), (Shot("view.png", 1.7), Shot("view-dark.png", 1.7, "dark"))),
    (FAILS, (), (Shot("view-failed.png", None),)),
    (large(), ("--max-time", "12"), (Shot("view-large.png", 9.0, "dark", "g"),)),
)
"""Trees, further flags of bt-run, and pictures; None is the main job, shown when the arm grips the block."""


def take(folder: Path) -> bool:
    """Write the pictures into a folder; return whether there was a browser to do so."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    try:
        from tests.browser.browser_kit import programs
    except ModuleNotFoundError:
        return False
    if programs() is None:
        return False
    try:
        for tree, flags, shots in SHOTS:
            _show(tree, flags, shots, folder)
    except subprocess.SubprocessError:
        return False
    return True


def _show(tree: str | None, flags: tuple[str, ...], shots: tuple[Shot, ...], folder: Path) -> None:
    from tests.browser.browser_kit import Shown, browser_in
    from tests.browser.run_kit import Viewed, recording_in

    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        recording = recording_in(place, "--record-hz", "10", *flags, tree=tree)
        viewed = Viewed(place, "bt-view", recording, "--port", "0")
        try:
            with browser_in(place / "chromium", size=SIZE) as driver:
                for shot in shots:
                    _shoot(driver, Shown, viewed.link, shot)
                    driver.save_screenshot(str(folder / shot.file))
        finally:
            viewed.end()


def _shoot(driver: Any, shown: Any, link: str, shot: Shot) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": shot.scheme}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    page = shown(driver, link).await_run()
    page.hear("Ended", "#ending")
    page.rest()
    for key in shot.keys:
        page.press(key)
    if shot.moment_s is not None:
        page.travel(shot.moment_s)
        page.wait("the moment", lambda: abs(page.time_s - shot.moment_s) < 0.05)
        page.rest()
