"""The one place that imports MuJoCo, after telling it to leave graphics libraries alone.

With `MUJOCO_GL=egl` or `osmesa` in the environment and no such library, `import mujoco` itself
raises. `GL_BACKEND` keeps what the user asked for; `bt_robot.robot.sim.gl` acts on it.
"""

from __future__ import annotations

import os
from typing import Any

GL_BACKEND = os.environ.get("MUJOCO_GL", "")
os.environ["MUJOCO_GL"] = "disable"

import mujoco as _mujoco  # noqa: E402 — the environment variable must be set first

mujoco: Any = _mujoco
