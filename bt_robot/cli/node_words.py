"""How `bt-nodes` words what it knows of node types."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final, cast

from bt_robot.tree.vocabulary.catalogue import Entry, PortEntry

WIDTH: Final = 80
_TITLES: Final = {
    "composite": "composites: many children",
    "decorator": "decorators: one child",
    "action": "actions: do something",
    "condition": "conditions: look at something",
}
_WHERE: Final = {
    "list": "children: a list of nodes",
    "one": "child: one node",
    "named": "a node each under: {}",
    "cases": "cases: a node for each value; default: a node",
}


def haystack(entry: Entry) -> str:
    """Return everything that is said of a node type, in small letters, to look for words in."""
    ports = " ".join(f"{port.name} {port.doc}" for port in entry.ports)
    names = " ".join((entry.type, *entry.aliases, entry.btcpp, entry.py_trees, entry.origin))
    return f"{names} {entry.doc} {ports}".lower()


def as_json(entry: Entry) -> dict[str, Any]:
    """Return a node type for other programs."""
    children = entry.children
    taken = children and {"form": children.form, "words": children.words, "optional": sorted(children.optional)}
    ports = [{**asdict(port), "default": _plain(port.default)} for port in entry.ports]
    return {**asdict(entry), "ports": ports, "children": taken, "summary": entry.summary}


def _plain(default: object) -> object:
    """Return a default as JSON has it; a number without end is a word, as in protobuf's JSON mapping."""
    if isinstance(default, tuple):
        return [_plain(each) for each in cast("tuple[object, ...]", default)]
    if isinstance(default, float) and not math.isfinite(default):
        return "NaN" if math.isnan(default) else "Infinity" if default > 0 else "-Infinity"
    return default


def table(entries: Sequence[Entry]) -> str:
    """Return node types with a line each, by kind."""
    lines: list[str] = []
    wide = max(len(entry.type) for entry in entries)
    for kind, title in _TITLES.items():
        some = [entry for entry in entries if entry.kind == kind]
        if some:
            lines += ["", title] if lines else [title]
            lines += [_line(entry, wide) for entry in some]
    return "\n".join([*lines, "", "all of one: bt-nodes NAME", ""])


def _line(entry: Entry, wide: int) -> str:
    said = f"[{entry.origin}] {entry.summary}" if entry.origin else entry.summary
    lines = textwrap.wrap(said, WIDTH - wide - 4, max_lines=2, placeholder=" …")
    return f"  {entry.type:<{wide}}  " + f"\n{' ' * (wide + 4)}".join(lines)


def page(entry: Entry) -> str:
    """Return all that is to be said of a node type, with an example."""
    return "\n".join([*_page(entry), ""])


def _page(entry: Entry) -> Iterator[str]:
    what = f"{entry.kind}, from {entry.origin}" if entry.origin else entry.kind
    yield f"{entry.type}{what:>{max(WIDTH - len(entry.type), len(what) + 2)}}"
    for paragraph in entry.doc.split("\n\n"):
        yield ""
        yield textwrap.fill(paragraph, WIDTH)
    inputs = [port for port in entry.ports if port.direction == "input"]
    outputs = [port for port in entry.ports if port.direction == "output"]
    for title, ports in (("parameters", inputs), ("writes", outputs)):
        if ports:
            yield from ("", title)
            yield from (_port(port) for port in ports)
    facts = [*_facts(entry)]
    if facts:
        yield ""
        yield from (textwrap.fill(f"{f'{name}:':<18}{fact}", WIDTH, subsequent_indent=" " * 18) for name, fact in facts)
    yield from ("", "example", textwrap.indent(entry.example, "  "))


def _port(port: PortEntry) -> str:
    if port.direction == "output":
        state = "required: the key to write to" if port.required else "to a key, if it is bound to one"
    else:
        state = "required" if port.required else f"default: {shown(port.default)}"
    head = textwrap.fill(f"{port.takes}; {state}", WIDTH, initial_indent=" " * 4, subsequent_indent=" " * 4)
    doc = textwrap.fill(port.doc, WIDTH, initial_indent=" " * 4, subsequent_indent=" " * 4)
    return f"  {port.name}\n{head}\n{doc}"


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    if entry.children is not None:
        names = [
            f"{name} (may be left out)" if name in entry.children.optional else name for name in entry.children.names
        ]
        yield "takes", _WHERE[entry.children.form].format(", ".join(names))
    if entry.on_halt:
        yield "when interrupted", entry.on_halt
    if entry.aliases:
        yield "also called", ", ".join(entry.aliases)
    if entry.btcpp:
        yield "BehaviorTree.CPP", entry.btcpp
    if entry.py_trees:
        yield "py_trees", entry.py_trees


def shown(value: object) -> str:
    """Return a default as one would write it in a tree file."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(shown(item) for item in value)}]"
    return f"{value:g}" if isinstance(value, float) else str(value) or '""'
