"""The conditions in whole runs of the simulation: each fires when it is true of the work cell, and not before."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from bt_robot.arm import so101, workcell
from bt_robot.cli.session import Job, open_session
from bt_robot.cli.settings import load_settings
from bt_robot.cli.task import load_task, policy_server
from bt_robot.config.builtin import builtin_folder
from bt_robot.messages import Status
from bt_robot.robot.sim.robot import SimRobot

CONTAINER_M = (0.14, 0.14)

SKILL = "include: [skills/vla_skill.yaml]"

PLACE = """
tree: place
{skill}
root:
  sequence:
    - vla_skill:
        name: pick
        prompt: pick up the red block
        done: {pick_done}
    - vla_skill:
        name: place
        prompt: place it in the container
        done: {place_done}
    - move_to: {{pose: rest, speed: 0.5}}
"""

HOLDING = "{holding_object: {min_load: 0.2}}"


class Watch:
    """Notes when each node first succeeded, and when the red block was first held and first in the container."""

    def __init__(self, robot):
        self._robot = robot
        self.first = {}
        self.words = {}
        self.tip_to_block_m = np.inf

    def publish(self, record):
        truths = {"held": self._robot.touches_jaws("red"), "placed": self._robot.in_container("red")}
        for name, true in truths.items():
            if true:
                self.first.setdefault(name, record.time_s)
        for info, state in zip(record.layout, record.nodes, strict=True):
            if state.ticked and state.status is Status.SUCCESS and info.path not in self.first:
                self.first[info.path], self.words[info.path] = record.time_s, state.reason
                if info.type == "holding_object":
                    tip = self._robot.body.kinematics.tip(record.observation.joints)
                    self.tip_to_block_m = float(np.linalg.norm(tip - self._robot.block_position("red")))


def region_of_the_container():
    """Return where the front camera sees the container, as shares of its picture."""
    half, size = workcell.CONTAINER_OUTER_HALF_M, 1000
    x, y = CONTAINER_M
    corners = [(x + sx * half, y + sy * half, z) for sx in (-1, 1) for sy in (-1, 1) for z in (0.0, 0.04)]
    pixels = workcell.FRONT.project(np.array(corners), size, size) / size
    return [round(float(share), 3) for share in (*pixels.min(axis=0), *pixels.max(axis=0))]


@pytest.fixture
def drive(tmp_path):
    """A function that runs a tree on the simulated arm; it returns the ending and what was watched."""

    def drive(text, seed=1, max_time_s=30.0):
        shutil.copytree(builtin_folder("trees") / "skills", tmp_path / "skills")
        path = tmp_path / "task.yaml"
        path.write_text(text)
        spec = load_task(str(path))
        settings = load_settings("sim", [f"robot.container={list(CONTAINER_M)}"])
        with (
            policy_server(settings, spec) as urls,
            open_session(Job(settings, spec, urls, seed, fast=True, max_time_s=max_time_s)) as session,
        ):
            watch = Watch(session.robot)
            return session.run([watch]), watch

    return drive


@pytest.mark.parametrize("seed", [1, 2])
def test_a_skill_ends_when_the_block_lies_where_the_camera_should_see_it(drive, seed):
    done = f"""
          sequence:
            - released_object
            - object_in_region: {{camera: front, colour: red, region: {region_of_the_container()}}}
            - in_region: {{z_m: [0.04, 0.3]}}"""
    ending, watch = drive(PLACE.format(skill=SKILL, pick_done=HOLDING, place_done=done), seed)
    assert ending.status is Status.SUCCESS, ending.reason
    ends = {path.rsplit("/", 1)[-1]: at_s for path, at_s in watch.first.items()}
    assert watch.first["held"] + 0.25 < ends["holding_object"] < watch.first["held"] + 1.0
    assert watch.tip_to_block_m < 0.02
    assert watch.first["placed"] <= ends["object_in_region"] < watch.first["placed"] + 1.0


def test_a_block_that_was_lost_on_the_way_does_not_end_the_skill(drive, monkeypatch):
    done = f"{{object_in_region: {{camera: front, colour: red, region: {region_of_the_container()}}}}}"
    follow = SimRobot.command

    def drop(robot, command):
        if robot.block_position("red")[2] > 0.07:
            robot.disturb("red", 0.25, -0.05)
        return follow(robot, command)

    monkeypatch.setattr(SimRobot, "command", drop)
    ending, watch = drive(PLACE.format(skill=SKILL, pick_done=HOLDING, place_done=done), max_time_s=6.0)
    assert ending.status is Status.FAILURE
    assert ending.reason.startswith("the time limit of 6 s is over")
    ends = {path.rsplit("/", 1)[-1] for path in watch.first}
    assert "holding_object" in ends
    assert "object_in_region" not in ends
    assert "placed" not in watch.first


def test_an_arm_that_is_held_fast_makes_no_progress(drive, monkeypatch):
    follow = SimRobot.command

    def held(robot, command):
        here = so101.from_rad(robot._connected().data.qpos[:6])
        return follow(robot, replace(command, positions=here if command.step > 20 else command.positions))

    monkeypatch.setattr(SimRobot, "command", held)
    done = "{no_progress: {for_s: 1.0}}"
    _, watch = drive(PLACE.format(skill=SKILL, pick_done=done, place_done=done), max_time_s=6.0)
    (at_s,) = [
        at_s for path, at_s in watch.first.items() if path.endswith("pick/timeout/reactive_fallback/no_progress")
    ]
    assert 20 / 30 + 1.0 <= at_s < 20 / 30 + 2.0
