"""`$name` where a value stands: keys of the caller that a subtree reads, writes, or both."""

from __future__ import annotations

from pathlib import Path

import pytest
from tree_leaves import REGISTRY, ManualContext

from bt_robot.errors import LoadError
from bt_robot.messages import Status
from bt_robot.tree import Key, TreeSpec, build_tree, load_tree


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    def load(root: str, parameters: str, inner: str) -> TreeSpec:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "s.yaml").write_text(f"subtree: s\nparameters: {parameters}\nroot: {inner}\n")
        (tmp_path / "t.yaml").write_text(f"tree: t\ninclude: [s.yaml]\nroot: {root}\n")
        return load_tree(Path("t.yaml"), REGISTRY)

    return load


@pytest.fixture
def refused(loaded):
    def problems(root: str, parameters: str, inner: str) -> list[str]:
        with pytest.raises(LoadError) as error:
            loaded(root, parameters, inner)
        return str(error.value).splitlines()

    return problems


OUT = "{width: {type: float, direction: out}}"
BOTH = "{width: {type: float, direction: inout}}"


def test_an_output_of_a_subtree_is_written_to_the_key_of_its_caller(loaded):
    root = '{sequence: [{s: {width: "{w}"}}, {wait: {duration_s: "{w}"}}]}'
    spec = loaded(root, OUT, "{measure: {value: 2.5, seen: $width}}")
    assert spec.root.children[0].detail == 'width→"{w}"'
    tree = build_tree(spec)
    assert tree.tick(ManualContext()) is Status.RUNNING
    assert tree.states()[-1].reason == "2.5 s left"


def test_an_output_of_a_subtree_may_be_left(loaded):
    spec = loaded("s", OUT, "{measure: {value: 2.5, seen: $width}}")
    assert spec.root.children[0].values == {"value": 2.5}
    assert spec.root.children[0].detail == "value=2.5"
    assert build_tree(spec).tick(ManualContext()) is Status.SUCCESS


def test_a_subtree_may_read_and_write_the_same_key_of_its_caller(loaded):
    root = '{sequence: [{measure: {seen: "{w}"}}, {s: {width: "{w}"}}, {wait: {duration_s: "{w}"}}]}'
    spec = loaded(root, BOTH, "{measure: {value: $width, seen: $width}}")
    call = spec.root.children[1]
    assert call.children[0].values == {"value": Key("t", "w"), "seen": Key("t", "w")}


def test_directions_are_passed_on_through_calls(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(f"subtree: a\ninclude: [b.yaml]\nparameters: {OUT}\nroot: {{b: {{to: $width}}}}\n")
    Path("b.yaml").write_text(
        "subtree: b\nparameters: {to: {type: float, direction: out}}\nroot: {measure: {seen: $to}}\n"
    )
    Path("t.yaml").write_text('tree: t\ninclude: [a.yaml]\nroot: {a: {width: "{w}"}}\n')
    spec = load_tree(Path("t.yaml"), REGISTRY)
    assert spec.root.children[0].children[0].values == {"seen": Key("t", "w")}


ERRORS: dict[str, tuple[str, str, str, list[str]]] = {
    "an input is written": (
        '{s: {width: "{w}"}}',
        "{width: {type: float}}",
        "{measure: {seen: $width}}",
        [
            "s.yaml:3:24: measure.seen writes '$width', which has direction: in; expected a parameter with "
            "direction: out or inout"
        ],
    ),
    "an output is read": (
        '{s: {width: "{w}"}}',
        OUT,
        "{sequence: [{measure: {seen: $width}}, {wait: {duration_s: $width}}]}",
        [
            "s.yaml:3:66: wait.duration_s reads '$width', which has direction: out; expected a parameter with "
            "direction: in or inout"
        ],
    ),
    "a value is given for an output": (
        "{s: {width: 3}}",
        OUT,
        "{measure: {seen: $width}}",
        ["t.yaml:3:19: s.width: '3'; expected a blackboard key such as \"{width}\""],
    ),
    "a value is given for what is read and written": (
        "{s: {width: 3}}",
        BOTH,
        "{measure: {value: $width, seen: $width}}",
        ["t.yaml:3:19: s.width: '3'; expected a blackboard key such as \"{width}\""],
    ),
    "nothing is given for what is read and written": (
        "s",
        BOTH,
        "{measure: {value: $width, seen: $width}}",
        ["t.yaml:3:7: 's': 'width' is missing; expected a number"],
    ),
    "an output of another type": (
        '{s: {width: "{w}"}}',
        "{width: {type: int, direction: out}}",
        "{measure: {seen: $width}}",
        [
            "s.yaml:3:24: measure.seen: it writes a number, and '$width' is a whole number; expected a parameter that "
            "is a number"
        ],
    ),
    "a parameter in another unit": (
        "{s: {pause_ms: 3}}",
        "{pause_ms: {type: float}}",
        "{wait: {duration_s: $pause_ms}}",
        ["s.yaml:3:27: wait.duration_s: '$pause_ms' is in ms; expected a parameter in s"],
    ),
    "a key in another unit than the parameter": (
        '{sequence: [{measure: {seen: "{pause_ms}"}}, {s: {pause_s: "{pause_ms}"}}]}',
        "{pause_s: {type: float}}",
        "{wait: {duration_s: $pause_s}}",
        [
            "t.yaml:3:66: s.pause_s: the key 'pause_ms' is in ms; expected a key in s (what writes it has to give s, "
            "to a key such as 'pause_s')"
        ],
    ),
    "a key that the caller never writes": (
        '{s: {pause_s: "{p}"}}',
        "{pause_s: {type: float}}",
        "{wait: {duration_s: $pause_s}}",
        [
            "t.yaml:3:21: wait.duration_s: the key 'p' is read here, but never written; expected a key that an output "
            "is bound to"
        ],
    ),
    "a parameter in the middle of a text": (
        "{s: {colour: red}}",
        "{colour: {type: str}}",
        "{sequence: [{ask: {prompt: pick the $colour block}}, {ask: {prompt: $colour}}]}",
        [
            "s.yaml:3:34: ask.prompt: '$colour' in the middle of a text; expected the whole value "
            "(nothing is put into a text; let a parameter or a key hold all of it)"
        ],
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_is_refused(case, refused):
    root, parameters, inner, found = ERRORS[case]
    assert refused(root, parameters, inner) == found


def test_lists_of_texts_and_numbers_are_parameters_too(loaded):
    spec = loaded(
        "{s: {words: [a, b], joints: [1, 2]}}",
        "{words: {type: texts}, joints: {type: numbers}}",
        '{for_each: {items: $words, item: "{w}", child: {wait: {duration_s: 1, label: "{w}", joints: $joints}}}}',
    )
    loop = spec.root.children[0]
    assert loop.values["items"] == ("a", "b")
    assert loop.children[0].values["joints"] == (1.0, 2.0)
