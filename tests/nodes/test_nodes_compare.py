"""compare and wait_for: values and keys are compared as Python would, and only where that makes sense."""

from __future__ import annotations

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.errors import LoadError, PortError
from bt_robot.messages import Status
from bt_robot.nodes import standard_registry
from bt_robot.nodes.compare import Compare, WaitFor, compared
from bt_robot.tree import Slot, parse_tree

NUMBERS = st.integers(-3, 3) | st.floats(-3, 3)
TEXTS = st.sampled_from(["a", "b", ""])
OPERATORS = {
    "equal": operator.eq,
    "not_equal": operator.ne,
    "less": operator.lt,
    "less_or_equal": operator.le,
    "greater": operator.gt,
    "greater_or_equal": operator.ge,
}


@given(NUMBERS, st.sampled_from(list(OPERATORS)), NUMBERS)
def test_numbers_compare_as_in_python(left, relation, right):
    assert compared(left, relation, right)[0] is OPERATORS[relation](left, right)


@given(st.sampled_from(["equal", "not_equal"]), st.data())
def test_texts_truth_values_and_lists_are_equal_or_not(relation, data):
    values = data.draw(
        st.sampled_from([TEXTS, st.booleans(), st.lists(NUMBERS).map(tuple), st.lists(TEXTS).map(tuple)])
    )
    left, right = data.draw(values), data.draw(values)
    assert compared(left, relation, right)[0] is OPERATORS[relation](left, right)


@given(TEXTS, st.lists(TEXTS).map(tuple))
def test_in_looks_through_a_list(left, right):
    assert compared(left, "in", right)[0] is (left in right)
    assert compared(left, "not_in", right)[0] is (left not in right)


@given(NUMBERS, NUMBERS, st.floats(0, 2))
def test_numbers_within_the_tolerance_are_equal(left, right, tolerance):
    near = abs(left - right) <= tolerance
    assert compared(left, "equal", right, tolerance)[0] is near
    assert compared(left, "not_equal", right, tolerance)[0] is not near
    assert compared((left, 0), "equal", (right, 0), tolerance)[0] is near


@pytest.mark.parametrize(
    ("left", "relation", "right", "words"),
    [
        (0.25, "greater", 0.5, "0.25 is not greater than 0.5"),
        (0.75, "greater", 0.5, "0.75 is greater than 0.5"),
        ("red", "in", ("green", "blue"), "red is not one of ('green', 'blue')"),
        (3, "less_or_equal", 3, "3 is at most 3"),
        (3, "not_equal", 3, "3 is not different from 3"),
    ],
)
def test_it_says_how_they_compare(world, left, relation, right, words):
    assert world.tick(Compare(left=left, is_=relation, right=right)).reason == words


def test_what_a_key_holds_now_is_compared(world):
    slot = Slot("width")
    leaf = Compare(left=slot, is_="greater", right=0.5)
    slot.write(0.6)
    assert world.tick(leaf).status is Status.SUCCESS
    slot.write(0.4)
    assert world.tick(leaf).status is Status.FAILURE


def test_values_that_have_no_order_make_it_fail_and_nothing_else(world):
    slot = Slot("width")
    slot.write("wide")
    with pytest.raises(PortError, match="wide and 3 can't be compared: "):
        world.tick(Compare(left=slot, is_="less", right=3))


def test_it_waits_until_they_compare(world):
    slot = Slot("width")
    leaf = WaitFor(left=slot, is_="greater", right=0.5, at_most_s=1.0)
    assert world.tick(leaf, start=True).reason == "nothing was written to the key 'width' yet; waiting for 0.0 s"
    slot.write(0.4)
    assert world.tick(leaf, after_s=0.5).reason == "0.4 is not greater than 0.5; waiting for 0.5 s"
    assert world.tick(leaf, after_s=0.5).reason == "waited for 1.0 s: 0.4 is not greater than 0.5"
    slot.write(0.6)
    assert world.tick(leaf, start=True).status is Status.SUCCESS


MISTAKES: dict[str, str] = {
    "left: 3, is: equal, right: red": "compare.right: 'red'; expected a whole number, as 'left' is",
    "left: 3, is: equal, right: true": "compare.right: 'true'; expected a whole number, as 'left' is",
    "left: 3, is: less, right: red": "compare.right: 'red'; expected a number, as 'less' compares numbers",
    "left: red, is: less, right: 3": "compare.left: 'red'; expected a number, as 'less' compares numbers",
    "left: [1], is: greater, right: 3": ("compare.left: a list of 1; expected a number, as 'greater' compares numbers"),
    "left: 3, is: in, right: 3": "compare.right: '3'; expected a list, as 'in' looks for one of its items",
    "left: red, is: in, right: [1, 2]": "compare.right: a list of 2; expected a list of texts, as 'left' is",
    "left: a, is: equal, right: a, tolerance: 1": "compare.tolerance: '1'; expected none, as it is for numbers",
    'left: "{status}", is: equal, right: SUCCES': (
        "compare.right: 'SUCCES'; expected one of RUNNING, SUCCESS, FAILURE, IDLE, as the other side is"
    ),
    'left: "{status}", is: in, right: [SUCCESS, FAIL]': (
        "compare.right: a list of 2; expected one of RUNNING, SUCCESS, FAILURE, IDLE, as the other side is"
    ),
    'left: "{status}", is: equal, right: 3': (
        "compare.right: '3'; expected one of RUNNING, SUCCESS, FAILURE, IDLE, as 'left' is"
    ),
}


def load(node: str):
    reported = 'report_status: {status: "{status}", child: observe}'
    text = f"tree: t\nroot: {{sequence: [{{{reported}}},\n {{{node}}}]}}"
    return parse_tree(text, "t.yaml", standard_registry())


@pytest.mark.parametrize("ports", MISTAKES)
def test_a_comparison_that_makes_no_sense_is_refused_when_the_tree_is_loaded(ports):
    for word in ("compare", "wait_for"):
        with pytest.raises(LoadError) as error:
            load(f"{word}: {{{ports}}}")
        assert str(error.value).partition(": ")[2] == MISTAKES[ports].replace("compare", word, 1)


@pytest.mark.parametrize(
    "ports",
    [
        "left: 3, is: equal, right: 3.0",
        "left: 3, is: in, right: [1, 2.5]",
        'left: "{status}", is: not_in, right: [SUCCESS, IDLE]',
        "left: [1, 2], is: equal, right: [0.5], tolerance: 0.1",
        "left: true, is: equal, right: false",
    ],
)
def test_a_comparison_that_makes_sense_is_loaded(ports):
    assert load(f"compare: {{{ports}}}").root.children[1].type == "compare"
