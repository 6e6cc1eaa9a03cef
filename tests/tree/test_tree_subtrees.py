"""Subtrees: typed parameters, node parameters, keys of their own, and mistakes on both sides of a call."""

from __future__ import annotations

from pathlib import Path

import pytest
from tree_leaves import REGISTRY, ManualContext

from bt_robot.errors import LoadError
from bt_robot.messages import Status
from bt_robot.tree import Key, TreeSpec, build_tree, load_tree


def load(tmp_path, monkeypatch, root: str, **subtrees: str) -> TreeSpec:
    """Load a tree t.yaml that includes the given subtree files."""
    monkeypatch.chdir(tmp_path)
    for name, text in subtrees.items():
        (tmp_path / f"{name}.yaml").write_text(f"subtree: {name}\n{text}\n")
    include = ", ".join(f"{name}.yaml" for name in subtrees)
    (tmp_path / "t.yaml").write_text(f"tree: t\ninclude: [{include}]\nroot: {root}\n")
    return load_tree(Path("t.yaml"), REGISTRY)


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    return lambda root, **subtrees: load(tmp_path, monkeypatch, root, **subtrees)


@pytest.fixture
def refused(loaded):
    def problems(root: str, **subtrees: str) -> list[str]:
        with pytest.raises(LoadError) as error:
            loaded(root, **subtrees)
        return str(error.value).splitlines()

    return problems


TIMED = "parameters: {time_s: {type: float, default: 20, minimum: 1}}\nroot: {wait: {duration_s: $time_s}}"
GUARDED = "parameters: {done: {type: node}}\nroot: {fallback: [$done, look]}"
ASKING = "parameters: {prompt: {type: str}}\nroot: {sequence: [ask, {ask: {prompt: $prompt}}]}"


def test_a_call_is_a_node_with_the_subtrees_root_below_it(loaded):
    root = loaded("{sequence: [{skill: {name: first, time_s: 3}}, skill]}", skill=TIMED).root
    first, second = root.children
    assert (first.path, first.kind, first.type, first.detail) == ("t/first", "subtree", "skill", "time_s=3")
    assert (first.children[0].path, first.children[0].values) == ("t/first/wait", {"duration_s": 3.0})
    assert (second.path, second.children[0].values) == ("t/skill", {"duration_s": 20.0})


def test_a_subtree_may_be_the_root(loaded):
    root = loaded("{skill: {time_s: 3}}", skill=TIMED).root
    assert [root.path, root.children[0].path] == ["t", "t/wait"]


def test_a_node_parameter_stands_where_a_node_stands(loaded):
    root = loaded("{skill: {done: {sequence: [{play: {script: S}}, look]}}}", skill=GUARDED).root
    assert [node.path for node in root.children[0].children] == ["t/fallback/sequence", "t/fallback/look"]


def test_a_node_parameter_may_be_passed_on(loaded):
    outer = "parameters: {until: {type: node}}\nroot: {skill: {done: $until}}"
    root = loaded("{outer: {until: {look: {name: eye}}}}", outer=outer, skill=GUARDED).root
    assert root.children[0].children[0].children[0].path == "t/skill/fallback/eye"


def test_a_node_parameter_may_have_a_default(loaded):
    skill = "parameters: {done: {type: node, default: {look: {script: F}}}}\nroot: {inverter: {child: $done}}"
    assert loaded("skill", skill=skill).root.children[0].children[0].values == {"script": "F"}


def test_a_list_may_hold_parameters(loaded):
    skill = "parameters: {a: {type: float}, all: {type: joints}}\n"
    skill += "root: {sequence: [{wait: {duration_s: 1, joints: [$a, 2]}}, {wait: {duration_s: 1, joints: $all}}]}"
    root = loaded("{skill: {a: 1.5, all: [3, 4]}}", skill=skill).root
    assert [node.values["joints"] for node in root.children[0].children] == [(1.5, 2.0), (3.0, 4.0)]


def test_a_prompt_on_a_call_reaches_the_leaves_and_the_declared_parameter(loaded):
    root = loaded("{skill: {prompt: go}}", skill=ASKING).root
    assert [node.values for node in root.children[0].children] == [{"prompt": "go"}, {"prompt": "go"}]
    assert root.prompt == "go"


def test_a_declared_prompt_is_filled_from_the_nodes_above(loaded):
    root = loaded("{sequence: {prompt: go, children: [skill]}}", skill=ASKING).root
    assert [node.values for node in root.children[0].children[0].children] == [{"prompt": "go"}, {"prompt": "go"}]


def test_a_declared_prompt_reaches_the_leaves_without_being_named(loaded):
    root = loaded("{skill: {prompt: go}}", skill="parameters: {prompt: {type: str}}\nroot: ask").root
    assert root.children[0].values == {"prompt": "go"}


def test_a_node_that_is_passed_asks_with_the_prompt_of_the_place_where_it_stands(loaded):
    skill = "parameters: {prompt: {type: str}, done: {type: node}}\nroot: {sequence: [$done, {ask: {prompt: $prompt}}]}"
    root = loaded("{skill: {prompt: go, done: ask}}", skill=skill).root
    assert root.children[0].children[0].values == {"prompt": "go"}


def test_keys_belong_to_one_instance_and_pass_in_and_out_by_argument(loaded):
    inner = '{sequence: [{measure: {value: $to, seen: "{x}"}}, {wait: {duration_s: "{x}"}}, {measure: {seen: $out}}]}'
    skill = f"parameters: {{to: {{type: float}}, out: {{type: float, direction: out}}}}\nroot: {inner}"
    calls = '{skill: {to: 1, out: "{x}"}}, {skill: {to: "{x}", out: "{y}"}}'
    root = loaded(f'{{sequence: [{calls}, {{wait: {{duration_s: "{{y}}"}}}}]}}', skill=skill).root
    first, second = (call.children[0].children for call in root.children[:2])
    assert first[0].values == {"value": 1.0, "seen": Key("t/skill", "x")}
    assert first[2].values == {"seen": Key("t", "x")}
    assert second[0].values == {"value": Key("t", "x"), "seen": Key("t/skill_2", "x")}
    assert second[2].values == {"seen": Key("t", "y")}


def test_a_value_written_in_one_subtree_is_read_in_another(loaded):
    writer = "parameters: {to: {type: float, direction: out}}\nroot: {measure: {value: 2.5, seen: $to}}"
    reader = "parameters: {how_long_s: {type: float}}\nroot: {wait: {duration_s: $how_long_s}}"
    text = '{sequence: [{writer: {to: "{t}"}}, {reader: {how_long_s: "{t}"}}]}'
    tree = build_tree(loaded(text, writer=writer, reader=reader))
    assert tree.tick(ManualContext()) is Status.RUNNING
    assert tree.states()[-1].reason == "2.5 s left"


ERRORS: dict[str, tuple[str, dict[str, str], list[str]]] = {
    "a missing argument": (
        "skill",
        {"skill": GUARDED},
        ["t.yaml:3:7: 'skill': 'done' is missing; expected a node"],
    ),
    "an unknown argument": (
        "{skill: {time: 3}}",
        {"skill": TIMED},
        [
            "t.yaml:3:16: unknown parameter of 'skill': 'time'; expected one of name, prompt, time_s "
            "(did you mean 'time_s'?)"
        ],
    ),
    "arguments that are no mapping": (
        "{skill: [look]}",
        {"skill": TIMED},
        [
            "t.yaml:3:15: 'skill' takes parameters, not a list of 1; expected a mapping such as {time_s: …} "
            "(it has no children)"
        ],
    ),
    "an argument of a wrong type": (
        "{skill: {time_s: soon}}",
        {"skill": TIMED},
        ["t.yaml:3:24: skill.time_s: 'soon'; expected a number of at least 1"],
    ),
    "an argument out of range for the declaration": (
        "{skill: {time_s: 0.5}}",
        {"skill": TIMED},
        ["t.yaml:3:24: skill.time_s: '0.5'; expected a number of at least 1"],
    ),
    "an argument out of range for its use": (
        "{skill: {t: -1}}",
        {"skill": "parameters: {t: {type: float}}\nroot: {wait: {duration_s: $t}}"},
        ["t.yaml:3:19: wait.duration_s: '-1'; expected a number of at least 0"],
    ),
    "a parameter used as another type": (
        "{skill: {t: a}}",
        {"skill": "parameters: {t: {type: str}}\nroot: {wait: {duration_s: $t}}"},
        ["skill.yaml:3:27: wait.duration_s: '$t' is text; expected a number of at least 0"],
    ),
    "a node used as a value": (
        "{skill: {done: look}}",
        {"skill": "parameters: {done: {type: node}}\nroot: {wait: {duration_s: $done}}"},
        ["skill.yaml:3:27: wait.duration_s: '$done' is a node; expected a number of at least 0"],
    ),
    "a value used as a node": (
        "{skill: {t: 3}}",
        {"skill": "parameters: {t: {type: float}}\nroot: {inverter: {child: $t}}"},
        ["skill.yaml:3:26: '$t' is a number; expected a node"],
    ),
    "an unknown parameter": (
        "{skill: {t: 3}}",
        {
            "skill": "parameters: {t: {type: float}}\n"
            "root: {sequence: [{wait: {duration_s: $tt}}, {wait: {duration_s: $t}}]}"
        },
        ["skill.yaml:3:39: unknown parameter '$tt'; expected one of $t (did you mean '$t'?)"],
    ),
    "a parameter that nothing uses": (
        "{skill: {t: 3}}",
        {"skill": "parameters: {t: {type: float}}\nroot: look"},
        ["skill.yaml:2:14: parameter 't' is not used; expected '$t'"],
    ),
    "a mistake in a subtree that nothing calls": (
        "look",
        {"skill": "root: {wait: {duration_s: soon}}"},
        ["skill.yaml:2:27: wait.duration_s: 'soon'; expected a number of at least 0"],
    ),
    "a mistake in a node that is passed": (
        "{skill: {done: {sequence: [lok]}}}",
        {"skill": GUARDED},
        ["t.yaml:3:34: unknown node type 'lok'; expected a node type; 'bt-nodes' lists them (did you mean 'look'?)"],
    ),
    "a mistake in a default node": (
        "look",
        {"skill": "parameters: {done: {type: node, default: {wait: {}}}}\nroot: {inverter: {child: $done}}"},
        ["skill.yaml:2:43: 'wait': 'duration_s' is missing; expected a number of at least 0 (how long to wait [s])"],
    ),
    "a parameter in a default node": (
        "look",
        {
            "skill": "parameters: {t: {type: float}, done: {type: node, default: {wait: {duration_s: $t}}}}\n"
            "root: {sequence: [$done, {wait: {duration_s: $t}}]}"
        },
        ["skill.yaml:2:80: unknown parameter '$t'; expected none, as none is declared here"],
    ),
    "a key of another instance": (
        '{sequence: [skill, {wait: {duration_s: "{x}"}}]}',
        {"skill": 'root: {measure: {seen: "{x}"}}'},
        [
            "t.yaml:3:46: wait.duration_s: the key 'x' is read here, but never written; "
            "expected a key that an output is bound to"
        ],
    ),
    "a key that the callee only reads": (
        '{skill: {time_s: "{x}"}}',
        {"skill": TIMED},
        [
            "t.yaml:3:24: wait.duration_s: the key 'x' is read here, but never written; "
            "expected a key that an output is bound to"
        ],
    ),
    "no prompt for a declared one": (
        "skill",
        {"skill": ASKING},
        ["t.yaml:3:7: 'skill': 'prompt' is missing; expected text"],
    ),
    "no prompt for a leaf in a subtree": (
        "skill",
        {"skill": "root: ask"},
        [
            "skill.yaml:2:7: 'ask': no prompt is set here; expected text "
            "(write 'prompt: …' on it, or on a node above it)"
        ],
    ),
    "a subtree that calls itself": (
        "skill",
        {"skill": "root: {sequence: [skill]}"},
        ["skill.yaml:2:19: subtree cycle: skill → skill; expected subtrees that end"],
    ),
    "subtrees that call each other": (
        "{sequence: [lok, a]}",
        {"a": "root: b", "b": "root: {inverter: {child: c}}", "c": "root: a"},
        [
            "c.yaml:2:7: subtree cycle: a → b → c → a; expected subtrees that end",
            "t.yaml:3:19: unknown node type 'lok'; expected a node type; 'bt-nodes' lists them (did you mean 'look'?)",
        ],
    ),
    "a subtree that is passed to itself": (
        "look",
        {"skill": "parameters: {done: {type: node}}\nroot: {sequence: [$done, {skill: {done: look}}]}"},
        ["skill.yaml:3:27: subtree cycle: skill → skill; expected subtrees that end"],
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_is_refused(refused, case):
    root, subtrees, expected = ERRORS[case]
    assert refused(root, **subtrees) == expected


def test_a_mistake_in_a_body_is_reported_once_however_often_it_is_called(refused):
    found = refused("{sequence: [skill, skill, skill]}", skill="root: {sequence: [{wait: {duration_s: x}}, lok]}")
    assert [line.split(":")[2] for line in found] == ["39", "44"]
