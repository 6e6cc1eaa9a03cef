"""Takes pictures of the page: a recorded run, light and dark. Called by `make docs`, where there is a browser.

The run is the main job in simulation, shown by `bt-view`'s server in a headless Chromium.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

SIZE = (1440, 1160)
MOMENT_S = 1.7
"""When the arm grips the block."""


def take(folder: Path) -> bool:
    """Write `view.png` and `view-dark.png` into a folder; return whether there was a browser to do so."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    try:
        from tests.browser.browser_kit import Shown, browser_in, programs
        from tests.browser.run_kit import Viewed, recording_in
    except ModuleNotFoundError:
        return False
    if programs() is None:
        return False
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        recording = recording_in(place, "--record-hz", "10")
        viewed = Viewed(place, "bt-view", recording, "--port", "0")
        try:
            with browser_in(place / "chromium", size=SIZE) as driver:
                for scheme, file in (("light", "view.png"), ("dark", "view-dark.png")):
                    driver.execute_cdp_cmd(
                        "Emulation.setEmulatedMedia",
                        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
                    )
                    page = Shown(driver, viewed.link).await_run()
                    page.wait("the end", lambda page=page: page.time_s > MOMENT_S)
                    page.travel(MOMENT_S)
                    page.wait("the moment", lambda page=page: abs(page.time_s - MOMENT_S) < 0.05)
                    page.rest()
                    driver.save_screenshot(str(folder / file))
        except subprocess.SubprocessError:
            return False
        finally:
            viewed.end()
    return True
