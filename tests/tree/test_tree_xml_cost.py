"""Subtrees that take nodes are written once for each set of nodes, not once for each way to them."""

from __future__ import annotations

import pytest
from xml_kit import files_to_xml

from bt_robot.errors import LoadError
from bt_robot.tree.formats.remarks import Anchors


def chain(length, second):
    """Return a tree with subtrees that each call the next one twice; none is called by the tree."""
    files = {"t.yaml": "tree: t\ninclude: [s0.yaml]\nroot: look\n"}
    for number in range(length):
        call = f"s{number + 1}"
        root = f"{{sequence: [{{{call}: {{p: $p}}}}, {{{call}: {{p: {second}}}}}]}}" if number < length - 1 else "$p"
        include = f"include: [{call}.yaml]\n" if number < length - 1 else ""
        files[f"s{number}.yaml"] = f"subtree: s{number}\n{include}parameters: {{p: {{type: node}}}}\nroot: {root}\n"
    return files


def test_the_same_nodes_are_written_once():
    xml = files_to_xml(chain(18, "$p"))
    assert xml.count("<BehaviorTree ") == 19


def test_too_many_sets_of_nodes_are_refused():
    with pytest.raises(LoadError, match="the XML would have more than 25000 elements"):
        files_to_xml(chain(18, "{sequence: [$p, $p]}"))


class Asked:
    """A comment, and how often all of them were asked for their line."""

    count = 0
    text = ""
    alone = True

    def __init__(self, line: int) -> None:
        self._line = line

    @property
    def line(self) -> int:
        Asked.count += 1
        return self._line


def test_finding_the_comments_of_a_node_costs_the_same_however_many_there_are():
    lines = 2000
    anchors = Anchors([Asked(line) for line in range(1, lines + 1)])
    for line in range(1, lines + 1):
        anchors.around(line, line)
    assert Asked.count <= 4 * lines
