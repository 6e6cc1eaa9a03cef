"""Leaves and a context for the tests of the tree: what they say is written in the tree."""

from __future__ import annotations

from typing import Any, Literal, cast

from bt_robot.messages import TickContext
from bt_robot.tree import (
    Action,
    Condition,
    Input,
    NodeSpec,
    Outcome,
    Output,
    Registry,
    Tree,
    build_tree,
    declined,
    failure,
    parse_tree,
    running,
    success,
)


class ManualContext:
    """A tick context with a clock that stands still until it is moved, and a log of calls."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.log: list[str] = []


class Play(Action):
    """Say what the script says, a letter a tick: Success, Failure, Running, Declined, eXception."""

    type_name = "play"
    script = Input(str, doc="the letters, from the front again at the end")
    start = Input(Literal["fine", "raises"], default="fine", doc="what on_start does")
    halt = Input(Literal["fine", "raises"], default="fine", doc="what on_halt does")

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        self.ticks = 0
        self.log: list[str] = []

    def on_start(self, ctx: TickContext) -> None:
        self.log = cast(Any, ctx).log
        self.log.append(f"start {self.script}")
        if self.start == "raises":
            raise ZeroDivisionError("division by zero")

    def on_tick(self, ctx: TickContext) -> Outcome:
        self.log.append(f"tick {self.script}")
        letter = self.script[self.ticks % len(self.script)]
        self.ticks += 1
        if letter == "X":
            raise ZeroDivisionError("division by zero")
        if letter == "N":
            return cast(Outcome, None)
        if letter == "W":
            return running(cast(str, 0.5))
        if letter == "E":
            return failure("")
        if letter == "K":
            raise KeyboardInterrupt
        say = {"S": success, "R": running, "F": failure, "D": declined}[letter]
        return say(f"{self.script} says {letter}")

    def on_halt(self, ctx: TickContext | None) -> None:
        self.log.append(f"halt {self.script}")
        if self.halt == "raises":
            raise RuntimeError("stuck")


class Look(Condition):
    """Answer what the script says: Success, Failure, Running."""

    type_name = "look"
    script = Input(str, default="S", doc="the letters")
    ticks = 0

    def on_tick(self, ctx: TickContext) -> Outcome:
        letter = self.script[self.ticks % len(self.script)]
        self.ticks += 1
        return {"S": success, "R": running, "F": failure}[letter](f"{self.script} looks {letter}")


class Wait(Action):
    """Wait for some time."""

    type_name = "wait"
    duration_s = Input(float, minimum=0.0, doc="how long to wait [s]")
    label = Input(str, default="", doc="what for")
    how = Input(Literal["still", "moving"], default="still", doc="how")
    joints = Input(tuple[float, ...] | None, default=None, length=2, doc="where [rad]")
    count = Input(int, default=1, doc="how often")
    quick = Input(bool, default=False, doc="whether to hurry")
    while_ = Input(str, default="", doc="what must hold")

    def on_tick(self, ctx: TickContext) -> Outcome:
        return running(f"{self.duration_s:g} s left")


class Ask(Action):
    """Ask for something."""

    type_name = "ask"
    prompt = Input(str, doc="what to ask")

    def on_tick(self, ctx: TickContext) -> Outcome:
        cast(Any, ctx).log.append(self.prompt)
        return success(self.prompt)


class Measure(Action):
    """Write a number and a word."""

    type_name = "measure"
    value = Input(float, default=1.0, doc="what is measured")
    seen = Output(float, doc="what was measured")
    word = Output(str, doc="its name")

    def on_tick(self, ctx: TickContext) -> Outcome:
        self.seen = self.value
        self.word = "width"
        return success()


REGISTRY = Registry([Play, Look, Wait, Ask, Measure])


def tree_of(root: str, **header: str) -> Tree:
    """Build a tree from its root, written in YAML's flow style."""
    lines = ["tree: t", *(f"{key}: {value}" for key, value in header.items()), f"root: {root}"]
    return build_tree(parse_tree("\n".join(lines), "t.yaml", REGISTRY))


def say(script: str, **ports: str) -> str:
    """Return a `play` node in YAML's flow style."""
    rest = "".join(f", {key}: {value}" for key, value in ports.items())
    return f"{{play: {{script: {script}{rest}}}}}"


def play_spec(path: str, script: str) -> NodeSpec:
    """Return the spec of a `play` node, for trees that no file can have."""
    values = {"script": script, "start": "fine", "halt": "fine"}
    return NodeSpec(path, "play", path.rpartition("/")[2], "action", values, leaf=Play)
