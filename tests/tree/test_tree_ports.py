"""A port is an attribute on the leaf, and a literal or a slot behind it."""

from __future__ import annotations

import math

import pytest
from tree_leaves import Measure, Wait

from bt_robot.errors import PortError
from bt_robot.tree import Action, Input, Output, Slot, Value


def slot_with(value: object) -> Slot:
    slot = Slot("key")
    slot.write(value)
    return slot


def test_an_input_is_the_literal_it_was_given():
    assert Wait(duration_s=2.5).duration_s == 2.5


def test_an_input_is_what_its_slot_holds_now():
    slot = slot_with(1.0)
    leaf = Wait(duration_s=slot)
    slot.write(2.0)
    assert leaf.duration_s == 2.0


def test_a_slot_that_nothing_was_written_to_can_not_be_read():
    with pytest.raises(PortError, match=r"^nothing was written to the key 'key' yet$"):
        _ = Wait(duration_s=Slot("key")).duration_s


@pytest.mark.parametrize("value", [-0.1, -1, math.nan])
def test_a_number_outside_the_range_can_not_be_read(value):
    with pytest.raises(PortError, match=rf"^the key 'key' holds {value}, but duration_s is a number of at least 0$"):
        _ = Wait(duration_s=slot_with(value)).duration_s


def test_a_list_of_another_length_can_not_be_read():
    assert Wait(duration_s=1.0, joints=slot_with((0.1, 0.2))).joints == (0.1, 0.2)
    with pytest.raises(PortError, match=r"^the key 'key' holds \(0.1,\), but joints is a list of 2 numbers"):
        _ = Wait(duration_s=1.0, joints=slot_with((0.1,))).joints


@pytest.mark.parametrize("value", [3, True, "a", None, ()])
def test_what_is_no_number_has_no_range(value):
    assert Wait(duration_s=1.0, label=slot_with(value)).label == value


def test_none_may_be_read_where_it_is_allowed():
    assert Wait(duration_s=1.0, joints=slot_with(None)).joints is None


def test_an_input_can_not_be_set():
    with pytest.raises(AttributeError, match="'duration_s' is an input: it can't be set"):
        Wait(duration_s=1.0).duration_s = 2.0


def test_an_output_is_written_to_its_slot():
    slot = Slot("seen")
    leaf = Measure(seen=slot)
    leaf.seen = 3.0
    assert slot.read() == leaf.seen == 3.0


def test_an_output_that_is_bound_to_nothing_takes_what_is_written():
    leaf, other = Measure(), Measure()
    leaf.seen = 3.0
    assert leaf.seen == 3.0
    with pytest.raises(PortError):
        _ = other.seen


def test_a_port_knows_its_words():
    assert Wait.duration_s.doc == "how long to wait [s]"
    assert Wait.duration_s.expected == "a number of at least 0"
    assert Wait.duration_s.required
    assert not Wait.label.required
    assert (Wait.while_.attribute, Wait.while_.name) == ("while_", "while")


def test_a_port_says_what_a_file_may_give_for_it():
    assert Wait.duration_s.expected_as("duration_s") == "a number of at least 0"
    assert Measure.seen.expected_as("seen") == 'a blackboard key such as "{seen}"'
    assert Input(str, doc="", only_key=True).expected_as("key") == 'a blackboard key such as "{key}"'


@pytest.mark.parametrize("output", [Output(Value, doc="", like="valu"), Output(Value, doc="", item_of="valu")])
def test_an_output_can_only_be_like_an_input_of_its_leaf(output):
    body = {"value": Input(Value, doc=""), "key": output}
    with pytest.raises(TypeError, match="Sample: the output 'key' is like 'valu', which is no input of it"):
        type("Sample", (Action,), body)
