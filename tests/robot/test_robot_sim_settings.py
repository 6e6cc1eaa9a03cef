import subprocess
import sys

import pytest

from bt_robot.config.source import Problems, parse
from bt_robot.config.values import bind
from bt_robot.robot.sim import SimSettings


def problems_of(text):
    problems = Problems()
    node = parse(text, "sim.yaml", problems)
    bind(SimSettings, node, problems, "robot")
    return [str(problem) for problem in problems.found]


def test_a_config_becomes_settings():
    problems = Problems()
    node = parse("blocks: [red]\ncontainer: [0.2, -0.1]\nimage_width: 96", "sim.yaml", problems)
    assert bind(SimSettings, node, problems) == SimSettings(blocks=("red",), container=(0.2, -0.1), image_width=96)
    assert problems.found == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("blocks: [gren]", "unknown block 'gren'; expected red, green, yellow (did you mean 'green'?)"),
        ("cameras: [side]", "unknown camera 'side'; expected front, wrist, top"),
        ("blocks: [red, red]", "a block is named twice: red, red"),
        ("render: opengl", "unknown render 'opengl'; expected one of gl, rays"),
        ("image_width: 8", "image_width: '8'; expected a whole number from 32 to 1920"),
        ("container: [1.0, 0.0]", "the container is 0.96 m from the arm's axis; expected 0.12 to 0.3 m"),
        ("container: [0.2]", "container: a list of 1; expected a list of 2 numbers"),
    ],
)
def test_what_is_wrong_is_said(text, said):
    (problem,) = problems_of(text)
    assert said in problem


def test_settings_are_read_without_loading_the_physics():
    check = "import sys, bt_robot.robot.sim, bt_robot.robot.fake; print('mujoco' in sys.modules, 'cv2' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", check], text=True).split() == ["False", "False"]
