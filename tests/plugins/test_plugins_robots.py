"""Robots of installed packages are chosen in a config like all others."""

import sys

import pytest

from bt_robot.cli.robots import make_robot
from bt_robot.cli.settings import ROBOTS, load_settings
from bt_robot.errors import BtRobotError, LoadError
from bt_robot.plugins.installed import ROBOTS as GROUP
from bt_robot.plugins.robots import RobotTypes

MODULE = '''
from dataclasses import dataclass
from typing import Annotated, ClassVar

from bt_robot.config.values import Rule
from bt_robot.robot.fake import FakeRobot


@dataclass(frozen=True, slots=True)
class Settings:
    """An arm."""

    speed: Annotated[float, Rule(doc="how fast", minimum=0.0, maximum=1.0)] = 0.5
    cameras: ClassVar[tuple[str, ...]] = ()
    real_time: ClassVar[bool] = True

    def make(self, seed, control_hz):
        arm = FakeRobot()
        arm.made_with = (self.speed, seed, control_hz)
        return arm
'''


def put(installed_package, module=MODULE, name="my_arm", target="my_parts_d:Settings"):
    installed_package(entries={GROUP: {name: target}}, modules={"my_parts_d.py": module})


def load(tmp_path, robot):
    path = tmp_path / "config.yaml"
    path.write_text(f"robot: {robot}\n")
    return load_settings(str(path))


def problem(tmp_path, robot):
    with pytest.raises(LoadError) as caught:
        load(tmp_path, robot)
    (found,) = caught.value.problems
    return found


def test_a_config_may_ask_for_it(installed_package, tmp_path):
    put(installed_package)
    settings = load(tmp_path, "{type: my_arm, speed: 0.25}")
    assert settings.real_time
    assert settings.cell is None
    assert make_robot(settings, seed=7).made_with == (0.25, 7, 30.0)


def test_its_settings_are_checked_like_all_others(installed_package, tmp_path):
    put(installed_package)
    found = problem(tmp_path, "{type: my_arm, speed: 2}")
    assert (found.line, found.column) == (1, 30)
    assert found.expected == "a number from 0 to 1"
    assert problem(tmp_path, "{type: my_arm, sped: 1}").hint == "did you mean 'speed'?"


def test_another_robot_does_not_import_it(installed_package, tmp_path):
    put(installed_package, "raise RuntimeError")
    assert not load(tmp_path, "{type: fake}").real_time
    assert "my_arm" in problem(tmp_path, "{type: my_arn}").hint
    assert "my_parts_d" not in sys.modules


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("import no_such_module_anywhere", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
        ("class Settings: pass", "<class 'my_parts_d.Settings'> is no dataclass of the robot's settings"),
        (MODULE.replace("def make", "def build"), "Settings has no 'make'; see bt_robot.robot.settings.RobotSettings"),
        (MODULE.replace("real_time", "realtime"), "Settings has no 'real_time'; see"),
        (MODULE.replace("speed:", "type:"), "Settings has a field 'type', which is where a config says 'my_arm'"),
        (MODULE.replace("Annotated[float,", "Annotated[object,"), "no schema for <class 'object'>"),
    ],
)
def test_one_that_cannot_be_used_is_told_at_its_place(installed_package, tmp_path, module, words):
    put(installed_package, module)
    found = problem(tmp_path, "{type: my_arm}")
    assert (found.line, found.column) == (1, 15)
    assert f"robot 'my_arm' comes from plug-in my-parts 1.2, which could not be loaded: {words}" in found.message


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ("raise KeyError('no port')", "could not be made: KeyError: 'no port'"),
        ("arm = object()", "has no 'limits'; see bt_robot.robot.base.Robot"),
        ("raise RobotRefused('it is not plugged in')", "it is not plugged in"),
    ],
)
def test_a_robot_that_can_not_be_made_is_told_as_its_package(installed_package, tmp_path, made, words):
    module = MODULE.replace("arm = FakeRobot()", made).replace("arm.made_with = (self.speed, seed, control_hz)", "")
    put(installed_package, "from bt_robot.errors import RobotRefused\n" + module)
    with pytest.raises(BtRobotError) as caught:
        make_robot(load(tmp_path, "{type: my_arm}"), seed=0)
    assert words in str(caught.value)


def test_the_projects_own_robots_keep_their_words(installed_package, tmp_path):
    put(installed_package, "raise RuntimeError", name="fake")
    assert load(tmp_path, "{type: fake}").robot == ROBOTS["fake"]()
    assert list(RobotTypes(ROBOTS)) == list(ROBOTS)
    assert len(RobotTypes(ROBOTS)) == len(ROBOTS)
