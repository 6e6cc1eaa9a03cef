"""Pictures of the simulated cell by OpenGL: shadows and smooth edges, where a GL library works."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bt_robot.errors import RobotError
from bt_robot.messages import Image
from bt_robot.robot.sim import engine


class GlRenderer:
    """Draws on a thread of its own: a GL context belongs to the thread that made it."""

    def __init__(self, model: Any, width: int, height: int) -> None:
        """Make the GL context.

        Args:
            model: The MuJoCo model; it must not change from now on.
            width: Width of the pictures [px].
            height: Height of the pictures [px].
        """
        self._mujoco = engine.load("gl")
        self._model = model
        self._data: Any = self._mujoco.MjData(model)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="gl")
        self._renderer: Any = self._thread.submit(self._mujoco.Renderer, model, height, width).result()

    def render(self, camera: str, qpos: NDArray[np.float64]) -> Image:
        """Return the picture, (height, width, 3) uint8 RGB, of a camera for generalised positions, (nq,).

        Raises:
            RobotError: It is closed.
        """
        try:
            picture = self._thread.submit(self._draw, camera, qpos)
        except RuntimeError as error:  # the thread has ended
            raise RobotError("the simulation was closed before the picture was looked at") from error
        return picture.result()

    def close(self) -> None:
        """Free the GL context and end its thread."""
        self._thread.submit(self._renderer.close)
        self._thread.shutdown()

    def _draw(self, camera: str, qpos: NDArray[np.float64]) -> Image:
        self._data.qpos[:] = qpos
        self._mujoco.mj_forward(self._model, self._data)
        self._renderer.update_scene(self._data, camera=camera)
        image: Image = self._renderer.render()
        image.setflags(write=False)
        return image
