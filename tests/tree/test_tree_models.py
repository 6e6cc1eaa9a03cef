"""Every node type does what its model of a few lines says, alone and in trees of all of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_models import MODELS, Model, World
from tree_strategies import COLOURS, KIT, Shape, labelled, leaves, nodes, shapes, text_of

from bt_robot.messages import Status
from bt_robot.tree import build_tree, parse_tree
from bt_robot.tree.vocabulary.built_in import BUILT_IN
from tests.scale import examples

LETTERS = {Status.SUCCESS: "S", Status.FAILURE: "F", Status.RUNNING: "R"}

STEPS = st.lists(st.one_of(st.sampled_from([0.5, 0.5, 0.25, 1.0]), st.just("halt")), min_size=1, max_size=14)
"""What happens: a tick after some time [s], or the whole tree is halted."""


class Log:
    """A tick's context that logs what the leaves do."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.log: list[tuple[str, str]] = []


def agree(shape: Shape, steps: list[Any]) -> None:
    """Check that the engine and the models do the same to the leaves, and say the same."""
    ctx, world = Log(), World()
    tree, model = build_tree(parse_tree(text_of(shape), "t.yaml", KIT)), Model(shape, world)
    for step in steps:
        if step == "halt":
            tree.halt()
            model.halt()
        else:
            ctx.now_s = world.now_s = ctx.now_s + step
            assert LETTERS[tree.tick(ctx)] == model.tick()  # pyright: ignore[reportArgumentType]
        assert [event for event in ctx.log if event[0] != "halt"] == [e for e in world.log if e[0] != "halt"]
        assert sorted(ctx.log) == sorted(world.log)
        assert [s.status is Status.RUNNING for s in tree.states()] == running(model)
        ctx.log.clear()
        world.log.clear()


def running(model: Model) -> list[bool]:
    return [model.running, *(state for kid in model.kids for state in running(kid))]


def test_every_type_has_a_model():
    assert MODELS.keys() >= BUILT_IN.keys()


@pytest.mark.parametrize("word", BUILT_IN)
def test_a_node_type_does_what_its_model_says(word):
    @settings(max_examples=examples(40))
    @given(nodes(BUILT_IN[word], leaves()).map(labelled), STEPS)
    def check(shape: Shape, steps: list[Any]) -> None:
        agree(shape, steps)

    check()


@settings(max_examples=examples(300))
@given(shapes(), STEPS)
def test_trees_of_all_types_do_what_the_models_say(shape, steps):
    agree(shape, steps)


@settings(max_examples=examples(40))
@given(nodes(BUILT_IN["switch"], leaves()), st.lists(st.sampled_from(COLOURS), min_size=1, max_size=5), STEPS)
def test_a_switch_follows_a_value_that_changes(switch, colours, steps):
    switch = Shape("switch", {"value": "{colour}"}, switch.children, switch.words)
    paint = Shape("paint", {"colours": colours, "colour": "{colour}"})
    agree(labelled(Shape("reactive_sequence", {}, (paint, switch))), steps)
