"""The one place that imports MuJoCo, and decides beforehand which graphics library it may load.

With `MUJOCO_GL=egl` or `osmesa` in the environment and no such library, `import mujoco` itself
raises; and a broken GL driver may end the process. So MuJoCo is told to leave GL alone, unless
pictures by GL were asked for and another process has shown that they work.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import Any, Literal

from bt_robot.errors import RobotRefused

_log = logging.getLogger(__name__)

_BACKENDS = ("egl", "osmesa")
_PROBE_TIMEOUT_S = 20.0
_PROBE = "import mujoco; mujoco.Renderer(mujoco.MjModel.from_xml_string('<mujoco/>'), 32, 32).close()"


def load(render: Literal["rays", "gl"] = "rays") -> Any:
    """Return the module `mujoco`, imported on first use.

    Args:
        render: Whether pictures will be made by OpenGL.

    Raises:
        RobotRefused: OpenGL was asked for, and there is none or MuJoCo was already loaded without it.
    """
    loaded = sys.modules.get("mujoco")
    if loaded is None:
        return _import(_working_backend() if render == "gl" else "disable")
    if render == "gl" and not hasattr(loaded, "GLContext"):
        raise RobotRefused("MuJoCo was loaded without OpenGL earlier in this process; start a new one for render: gl")
    return loaded


def _import(backend: str) -> Any:
    before = os.environ.get("MUJOCO_GL")
    os.environ["MUJOCO_GL"] = backend
    try:
        import mujoco

        return mujoco
    finally:  # child processes get the environment as the user set it
        if before is None:
            del os.environ["MUJOCO_GL"]
        else:
            os.environ["MUJOCO_GL"] = before


def _working_backend() -> str:
    said = "no back-end tried"
    for backend in _BACKENDS:
        try:
            probe = subprocess.run(
                [sys.executable, "-c", _PROBE],
                env={**os.environ, "MUJOCO_GL": backend},
                capture_output=True,
                text=True,
                timeout=_PROBE_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            said = f"{backend}: no picture within {_PROBE_TIMEOUT_S:g} s"
            continue
        if probe.returncode == 0:
            _log.info("OpenGL by %s", backend)
            return backend
        said = f"{backend}: {(probe.stderr.strip().splitlines() or [f'exit code {probe.returncode}'])[-1]}"
    raise RobotRefused(
        f"render: gl needs an OpenGL that works without a display, and found none ({said}); "
        "run pip install 'bt-robot[gl]' and apt-get install libegl1 libgl1-mesa-dri, or set render: rays"
    )
