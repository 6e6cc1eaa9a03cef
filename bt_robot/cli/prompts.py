"""What a tree will ask its policy, as far as that is known before it runs."""

from __future__ import annotations

from collections.abc import Iterator

from bt_robot.tree import Key, NodeSpec, TreeSpec


def prompts_of(spec: TreeSpec) -> tuple[str, ...]:
    """Return the prompts of a tree's policy queries, in order.

    A prompt that comes from a key is one of the texts that the tree itself writes to it: the items of a
    `for_each`, the value of a `set_blackboard`. When those are not known, the tree's own words stand for it,
    because something has to be said to a policy that is warmed up.
    """
    nodes = [*_walk(spec.root)]
    texts = dict[Key, list[str]]()
    for node in nodes:
        key, written = (
            node.values.get("item", node.values.get("key")),
            node.values.get("items", node.values.get("value")),
        )
        if node.type in ("for_each", "set_blackboard") and isinstance(key, Key):
            found = written if isinstance(written, tuple) else (written,)
            texts.setdefault(key, []).extend(text for text in found if isinstance(text, str))
    asked = [node.values.get("prompt") for node in nodes if node.type == "query_policy"]
    return tuple(text for prompt in asked for text in _known(prompt, texts, spec.description or spec.name))


def _known(prompt: object, texts: dict[Key, list[str]], otherwise: str) -> list[str]:
    if isinstance(prompt, str):
        return [prompt]
    return (texts.get(prompt) if isinstance(prompt, Key) else None) or [otherwise]


def _walk(node: NodeSpec) -> Iterator[NodeSpec]:
    yield node
    for child in node.children:
        yield from _walk(child)
