"""An attempt ends with what the leaf is a part of: seen by a real tree."""

import pytest

from bt_robot.nodes.attempt import Attempt
from bt_robot.tree import Action, Condition, Input, Registry, build_tree, failure, parse_tree, running, success


class Looking(Condition):
    """Fail, and note in which ticks an attempt begins."""

    type_name = "looking"
    begun: list = []  # noqa: RUF012 - emptied by each test

    def __init__(self, **values):
        super().__init__(**values)
        self._attempt = Attempt()

    def on_tick(self, ctx):
        if self._attempt.begins(ctx):
            self.begun.append(round(ctx.now_s / 0.1))
        return failure("still looking")


class Lasting(Action):
    """Take some ticks."""

    type_name = "lasting"
    ticks = Input(int, doc="how many")
    fails = Input(bool, default=False, doc="how it ends")

    def on_start(self, ctx):
        self._left = self.ticks

    def on_tick(self, ctx):
        self._left -= 1
        if self._left > 0:
            return running("working")
        return failure("it is so") if self.fails else success()


class Context:
    def __init__(self):
        self.now_s = 0.0

    def propose(self, positions):
        raise AssertionError


REGISTRY = Registry([Looking, Lasting])


def begun(root, ticks=12, step_s=0.1):
    """Return the ticks, from 1, in which the leaf saw an attempt begin."""
    Looking.begun.clear()
    tree = build_tree(parse_tree(f"tree: t\nroot: {root}\n", "t.yaml", REGISTRY))
    context = Context()
    for _ in range(ticks):
        context.now_s += step_s
        tree.tick(context)
    return list(Looking.begun)


def test_a_skill_that_goes_on_is_one_attempt():
    assert begun("{reactive_fallback: [looking, {lasting: {ticks: 100}}]}") == [1]


def test_a_condition_deep_among_others_is_still_in_the_same_attempt():
    root = (
        "{reactive_fallback: [{reactive_sequence: [{inverter: {child: looking}}, looking]}, {lasting: {ticks: 100}}]}"
    )
    assert begun(root) == [1, 1]


@pytest.mark.parametrize("decorator", ["repeat: {times: 100", "retry: {attempts: 100"])
def test_what_is_begun_again_is_another_attempt(decorator):
    fails = str(decorator.startswith("retry")).lower()
    root = f"{{{decorator}, child: {{reactive_fallback: [looking, {{lasting: {{ticks: 4, fails: {fails}}}}}]}}}}}}"
    assert begun(root) == [1, 5, 9]


def test_a_guard_beside_a_sequence_of_actions_is_one_attempt():
    actions = "{sequence: [{lasting: {ticks: 4}}, {lasting: {ticks: 50}}]}"
    root = f"{{reactive_sequence: [{{inverter: {{child: looking}}}}, {actions}]}}"
    assert begun(root) == [1]


def test_a_leaf_that_was_not_asked_for_a_while_begins_anew():
    assert begun("{reactive_fallback: [looking, {lasting: {ticks: 100}}]}", ticks=3, step_s=0.6) == [6, 12, 18]
