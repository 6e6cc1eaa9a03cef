"""The schema of tree files and the loader agree on everything that one file shows by itself."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from tree_strategies import Shape, shapes

from bt_robot.config.builtin import builtin_folder
from bt_robot.config.problems import Problems
from bt_robot.config.source import ListNode, MapNode, SourceNode, read_file
from bt_robot.config.values import Rule
from bt_robot.errors import Code, LoadError, Problem
from bt_robot.messages import TickContext
from bt_robot.nodes import standard_registry
from bt_robot.tree import Action, Input, Outcome, Output, Registry, parse_tree, running
from bt_robot.tree.schema.files import schema_text, subtrees_in, tree_schema
from bt_robot.tree.vocabulary.built_in import ALIASES, BUILT_IN
from tests.scale import examples

DOCS = Path(__file__).parents[2] / "docs"
REGISTRY = standard_registry()
SCHEMA = tree_schema(REGISTRY)
VALIDATOR = Draft7Validator(SCHEMA)

UNKNOWABLE = {
    Code.UNKNOWN_PARAMETER: "which parameters a file declares",
    Code.PARAMETER_TYPE: "and of what type they are",
    Code.UNUSED: "whether a declared parameter is used",
    Code.NEVER_WRITTEN: "which keys are written",
    Code.KEY_TYPE: "and of what type they are",
    Code.BAD_KEY: "what only looks like a key",
    Code.MISSING_PROMPT: "whether a node above has a prompt",
    Code.INCLUDE: "which files there are, and whether a subtree is run by itself",
    Code.CYCLE: "what calls what",
    Code.TOO_LARGE: "how many nodes there are, and how deep they are",
    Code.INVALID: "which values go together",
    Code.DUPLICATE_KEY: "what stands twice: JSON has it once",
}
"""What a schema of one file can't know, or can't say."""


def kinds_of(kind: Any) -> list[tuple[Any, Rule]]:
    """Return the types of which one is meant, with their rules."""
    rule = next((extra for extra in getattr(kind, "__metadata__", ()) if isinstance(extra, Rule)), Rule())
    bare = get_args(kind)[0] if hasattr(kind, "__metadata__") else kind
    if get_origin(bare) in (tuple, Literal) or not get_args(bare):
        return [(bare, rule)]
    return [pair for member in get_args(bare) for pair in kinds_of(member)]


def literals(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a port's type, as JSON has them."""
    return st.one_of([_literal(bare, rule) for bare, rule in kinds_of(kind)])


def _literal(bare: Any, rule: Rule) -> st.SearchStrategy[Any]:
    if bare is type(None):
        return st.none()
    if get_origin(bare) is Literal:
        return st.sampled_from(get_args(bare))
    if get_origin(bare) is tuple:
        count = rule.length or 2
        return st.lists(literals(get_args(bare)[0]), min_size=count if rule.length else 0, max_size=count)
    low, high = max(rule.minimum, -5.0), min(rule.maximum, 5.0)
    if bare is int:
        return st.integers(int(low), int(max(low, high)))
    if bare is float:
        return st.sampled_from([low, (low + max(low, high)) / 2, max(low, high)])
    return st.booleans() if bare is bool else st.sampled_from(["red", "a b", "3", "on", "", "ä", "two\nlines"])


PROMPTS = st.sampled_from(["pick up the red block", "", "{said}"])


@st.composite
def leaves(draw: st.DrawFn) -> Shape:
    """Leaves that the project comes with, or calls of subtrees."""
    word = draw(st.sampled_from([*REGISTRY.leaves, *REGISTRY.aliases]))
    leaf = REGISTRY.leaves[REGISTRY.aliases.get(word, word)]
    values: dict[str, Any] = {}
    for name, port in leaf.ports.items():
        if not port.required and draw(st.integers(0, 2)):
            continue
        keyed = isinstance(port, Output) or port.only_key or draw(st.integers(0, 15)) == 0
        values[name] = draw(st.sampled_from(["{width}", "{colour}"]) if keyed else literals(port.kind))
    if draw(st.integers(0, 3)) == 0:
        values["name"] = draw(st.sampled_from(["a", "b-2", "c_d"]))
    return Shape(word, values)


WRITERS = [
    {"set_blackboard": {"key": "{colour}", "value": "red"}},
    {"set_blackboard": {"key": "{width}", "value": 0.5}},
]


def root_of(shape: Shape, prompt: str) -> Any:
    """Return a tree's root: what the leaves need, then the tree."""
    return {"sequence": {"prompt": prompt, "children": [*WRITERS, shape.source]}}


FILES = st.builds(
    lambda shape, prompt, more: {"tree": "t", "root": root_of(shape, prompt), **more},
    shapes(below=leaves(), max_leaves=6),
    PROMPTS,
    st.sampled_from([{}, {"prompt": "x"}, {"description": "y"}, {"expects": {"in_container": ["red"]}}]),
)
PARAMETERS = st.dictionaries(
    st.sampled_from(["speed", "prompt", "done_s", "child", "Big", "x"]),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                ["str", "float", "int", "bool", "joints", "numbers", "texts", "value", "node", "nod"]
            )
        },
        optional={
            "default": st.sampled_from(
                [1, 2.5, "a", "$a", "{b}", True, [1, 2], ["a"], "observe", {"wait": None}, None]
            ),
            "minimum": st.sampled_from([0, "0"]),
            "maximum": st.just(3),
            "direction": st.sampled_from(["in", "out", "inout", "both"]),
            "doc": st.sampled_from(["how fast", 3]),
            "unit": st.just("s"),
        },
    )
    | st.sampled_from(["float", None, {}]),
    max_size=2,
)
SUBTREE_FILES = st.builds(
    lambda shape, parameters, name: {"subtree": name, "parameters": parameters, "root": shape.source},
    shapes(below=leaves(), max_leaves=2),
    PARAMETERS,
    st.sampled_from(["pick", "Pick", "sequence", "selector", "wait", "p" * 65]),
)
JUNK = st.sampled_from(
    [
        *(
            None,
            True,
            0,
            -1,
            3,
            2.5,
            10**9,
            "x",
            "",
            "observe",
            "sequnce",
            "$x",
            "{k}",
            "a\u0007b",
            [],
            ["observe"],
            {},
        ),
        *({"observe": None}, {"a": 1}, {"sequence": ["observe"]}, {"wait": {}}, [1, 2], {"name": "a"}),
    ]
)
KEYS = st.sampled_from(
    ["name", "children", "child", "prompt", "cases", "default", "duration_s", "then", "x", "include", "observe"]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to everything in a JSON value."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in below for place in places(inner, (*path, key)))]


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """Return the part of a JSON value at a path."""
    for key in path:
        value = value[key]
    return value


def changed(value: Any, path: tuple[Any, ...], change: Any) -> Any:
    """Return a JSON value with the part at a path replaced by what a function makes of it."""
    if not path:
        return change(value)
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], change)
    return copy


@st.composite
def mutated(draw: st.DrawFn, base: st.SearchStrategy[Any]) -> Any:
    """Files with up to three things changed: a value replaced, a key dropped, added or misspelt."""
    value = draw(base)
    for _ in range(draw(st.integers(0, 3))):
        everywhere = places(value)
        numbers = [path for path in everywhere if isinstance(at(value, path), int | float)]
        path = draw(st.sampled_from(numbers if numbers and draw(st.booleans()) else everywhere))
        how = draw(st.sampled_from(["replace", "drop", "add", "misspell", "wrap"]))
        junk, key = draw(JUNK), draw(KEYS)

        def change(part: Any, how: str = how, junk: Any = junk, key: str = key) -> Any:
            if how == "wrap":
                return part * 2 if isinstance(part, list) else [part]
            if isinstance(part, int | float) and not isinstance(part, bool) and how != "replace":
                return {"drop": -1, "add": 10**9, "misspell": 0}[how]
            if how == "replace" or not isinstance(part, dict) or not part:
                return junk
            first, *rest = part
            if how == "drop":
                return {word: part[word] for word in rest}
            if how == "add":
                return {**part, key: junk}
            return {f"{first}x": part[first], **{word: part[word] for word in rest}}

        value = changed(value, path, change)
    return value


def problems_of(value: Any) -> list[Problem]:
    """Return what the loader says of a JSON value, which is YAML, too."""
    try:
        parse_tree(json.dumps(value, ensure_ascii=False), "t.yaml", REGISTRY)
    except LoadError as error:
        return list(error.problems)
    return []


def knowable(value: Any, problem: Problem) -> bool:
    """Whether a schema can tell a problem."""
    if problem.code is Code.UNKNOWN_NODE:
        return not (isinstance(value, dict) and "include" in value)  # there it may be a subtree of another file
    return problem.code not in UNKNOWABLE


def agree(value: Any) -> None:
    problems, fits = problems_of(value), VALIDATOR.is_valid(value)
    known = [str(problem) for problem in problems if knowable(value, problem)]
    whole = isinstance(value, dict) and "subtree" in value  # what is wrong with it is that it is run by itself
    objections = [problem for problem in problems if not (whole and problem.code is Code.INCLUDE)]
    assert fits or objections, f"the loader takes what the schema refuses: {[*VALIDATOR.iter_errors(value)]}"
    assert not (fits and known), f"the schema takes what the loader refuses: {known}"


@settings(max_examples=examples(250), deadline=None)
@given(FILES)
def test_what_the_loader_takes_the_schema_takes(value):
    agree(value)


@settings(max_examples=examples(400), deadline=None)
@given(mutated(FILES))
def test_what_is_wrong_in_a_tree_both_refuse(value):
    agree(value)


@settings(max_examples=examples(300), deadline=None)
@given(mutated(SUBTREE_FILES))
def test_what_is_wrong_in_a_subtree_both_refuse(value):
    agree(value)


def as_editors_read(node: SourceNode) -> Any:
    """Return what a YAML 1.2 reader, as editors have them, makes of a file."""
    if isinstance(node, ListNode):
        return [as_editors_read(item) for item in node.items]
    if isinstance(node, MapNode):
        return {key.text: as_editors_read(value) for key, value in node.entries}
    if node.plain and node.text in ("", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"):
        return None if node.text.lower() not in ("true", "false") else node.text.lower() == "true"
    if node.plain and re.fullmatch(r"[-+]?[0-9]+", node.text):
        return int(node.text)
    if node.plain and re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan", node.text):
        return float(node.text.replace(".inf", "inf").replace(".nan", "nan"))
    return int(node.text, 0) if node.plain and re.fullmatch(r"0o[0-7]+|0x[0-9a-fA-F]+", node.text) else node.text


CORPUS = Path(__file__).parent / "corpus"
NOT_IN_A_SCHEMA = {
    "b17_a_number_with_something_behind_it": "0x10 is a number to YAML 1.2",
    "f02_not_a_number": ".nan and .inf are numbers to YAML",
    "f04_octal_and_sexagesimal": "010 and 0o17 are numbers to YAML 1.2",
}


@pytest.mark.parametrize("case", sorted(path.stem for path in CORPUS.glob("*.json")))
def test_the_corpus_of_mistakes_is_judged_alike(case):
    problems = json.loads((CORPUS / f"{case}.json").read_text(encoding="utf-8"))["problems"]
    codes = {Code(problem["code"]) for problem in problems if problem["file"] == f"{case}.yaml"}
    codes -= {*UNKNOWABLE, Code.NOT_YAML, Code.FORBIDDEN_YAML, Code.UNREADABLE}
    node = read_file(CORPUS / f"{case}.yaml", Problems()) if codes else None
    value = as_editors_read(node) if node else {"include": []}
    if "include" not in value:  # or it is about calls of what another file holds
        refused = not VALIDATOR.is_valid(value)
        assert refused or case in NOT_IN_A_SCHEMA, codes


@pytest.mark.parametrize(
    "node",
    [
        {"observe": {"cameras": [1]}},
        {"observe": {"cameras": ["front", None]}},
        {"observe": {"cameras": "front"}},
        {"observe": None, "wait": {"duration_s": 1}},
        {"observe": {}, "name": "a"},
        {"switch": {"value": "{colour}", "cases": {"{colour}": "observe"}}},
        {"for_each": {"items": ["{colour}"], "item": "{colour}", "child": "observe"}},
        {"retry": {"attempts": "{colour}", "child": "observe"}},
        {"sequence": {"children": ["observe"], "name": "Big"}},
        {"sequence": "observe"},
        {"guard": {"condition": "observe", "child": ["observe"]}},
    ],
    ids=str,
)
def test_what_random_changes_seldom_hit_both_refuse(node):
    value = {"tree": "t", "root": {"sequence": [*WRITERS, node]}}
    assert any(knowable(value, problem) for problem in problems_of(value))
    assert not VALIDATOR.is_valid(value)


@pytest.mark.parametrize(
    ("type_name", "right", "wrong"),
    [
        ("str", "a", 3),
        ("float", 2.5, "a"),
        ("int", 3, 2.5),
        ("bool", True, "true"),
        ("joints", [0.1, -1], ["a"]),
        ("numbers", [1], "a"),
        ("texts", ["a"], [1]),
        ("value", "a", {}),
        ("node", {"wait": {"duration_s": 1}}, {"wait": {}}),
    ],
)
def test_a_declared_parameter_has_a_default_of_its_type(type_name, right, wrong):
    root = "$x" if type_name == "node" else {"set_blackboard": {"key": "{k}", "value": "$x"}}
    for default, fits in ((right, True), (wrong, False)):
        value = {"subtree": "s", "parameters": {"x": {"type": type_name, "default": default}}, "root": root}
        assert VALIDATOR.is_valid(value) == fits
        assert [str(problem) for problem in problems_of(value) if problem.code is not Code.INCLUDE] == [] or not fits
        agree(value)


@pytest.mark.parametrize("path", sorted(builtin_folder("trees").rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_tree_of_the_project_fits(path):
    node = read_file(path, Problems())
    assert node
    value = as_editors_read(node)
    subtrees = subtrees_in([builtin_folder("trees")], REGISTRY)
    for schema in (SCHEMA, tree_schema(REGISTRY, subtrees)):
        assert [error.message for error in Draft7Validator(schema).iter_errors(value)] == []


def test_a_schema_made_for_a_folder_knows_its_subtrees_and_their_parameters(tmp_path):
    (tmp_path / "pick.yaml").write_text(
        "subtree: pick\nparameters:\n  speed: {type: float, maximum: 1}\n  done: {type: node, default: observe}\n"
        "root: {sequence: [$done, {move_to: {pose: rest, speed: $speed}}]}\n"
    )
    schema = tree_schema(REGISTRY, subtrees_in([tmp_path], REGISTRY))
    validator = Draft7Validator(schema)
    for call, fits in [
        ({"pick": {"speed": 0.5}}, True),
        ({"pick": {"speed": 0.5, "done": {"wait": {"duration_s": 1}}, "name": "a", "prompt": "b"}}, True),
        ({"pick": {"speed": "{how_fast}"}}, True),
        ({"pick": {"speed": 2}}, False),
        ({"pick": {"speed": 0.5, "done": {"wait": {}}}}, False),
        ({"pick": {"speed": 0.5, "sped": 1}}, False),
        ({"pick": {}}, False),
        ("pick", False),
        ("pik", False),
    ]:
        value = {"tree": "t", "include": ["pick.yaml"], "root": {"sequence": [call]}}
        assert validator.is_valid(value) == fits, call


def test_another_word_is_a_call_only_where_a_file_includes_others():
    called = {"tree": "t", "root": {"sequence": ["my_skill", {"my_skill": {"speed": 1}}, {"my_skill": None}]}}
    assert not VALIDATOR.is_valid(called)
    assert VALIDATOR.is_valid({**called, "include": ["my_skill.yaml"]})
    assert not VALIDATOR.is_valid({**called, "include": ["my_skill.yaml"], "root": "sequence"})
    assert not VALIDATOR.is_valid({**called, "include": ["my_skill.yaml"], "root": "My Skill"})


def test_every_node_type_is_completed_and_described():
    Draft7Validator.check_schema(SCHEMA)
    typed = SCHEMA["definitions"]["node"]["anyOf"][2]["properties"]
    assert set(typed) == {*BUILT_IN, *ALIASES, *REGISTRY.leaves, *REGISTRY.aliases}
    for word, reference in typed.items():
        definition = SCHEMA["definitions"][reference["$ref"].removeprefix("#/definitions/")]
        assert definition["description"], word
        body = definition["anyOf"][1] if "anyOf" in definition else definition
        for port in {**getattr(BUILT_IN.get(word), "ports", {}), **getattr(REGISTRY.leaves.get(word), "ports", {})}:
            assert body["properties"][port]["description"], (word, port)


class Patient(Action):
    """Wait."""

    type_name = "patient"
    limit_s = Input(float, default=math.inf, doc="how long [s]")
    span_m = Input(tuple[float, ...], default=(0.0, math.inf), doc="where [m]")

    def on_tick(self, ctx: TickContext) -> Outcome:
        return running()


def test_a_default_without_end_is_left_out_because_json_has_no_word_for_it():
    text = schema_text(Registry([Patient]))
    limit = json.loads(text)["definitions"]["patient"]["properties"]["limit_s"]
    assert (limit["type"], limit.get("default")) == (["number", "string"], None)
    assert "Infinity" not in text


def test_the_schema_in_the_docs_is_up_to_date():
    assert (DOCS / "tree.schema.json").read_text(encoding="utf-8") == schema_text(REGISTRY), "run: make docs"


def test_a_tree_of_the_project_names_the_schema():
    for path in builtin_folder("trees").rglob("*.yaml"):
        (reference,) = re.findall(r"^# yaml-language-server: \$schema=(\S+)$", path.read_text(), flags=re.MULTILINE)
        assert (path.parent / reference).resolve() == (DOCS / "tree.schema.json").resolve()
