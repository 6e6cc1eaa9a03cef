"""The parameters of a subtree are declared with a type, and declared rightly."""

from __future__ import annotations

import pytest

from bt_robot.config.source import Problems, parse
from bt_robot.tree.language.parameters import MAX_PARAMETERS, read_parameters

TYPES = "bool, float, int, joints, node, numbers, str, texts, value"

ERRORS: dict[str, list[str]] = {
    "[a]": ["p:1:1: parameters: a list of 1; expected a mapping from names to {type: …}"],
    "{a: str}": ["p:1:5: parameter 'a': 'str'; expected a mapping with a type (write {type: str})"],
    "{a: {}}": [
        "p:1:5: parameter 'a': 'type' is missing; expected one of str, float, int, bool, joints, numbers, texts, "
        "value, node"
    ],
    "{a: {typ: str}}": [
        "p:1:6: unknown key 'typ'; expected one of default, direction, doc, maximum, minimum, type "
        "(did you mean 'type'?)"
    ],
    "{a: {type: flaot}}": ["p:1:12: unknown type 'flaot'; expected one of " + TYPES + " (did you mean 'float'?)"],
    "{a: {type: str, defualt: b}}": [
        "p:1:17: unknown key 'defualt'; expected one of default, direction, doc, maximum, minimum, type "
        "(did you mean 'default'?)"
    ],
    "{a: {type: str, minimum: 1}}": ["p:1:26: 'minimum' is for numbers, and the type is str"],
    "{a: {type: float, minimum: low}}": ["p:1:28: minimum: 'low'; expected a number"],
    "{a: {type: float, minimum: 2, maximum: 1}}": ["p:1:5: minimum 2 is more than maximum 1"],
    "{a: {type: float, minimum: 2, default: 1}}": ["p:1:40: default: '1'; expected a number of at least 2"],
    "{a: {type: int, default: 1.5}}": ["p:1:26: default: '1.5'; expected a whole number"],
    "{a: {type: str, default: $b}}": ["p:1:26: default: '$b'; expected a plain value"],
    "{a: {type: str, default: '{b}'}}": ["p:1:26: default: '{b}'; expected a plain value"],
    "{a: {type: str, direction: outt}}": [
        "p:1:28: unknown direction 'outt'; expected one of in, inout, out (did you mean 'out'?)"
    ],
    "{a: {type: str, direction: out, default: b}}": [
        "p:1:42: parameter 'a': a default, and direction: out; expected no default: a key is written"
    ],
    "{prompt: {type: str, direction: out}}": [
        "p:1:33: the parameter 'prompt' has direction: out; expected no direction: it is the prompt below the call"
    ],
    "{a: {type: node, direction: inout}}": ["p:1:29: 'direction' is for values, and the type is node"],
    "{name: {type: str}}": ["p:1:2: a parameter can't be called 'name'; expected a name like 'time_limit_s'"],
    "{Time: {type: str}}": ["p:1:2: a parameter can't be called 'Time'; expected a name like 'time_limit_s'"],
    "{prompt: {type: float}}": ["p:1:17: the parameter 'prompt' is float; expected str"],
}


def read(text):
    problems = Problems()
    return read_parameters(parse(text, "p", problems), problems), [str(problem) for problem in problems.found]


@pytest.mark.parametrize("text", ERRORS)
def test_a_wrong_declaration_is_refused(text):
    assert read(text)[1] == ERRORS[text]


@pytest.mark.parametrize("text", [text for text in ERRORS if text.startswith("{a")])
def test_a_wrong_declaration_still_declares_the_name(text):
    assert list(read(text)[0]) == ["a"]


def test_a_right_declaration_says_what_a_call_may_give():
    found, problems = read(
        "{time_s: {type: float, minimum: 0, maximum: 9, default: 3, doc: how long}, done: {type: node},"
        " pose: {type: joints}}"
    )
    assert problems == []
    assert [parameter.expected for parameter in found.values()] == [
        "a number from 0 to 9",
        "a node",
        "a list of numbers",
    ]
    assert found["time_s"].doc == "how long"
    assert found["done"].is_node


def test_there_is_a_limit_to_their_number():
    text = "{" + ", ".join(f"a{number}: {{type: str}}" for number in range(MAX_PARAMETERS + 1)) + "}"
    assert read(text) == ({}, [f"p:1:1: {MAX_PARAMETERS + 1} parameters; expected at most {MAX_PARAMETERS}"])


def test_nothing_declared_is_nothing():
    assert read_parameters(None, Problems()) == {}
