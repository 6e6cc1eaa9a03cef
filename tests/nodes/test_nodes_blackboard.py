"""Leaves about keys: they are written, unset, looked for and waited for, on the run's clock."""

from __future__ import annotations

import pytest

from bt_robot.errors import PortError
from bt_robot.messages import Status
from bt_robot.nodes.blackboard import KeyExists, KeyUpdated, SetBlackboard, UnsetBlackboard, WaitForKey, WaitForUpdate
from bt_robot.tree import Slot


@pytest.fixture
def slot(world):
    return Slot("width", world)


@pytest.mark.parametrize("value", [3, 0.25, "red", True, (1.0, 2.0), ("a",)])
def test_a_value_is_written_to_a_key(world, slot, value):
    outcome = world.tick(SetBlackboard(key=slot, value=value))
    assert (outcome.status, slot.read()) == (Status.SUCCESS, value)


def test_what_another_key_holds_now_is_written_to_a_key(world, slot):
    source = Slot("source")
    leaf = SetBlackboard(key=slot, value=source)
    for value in (1, 2):
        source.write(value)
        world.tick(leaf)
        assert slot.read() == value


def test_a_long_value_is_cut_in_the_words(world, slot):
    assert world.tick(SetBlackboard(key=slot, value="x" * 100)).reason == "x" * 59 + "…"


def test_a_key_that_is_unset_holds_nothing(world, slot):
    slot.write(1)
    assert world.tick(UnsetBlackboard(key=slot)).status is Status.SUCCESS
    assert not slot.written


def test_a_key_exists_while_it_holds_a_value(world, slot):
    leaf = KeyExists(key=slot)
    assert world.tick(leaf).reason == "'width' holds nothing"
    slot.write(0.5)
    assert world.tick(leaf, after_s=2.0).reason == "'width' holds 0.5; 2.00 s old"
    slot.unset()
    assert world.tick(leaf).status is Status.FAILURE


def test_a_key_may_be_too_old(world, slot):
    leaf = KeyExists(key=slot, max_age_s=1.0)
    slot.write(0.5)
    assert world.tick(leaf, after_s=1.0).status is Status.SUCCESS
    assert world.tick(leaf, after_s=0.5).reason == "'width' is too old, the limit is 1 s; 1.50 s old"
    slot.write(0.5)
    assert world.tick(leaf, after_s=0.5).status is Status.SUCCESS


def test_every_write_is_news_once_even_of_an_equal_value(world, slot):
    leaf = KeyUpdated(key=slot)
    assert world.tick(leaf).reason == "nothing new in 'width'"
    slot.write(1)
    assert world.tick(leaf).reason == "'width' was written"
    assert world.tick(leaf).status is Status.FAILURE
    slot.write(1)
    slot.write(1)
    assert [world.tick(leaf).status for _ in range(2)] == [Status.SUCCESS, Status.FAILURE]


def test_the_first_look_finds_an_older_write(world, slot):
    slot.write(1)
    assert world.tick(KeyUpdated(key=slot)).status is Status.SUCCESS


def test_it_waits_for_a_write_after_its_start(world, slot):
    slot.write(1)
    leaf = WaitForUpdate(key=slot, at_most_s=1.0)
    assert world.tick(leaf, start=True).reason == "nothing new in 'width'; waiting for 0.0 s"
    slot.write(1)
    assert world.tick(leaf).status is Status.SUCCESS
    assert world.tick(leaf, start=True).status is Status.RUNNING
    assert world.tick(leaf, after_s=1.0).reason == "waited for 1.0 s: nothing new in 'width'"


def test_it_waits_for_a_key_to_hold_something(world, slot):
    leaf = WaitForKey(key=slot, at_most_s=1.0)
    assert world.tick(leaf, start=True).status is Status.RUNNING
    slot.write("red")
    assert world.tick(leaf).reason == "'width' holds red"
    slot.unset()
    assert world.tick(leaf, after_s=1.0).status is Status.FAILURE


def test_without_a_limit_it_waits_for_ever(world, slot):
    for leaf in (WaitForKey(key=slot), WaitForUpdate(key=slot)):
        world.tick(leaf, start=True)
        assert world.tick(leaf, after_s=1e6).status is Status.RUNNING


def test_a_leaf_about_a_key_needs_one(world):
    with pytest.raises(PortError, match="'key' is bound to no key"):
        world.tick(KeyExists(key=3))
