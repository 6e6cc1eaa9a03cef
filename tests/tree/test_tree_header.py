"""A file says what it is: one tree or one subtree, with nothing in it that is not known."""

from __future__ import annotations

import pytest
from tree_leaves import REGISTRY

from bt_robot.errors import LoadError
from bt_robot.tree import parse_tree

TREE_KEYS = "description, expects, include, prompt, root, tree"
ALL_KEYS = "description, expects, include, parameters, prompt, root, subtree, tree"

ERRORS: dict[str, list[str]] = {
    "root: look": [
        "t.yaml:1:1: neither 'tree' nor 'subtree' is given; expected either 'tree: name' or 'subtree: name'"
    ],
    "subtre: t\nroot: look": [
        f"t.yaml:1:1: unknown key 'subtre'; expected one of {ALL_KEYS} (did you mean 'subtree'?)"
    ],
    "tree: t\nsubtree: u\nroot: look": [
        "t.yaml:2:1: both 'tree' and 'subtree' are given; expected either 'tree: name' or 'subtree: name'"
    ],
    "tree: t": ["t.yaml:1:1: 'root' is missing; expected a node"],
    "tre: t\nrot: look": [
        f"t.yaml:1:1: unknown key 'tre'; expected one of {ALL_KEYS} (did you mean 'tree'?)",
        f"t.yaml:2:1: unknown key 'rot'; expected one of {ALL_KEYS} (did you mean 'root'?)",
    ],
    "tree: t\nrot: look\nroot: lok": [
        f"t.yaml:2:1: unknown key 'rot'; expected one of {TREE_KEYS} (did you mean 'root'?)",
        "t.yaml:3:7: unknown node type 'lok'; expected a node type; 'bt-nodes' lists them (did you mean 'look'?)",
    ],
    "tree: t\nroot:": ["t.yaml:2:6: 'root' is missing; expected a node"],
    "hello": ["t.yaml:1:1: the file is 'hello'; expected a mapping with 'tree: name' and 'root'"],
    "- look": ["t.yaml:1:1: the file is a list of 1; expected a mapping with 'tree: name' and 'root'"],
    "": ["t.yaml: the file is empty"],
    "tree: Pick Place\nroot: look": [
        "t.yaml:1:7: tree: 'Pick Place'; expected a name such as 'pick_red' (small letters, digits, _ and -)"
    ],
    "tree:\nroot: look": [
        "t.yaml:1:6: tree: nothing; expected a name such as 'pick_red' (small letters, digits, _ and -)"
    ],
    "tree: t\nparameters: {}\nroot: look": [
        "t.yaml:2:1: a tree has no 'parameters'; expected one of tree, description, include, prompt, expects, root"
    ],
    "tree: t\nexpects: {in_container: red}\nroot: look": [
        "t.yaml:2:25: expects.in_container: 'red'; expected a list of texts"
    ],
    "tree: t\ndescription: 3\nroot: look": [
        "t.yaml:2:14: description: '3'; expected text (quote it if it is meant as text)"
    ],
    "tree: t\ninclude: skill.yaml\nroot: look": [
        "t.yaml:2:10: include: 'skill.yaml'; expected a list of texts (write [skill.yaml])",
        "t.yaml:2:10: include 'skill.yaml': no such file; expected a file in no folder",
    ],
    "subtree: t\nroot: look": [
        "t.yaml:1:10: the file holds a subtree; expected a file with 'tree: name' (include it from a tree)"
    ],
    "subtree: wait\nroot: look": [
        "t.yaml:1:10: the file holds a subtree; expected a file with 'tree: name' (include it from a tree)",
        "t.yaml:1:10: subtree: 'wait' is a node type already; expected another name",
    ],
    "subtree: s\nprompt: a\nroot: look": [
        "t.yaml:1:10: the file holds a subtree; expected a file with 'tree: name' (include it from a tree)",
        "t.yaml:2:1: a subtree has no 'prompt'; expected one of subtree, description, include, parameters, root",
    ],
    "tree: t\nroot: look\n---\ntree: u": ["t.yaml:3:1: a second document begins here; expected one document a file"],
}


@pytest.mark.parametrize("text", ERRORS)
def test_a_header_is_refused(text):
    with pytest.raises(LoadError) as error:
        parse_tree(text, "t.yaml", REGISTRY)
    assert sorted(str(error.value).splitlines()) == sorted(ERRORS[text])
