"""How a tree stood at the end of a run, as a JSON object: written beside the run's pictures, and drawn later."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bt_robot.errors import LoadError, Problem
from bt_robot.messages import NodeInfo, NodeState, Status
from bt_robot.tree.drawing.outline import Outline

FILE = "tree.json"
"""What it is called in a run's folder."""

_MAX_BYTES = 20_000_000
_TEXTS = ("path", "type", "name", "kind", "prompt", "detail", "status", "reason")


def tree_record(nodes: Sequence[NodeInfo], states: Sequence[NodeState], title: str) -> dict[str, Any]:
    """Return a tree with what each node said last.

    Args:
        nodes: The tree's nodes, from the root down.
        states: A state per node.
        title: What the tree is, and how it ended.
    """
    rows = [
        {
            "path": node.path,
            "type": node.type,
            "name": node.name,
            "kind": node.kind,
            "parent": node.parent,
            "prompt": node.prompt,
            "detail": node.detail,
            "status": str(state.status),
            "reason": state.reason,
        }
        for node, state in zip(nodes, states, strict=True)
    ]
    return {"title": title, "nodes": rows}


def read_record(path: Path) -> tuple[Outline, str]:
    """Read a tree and its title.

    Args:
        path: The file, or the folder of a run.

    Raises:
        LoadError: It can't be read, or is no such file.
    """
    path = path / FILE if path.is_dir() else path
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        said: Any = json.loads(data) if len(data) <= _MAX_BYTES else None
    except OSError as error:
        raise _refused(path, f"can't be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise _refused(path, "is no JSON") from error
    try:
        return _outline(said), str(said["title"])
    except (TypeError, KeyError, ValueError, IndexError) as error:
        raise _refused(path, "is not what a run writes") from error


def _outline(said: dict[str, Any]) -> Outline:
    nodes: list[NodeInfo] = []
    states: list[NodeState] = []
    for row in said["nodes"]:
        parent = row["parent"]
        texts = {key: row[key] for key in _TEXTS}
        if not _fits(parent, nodes) or not all(isinstance(text, str) for text in texts.values()):
            raise ValueError("no tree")
        depth = nodes[parent].depth + 1 if parent >= 0 else 0
        status, reason = Status(texts.pop("status")), texts.pop("reason")
        nodes.append(NodeInfo(depth=depth, parent=parent, **texts))
        states.append(NodeState(status, reason))
    if not nodes:
        raise ValueError("no nodes")
    return Outline(tuple(nodes), tuple(states))


def _fits(parent: object, nodes: Sequence[NodeInfo]) -> bool:
    """Whether a parent is the node before or one above that, as in every list from the root down."""
    if type(parent) is not int:
        return False
    above = len(nodes) - 1
    while above > parent >= 0:
        above = nodes[above].parent
    return above == parent >= 0 or (parent == -1 and not nodes)


def _refused(path: Path, why: str) -> LoadError:
    expected = f"the folder of a run, or the {FILE} or run.mcap in it"
    return LoadError([Problem(str(path), 0, 0, why, expected)])
