"""Writes the pages and pictures that are made from the code: `make docs`.

`nodes.md` comes from the node types' own docstrings and ports; the pictures come from a run of the
main job. A test fails when `nodes.md` is out of date.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bt_robot.nodes import standard_registry
from bt_robot.tree import Output
from bt_robot.tree.vocabulary import ALIASES, BUILT_IN

DOCS = Path(__file__).parent
PICTURES = ("film.png", "joints.png", "latency.png", "tree.svg")

_HEAD = """\
# Node types

Made from the code by `make docs`; `bt-check` tells when a tree uses one wrongly. How they fit together:
[writing a tree](writing-a-tree.md). How to add one: [writing a leaf](writing-a-leaf.md).

Every node may have a `name`; composites, decorators and subtree calls may have a `prompt` for all policy queries below
them.
"""


def nodes_page() -> str:
    """Return the page that lists every node type with its parameters."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    for kind, title in (("composite", "Composites: many children"), ("decorator", "Decorators: one child")):
        yield f"## {title}\n"
        for built_in in BUILT_IN.values():
            if built_in.kind == kind:
                names = [alias for alias, name in ALIASES.items() if name == built_in.type]
                also = f" (also `{'`, `'.join(names)}`)" if names else ""
                yield from _entry(built_in.type, also, built_in.doc, built_in.parameters)
    for kind, title in (("action", "Actions"), ("condition", "Conditions")):
        yield f"## {title}\n"
        for name, leaf in standard_registry().leaves.items():
            if leaf.kind == kind:
                yield from _entry(name, "", _paragraphs(leaf.__doc__ or ""), leaf.ports)


def _paragraphs(docstring: str) -> str:
    blocks = docstring.split("\n\n")
    return "\n\n".join(" ".join(block.split()) for block in blocks).strip()


def _entry(name: str, also: str, doc: str, ports: Mapping[str, Any]) -> Iterator[str]:
    yield f"### `{name}`{also}\n"
    yield f"{doc}\n"
    if not ports:
        return
    yield "| port | takes | default | meaning |"
    yield "|---|---|---|---|"
    for port_name, port in ports.items():
        if isinstance(port, Output):
            default = "*written by the node*"
        else:
            default = "**required**" if port.required else f"`{_shown(port.default)}`"
        yield f"| `{port_name}` | {port.expected} | {default} | {port.doc} |"
    yield ""


def _shown(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "[]" if not value else str(list(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _write_pictures() -> None:
    from bt_robot.cli.run import main

    with tempfile.TemporaryDirectory() as folder:
        code = main(["pick_place", "--fast", "--seed", "1", "--out", folder])
        (run,) = Path(folder).iterdir()
        (DOCS / "images").mkdir(exist_ok=True)
        for name in PICTURES:
            shutil.copy(run / name, DOCS / "images" / name)
    if code:
        sys.exit(code)


if __name__ == "__main__":
    (DOCS / "nodes.md").write_text(nodes_page() + "\n", encoding="utf-8")
    _write_pictures()
