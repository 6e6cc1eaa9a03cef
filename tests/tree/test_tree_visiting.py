"""py_trees' visitors see every tick of ours, and none of them can disturb one."""

from __future__ import annotations

import py_trees
from py_trees.common import Status as Oracle
from py_trees.visitors import VisitorBase
from tree_leaves import ManualContext, say, tree_of

from bt_robot.messages import Status


class Notes(VisitorBase):
    """Note what it sees."""

    def __init__(self, full=False):
        super().__init__(full)
        self.seen = []

    def initialise(self):
        self.seen.append("begin")

    def run(self, behaviour):
        self.seen.append(f"{behaviour.name} {behaviour.status.value}")

    def finalise(self):
        self.seen.append("end")


def test_a_visitor_sees_what_was_ticked_children_first():
    tree, notes = tree_of(f"{{sequence: [{say('S')}, {say('R')}, {say('S')}]}}"), Notes()
    tree.add_visitor(notes)
    tree.tick(ManualContext())
    tree.tick(ManualContext())
    assert notes.seen == [
        *("begin", "play SUCCESS", "play_2 RUNNING", "t RUNNING", "end"),
        *("begin", "play_2 RUNNING", "t RUNNING", "end"),
    ]


def test_a_full_visitor_sees_all_nodes():
    tree, notes = tree_of(f"{{sequence: [{say('F')}, {say('S')}]}}"), Notes(full=True)
    tree.add_visitor(notes)
    tree.tick(ManualContext())
    assert notes.seen == ["begin", "play FAILURE", "play_2 INVALID", "t FAILURE", "end"]


def test_a_visitor_that_was_removed_sees_nothing_more():
    tree, notes = tree_of(say("R")), Notes()
    tree.add_visitor(notes)
    tree.remove_visitor(notes)
    tree.remove_visitor(notes)
    tree.tick(ManualContext())
    assert notes.seen == []


def test_a_visitor_that_raises_is_dropped_and_logged_and_the_tick_and_the_others_go_on(caplog):
    class Broken(VisitorBase):
        def run(self, behaviour):
            raise ZeroDivisionError

    tree, notes = tree_of(say("R")), Notes()
    tree.add_visitor(Broken())
    tree.add_visitor(notes)
    assert tree.tick(ManualContext()) is Status.RUNNING
    assert tree.tick(ManualContext()) is Status.RUNNING
    assert notes.seen == ["begin", "t RUNNING", "end"] * 2
    assert [record.getMessage() for record in caplog.records] == ["the visitor Broken failed and is dropped"]


def test_py_trees_own_visitors_work(capsys):
    tree = tree_of(f"{{sequence: [{say('S')}, {say('R')}]}}")
    snapshot = py_trees.visitors.SnapshotVisitor()
    for visitor in (snapshot, py_trees.visitors.DebugVisitor(), py_trees.visitors.DisplaySnapshotVisitor()):
        tree.add_visitor(visitor)
    tree.tick(ManualContext())
    assert snapshot.changed
    assert list(snapshot.visited.values()) == [Oracle.SUCCESS, Oracle.RUNNING, Oracle.RUNNING]
    assert "--> play_2 [*] -- R says R" in capsys.readouterr().out
