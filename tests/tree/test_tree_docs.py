"""What the pages on trees and leaves show, works."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from tree_leaves import ManualContext

from bt_robot.messages import Observation, Status
from bt_robot.nodes import standard_registry
from bt_robot.tree import Registry, build_tree, parse_tree
from bt_robot.tree.vocabulary.built_in import ALIASES, BUILT_IN

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


class GripperContext(ManualContext):
    def __init__(self, gripper: float) -> None:
        super().__init__()
        self.observation = Observation(0, 0.0, np.array([0.0, gripper]))

    def propose(self, positions: Any) -> None:
        assert positions[-1] == 0.0


def test_the_page_on_leaves():
    page = blocks("writing-a-leaf.md", "python")
    words = ("class CloseGripper", "def test_it_stops_where_the_block_is", "tree = build_tree(")
    leaf, test, in_tree = (next(block for block in page if word in block) for word in words)
    names: dict[str, Any] = {"ManualContext": GripperContext, "Status": Status}
    exec(leaf + test, names)
    names["test_it_stops_where_the_block_is"]()
    names |= {"build_tree": build_tree, "parse_tree": parse_tree, "registry": Registry([names["CloseGripper"]])}
    exec(in_tree, {**names, "ctx": GripperContext(0.4)})


def test_the_trees_on_the_page_on_trees(tmp_path):
    page = blocks("writing-a-tree.md", "yaml")
    subtree = next(block for block in page if "subtree: gentle" in block)
    call = next(block for block in page if block.startswith("- gentle"))
    (tmp_path / "gentle.yaml").write_text(subtree)
    text = f"tree: t\ninclude: [gentle.yaml]\nroot:\n  sequence:\n  {call}"
    assert parse_tree(text, "t.yaml", standard_registry(), [tmp_path]).root.children
    nodes = next(block for block in page if block.startswith("- observe"))
    text = "tree: t\nroot:\n  sequence:\n" + textwrap.indent(nodes, "    ")
    assert len(parse_tree(text, "t.yaml", standard_registry()).root.children) == 5
    nodes = next(block for block in page if block.startswith("- if_then_else"))
    text = "tree: t\nroot:\n  sequence:\n" + textwrap.indent(nodes, "    ")
    assert [node.type for node in parse_tree(text, "t.yaml", standard_registry()).root.children] == [
        "if_then_else",
        "guard",
        "for_each",
        "steady",
    ]
    assert parse_tree(next(block for block in page if "tree: two_tasks" in block), "t.yaml", standard_registry()).root
    (tmp_path / "try_pose.yaml").write_text(next(block for block in page if "subtree: try_pose" in block))
    call = next(block for block in page if block.startswith("- try_pose"))
    text = f"tree: t\ninclude: [try_pose.yaml]\nroot:\n  sequence:\n  {call}"
    assert parse_tree(text, "t.yaml", standard_registry(), [tmp_path]).root.children
    text = next(block for block in page if "tree: pick_place" in block)
    assert parse_tree(text, "t.yaml", standard_registry(), [DOCS.parent / "trees"]).name == "pick_place"
    assert all(yaml.safe_load(block) for block in page)


def test_the_page_on_trees_names_every_word_of_the_language():
    words = set(re.findall(r"`([a-z_]+)`", (DOCS / "writing-a-tree.md").read_text()))
    assert words >= BUILT_IN.keys() | ALIASES.keys()
