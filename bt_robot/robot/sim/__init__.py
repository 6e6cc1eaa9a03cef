"""The SO-101 in simulation: MuJoCo physics, cameras by ray casting, no graphics library.

`SimSettings` is light; importing `bt_robot.robot.sim.robot` loads the physics engine.
"""

from bt_robot.robot.sim.settings import SimSettings

__all__ = ["SimSettings"]
