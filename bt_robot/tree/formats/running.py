"""The XML of a tree that runs, as Groot2 and other viewers of BehaviorTree.CPP ask for it.

One `<BehaviorTree>` for each instance of a subtree, with its `_fullpath`; every node with its `_uid`, counted from 1 in
pre-order across subtrees (`WriteTreeToXML` in BehaviorTree.CPP 4). The order is that of `Tree.nodes`, so the state of
the node with uid `n` is `Tree.states()[n - 1]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from bt_robot.tree.formats.counterparts import COUNTERPARTS, MILLISECONDS, Counterpart
from bt_robot.tree.formats.element import Element, can_be_written, document
from bt_robot.tree.formats.model import Port, as_source, element_kind, node_model
from bt_robot.tree.formats.values import written
from bt_robot.tree.spec import Key, NodeSpec, TreeSpec
from bt_robot.tree.vocabulary.built_in import BUILT_IN


def running_tree_xml(spec: TreeSpec) -> str:
    """Return the XML of a tree as it runs, with all subtrees in place.

    Args:
        spec: The tree that was built.
    """
    writer = _Writer()
    writer.tree(spec.name, "", spec.root)
    models = Element("TreeNodesModel", children=tuple(writer.models[tag] for tag in sorted(writer.models)))
    trees = (tree for tree in writer.trees if tree is not None)
    return document(Element("root", {"BTCPP_format": "4", "main_tree_to_execute": spec.name}, (*trees, models)))


@dataclass(slots=True)
class _Writer:
    """What is written so far."""

    trees: list[Element | None] = field(default_factory=list["Element | None"])
    models: dict[str, Element] = field(default_factory=dict[str, Element])
    count: int = 0

    def tree(self, name: str, path: str, root: NodeSpec) -> None:
        place = len(self.trees)
        self.trees.append(None)  # a tree stands before the ones that are called in it
        attributes = {"ID": name, "_fullpath": path}
        self.trees[place] = Element("BehaviorTree", attributes, (self.node(root),))

    def node(self, spec: NodeSpec) -> Element:
        self.count += 1
        own = {"name": spec.name, "_uid": str(self.count)}
        if spec.kind == "subtree":
            ports = dict(_attributes(spec.values, None))
            self.tree(spec.type, spec.path, spec.children[0])
            return Element("SubTree", {"ID": spec.type, **own, "_fullpath": spec.path, **ports})
        counterpart = COUNTERPARTS.get(spec.type)
        if counterpart and (counterpart.marked or counterpart.kind == "Action"):
            counterpart = None  # shown under the word that the tree file has
        tag = counterpart.tag if counterpart else spec.type
        self.models.setdefault(tag, _model(spec, tag, counterpart))
        children = tuple(self.node(child) for child in spec.children)
        return Element(tag, {**own, **dict(_attributes(spec.values, counterpart))}, children)


def _model(spec: NodeSpec, tag: str, counterpart: Counterpart | None) -> Element:
    built_in = BUILT_IN.get(spec.type)
    ports: Mapping[str, Port] = built_in.ports if built_in else spec.leaf.ports if spec.leaf else {}
    doc = built_in.doc if built_in else (spec.leaf.__doc__ or "").split("\n\n")[0] if spec.leaf else ""
    if counterpart:
        ports = {counterpart.ports[name]: port for name, port in ports.items() if name in counterpart.ports}
    model = node_model(element_kind(spec.kind), tag, " ".join(doc.split()), ports)
    if counterpart and MILLISECONDS in counterpart.scales.values():
        ports_there = (replace(port, text=port.text.replace("[s]", "[ms]")) for port in model.children)
        return replace(model, children=tuple(ports_there))
    return model


def _attributes(values: Mapping[str, object], counterpart: Counterpart | None) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        there = counterpart.ports.get(name) if counterpart else name
        if there is None or value is None:
            continue
        if isinstance(value, Key):
            yield there, f"{{{value.name}}}"
            continue
        text = written(as_source(value), counterpart.scales.get(name) if counterpart else None)
        if text is not None and can_be_written(text):
            yield there, text
