"""The tree language and its engine: YAML → spec → tree."""

from bt_robot.tree.drawing.text import draw_svg, draw_text
from bt_robot.tree.engine.tree import Tree, build_tree
from bt_robot.tree.language.loading import load_tree, parse_tree
from bt_robot.tree.spec import Key, NodeSpec, TreeSpec
from bt_robot.tree.vocabulary.kinds import Value
from bt_robot.tree.vocabulary.leaf import Action, Condition, Leaf
from bt_robot.tree.vocabulary.outcome import Outcome, declined, failure, running, success
from bt_robot.tree.vocabulary.ports import Input, Output
from bt_robot.tree.vocabulary.registry import Registry
from bt_robot.tree.vocabulary.slot import Slot

__all__ = [
    "Action",
    "Condition",
    "Leaf",
    "Input",
    "Output",
    "Slot",
    "Value",
    "Outcome",
    "success",
    "running",
    "failure",
    "declined",
    "Registry",
    "Key",
    "NodeSpec",
    "TreeSpec",
    "load_tree",
    "parse_tree",
    "Tree",
    "build_tree",
    "draw_text",
    "draw_svg",
]
