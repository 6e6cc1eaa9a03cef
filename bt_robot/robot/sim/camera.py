"""Pictures of the simulated cell by ray casting: no graphics library, any thread."""

from __future__ import annotations

import threading
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bt_robot.arm.workcell import CAMERAS
from bt_robot.messages import Image
from bt_robot.robot.sim import engine

_SKY = (200.0, 205.0, 210.0)
_AMBIENT, _DIFFUSE = 0.45, 0.55
_LIGHT = np.array([0.25, 0.35, 1.0]) / np.linalg.norm([0.25, 0.35, 1.0])


class Renderer(Protocol):
    """Makes a picture of the cell as it was, on whatever thread asks."""

    def render(self, camera: str, qpos: NDArray[np.float64]) -> Image:
        """Return the picture, (height, width, 3) uint8 RGB, of a camera for generalised positions, (nq,)."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


class RayRenderer:
    """Casts a ray per pixel and shades what it hits by its own colour and one light.

    It works on a scratch state of its own under a lock, so that the physics go on meanwhile.
    """

    def __init__(self, model: Any, width: int, height: int) -> None:
        """Keep what all pictures share.

        Args:
            model: The MuJoCo model; it must not change from now on.
            width: Width of the pictures [px].
            height: Height of the pictures [px].
        """
        self._mujoco = engine.load()
        self._model = model
        self._data: Any = self._mujoco.MjData(model)
        self._shape = (height, width, 3)
        count = width * height
        self._rays = {name: camera.rays(width, height) for name, camera in CAMERAS.items()}
        self._hit = np.empty(count, dtype=np.int32)
        self._distance = np.empty(count)
        self._normal = np.empty(3 * count)
        # One row more than there are shapes: nothing hit is -1, which is the last row.
        self._colours = np.vstack([model.geom_rgba[:, :3] * 255.0, _SKY]).astype(np.float32)
        self._lock = threading.Lock()

    def render(self, camera: str, qpos: NDArray[np.float64]) -> Image:
        """Return the picture, (height, width, 3) uint8 RGB, of a camera for generalised positions, (nq,)."""
        with self._lock:
            self._data.qpos[:] = qpos
            self._mujoco.mj_kinematics(self._model, self._data)
            self._mujoco.mj_camlight(self._model, self._data)
            self._cast(camera)
            return self._shade()

    def close(self) -> None:
        """Do nothing: it holds only memory."""

    def _cast(self, camera: str) -> None:
        view = self._data.cam(camera)
        rays = np.ascontiguousarray(self._rays[camera] @ view.xmat.reshape(3, 3).T)
        self._mujoco.mj_multiRay(
            self._model,
            self._data,
            view.xpos,
            rays.reshape(-1),
            None,
            True,
            -1,
            self._hit,
            self._distance,
            self._normal,
            len(rays),
            1e10,
        )

    def _shade(self) -> Image:
        facing = self._normal.reshape(-1, 3) @ _LIGHT
        light = (_AMBIENT + _DIFFUSE * np.maximum(facing, 0.0)).astype(np.float32)
        light[self._hit < 0] = 1.0
        image = (self._colours[self._hit] * light[:, None]).astype(np.uint8).reshape(self._shape)
        image.setflags(write=False)
        return image
