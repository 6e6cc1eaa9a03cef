"""Random valid trees over the whole vocabulary, as texts, as specs, and as what they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args, get_origin

import yaml
from hypothesis import strategies as st

from bt_robot.messages import TickContext
from bt_robot.tree import (
    Action,
    Condition,
    Input,
    Outcome,
    Output,
    Registry,
    TreeSpec,
    failure,
    parse_tree,
    running,
    success,
)
from bt_robot.tree.vocabulary.built_in import BUILT_IN
from bt_robot.tree.vocabulary.node_type import BuiltIn

SAY = {"S": success, "R": running, "F": failure}


class Act(Action):
    """Say what the script says, a letter a tick, and log every call."""

    type_name = "act"
    label = Input(str, doc="which one it is")
    script = Input(str, doc="Success, Failure, Running, any other letter raises; from the front again at the end")
    anew = Input(bool, default=False, doc="whether every start begins with the first letter")

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        self.ticks = 0
        self.log: list[tuple[str, str]] = []

    def on_start(self, ctx: TickContext) -> None:
        self.log = cast(Any, ctx).log
        self.log.append(("start", self.label))
        if self.anew:
            self.ticks = 0

    def on_tick(self, ctx: TickContext) -> Outcome:
        letter = self.script[self.ticks % len(self.script)]
        self.ticks += 1
        self.log.append(("tick", self.label))
        return SAY[letter](f"{self.label} says {letter}")

    def on_halt(self, ctx: TickContext | None) -> None:
        self.log.append(("halt", self.label))


class See(Condition):
    """Answer what the script says, a letter a tick, and log every call."""

    type_name = "see"
    label = Input(str, doc="which one it is")
    script = Input(str, doc="Success or Failure; from the front again at the end")

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        self.ticks = 0

    def on_tick(self, ctx: TickContext) -> Outcome:
        letter = self.script[self.ticks % len(self.script)]
        self.ticks += 1
        cast(Any, ctx).log.extend([("start", self.label), ("tick", self.label)])
        return SAY[letter](f"{self.label} sees {letter}")


class Paint(Action):
    """Write a colour, another one in every tick."""

    type_name = "paint"
    colours = Input(tuple[str, ...], doc="the colours in turn")
    colour = Output(str, doc="the colour")
    ticks = 0

    def on_tick(self, ctx: TickContext) -> Outcome:
        self.colour = self.colours[self.ticks % len(self.colours)]
        self.ticks += 1
        return success()


KIT = Registry([Act, See, Paint])
"""The leaves of the random trees."""

COLOURS = ("red", "green", "blue")


@dataclass(frozen=True)
class Shape:
    """A node of a random tree, before it is written down.

    Attributes:
        type: The word for it.
        values: What it is given, besides its children.
        children: The nodes below it, in order.
        words: What they are called, as in a spec's `slots`: `condition`, `case red`; empty in a list.
    """

    type: str
    values: dict[str, Any]
    children: tuple[Shape, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def source(self) -> Any:
        """Return the node as a tree file has it."""
        body, built_in = dict(self.values), BUILT_IN.get(self.type)
        if built_in is None:
            return {self.type: body} if body else self.type
        below = [child.source for child in self.children]
        match built_in.children.form:
            case "list":
                body["children"] = below
            case "one":
                body["child"] = below[0]
            case "named":
                body |= dict(zip(self.words, below, strict=True))
            case "cases":
                named = dict(zip(self.words, below, strict=True))
                body["cases"] = {word.removeprefix("case "): node for word, node in named.items() if word != "default"}
                body |= {word: node for word, node in named.items() if word == "default"}
        return {self.type: body}

    def walk(self) -> list[Shape]:
        """Return the node and all below it, from the root down."""
        return [self, *(node for child in self.children for node in child.walk())]


def leaves(letters: str = "SFR") -> st.SearchStrategy[Shape]:
    """Leaves of the kit; an action says letters of these. Their labels are given in `labelled`."""
    act = st.builds(lambda script: Shape("act", {"script": script}), st.text(letters, min_size=1, max_size=4))
    see = st.builds(lambda script: Shape("see", {"script": script}), st.text("SF", min_size=1, max_size=4))
    return st.one_of(act, see)


def nodes(built_in: BuiltIn, below: st.SearchStrategy[Shape], *, most: int = 4) -> st.SearchStrategy[Shape]:
    """Nodes of one type, with children drawn from a strategy."""

    @st.composite
    def node(draw: st.DrawFn) -> Shape:
        words: tuple[str, ...] = ()
        match built_in.children.form:
            case "list":
                children = draw(st.lists(below, min_size=1, max_size=most))
            case "one":
                children = [draw(below)]
            case "named":
                optional = built_in.children.optional
                words = tuple(w for w in built_in.children.names if w not in optional or draw(st.booleans()))
                children = [draw(below) for _ in words]
            case "cases":
                known = draw(st.lists(st.sampled_from(COLOURS), min_size=1, max_size=3, unique=True))
                words = tuple(f"case {colour}" for colour in known) + (("default",) if draw(st.booleans()) else ())
                children = [draw(below) for _ in words]
        values = {name: draw(_values(built_in.type, name, port)) for name, port in built_in.ports.items()}
        values = {name: value for name, value in values.items() if value is not None}
        if built_in.type == "for_each":
            values["item"] = {str: "{word}", float: "{number}"}.get(type(*values["items"][:1] or [None]), "{nothing}")
        if built_in.type == "switch":
            cases = [word for word in words if word != "default"]
            values["value"] = draw(st.sampled_from(cases)).removeprefix("case ")
        while found := built_in.amiss(values, len(children)):
            values[found[0]] = 1
        return Shape(built_in.type, values, tuple(children), words)

    return node()


def _values(type_name: str, name: str, port: Input[Any] | Output[Any]) -> st.SearchStrategy[Any]:
    match (type_name, name):
        case ("switch", "value"):
            return st.sampled_from(COLOURS)
        case ("for_each", "items"):
            return st.one_of(st.lists(st.sampled_from(COLOURS), max_size=3), st.lists(st.sampled_from([0.5, 2.0])))
    if isinstance(port, Output):
        return st.just(f"{{{name}}}")
    value = _of_kind(port.kind)
    return value if port.required else st.none() | value


def _of_kind(kind: Any) -> st.SearchStrategy[Any]:
    """Return small values of a port's type."""
    if hasattr(kind, "__metadata__"):
        bare, rule = get_args(kind)[0], kind.__metadata__[0]
        if bare is int:
            return st.integers(max(int(rule.minimum), 1), 4)
        if bare is float:
            return st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0])
        return _of_kind(bare)
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    return st.one_of([_of_kind(member) for member in get_args(kind)])


def shapes(
    below: st.SearchStrategy[Shape] | None = None, types: Sequence[str] = tuple(BUILT_IN), max_leaves: int = 12
) -> st.SearchStrategy[Shape]:
    """Random trees of some types of the language, over leaves of the kit or of your own.

    Args:
        below: The leaves; those of the kit by default.
        types: The composites and decorators to use.
        max_leaves: About how many leaves a tree may have.
    """
    kinds = [BUILT_IN[word] for word in types]
    return st.recursive(
        leaves() if below is None else below,
        lambda kids: st.one_of([nodes(built_in, kids, most=3) for built_in in kinds]),
        max_leaves=max_leaves,
    ).map(labelled)


def labelled(shape: Shape) -> Shape:
    """Give the kit's leaves labels: `a1`, `a2`, … from the left."""
    counter = iter(range(1, 10_000))

    def visit(node: Shape) -> Shape:
        values = node.values
        if node.type in ("act", "see"):
            values = {"label": f"a{next(counter)}", **values}
        return Shape(node.type, values, tuple(visit(child) for child in node.children), node.words)

    return visit(shape)


def text_of(shape: Shape, name: str = "t") -> str:
    """Return the tree file of a shape."""
    return yaml.safe_dump({"tree": name, "root": shape.source}, sort_keys=False)


def tree_texts(**options: Any) -> st.SearchStrategy[str]:
    """Random valid tree files; the options are those of `shapes`."""
    return shapes(**options).map(text_of)


def tree_specs(**options: Any) -> st.SearchStrategy[TreeSpec]:
    """Random trees as loaded; the options are those of `shapes`."""
    return tree_texts(**options).map(lambda text: parse_tree(text, "t.yaml", KIT))
