import ast
import math
from pathlib import Path

import numpy as np
import pytest

import bt_robot.standin.brain
from bt_robot.arm import so101
from bt_robot.messages import Command
from bt_robot.robot.sim import SimSettings
from bt_robot.robot.sim.robot import SimRobot
from bt_robot.runtime.governor import govern, rest_at
from bt_robot.standin.brain import Brain, UnknownPrompt

PERIOD_S, HORIZON, REPLAN = 1 / 30, 50, 25
BOTH = "pick up the {} block and place it in the container"


def direct(target, previous, step):
    return Command(step, target, (target - previous.positions) / PERIOD_S)


def governed(target, previous, step):
    return govern(target, previous, so101.LIMITS, PERIOD_S, step=step).command


class Loop:
    """A client as simple as can be: chunks that arrive late, executed from the step they are meant for."""

    def __init__(self, seed, latency=3, law=governed, see=lambda image: image):
        self.robot = SimRobot(SimSettings(cameras=("front",)), seed, PERIOD_S)
        self.robot.connect()
        self._latency, self._law, self._see = latency, law, see
        self._step, self._begun, self._chunk, self._pending = 0, 0, None, None
        self._command = rest_at(self.robot.observe(0, 0.0).joints, 0)

    def run(self, prompt, done, limit_s=20.0):
        self._chunk = self._pending = None
        for _ in range(round(limit_s / PERIOD_S)):
            joints = self._tick(prompt)
            if done(joints):
                return True
        return False

    def _tick(self, prompt):
        seen = self.robot.observe(self._step, self._step * PERIOD_S)
        if self._pending is None and (self._chunk is None or self._step - self._begun >= REPLAN):
            image = self._see(seen.frames["front"].image)
            self._pending = self._step, Brain().plan(image, seen.joints, prompt, HORIZON)
        if self._pending is not None and self._step >= self._pending[0] + self._latency:
            (self._begun, self._chunk), self._pending = self._pending, None
        target = self._command.positions
        if self._chunk is not None:
            target = self._chunk[min(self._step - self._begun, HORIZON - 1)]
        self._command = self._law(target, self._command, self._step)
        self.robot.command(self._command)
        self._step += 1
        return seen.joints


def still_open_or_held(loop):
    """Build a condition: something has kept the jaws apart for ten ticks."""
    seen = []

    def holding(joints):
        seen.append(joints[-1])
        return (
            len(seen) > 10 and max(seen[-10:]) - min(seen[-10:]) < 0.02 and loop.robot.block_position("red")[2] > 0.06
        )

    return holding


@pytest.mark.parametrize("law", [direct, governed])
@pytest.mark.parametrize("latency", [0, 3, 9])
def test_two_prompts_pick_and_place(law, latency):
    for seed in (11, 12):
        loop = Loop(seed, latency, law)
        assert loop.run("pick up the red block", still_open_or_held(loop))
        assert loop.run("place it in the container", lambda _, loop=loop: loop.robot.in_container("red"))


def test_one_prompt_each_sorts_three_blocks_into_one_container():
    loop = Loop(21)
    for colour in ("red", "green", "yellow"):
        home = lambda joints, c=colour: (  # noqa: E731
            loop.robot.in_container(c) and np.abs(joints - so101.REST).max() < 0.03
        )
        assert loop.run(BOTH.format(colour), home)
    assert all(loop.robot.in_container(colour) for colour in ("red", "green", "yellow"))


def test_it_follows_the_colour_in_the_prompt():
    loop = Loop(5)
    others = [loop.robot.block_position(colour) for colour in ("red", "green")]
    assert loop.run(BOTH.format("yellow"), lambda _: loop.robot.in_container("yellow"))
    for before, colour in zip(others, ("red", "green"), strict=True):
        assert math.dist(before, loop.robot.block_position(colour)) < 0.01


def test_a_block_that_is_moved_away_is_picked_where_it_went():
    loop = Loop(8)
    loop.run(BOTH.format("red"), lambda _: False, limit_s=1.0)
    loop.robot.disturb("red", 0.25, -0.02 if loop.robot.placement.container_m[1] > 0 else 0.02)
    assert loop.run(BOTH.format("red"), lambda _: loop.robot.in_container("red"))


def test_a_block_that_lies_in_the_container_leaves_nothing_to_do():
    loop = Loop(4)
    loop.robot.disturb("red", *loop.robot.placement.container_m)
    loop.run(BOTH.format("red"), lambda _: False, limit_s=2.0)
    joints = loop.robot.observe(0, 0.0).joints
    np.testing.assert_allclose(joints, so101.REST, atol=0.02)


def test_blank_pictures_make_it_fail():
    loop = Loop(11, see=np.zeros_like)
    start = loop.robot.block_position("red")
    assert not loop.run(BOTH.format("red"), lambda _: loop.robot.in_container("red"), limit_s=8.0)
    assert math.dist(loop.robot.block_position("red"), start) < 0.005


def test_the_rest_prompt_goes_to_rest():
    loop = Loop(6)
    loop.run("pick up the red block", lambda _: False, limit_s=1.5)
    assert loop.run("go to rest", lambda joints: np.abs(joints - so101.REST).max() < 0.03, limit_s=5.0)


def test_the_same_observation_gives_the_same_plan():
    robot = SimRobot(SimSettings(), 0, PERIOD_S)
    robot.connect()
    seen = robot.observe(0, 0.0)
    plans = [Brain().plan(seen.frames["front"].image, seen.joints, BOTH.format("red"), 20) for _ in range(2)]
    np.testing.assert_array_equal(*plans)
    assert plans[0].shape == (20, 6)
    assert np.all((plans[0] >= so101.LOWER) & (plans[0] <= so101.UPPER))


def test_an_unknown_prompt_is_refused():
    with pytest.raises(UnknownPrompt, match="unknown prompt 'sing'"):
        Brain().plan(np.zeros((32, 32, 3), np.uint8), so101.REST, "sing", 10)


def test_it_knows_nothing_of_the_simulation():
    todo, seen = ["bt_robot.standin.brain"], set()
    package = Path(bt_robot.standin.brain.__file__).parent.parent
    while todo:
        module = todo.pop()
        seen.add(module)
        path = package.joinpath(*module.split(".")[1:])
        source = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                assert not name.startswith(("bt_robot.robot", "mujoco")), f"{module} imports {name}"
                is_module = (package / Path(*name.split(".")[1:])).with_suffix(".py").exists()
                if name.startswith("bt_robot.") and is_module and name not in seen:
                    todo.append(name)
    assert {"bt_robot.standin.perception", "bt_robot.arm.kinematics"} <= seen
