"""The state of a simulation in one process, seen from another: cameras and a judge for what an emulator simulates.

The state travels in a memory-mapped file with two slots, written in turn; whoever reads takes the newest one and reads
again if it was written to meanwhile. So nobody waits for anybody, and a writer that dies leaves a whole state behind.
"""

from __future__ import annotations

import mmap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bt_robot.arm import so101
from bt_robot.errors import RobotError
from bt_robot.messages import Frame, Joints
from bt_robot.robot.sim.model import PHYSICS_STEP_S
from bt_robot.robot.sim.placement import place
from bt_robot.robot.sim.settings import SimSettings
from bt_robot.robot.sim.world import JOINTS, World

State = tuple[float, NDArray[np.float64], NDArray[np.float64]]
"""Time [s] on the monotonic clock, generalised positions (nq,) and speeds (nv,)."""

_MAGIC: Final = int.from_bytes(b"btstate1", "little")
_HEAD: Final = 4  # magic, nq, nv, count of states
_COUNT: Final = 3
_WORD: Final = 8
_TRIES: Final = 1000


def _views(memory: mmap.mmap, size: int) -> tuple[NDArray[np.uint64], tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the header and the two slots, of `size` numbers each."""
    head = np.frombuffer(memory, dtype=np.uint64, count=_HEAD)
    slots = [np.frombuffer(memory, dtype=np.float64, count=size, offset=_WORD * (_HEAD + i * size)) for i in range(2)]
    return head, (slots[0], slots[1])


class StateWriter:
    """The simulation's end."""

    def __init__(self, path: str, nq: int, nv: int) -> None:
        """Make the file.

        Args:
            path: Where; a file that is there is replaced.
            nq: How many generalised positions there are.
            nv: How many generalised speeds there are.

        Raises:
            OSError: The file can't be made.
        """
        size = 1 + nq + nv
        place = Path(path)
        place.unlink(missing_ok=True)
        with place.open("w+b") as file:
            file.truncate(_WORD * (_HEAD + 2 * size))
            self._memory = mmap.mmap(file.fileno(), 0)
        self._head, self._slots = _views(self._memory, size)
        self._nq = nq
        self._head[:] = (_MAGIC, nq, nv, 0)

    def write(self, time_s: float, qpos: NDArray[np.float64], qvel: NDArray[np.float64]) -> None:
        """Publish a state.

        Args:
            time_s: When it was so, on the monotonic clock [s].
            qpos: Generalised positions, (nq,).
            qvel: Generalised speeds, (nv,).
        """
        count = int(self._head[_COUNT]) + 1
        slot = self._slots[count % 2]
        slot[0] = time_s
        slot[1 : 1 + self._nq] = qpos
        slot[1 + self._nq :] = qvel
        self._head[_COUNT] = count  # last: from now on the slot counts

    def close(self) -> None:
        """Let go of the file, which stays."""
        empty = np.empty(0)
        self._head, self._slots = np.empty(0, dtype=np.uint64), (empty, empty)
        self._memory.close()


class StateReader:
    """The other end.

    Attributes:
        nq: How many generalised positions there are.
        nv: How many generalised speeds there are.
    """

    def __init__(self, path: str) -> None:
        """Open the file.

        Raises:
            RobotError: It is absent, or no such file.
        """
        try:
            with Path(path).open("rb") as file:
                self._memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise RobotError(f"the emulator's state {path} can't be read: {error}; is the emulator running?") from error
        whole = len(self._memory) // _WORD >= _HEAD
        head = np.frombuffer(self._memory, dtype=np.uint64, count=_HEAD) if whole else np.zeros(_HEAD, dtype=np.uint64)
        self.nq, self.nv = int(head[1]), int(head[2])
        size = 1 + self.nq + self.nv
        if int(head[0]) != _MAGIC or len(self._memory) != _WORD * (_HEAD + 2 * size):
            del head
            self._memory.close()
            raise RobotError(f"{path} is not the state of an emulator")
        self._head, self._slots = _views(self._memory, size)

    def read(self) -> State:
        """Return the newest state, copied.

        Raises:
            RobotError: There is none yet.
        """
        for _ in range(_TRIES):
            count = int(self._head[_COUNT])
            if count == 0:
                break
            state = self._slots[count % 2].copy()
            if int(self._head[_COUNT]) == count:
                return float(state[0]), state[1 : 1 + self.nq], state[1 + self.nq :]
        raise RobotError("the emulator has not told its state yet")

    def close(self) -> None:
        """Let go of the file."""
        empty = np.empty(0)
        self._head, self._slots = np.empty(0, dtype=np.uint64), (empty, empty)
        self._memory.close()


class MirrorWorld:
    """The work cell of an emulator in another process: its cameras, and whether a block lies in the container."""

    def __init__(
        self, settings: SimSettings, seed: int, state_path: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Build the same cell.

        Args:
            settings: The emulator's work cell.
            seed: The emulator's seed.
            state_path: Where the emulator tells its state.
            clock: The clock that the emulator's states are stamped with [s].

        Raises:
            RobotRefused: The settings ask for OpenGL and there is none, or the blocks find no room.
            RobotError: The state can't be read, or is one of another cell.
        """
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._reader = StateReader(state_path)
        try:
            self._world = World(settings, place(settings, seed), PHYSICS_STEP_S)
            if (self._reader.nq, self._reader.nv) != (self._world.model.nq, self._world.model.nv):
                raise RobotError(f"{state_path} is the state of another cell; give the emulator's own settings")
            self._renderer = self._world.renderer()
        except BaseException:
            self._reader.close()
            raise

    def frame(self, view: str, now_s: float) -> Frame:
        """Return a camera's frame of the newest state; its picture is made when it is looked at.

        Args:
            view: `front`, `wrist` or `top`.
            now_s: The run's clock [s].

        Raises:
            RobotError: There is no state yet.
        """
        time_s, qpos, _ = self._reader.read()
        age_s = max(0.0, self._clock() - time_s)
        render = self._renderer.render
        return Frame(view, now_s - age_s, lambda: render(view, qpos))

    def frames(self, now_s: float) -> dict[str, Frame]:
        """Return a frame of each camera of the settings.

        Args:
            now_s: The run's clock [s].

        Raises:
            RobotError: There is no state yet.
        """
        return {view: self.frame(view, now_s) for view in self._settings.cameras}

    def joints(self) -> Joints:
        """Return where the arm really is, (6,) rad, gripper 0 … 1.

        Raises:
            RobotError: There is no state yet.
        """
        return so101.from_rad(self._reader.read()[1][:JOINTS])

    def in_container(self, colour: str) -> bool:
        """Whether a block lies at rest inside the container and the jaws let go of it.

        Raises:
            RobotError: There is no such block, or no state yet.
        """
        return bool(self._look(lambda world: world.in_container(colour)))

    def touches_jaws(self, colour: str) -> bool:
        """Whether a block touches the gripper.

        Raises:
            RobotError: There is no such block, or no state yet.
        """
        return bool(self._look(lambda world: world.touches_jaws(colour)))

    def block_position(self, colour: str) -> tuple[float, float, float]:
        """Return a block's centre (x, y, z) [m].

        Raises:
            RobotError: There is no such block, or no state yet.
        """
        x, y, z = self._look(lambda world: tuple(world.block(colour)[0]))
        return float(x), float(y), float(z)

    def close(self) -> None:
        """Let go of the state and of what makes pictures."""
        self._renderer.close()
        self._reader.close()

    def _look(self, question: Callable[[World], Any]) -> Any:
        _, qpos, qvel = self._reader.read()
        with self._lock:
            self._world.take(qpos, qvel)
            return question(self._world)
