"""The `SubTree` entries of a foreign `TreeNodesModel`, as the parameters of subtrees."""

from __future__ import annotations

from bt_robot.config.source import MapNode, ScalarNode, SourceNode
from bt_robot.tree.formats.attributes import scalar
from bt_robot.tree.formats.element import Element
from bt_robot.tree.formats.values import pointer

_TYPES = {
    **dict.fromkeys(("std::string", "string", "std::string_view"), "str"),
    **dict.fromkeys(("double", "float"), "float"),
    **dict.fromkeys(("int", "unsigned int", "unsigned", "long", "int64_t", "uint64_t", "size_t"), "int"),
    "bool": "bool",
    **dict.fromkeys(("std::vector<double>", "std::vector<float>"), "joints"),
}
_PORTS = {"input_port": "in", "output_port": "out", "inout_port": "inout"}


def declared_ports(root: Element) -> dict[str, list[tuple[str, SourceNode]]]:
    """Return what the model says about subtrees: for each ID the parameters, as a subtree file declares them."""
    found: dict[str, list[tuple[str, SourceNode]]] = {}
    for model in root.children:
        for entry in model.children if model.tag == "TreeNodesModel" else ():
            if entry.tag == "SubTree":
                ports = [port for port in entry.children if port.tag in _PORTS and port.attributes.get("name")]
                found[entry.attributes.get("ID", "")] = [
                    (port.attributes["name"], _declaration(port)) for port in ports
                ]
    return found


def _declaration(port: Element) -> SourceNode:
    kind = _TYPES.get(port.attributes.get("type", ""), "str")
    entries: list[tuple[ScalarNode, SourceNode]] = [(scalar("type", port.mark), scalar(kind, port.mark))]
    default = port.attributes.get("default", "")
    direction = _PORTS[port.tag]
    if direction != "in":
        entries.append((scalar("direction", port.mark), scalar(direction, port.mark)))
    if default and pointer(default) is None:
        entries.append((scalar("default", port.mark), scalar(default, port.mark, plain=kind != "str")))
    if port.text:
        entries.append((scalar("doc", port.mark), scalar(port.text, port.mark, plain=False)))
    return MapNode(tuple(entries), port.mark)
