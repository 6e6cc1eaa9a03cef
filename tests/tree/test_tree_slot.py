"""A slot knows what was written to it last, when, and how often."""

from __future__ import annotations

import math

import pytest
from tree_leaves import REGISTRY, ManualContext, Measure, Wait

from bt_robot.errors import PortError
from bt_robot.messages import KeyWrite
from bt_robot.tree import Slot, build_tree, parse_tree

TEXT = """
tree: t
root:
  sequence:
    - measure: {value: 2.5, seen: "{width}"}
    - wait: {duration_s: "{width}"}
"""


class Clock:
    now_s = 1.5


def test_a_fresh_slot_was_never_written():
    slot = Slot("width")
    assert (slot.written, slot.written_s, slot.sequence) == (False, -math.inf, 0)


def test_every_write_is_counted_and_has_the_time_of_the_run():
    clock = Clock()
    slot = Slot("width", clock)
    slot.write(0.1)
    clock.now_s = 2.0
    slot.write(0.1)
    assert (slot.read(), slot.written, slot.written_s, slot.sequence) == (0.1, True, 2.0, 2)


def test_what_was_unset_can_not_be_read_until_it_is_written_again():
    slot = Slot("width")
    slot.write(0.1)
    slot.unset()
    assert not slot.written
    with pytest.raises(PortError, match=r"^the key 'width' was unset, and not written again$"):
        slot.read()
    slot.write(0.2)
    assert (slot.read(), slot.sequence) == (0.2, 2)


def test_a_leaf_finds_the_slot_behind_its_ports():
    slot = Slot("width")
    assert Wait.duration_s.slot(Wait(duration_s=slot)) is slot
    assert Measure.seen.slot(Measure(seen=slot)) is slot
    assert Wait.duration_s.slot(Wait(duration_s=1.0)) is None


def leaf_of(tree, name):
    return next(node.leaf for node in tree.root.iterate() if node.path == f"t/{name}")


def test_writes_in_a_tree_are_stamped_with_the_clock_of_its_run():
    tree, ctx = build_tree(parse_tree(TEXT, "t.yaml", REGISTRY)), ManualContext()
    slot = Wait.duration_s.slot(leaf_of(tree, "wait"))
    ctx.now_s = 7.0
    tree.tick(ctx)
    ctx.now_s = 8.0
    tree.tick(ctx)
    assert slot is Measure.seen.slot(leaf_of(tree, "measure"))
    assert (slot.read(), slot.written_s, slot.sequence) == (2.5, 7.0, 1)


def test_two_trees_of_one_spec_share_nothing():
    spec = parse_tree(TEXT, "t.yaml", REGISTRY)
    one, other = build_tree(spec), build_tree(spec)
    one.tick(ManualContext())
    assert Wait.duration_s.slot(leaf_of(one, "wait")).written
    assert not Wait.duration_s.slot(leaf_of(other, "wait")).written
    assert leaf_of(one, "measure") is not leaf_of(other, "measure")


def test_a_tree_tells_what_was_written_or_unset_since_it_was_asked_last():
    tree = build_tree(parse_tree(TEXT, "t.yaml", REGISTRY))
    assert tree.written() == ()
    tree.tick(ManualContext())
    assert tree.written() == (KeyWrite("t", "width", 2.5),)
    assert tree.written() == ()
    Measure.seen.slot(leaf_of(tree, "measure")).unset()
    assert tree.written() == (KeyWrite("t", "width", None),)
