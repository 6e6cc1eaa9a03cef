import importlib.util
import subprocess
import sys

import pytest

DRAW = """
from bt_robot.errors import RobotError, RobotRefused
from bt_robot.robot.sim import SimSettings
from bt_robot.robot.sim.robot import SimRobot
robot = SimRobot(SimSettings(render="gl", image_width=64, image_height=48), 0, 1 / 30)
try:
    robot.connect()
except RobotRefused:
    print("refused")
else:
    seen, late = (robot.observe(step, 0.0).frames["front"] for step in range(2))
    print(seen.image.shape, seen.image.std() > 10)
    robot.close()
    try:
        late.image
    except RobotError as error:
        print(error)
"""


@pytest.mark.skipif(importlib.util.find_spec("OpenGL") is None, reason="needs the gl extra")
def test_it_draws_until_it_is_closed():
    done = subprocess.run([sys.executable, "-c", DRAW], capture_output=True, text=True, timeout=60, check=True)
    if done.stdout.startswith("refused"):
        pytest.skip("no GL library on this machine")
    shape, closed = done.stdout.strip().splitlines()
    assert shape == "(48, 64, 3) True"
    assert closed == "the simulation was closed before the picture was looked at"
