"""What a tree will ask its policy is known before it runs, as far as it can be."""

from __future__ import annotations

from pathlib import Path

from bt_robot.cli.prompts import prompts_of
from bt_robot.nodes import standard_registry
from bt_robot.tree import load_tree, parse_tree

TREES = Path(__file__).parents[2] / "trees"


def prompts(text: str) -> tuple[str, ...]:
    return prompts_of(parse_tree(text, "t.yaml", standard_registry()))


def test_prompts_that_are_written_down_are_known_in_their_order():
    spec = load_tree(TREES / "pick_place.yaml", standard_registry())
    assert prompts_of(spec) == ("pick up the red block", "place it in the container")


def test_prompts_from_a_list_are_its_items_where_the_key_is_one_of_a_subtree_too():
    spec = load_tree(TREES / "sort_by_list.yaml", standard_registry())
    assert [prompt.split()[3] for prompt in prompts_of(spec)] == ["red", "green", "yellow"]


def test_a_prompt_that_was_set_is_known():
    text = """
tree: t
root:
  sequence:
    - set_blackboard: {key: "{job}", value: go home}
    - query_policy: {prompt: "{job}"}
"""
    assert prompts(text) == ("go home",)


def test_where_the_key_gets_what_nobody_knows_yet_the_trees_own_words_stand_for_it():
    text = """
tree: t
description: Sort the blocks.
root:
  report_status:
    status: "{job}"
    child: {query_policy: {prompt: "{job}"}}
"""
    assert prompts(text) == ("Sort the blocks.",)


def test_a_tree_without_a_policy_asks_nothing():
    assert prompts("tree: t\nroot: observe\n") == ()
