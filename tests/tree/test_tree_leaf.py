"""A leaf class is checked when it is defined, and a leaf when it is made."""

from __future__ import annotations

import pytest
from tree_leaves import Wait

from bt_robot.tree import Action, Input, success


def test_the_ports_are_listed_in_the_order_declared():
    assert list(Wait.ports) == ["duration_s", "label", "how", "joints", "count", "quick", "while"]


def test_a_class_inherits_the_ports_of_its_base():
    class Pause(Wait):
        """Pause."""

        type_name = "pause"
        colour = Input(str, default="red", doc="which")

    assert list(Pause.ports) == [*Wait.ports, "colour"]
    assert (Pause(duration_s=1.0).duration_s, Pause(duration_s=1.0).colour) == (1.0, "red")


@pytest.mark.parametrize("name", ["name", "child", "children", "ports", "on_tick", "Speed"])
def test_a_port_can_not_have_a_name_that_means_something_else(name):
    with pytest.raises(TypeError, match=f"a port can't be called '{name}'"):
        type("Bad", (Action,), {name: Input(str, doc="")})


def test_a_type_name_is_a_word():
    with pytest.raises(TypeError, match="Bad: the type name 'Move To' is not a word like 'move_to'"):
        type("Bad", (Action,), {"type_name": "Move To"})


def test_a_leaf_needs_its_required_inputs():
    with pytest.raises(TypeError, match="'wait' needs a value for its port 'duration_s'"):
        Wait()


def test_a_leaf_takes_nothing_else():
    with pytest.raises(TypeError, match="'wait' has no port 'speed'"):
        Wait(duration_s=1.0, speed=3)


def test_a_port_called_like_a_python_word_takes_both_spellings():
    assert Wait(duration_s=1.0, while_="a").while_ == Wait(duration_s=1.0, **{"while": "a"}).while_ == "a"


def test_a_leaf_must_say_what_it_does_in_a_tick():
    with pytest.raises(TypeError, match="abstract"):
        type("Bad", (Action,), {"type_name": "bad"})()


def test_starting_and_halting_may_be_left_out():
    class Nothing(Action):
        """Do nothing."""

        type_name = "nothing"

        def on_tick(self, ctx):
            return success()

    leaf = Nothing()
    assert leaf.on_start(None) is leaf.on_halt(None) is None
