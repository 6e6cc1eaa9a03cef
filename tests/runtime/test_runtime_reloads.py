"""Random trees are edited into others while they run, by leaves that succeed, fail, move the arm and raise."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.arm import so101
from bt_robot.errors import ProposalError
from bt_robot.messages import Status
from bt_robot.policy.chunks.plan import Plan
from bt_robot.policy.link.silent import SilentPolicy
from bt_robot.robot.fake import FakeRobot
from bt_robot.runtime.clock import SimulatedClock
from bt_robot.runtime.loop import Loop
from bt_robot.telemetry.audit import audit
from bt_robot.tree import Action, Input, Registry, build_tree, failure, parse_tree, running, success
from tests.scale import examples
from tests.tree.tree_strategies import Shape, shapes, text_of

PERIOD_S = 1 / 30


class Push(Action):
    """Do what a script says, a letter a tick: succeed, fail, push the arm somewhere, take its time to let go, raise."""

    type_name = "push"
    script = Input(str, doc="one of SFRX a tick")
    slow = Input(bool, default=False, doc="whether it takes two ticks to let go")
    generation: ClassVar[list[int]] = [0]
    log: ClassVar[list[tuple[int, str, int]]] = []

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        self._mine = self.generation[0]
        self._count = self._left = 0

    def _note(self, what: str) -> None:
        self.log.append((self._mine, what, id(self)))

    def on_start(self, ctx: Any) -> None:
        self._count = 0
        self._note("start")

    def on_tick(self, ctx: Any) -> Any:
        letter = self.script[self._count % len(self.script)]
        self._count += 1
        if letter in "SFX":
            self._note("end")
        if letter == "X":
            raise ZeroDivisionError("on purpose")
        if letter == "R":
            return self._push(ctx)
        return success() if letter == "S" else failure("as told")

    def _push(self, ctx: Any) -> Any:
        try:
            ctx.propose(so101.REST + 6 * PERIOD_S * so101.LIMITS.velocity * np.sin(self._count + np.arange(6)))
        except ProposalError:  # another leaf pushes, too
            self._note("end")
            raise
        return running("pushing")

    def on_halt(self, ctx: Any) -> Any:
        if self.slow:
            self._left = 2
            return running("letting go")
        self._note("end")
        return None

    def on_leaving(self, ctx: Any) -> Any:
        self._left -= 1
        if self._left > 0:
            return running("letting go")
        self._note("end")
        return success()


LEAVES = st.builds(
    lambda script, slow: Shape("push", {"script": script, "slow": slow}),
    st.text("SFRRRX", min_size=1, max_size=4),
    st.booleans(),
)
TEXTS = st.lists(shapes(LEAVES, max_leaves=8).map(text_of), min_size=2, max_size=4)
GAPS = st.lists(st.integers(0, 12), min_size=3, max_size=3)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """Do not write down what the leaves raise on purpose."""
    monkeypatch.setattr(logging.getLogger("bt_robot.tree.engine.leaf_node"), "disabled", True)


class Again:
    """A sink that keeps the records, and how far the leaves' log was at each."""

    def __init__(self) -> None:
        self.records: list[Any] = []
        self.logged: list[int] = []

    def publish(self, record: Any) -> None:
        self.records.append(record)
        self.logged.append(len(Push.log))


@settings(max_examples=examples(40), deadline=None)
@given(TEXTS, GAPS)
def test_an_edited_tree_takes_over_from_one_that_has_let_go_and_the_arm_never_jumps(texts, gaps):
    Push.log.clear()
    trees = []
    for generation, text in enumerate(texts):
        Push.generation[0] = generation
        trees.append(build_tree(parse_tree(f"# {generation}\n{text}", "t.yaml", Registry([Push]))))
    due = np.cumsum(gaps)
    pending = {int(step): tree for step, tree in zip(due, trees[1:], strict=False)}
    steps = iter(range(10**6))
    robot, seen = FakeRobot(), Again()
    robot.connect()
    Loop(
        robot=robot,
        tree=trees[0],
        link=SilentPolicy(),
        plan=Plan(10, 5),
        clock=SimulatedClock(PERIOD_S),
        limits=so101.LIMITS,
        poses={},
        sinks=[seen],
        max_time_s=60 * PERIOD_S,
        edits=lambda: pending.get(next(steps)),
    ).run()
    records = seen.records
    assert all(len(record.nodes) == len(record.layout) for record in records)
    assert [command.step for command in robot.commands] == [record.step for record in records]
    assert audit([command.positions for command in robot.commands], so101.REST, so101.LIMITS, PERIOD_S) == []
    of_layout = {id(tree.nodes): generation for generation, tree in enumerate(trees)}
    generations = [of_layout[id(record.layout)] for record in records]
    assert generations == sorted(generations)
    for record, before in zip(records[1:], records, strict=False):
        if record.layout is not before.layout:
            assert before.status is Status.RUNNING
            assert np.max(np.abs(before.command.velocities)) < 1e-9
    active: set[tuple[int, int]] = set()
    newest = 0
    for generation, what, leaf in Push.log:
        if generation > newest:
            assert not active  # all leaves of the tree before have let go
            newest = generation
        assert generation == newest
        (active.add if what == "start" else active.discard)((generation, leaf))
    assert not active
