"""Every mistake in a tree is reported where it is, with what was expected, all at once."""

from __future__ import annotations

import pytest
from tree_leaves import REGISTRY

from bt_robot.config.problems import MAX_PROBLEMS
from bt_robot.errors import LoadError
from bt_robot.tree import Key, TreeSpec, parse_tree
from bt_robot.tree.language.expand import MAX_NODES

TYPES = "a node type; 'bt-nodes' lists them"
NODE = "a node: a type's name, or one type with its parameters"
MISSING = "'duration_s' is missing; expected a number of at least 0 (how long to wait [s])"

ERRORS: dict[str, list[str]] = {
    # the type of a node
    "{sequnce: [{wiat: {}}, look]}": [
        f"t.yaml:2:8: unknown node type 'sequnce'; expected {TYPES} (did you mean 'sequence'?)",
        f"t.yaml:2:19: unknown node type 'wiat'; expected {TYPES} (did you mean 'wait'?)",
    ],
    "{sequence: [__import__]}": [f"t.yaml:2:19: unknown node type '__import__'; expected {TYPES}"],
    "{sequence: [os.system]}": [f"t.yaml:2:19: unknown node type 'os.system'; expected {TYPES}"],
    "{sequence: [3]}": [f"t.yaml:2:19: unknown node type '3'; expected {TYPES}"],
    # the shape of a node
    "{look: {}, wait: {}}": [
        f"t.yaml:2:7: not a node: a mapping with 2 keys ('look', 'wait'); expected {NODE} (put them into a sequence)"
    ],
    "{sequence: [{}]}": [f"t.yaml:2:19: not a node: an empty mapping; expected {NODE}"],
    "{sequence: [null, [look]]}": [
        f"t.yaml:2:19: not a node: nothing; expected {NODE}",
        f"t.yaml:2:25: not a node: a list of 1; expected {NODE} (write it without the dash)",
    ],
    "[look, wiat]": [
        f"t.yaml:2:7: not a node: a list of 2; expected {NODE} (put them into a sequence)",
        f"t.yaml:2:14: unknown node type 'wiat'; expected {TYPES} (did you mean 'wait'?)",
    ],
    "[]": [f"t.yaml:2:7: not a node: a list of 0; expected {NODE}"],
    # names
    "{sequence: [{look: {name: Look Left}}]}": [
        "t.yaml:2:33: name: 'Look Left'; expected a name such as 'pick_red' (small letters, digits, _ and -)"
    ],
    "{sequence: [{look: {name: 3}}]}": ["t.yaml:2:33: name: '3'; expected text (quote it if it is meant as text)"],
    "{look: {name: x}}": ["t.yaml:2:14: the root can't be named 'x'; expected no name: it has the tree's"],
    # the parameters of leaves
    "{sequence: [wait]}": [f"t.yaml:2:19: 'wait': {MISSING}"],
    "{wait: {duraton_s: 1}}": [
        "t.yaml:2:15: unknown parameter of 'wait': 'duraton_s'; expected one of count, duration_s, how, joints, "
        "label, name, quick, while (did you mean 'duration_s'?)",
    ],
    "{wait: {duration_s: fast}}": ["t.yaml:2:27: wait.duration_s: 'fast'; expected a number of at least 0"],
    "{wait: {duration_s: .nan}}": ["t.yaml:2:27: wait.duration_s: '.nan'; expected a number of at least 0"],
    "{wait: {duration_s: -1}}": ["t.yaml:2:27: wait.duration_s: '-1'; expected a number of at least 0"],
    "{wait: {duration_s: 1:30}}": ["t.yaml:2:27: wait.duration_s: '1:30'; expected a number of at least 0"],
    "{wait: {duration_s: 1, count: 010}}": ["t.yaml:2:37: wait.count: '010'; expected a whole number"],
    "{wait: {duration_s: 1, quick: on}}": [
        "t.yaml:2:37: wait.quick: 'on'; expected true or false (write true or false)"
    ],
    "{wait: {duration_s: 1, how: movin}}": [
        "t.yaml:2:35: unknown wait.how 'movin'; expected one of moving, still (did you mean 'moving'?)"
    ],
    "{wait: {duration_s: 1, joints: [1]}}": ["t.yaml:2:38: wait.joints: a list of 1; expected a list of 2 numbers"],
    "{wait: {duration_s: 1, joints: [1, .inf]}}": ["t.yaml:2:42: wait.joints[1]: '.inf'; expected a number"],
    "{wait: {duration_s: 1, duration_s: 2}}": ["t.yaml:2:30: duplicate key 'duration_s' (first on line 2)"],
    "{wait: {duration_s: 1, children: [look]}}": [
        "t.yaml:2:30: 'wait' is a leaf: it has no children; expected its parameters"
    ],
    "{look: [look]}": [
        "t.yaml:2:14: 'look' takes parameters, not a list of 1; expected a mapping such as {script: …} "
        "(it has no children)"
    ],
    "{wait: 3}": [
        "t.yaml:2:14: 'wait' takes parameters, not '3'; expected a mapping such as {duration_s: …} "
        "(write {duration_s: 3})"
    ],
    '{wait: "1, 2"}': ["t.yaml:2:14: 'wait' takes parameters, not '1, 2'; expected a mapping such as {duration_s: …}"],
    "{timeout: 3}": ["t.yaml:2:17: 'timeout' takes a mapping, not '3'; expected its parameters and one 'child'"],
    "{look: 3}": [
        "t.yaml:2:14: 'look' takes parameters, not '3'; expected a mapping such as {script: …} (write {script: 3})"
    ],
    "{wait: {duration_s: 1, while: 3}}": [
        "t.yaml:2:37: wait.while: '3'; expected text (quote it if it is meant as text)"
    ],
    # composites
    "{sequence: []}": ["t.yaml:2:8: 'sequence' has no children; expected a list of nodes"],
    "{fallback: [sequence]}": ["t.yaml:2:19: 'sequence' has no children; expected a list of nodes"],
    "{sequence: {prompt: a}}": ["t.yaml:2:8: 'sequence' has no children; expected a list of nodes"],
    "{sequence: {look: {}, children: [look]}}": [
        "t.yaml:2:19: 'sequence' has no parameter 'look', which is a node; expected one of children, name, prompt "
        "(write it under 'children')"
    ],
    "{sequence: {children: {look: {}, wait: {}}}}": [
        "t.yaml:2:29: the children of 'sequence': a mapping; expected a list of nodes (write '- ' before each)",
        f"t.yaml:2:40: 'wait': {MISSING}",
    ],
    "{parallel: {success_count: al, children: [look]}}": [
        "t.yaml:2:34: parallel.success_count: 'al'; expected a whole number of at least 1 or 'all' "
        "(did you mean 'all'?)"
    ],
    # decorators
    "{inverter: {}}": ["t.yaml:2:8: 'inverter' has no child; expected one node"],
    "{sequence: [inverter]}": ["t.yaml:2:19: 'inverter' has no child; expected one node"],
    "{inverter: {child: [look, look]}}": [
        "t.yaml:2:26: 'inverter' has one child, not a list of 2; expected one node (put them into a sequence)"
    ],
    "{inverter: {child: [look]}}": [
        "t.yaml:2:26: 'inverter' has one child, not a list of 1; expected one node (write it without the dash)"
    ],
    "{inverter: [look, wiat]}": [
        "t.yaml:2:18: 'inverter' takes a mapping, not a list of 2; expected its parameters and one 'child'",
        f"t.yaml:2:25: unknown node type 'wiat'; expected {TYPES} (did you mean 'wait'?)",
    ],
    "{inverter: look}": [
        "t.yaml:2:18: 'inverter' takes a mapping, not 'look'; expected its parameters and one 'child'"
    ],
    "{timeout: {child: look}}": [
        "t.yaml:2:8: 'timeout': 'duration_s' is missing; expected a number of at least 0 "
        "(how long the child may run [s])"
    ],
    "{timeout: {duration_s: 1, child: look, children: [look]}}": [
        "t.yaml:2:46: unknown parameter of 'timeout': 'children'; expected one of child, duration_s, name, prompt "
        "(did you mean 'child'?)"
    ],
    "{retry: {attempts: 0, child: look}}": [
        "t.yaml:2:26: retry.attempts: '0'; expected a whole number of at least 1 or 'forever'"
    ],
    '{retry: {attempts: "3", child: look}}': [
        "t.yaml:2:26: retry.attempts: '3'; expected a whole number of at least 1 or 'forever' (remove the quotes)"
    ],
    '{retry: {attempts: "{n}", child: look}}': [
        "t.yaml:2:26: retry.attempts: '{n}' is a blackboard key; expected a whole number of at least 1 or "
        "'forever' (it must be known when the tree is loaded)"
    ],
    # prompts
    "{sequence: [ask]}": [
        "t.yaml:2:19: 'ask': no prompt is set here; expected text (write 'prompt: …' on it, or on a node above it)"
    ],
    "{sequence: {prompt: [a], children: [ask]}}": ["t.yaml:2:27: prompt: a list of 1; expected text"],
    "{wait: {duration_s: 1, prompt: a}}": [
        "t.yaml:2:30: unknown parameter of 'wait': 'prompt'; expected one of count, duration_s, how, joints, label, "
        "name, quick, while"
    ],
    # parameters, of which a tree has none
    "{wait: {duration_s: $x}}": ["t.yaml:2:27: unknown parameter '$x'; expected none, as none is declared here"],
    "{sequence: [$x]}": ["t.yaml:2:19: unknown parameter '$x'; expected none, as none is declared here"],
    "{sequence: [{$x: {a: 1}}]}": ["t.yaml:2:20: '$x' takes no parameters; expected the parameter by itself"],
    # blackboard keys
    '{sequence: [{measure: {seen: "{width}"}}, {wait: {duration_s: "{widht}"}}]}': [
        "t.yaml:2:69: wait.duration_s: the key 'widht' is read here, but never written; expected a key that an output "
        "is bound to (did you mean 'width'?)"
    ],
    '{sequence: [{measure: {word: "{w}"}}, {wait: {duration_s: "{w}"}}]}': [
        "t.yaml:2:65: wait.duration_s: the key 'w' holds text, written by measure.word on line 2 of t.yaml; "
        "expected a number of at least 0"
    ],
    "{wait: {duration_s: {w}}}": [
        't.yaml:2:27: wait.duration_s: a mapping; expected a number of at least 0 (quote the key: "{w}")'
    ],
    "{measure: {seen: 3}}": ["t.yaml:2:24: measure.seen: '3'; expected a blackboard key such as \"{seen}\""],
    '{wait: {duration_s: 1, joints: ["{a}", 1]}}': [
        "t.yaml:2:39: wait.joints: '{a}' is a blackboard key; expected a number (a list can't hold keys)"
    ],
    # YAML beyond plain data
    "!!python/object/apply:os.system [ls]": [
        "t.yaml:2:7: tag '!!python/object/apply:os.system'; expected plain data without tags",
        f"t.yaml:2:7: not a node: a list of 1; expected {NODE} (write it without the dash)",
        f"t.yaml:2:40: unknown node type 'ls'; expected {TYPES}",
    ],
    "{sequence: &a [look, look]}": ["t.yaml:2:18: anchor '&a'; expected no anchors and aliases; use a subtree"],
}


def load(root: str, **header: str) -> TreeSpec:
    lines = ["tree: t", f"root: {root}", *(f"{key}: {value}" for key, value in header.items())]
    return parse_tree("\n".join(lines), "t.yaml", REGISTRY)


def problems(text: str) -> list[str]:
    with pytest.raises(LoadError) as error:
        parse_tree(text, "t.yaml", REGISTRY)
    return str(error.value).splitlines()


@pytest.mark.parametrize("root", ERRORS)
def test_a_mistake_is_reported_at_its_place(root):
    assert problems(f"tree: t\nroot: {root}") == ERRORS[root]


def test_all_mistakes_of_a_file_are_reported_at_once():
    nodes = [root for root in ERRORS if "python" not in root and "&a" not in root and "name: x" not in root]
    text = "tree: t\nroot:\n  sequence:\n" + "".join(f"    - {node}\n" for node in nodes)
    found = problems(text)
    lines = {int(line.split(":")[1]) for line in found}
    assert lines == set(range(4, 4 + len(nodes)))


def test_a_missing_bit_of_syntax_is_reported_with_its_place():
    assert problems("tree: t\nroot: [look") == [
        "t.yaml:3:1: not YAML: did not find expected ',' or ']' "
        "(a bracket that is opened on line 2 is not closed, or a ',' is missing)",
    ]


def test_a_mistyped_output_is_not_reported_a_second_time_by_its_reader():
    found = problems('tree: t\nroot: {sequence: [{measure: {sen: "{x}"}}, {wait: {duration_s: "{x}"}}]}')
    assert [line.split(": ")[0] for line in found] == ["t.yaml:2:30"]


def test_the_root_is_called_like_the_tree_and_others_by_name_or_type():
    spec = load("{sequence: [look, look, {look: {name: left-2}}, {look: {name: left-2}}, {look: {name: look_2}}]}")
    assert [child.path for child in spec.root.children] == [
        "t/look",
        "t/look_2",
        "t/left-2",
        "t/left-2_2",
        "t/look_2_2",
    ]


@pytest.mark.parametrize(
    ("alias", "type_"),
    [("selector", "fallback"), ("reactive_selector", "reactive_fallback")],
)
def test_py_trees_words_are_understood(alias, type_):
    assert load(f"{{{alias}: [look]}}").root.type == type_


def test_values_are_read_with_their_types():
    spec = load(
        "{wait: {duration_s: 2, label: 'a b', how: moving, joints: [1, -0.5], count: 3, quick: true, while: x}}"
    )
    assert spec.root.values == {
        "duration_s": 2.0,
        "label": "a b",
        "how": "moving",
        "joints": (1.0, -0.5),
        "count": 3,
        "quick": True,
        "while": "x",
    }
    assert spec.root.detail == "duration_s=2 label=a b how=moving joints=[1, -0.5] count=3 quick=True while=x"


def test_a_key_is_a_place_on_the_blackboard_of_the_tree():
    spec = load('{sequence: [{measure: {seen: "{x}"}}, {wait: {duration_s: "{x}"}}]}')
    assert spec.root.children[0].values == {"seen": Key("t", "x")}
    assert spec.root.children[0].detail == 'seen→"{x}"'
    assert spec.root.children[1].values == {"duration_s": Key("t", "x")}


def test_the_nearest_prompt_reaches_the_leaves_that_take_one():
    inner = "{retry: {attempts: 1, prompt: near, child: ask}}"
    spec = load(f"{{sequence: [ask, {inner}, {{ask: {{prompt: own}}}}, {{look: {{}}}}]}}", prompt="far")
    assert [child.prompt for child in spec.root.children] == ["far", "near", "own", "far"]
    assert spec.root.children[0].values == {"prompt": "far"}
    assert spec.root.children[1].children[0].values == {"prompt": "near"}
    assert spec.root.children[2].values == {"prompt": "own"}
    assert spec.root.children[3].values == {}


def test_a_prompt_may_come_from_the_blackboard():
    spec = load('{sequence: {prompt: "{p}", children: [{measure: {word: "{p}"}}, ask]}}')
    assert spec.root.children[1].values == {"prompt": Key("t", "p")}
    assert spec.root.prompt == '"{p}"'


def test_a_tree_may_not_grow_beyond_its_bounds(tmp_path):
    names = [f"s{number}" for number in range(15)]
    for name, below in zip(names, [*names[1:], ""], strict=True):
        root = f"{{sequence: [{below}, {below}]}}" if below else "look"
        (tmp_path / f"{name}.yaml").write_text(f"subtree: {name}\nroot: {root}\n")
    include = ", ".join(f"{name}.yaml" for name in names)
    with pytest.raises(LoadError, match=f"the tree has more than {MAX_NODES} nodes; expected a smaller tree"):
        parse_tree(f"tree: t\ninclude: [{include}]\nroot: s0", "t.yaml", REGISTRY, [tmp_path])


def test_a_file_with_too_many_nodes_is_left_where_they_are_too_many():
    # The prompt that `ask` lacks would be missed by the expansion, which is not begun; `lok` is never reached.
    text = "tree: t\nroot:\n  sequence:\n    - ask\n" + "    - look\n" * (2 * MAX_NODES) + "    - lok\n"
    assert problems(text) == [
        f"t.yaml:{3 + MAX_NODES}:7: the tree has more than {MAX_NODES} nodes; expected a smaller tree"
    ]


def test_a_tree_may_have_just_as_many_nodes_as_allowed():
    spec = parse_tree(f"tree: t\nroot: {{sequence: [{'look, ' * (MAX_NODES - 1)}]}}", "t.yaml", REGISTRY)
    assert spec.root.children[-1].path == f"t/look_{MAX_NODES - 1}"


def test_a_subtree_has_the_same_bound_even_when_nothing_calls_it(tmp_path):
    (tmp_path / "a.yaml").write_text("subtree: a\nroot: {sequence: [" + "look, " * MAX_NODES + "]}")
    with pytest.raises(LoadError, match=f"the subtree has more than {MAX_NODES} nodes; expected a smaller tree"):
        parse_tree("tree: t\ninclude: [a.yaml]\nroot: look", "t.yaml", REGISTRY, [tmp_path])


def test_files_together_may_have_more_nodes_than_one_tree(tmp_path):
    half = "root: {sequence: [" + "look, " * (MAX_NODES // 2) + "]}"
    for name in "abc":
        (tmp_path / f"{name}.yaml").write_text(f"subtree: {name}\n{half}")
    spec = parse_tree("tree: t\ninclude: [a.yaml, b.yaml, c.yaml]\nroot: a", "t.yaml", REGISTRY, [tmp_path])
    assert len(spec.root.children[0].children) == MAX_NODES // 2


def test_a_tree_may_not_be_deeper_than_its_bounds(tmp_path):
    for name, below in (("a", "b"), ("b", "c"), ("c", "look")):
        root = "{inverter: {child: " * 40 + below + "}}" * 40
        (tmp_path / f"{name}.yaml").write_text(f"subtree: {name}\nroot: {root}\n")
    with pytest.raises(LoadError, match="is too deep in the tree; expected 100 levels"):
        parse_tree("tree: t\ninclude: [a.yaml, b.yaml, c.yaml]\nroot: a", "t.yaml", REGISTRY, [tmp_path])


def test_a_file_of_nothing_but_mistakes_is_given_up_on():
    text = "tree: t\nroot:\n  sequence:\n" + "    - lok\n" * 5000
    found = problems(text)
    assert len(found) == MAX_PROBLEMS + 1
    assert found[0] == f"t.yaml: more than {MAX_PROBLEMS} problems; the rest is not checked"


def test_mistakes_that_are_met_twice_count_once():
    text = "tree: t\nroot:\n  sequence:\n" + "    - {wait: {duration_s: x}}\n" * MAX_PROBLEMS
    found = problems(text)
    assert len(found) == MAX_PROBLEMS
    assert found[-1] == f"t.yaml:{3 + MAX_PROBLEMS}:27: wait.duration_s: 'x'; expected a number of at least 0"
