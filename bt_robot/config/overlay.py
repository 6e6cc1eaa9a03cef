"""`--set key=value`: change single values of a config, checked like the file itself."""

from __future__ import annotations

from bt_robot.config.source import MapNode, Mark, Problems, ScalarNode, SourceNode, parse


def overlay(root: SourceNode, assignment: str, problems: Problems) -> SourceNode:
    """Return a config with one value replaced or added.

    Args:
        root: The config.
        assignment: `key=value` with dots between nested keys, e.g. `policy.timeout_s=3`; the value is YAML.
        problems: Where a malformed assignment is noted.
    """
    key, separator, text = assignment.partition("=")
    shown = f"--set {assignment}"
    if not separator or not all(part.strip() for part in key.split(".")):
        problems.add(Mark(shown), "not an assignment", expected="key=value, e.g. policy.timeout_s=3")
        return root
    value = parse(text, shown, problems) if text.strip() else ScalarNode("", True, Mark(shown))
    if value is None:
        return root
    if isinstance(value, ScalarNode):
        value = ScalarNode(value.text, value.plain, Mark(shown))  # the flag is its own place
    return _replaced(root, key.strip().split("."), value, Mark(shown))


def _replaced(node: SourceNode | None, keys: list[str], value: SourceNode, mark: Mark) -> SourceNode:
    if not keys:
        return value
    entries = list(node.entries) if isinstance(node, MapNode) else []
    inner = _replaced(next((v for k, v in entries if k.text == keys[0]), None), keys[1:], value, mark)
    kept = [(k, inner if k.text == keys[0] else v) for k, v in entries]
    if all(k.text != keys[0] for k, _ in entries):
        kept.append((ScalarNode(keys[0], True, mark), inner))
    return MapNode(tuple(kept), node.mark if isinstance(node, MapNode) else mark)


def underlay(own: MapNode, below: SourceNode) -> SourceNode:
    """Return a mapping with the keys that it does not have itself taken from another one, values whole."""
    if not isinstance(below, MapNode):
        return own
    kept = [(key, value) for key, value in below.entries if own.get(key.text) is None]
    return MapNode((*kept, *own.entries), own.mark)
