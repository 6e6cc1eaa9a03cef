"""Which node of a changed tree is which of the one that ran."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.messages import NodeInfo
from bt_robot.replay.pairing import pair


def layout(text):
    """A tree from lines, two spaces a level: `name type detail`; without a type the name is one."""
    nodes, above = [], []
    for line in text.strip("\n").splitlines():
        words = line.split()
        depth = (len(line) - len(line.lstrip())) // 2
        above[depth:] = [len(nodes)]
        name, kind, detail = (*words, *[words[0], ""][len(words) - 1 :])
        parent = above[depth - 1] if depth else -1
        path = f"{nodes[parent].path}/{name}" if depth else name
        nodes.append(NodeInfo(path, kind, name, depth, parent, "action", detail=detail))
    return tuple(nodes)


def paths(recorded, replayed):
    """The pairs whose paths differ, and what belongs to nothing, as `old → new`."""
    was, now = layout(recorded), layout(replayed)
    found = pair(was, now)
    told = [f"{was[i].path} → {now[k].path}" for k, i in sorted(found.items()) if was[i].path != now[k].path]
    told += [f"+ {node.path}" for k, node in enumerate(now) if k not in found]
    return told + [f"- {node.path}" for i, node in enumerate(was) if i not in found.values()]


TREE = """
t sequence
  pick skill 5
    wait wait 1
  wait wait 2
  rest move_to
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  rest move_to", "  rest move_to", []),
        (
            "t sequence",
            "u sequence",
            [f"t{below} → u{below}" for below in ("", "/pick", "/pick/wait", "/wait", "/rest")],
        ),
        ("pick skill", "grab skill", ["t/pick → t/grab", "t/pick/wait → t/grab/wait"]),
        ("pick skill 5", "pick skill 6", []),
        ("pick skill", "pick other", []),
        ("  rest move_to\n", "", ["- t/rest"]),
        ("  rest move_to", "  log\n  rest move_to", ["+ t/log"]),
    ],
    ids=["same", "the tree", "a subtree", "another value", "another type", "gone", "new"],
)
def test_nodes_keep_their_counterparts(old, new, expected):
    assert old in TREE
    assert paths(TREE, TREE.replace(old, new)) == expected


def test_a_name_made_from_the_type_follows_the_parameters():
    """A `wait` in front makes the one that was there `wait_2`."""
    new = TREE.replace("  wait wait 2", "  wait wait 7\n  wait_2 wait 2")
    assert paths(TREE, new) == ["t/wait → t/wait_2", "+ t/wait"]


def test_a_given_name_says_more_than_the_parameters():
    was = "t sequence\n  a wait 1\n  b wait 2\n"
    assert paths(was, "t sequence\n  a wait 2\n  b wait 1\n  c log\n") == ["+ t/c"]


def test_what_was_moved_is_the_same_with_all_that_is_below_it():
    wrapped = """
t sequence
  retry
    pick skill 5
      wait wait 1
  wait wait 2
  rest move_to
"""
    assert paths(TREE, wrapped) == ["t/pick → t/retry/pick", "t/pick/wait → t/retry/pick/wait", "+ t/retry"]


def test_leaves_of_the_same_type_elsewhere_are_others():
    was = "t sequence\n  a sequence\n    observe\n  b fallback\n    log\n"
    now = "t sequence\n  a sequence\n    log\n  b fallback\n    observe\n"
    assert paths(was, now) == ["+ t/a/log", "+ t/b/observe", "- t/a/observe", "- t/b/log"]


@st.composite
def layouts(draw):
    nodes = [NodeInfo("t", "t", "t", 0, -1, "composite")]
    for i in range(draw(st.integers(0, 12))):
        parent = draw(st.integers(0, len(nodes) - 1))
        kind, name = draw(st.sampled_from("abc")), draw(st.sampled_from(["a", "b", "x", "y"]))
        above = nodes[parent]
        nodes.append(NodeInfo(f"{above.path}/{name}{i}", kind, f"{name}{i}", above.depth + 1, parent, "action"))
    return tuple(nodes)


@given(layouts(), layouts())
def test_each_node_has_one_counterpart_at_most_and_the_roots_have_each_other(was, now):
    found = pair(was, now)
    assert found[0] == 0
    assert len(set(found.values())) == len(found)
    assert set(found) <= set(range(len(now)))
    assert set(found.values()) <= set(range(len(was)))


@given(layouts())
def test_a_tree_is_its_own_counterpart(tree):
    assert pair(tree, tree) == {i: i for i in range(len(tree))}
