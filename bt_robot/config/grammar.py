"""What YAML's parser objects to, with what a person should look at."""

from __future__ import annotations

from typing import Any

import yaml

from bt_robot.config.problems import Mark, Problems
from bt_robot.errors import Code


def note_error(error: yaml.YAMLError, text: str, name: str, problems: Problems) -> None:
    """Note an error of YAML's own grammar.

    Args:
        error: What the parser raised.
        text: What it parsed.
        name: How the text is called in messages.
        problems: Where the problem is noted.
    """
    place: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if not isinstance(error, yaml.MarkedYAMLError) or place is None:
        problems.add(Mark(name), f"not YAML: {' '.join(str(error).split())}", code=Code.NOT_YAML)
        return
    char = text[place.index : place.index + 1]
    if char == "\t":
        expected = "spaces for indentation"
        problems.add(_mark(place, name), "a tab character", expected=expected, code=Code.NOT_YAML)
        return
    if text.lstrip().startswith("<"):
        hint = "a tree of BehaviorTree.CPP? bt-convert FILE.xml -o FILE.yaml makes a tree file of it"
        problems.add(Mark(name, 1, 1), "not YAML, but XML", hint=hint, code=Code.NOT_YAML)
        return
    what = str(error.problem or error.context)
    hint = _advice(what, char, error.context_mark)
    if _goes_on_too_long(what) and error.context_mark:
        place = error.context_mark  # the parser noticed it somewhere behind
    problems.add(_mark(place, name), f"not YAML: {what}", hint=hint, code=Code.NOT_YAML)


def _mark(place: Any, name: str) -> Mark:
    return Mark(name, place.line + 1, place.column + 1)


def _goes_on_too_long(what: str) -> bool:
    return "unexpected end of stream" in what or "could not find expected ':'" in what


def _advice(what: str, char: str, begun: Any) -> str:
    line = begun.line + 1 if begun else 0
    advice = {
        "did not find expected ',' or": f"a bracket that is opened on line {line} is not closed, or a ',' is missing",
        "did not find expected key": f"this does not stand where the mapping that begins on line {line} does: "
        "look at the indentation",
        "did not find expected '-' indicator": f"the list that begins on line {line} goes on with '- '",
        "mapping values are not allowed": "quote text that has ': ' in it, or look at the indentation",
        "could not find expected ':'": "a key has a ':' and a space behind it",
        "unexpected end of stream": f"the quotation that begins on line {line} does not end",
        "cannot start any token": f"quote text that begins with {char}",
        "unknown escape character": "write \\\\ for a backslash, or use single quotes",
        "block sequence entries": "begin the list on a line of its own",
        "expected node content": "a value is missing here",
    }
    return next((hint for words, hint in advice.items() if words in what), "")
