"""The forms of children: a list, one, one under each of several words, and cases."""

from __future__ import annotations

import pytest
from tree_leaves import REGISTRY

from bt_robot.errors import LoadError
from bt_robot.tree import NodeSpec, parse_tree

IF = "a mapping with 'condition' and 'then' and perhaps 'else'"
KEY = '{measure: {word: "{w}"}}'
SWITCH = "a mapping from values to nodes, such as {red: observe}"
NODE = "a node: a type's name, or one type with its parameters"

ERRORS: dict[str, list[str]] = {
    # each child under a word of its own
    "{if_then_else: {condition: look, than: look}}": [
        "t.yaml:2:40: unknown parameter of 'if_then_else': 'than'; expected one of condition, else, name, prompt, then "
        "(did you mean 'then'?)",
    ],
    "{if_then_else: {}}": [
        "t.yaml:2:8: 'if_then_else' has no 'condition'; expected one node",
        "t.yaml:2:8: 'if_then_else' has no 'then'; expected one node",
    ],
    "{if_then_else: {condition: null, then: look}}": [
        "t.yaml:2:34: 'if_then_else' has no 'condition'; expected one node"
    ],
    "{if_then_else: {condition: look, then: look, else: null}}": [f"t.yaml:2:58: not a node: nothing; expected {NODE}"],
    "{if_then_else: {condition: look, then: [look, lok]}}": [
        "t.yaml:2:46: 'if_then_else' has one node as 'then', not a list of 2; expected one node "
        "(put them into a sequence)",
        "t.yaml:2:53: unknown node type 'lok'; expected a node type; 'bt-nodes' lists them (did you mean 'look'?)",
    ],
    "{if_then_else: [look, lok]}": [
        f"t.yaml:2:22: 'if_then_else' takes a mapping, not a list of 2; expected {IF}",
        "t.yaml:2:29: unknown node type 'lok'; expected a node type; 'bt-nodes' lists them (did you mean 'look'?)",
    ],
    "{if_then_else: look}": [f"t.yaml:2:22: 'if_then_else' takes a mapping, not 'look'; expected {IF}"],
    "if_then_else": [
        "t.yaml:2:7: 'if_then_else' has no 'condition'; expected one node",
        "t.yaml:2:7: 'if_then_else' has no 'then'; expected one node",
    ],
    "{guard: {condition: look}}": ["t.yaml:2:8: 'guard' has no child; expected one node"],
    "{inverter: {chid: look}}": [
        "t.yaml:2:19: unknown parameter of 'inverter': 'chid'; expected one of child, name, prompt "
        "(did you mean 'child'?)"
    ],
    "{parallel: {childen: [look]}}": [
        "t.yaml:2:19: unknown parameter of 'parallel': 'childen'; expected one of children, failure_count, name, "
        "prompt, success_count (did you mean 'children'?)"
    ],
    # cases
    "{switch: {value: red, case: {red: look}}}": [
        "t.yaml:2:29: unknown parameter of 'switch': 'case'; expected one of cases, default, name, prompt, value "
        "(did you mean 'cases'?)"
    ],
    "{switch: {value: red, cases: {}}}": [f"t.yaml:2:36: 'switch' has no cases; expected {SWITCH}"],
    "{switch: {value: red, default: look}}": [f"t.yaml:2:8: 'switch' has no cases; expected {SWITCH}"],
    "{switch: {value: red, cases: [look]}}": [f"t.yaml:2:36: the cases of 'switch': a list of 1; expected {SWITCH}"],
    "{switch: {cases: {red: look}}}": [
        "t.yaml:2:8: 'switch': 'value' is missing; expected text or a whole number or true or false (the key that is "
        'looked at, e.g. "{colour}")'
    ],
    "{switch: {value: red, cases: {red: look, red: look}}}": ["t.yaml:2:48: duplicate key 'red' (first on line 2)"],
    "{switch: {value: 1, cases: {1: look, +1: look}}}": [
        "t.yaml:2:44: switch.cases: a second case 1; expected one (the first is on line 2, column 35)"
    ],
    "{switch: {value: red, cases: {1.5: look}}}": ["t.yaml:2:37: switch.cases: '1.5'; expected a whole number"],
    "{switch: {value: red, cases: {.nan: look}}}": ["t.yaml:2:37: switch.cases: '.nan'; expected a whole number"],
    "{switch: {value: red, cases: {on: look}}}": [
        "t.yaml:2:37: switch.cases: 'on'; expected text or a whole number or true or false "
        "(quote it if it is meant as text)"
    ],
    "{switch: {value: red, cases: {$x: look}}}": [
        "t.yaml:2:37: switch.cases: '$x'; expected a plain value: text, a whole number, true or false"
    ],
    "{switch: {value: red, cases: {red: lok}}}": [
        "t.yaml:2:42: unknown node type 'lok'; expected a node type; 'bt-nodes' lists them (did you mean 'look'?)"
    ],
    "{switch: {value: red, red: look}}": [
        f"t.yaml:2:8: 'switch' has no cases; expected {SWITCH}",
        "t.yaml:2:29: unknown parameter of 'switch': 'red'; expected one of cases, default, name, prompt, value",
    ],
    f'{{sequence: [{KEY}, {{switch: {{value: "{{w}}", cases: {{3: look}}, default: look}}}}]}}': [
        "t.yaml:2:77: switch.cases: '3'; expected text"
    ],
    '{sequence: [{report_status: {status: "{s}", child: look}}, '
    '{switch: {value: "{s}", cases: {SUCCES: look}, default: look}}]}': [
        "t.yaml:2:98: switch.cases: 'SUCCES'; expected one of RUNNING, SUCCESS, FAILURE, IDLE (did you mean 'SUCCESS'?)"
    ],
    # mistakes below a type that is misspelt are told, too
    "{swich: {value: red, cases: {red: lok}}}": [
        "t.yaml:2:8: unknown node type 'swich'; expected a node type; 'bt-nodes' lists them (did you mean 'switch'?)",
        "t.yaml:2:41: unknown node type 'lok'; expected a node type; 'bt-nodes' lists them (did you mean 'look'?)",
    ],
    # values that do not go with the number of children
    "{parallel: {success_count: 4, children: [look]}}": [
        "t.yaml:2:34: parallel.success_count: '4'; expected at most 1, the number of children"
    ],
}


def root_of(root: str) -> NodeSpec:
    return parse_tree(f"tree: t\nroot: {root}", "t.yaml", REGISTRY).root


@pytest.mark.parametrize("root", ERRORS)
def test_a_mistake_is_reported_at_its_place(root):
    with pytest.raises(LoadError) as error:
        root_of(root)
    assert str(error.value).splitlines() == ERRORS[root]


def test_named_children_are_in_the_order_of_the_type_and_called_by_their_words():
    spec = root_of("{if_then_else: {else: look, then: {look: {name: go}}, condition: look}}")
    assert spec.slots == ("condition", "then", "else")
    assert [child.path for child in spec.children] == ["t/condition", "t/go", "t/else"]


def test_an_optional_child_may_be_left_out():
    spec = root_of("{if_then_else: {condition: look, then: look}}")
    assert spec.slots == ("condition", "then")


def test_the_child_of_a_decorator_is_called_by_its_type():
    spec = root_of("{guard: {child: look, condition: look}}")
    assert [child.path for child in spec.children] == ["t/condition", "t/look"]


def test_cases_keep_their_types_and_have_readable_paths():
    spec = root_of('{switch: {value: red, cases: {red: look, "Dark Red": look, 3: look, "4": look, true: look}}}')
    assert spec.cases == ("red", "Dark Red", 3, "4", True)
    assert [child.name for child in spec.children] == ["case_red", "case_dark_red", "case_3", "case_4", "case_true"]
    assert spec.slots == ("case red", "case Dark Red", "case 3", "case 4", "case true")


def test_the_default_comes_last_and_is_no_case():
    spec = root_of("{switch: {value: red, default: look, cases: {red: look}}}")
    assert (spec.slots, spec.cases) == (("case red", "default"), ("red",))
    assert [child.name for child in spec.children] == ["case_red", "default"]


def test_a_case_whose_word_is_no_name_has_a_path_all_the_same():
    spec = root_of(f'{{switch: {{value: "é!", cases: {{"é!": look, "ß?": look, "{"x" * 90}": look}}}}}}')
    assert [child.name for child in spec.children] == ["case__", "case___2", "case_" + "x" * 59]


def test_a_plain_value_that_is_none_of_the_cases_was_meant_as_a_key():
    with pytest.raises(LoadError) as refused:
        root_of("{switch: {value: colour, cases: {red: look}, default: look}}")
    assert "switch.value: 'colour' is none of the cases" in str(refused.value)
    assert 'did you mean "{colour}"?' in str(refused.value)
