"""What loading costs grows with the tree, not faster: laws about the work, without a clock."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.tree.language.place import Place
from tests.scale import examples


class Counted(dict[str, int]):
    """Names that are taken, and how often they were asked about."""

    asked = 0

    def __contains__(self, name: object) -> bool:
        self.asked += 1
        return super().__contains__(name)


def first_free(name: str, taken: set[str]) -> str:
    """Return the name, or the first of name_2, name_3, … that is not taken."""
    numbered = (f"{name}_{number}" for number in range(2, len(taken) + 3))
    return next(free for free in (name, *numbered) if free not in taken)


@settings(max_examples=examples(200))
@given(st.lists(st.sampled_from(["a", "a_2", "a_3", "a_2_2", "b"]), max_size=30))
def test_a_sibling_gets_the_first_name_that_is_free(names):
    place, taken = Place("t"), set[str]()
    for name in names:
        expected = first_free(name, taken)
        assert place.claim(name) == expected
        taken.add(expected)


@pytest.mark.parametrize("names", [["a"], ["a", "a_2"], ["a_2", "a", "a_3"], ["a", "b", "a_2_2", "a_400"]])
def test_naming_a_sibling_costs_the_same_however_many_there_are(names):
    taken, count = Counted(), 2000
    place = Place("t", taken=taken)
    for number in range(count):
        place.claim(names[number % len(names)])
    assert taken.asked <= 3 * count
