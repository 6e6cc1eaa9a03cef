"""Random tree files with subtrees, parameters, node arguments, keys and prompts, and the way to XML and back."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from tree_leaves import REGISTRY

from bt_robot.tree import Registry, TreeSpec, load_tree
from bt_robot.tree.formats.from_xml import Import, tree_from_xml
from bt_robot.tree.formats.to_xml import tree_to_xml

TEXTS = st.one_of(
    st.sampled_from(
        ["pick it up", "1", "true", "a;b", "x {y}", "<&\"'>", "  two  ", "null", "x: y", "# no", "a\nb", "ü"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="${"), max_size=12),
)
SECONDS = st.one_of(
    st.sampled_from([0.0, 0.3, 0.0004, 20, 1e3, 4294968.0]),
    st.floats(0, 1e6, allow_subnormal=False),
    st.integers(0, 99),
)
NAMES = st.sampled_from(["first", "pick-2", "b", None])


def files_to_xml(files: dict[str, str], registry: Registry = REGISTRY) -> str:
    """Return the XML of tree files, the tree's own first."""
    with tempfile.TemporaryDirectory() as folder:
        return tree_to_xml(_written(files, Path(folder)), registry)


def load_files(files: dict[str, str], registry: Registry = REGISTRY) -> TreeSpec:
    """Load tree files, the tree's own first."""
    with tempfile.TemporaryDirectory() as folder:
        return load_tree(_written(files, Path(folder)), registry)


def import_xml(xml: str, registry: Registry = REGISTRY) -> Import:
    """Read XML as tree files."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.xml"
        path.write_text(xml, encoding="utf-8")
        return tree_from_xml(path, registry)


def imported_files(result: Import) -> dict[str, str]:
    """Return the files that came out of XML."""
    return {str(file.place): file.text for file in result.files}


def meaning(spec: TreeSpec) -> tuple[Any, ...]:
    """Return everything of a loaded tree but where it was read from."""
    return spec.name, spec.description, spec.expects, spec.root


def one_file(root: str, **head: str) -> dict[str, str]:
    """Return a tree file from its root, written in YAML's flow style."""
    lines = ["tree: t", *(f"{key}: {value}" for key, value in head.items()), f"root: {root}"]
    return {"t.yaml": "\n".join(lines)}


def _written(files: dict[str, str], folder: Path) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / next(iter(files))


@st.composite
def sources(draw: st.DrawFn, numbers: tuple[str, ...], texts: tuple[str, ...], kids: tuple[str, ...], depth: int = 3):
    """Nodes that may use keys or parameters with numbers and with text, and parameters that are nodes."""
    number = st.one_of(SECONDS, *(st.just(name) for name in numbers))
    fixed = st.one_of(SECONDS, *(st.just(name) for name in numbers if name.startswith("$")))
    text = st.one_of(TEXTS, *(st.just(name) for name in texts))
    fixed_text = st.one_of(TEXTS, *(st.just(name) for name in texts if name.startswith("$")))

    def named(body: dict[str, Any]) -> dict[str, Any]:
        name = draw(NAMES)
        return body if name is None else {"name": name, **body}

    leaf = st.sampled_from(["look", "wait", "ask", "measure", "kid"])
    kind = draw(leaf if depth == 0 else st.one_of(leaf, st.sampled_from(["list", "one", "named", "switch", "call"])))
    below = sources(numbers, texts, kids, depth=depth - 1)
    match kind:
        case "look":
            return draw(st.sampled_from(["look", {"look": {"script": "SF"}}]))
        case "wait":
            more = {
                "label": text,
                "how": st.sampled_from(["still", "moving"]),
                "joints": st.sampled_from([None, [0.5, -1]]),
                "count": st.integers(-3, 3),
                "quick": st.booleans(),
                "while": text,
            }
            chosen = draw(st.lists(st.sampled_from(sorted(more)), unique=True, max_size=3))
            return {"wait": named({"duration_s": draw(number), **{key: draw(more[key]) for key in chosen}})}
        case "ask":
            return {"ask": named({"prompt": draw(text)})}
        case "measure":
            return {"measure": {"value": draw(SECONDS), "seen": "{other}"}}
        case "kid":
            return draw(st.sampled_from(kids)) if kids else "look"
        case "list":
            word = draw(st.sampled_from(["sequence", "reactive_sequence", "fallback", "selector", "parallel_all"]))
            children = draw(st.lists(below, min_size=1, max_size=3))
            if draw(st.booleans()):
                return {word: children}
            return {word: named({"prompt": draw(fixed_text), "children": children})}
        case "one":
            options: dict[str, Any] = draw(
                st.sampled_from(
                    [
                        {"inverter": {}},
                        {"retry": {"attempts": 3}},
                        {"retry": {"attempts": "forever"}},
                        {"repeat": {"times": 2}},
                        {"run_once": {}},
                        {"run_once": {"until": "success"}},
                        {"report_status": {"status": "{said}"}},
                        {"for_each": {"items": ["a", "b"], "item": "{item}"}},
                        {"for_each": {"items": ["a;b"], "item": "{item}"}},
                    ]
                )
            )
            timed = st.sampled_from(["timeout", "delay", "rate_limit"])
            if draw(st.booleans()):
                word = draw(timed)
                options = {word: {"period_s" if word == "rate_limit" else "duration_s": draw(fixed)}}
            ((word, body),) = options.items()
            return {word: named({**body, "child": draw(below)})}
        case "named":
            word, *words = draw(
                st.sampled_from(
                    [
                        ("if_then_else", "condition", "then", "else"),
                        ("while_do_else", "condition", "do"),
                        ("guard", "condition", "child"),
                        ("try_catch", "try", "catch"),
                    ]
                )
            )
            return {word: named({key: draw(below) for key in draw(st.permutations(words))})}
        case "switch":
            cases = draw(st.lists(st.sampled_from(["red", "1", "a b", "x;y"]), min_size=1, max_size=4, unique=True))
            body = {"value": draw(st.sampled_from([cases[0], *texts])), "cases": {case: draw(below) for case in cases}}
            has_default = body["value"].startswith("$") or draw(st.booleans())  # a fixed value needs its case
            return {"switch": body | ({"default": draw(below)} if has_default else {})}
    return draw(calls(numbers, texts, kids))


@st.composite
def calls(draw: st.DrawFn, numbers: tuple[str, ...], texts: tuple[str, ...], kids: tuple[str, ...]):
    """Calls of the two subtrees."""
    below = sources(numbers, texts, kids, depth=1)
    number = st.one_of(SECONDS, *(st.just(name) for name in numbers if name.startswith("$")))
    if "$inner" in kids or draw(st.booleans()):
        body: dict[str, Any] = {"body": draw(below)}
        if draw(st.booleans()):
            body["limit_s"] = draw(number)
        if draw(st.booleans()):
            body["width"] = draw(st.one_of(SECONDS, *(st.just(name) for name in numbers)))
        if draw(st.booleans()):
            body["prompt"] = draw(TEXTS)
        return {"gentle": body}
    return {"twice": {"inner": draw(below), "prompt": draw(TEXTS)}}


@st.composite
def tree_files(draw: st.DrawFn) -> dict[str, str]:
    """A tree with two subtrees that take nodes, one of which hands its node on to the other.

    They are written as JSON, which is YAML with every text in quotes.
    """
    gentle = {
        "subtree": "gentle",
        "description": draw(TEXTS),
        "parameters": {
            "body": {"type": "node", "doc": "what to do"} | ({"default": "look"} if draw(st.booleans()) else {}),
            "limit_s": {"type": "float", "default": draw(SECONDS), "minimum": 0},
            "width": {"type": "float", "default": 0.5, "doc": draw(TEXTS)},
            "prompt": {"type": "str", "default": draw(TEXTS)},
        },
        "root": {
            "sequence": [
                {"measure": {"seen": "{own}"}},
                {"timeout": {"duration_s": "$limit_s", "child": {"wait": {"duration_s": "$width"}}}},
                draw(sources(("$limit_s", "$width", "{own}"), ("$prompt",), ("$body",), depth=1).filter(_calls_none)),
                "$body",
            ]
        },
    }
    twice = {
        "subtree": "twice",
        "include": ["gentle.yaml"],
        "parameters": {"inner": {"type": "node"}, "prompt": {"type": "str"}},
        "root": {
            "sequence": [
                {"measure": {"seen": "{mine}", "word": "{colour}"}},
                {"gentle": {"body": "$inner", "prompt": "$prompt"}},
                {"gentle": {"body": {"sequence": ["$inner", {"wait": {"duration_s": "{mine}", "label": "{colour}"}}]}}},
            ]
        },
    }
    start = {"measure": {"seen": "{width}", "word": "{word}"}}
    tree = {
        "tree": draw(st.sampled_from(["t", "gentle", "look"])),
        "description": draw(TEXTS),
        "include": ["skills/twice.yaml"],
        "expects": {"in_container": ["red"]},
        "prompt": draw(TEXTS),
        "root": {"sequence": [start, draw(sources(("{width}",), ("{word}",), (), depth=3))]},
    }
    texts = {"main.yaml": tree, "skills/twice.yaml": twice, "skills/gentle.yaml": gentle}
    return {name: json.dumps(file, ensure_ascii=False) for name, file in texts.items()}


def _calls_none(source: Any) -> bool:
    return "gentle" not in json.dumps(source) and "twice" not in json.dumps(source)
