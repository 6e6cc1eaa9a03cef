import importlib.util
import os
import subprocess
import sys

import pytest

from bt_robot.errors import RobotRefused
from bt_robot.robot.sim import engine


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_graphics_setting_without_its_library_does_no_harm():
    done = run(
        "import os; from bt_robot.robot.sim import engine; engine.load(); print(os.environ['MUJOCO_GL'])",
        MUJOCO_GL="osmesa",
    )
    assert (done.returncode, done.stdout.strip()) == (0, "osmesa"), done.stderr


def test_gl_is_refused_once_mujoco_was_loaded_without_it():
    engine.load()
    with pytest.raises(RobotRefused, match="loaded without OpenGL earlier in this process; start a new one"):
        engine.load("gl")


@pytest.mark.skipif(importlib.util.find_spec("OpenGL") is not None, reason="the gl extra is installed")
def test_without_the_extra_the_refusal_says_what_to_install():
    done = run("from bt_robot.robot.sim import engine\nengine.load('gl')")
    last = done.stderr.strip().splitlines()[-1]
    assert "RobotRefused: render: gl needs an OpenGL that works without a display" in last
    assert "pip install 'bt-robot[gl]'" in last
    assert "set render: rays" in last
