"""The rules of BehaviorTree.CPP's XML format, version 4, from its documentation and its parser's behaviour.

Written for the tests alone; shares no code with the exporter, and reads with the standard library's own parser.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

PORTS = {
    "Sequence": "",
    "ReactiveSequence": "",
    "SequenceWithMemory": "",
    "AsyncSequence": "",
    "Fallback": "",
    "ReactiveFallback": "",
    "AsyncFallback": "",
    "Parallel": "success_count:int failure_count:int",
    "ParallelAll": "max_failures:int",
    "IfThenElse": "",
    "WhileDoElse": "",
    "TryCatch": "",
    "Inverter": "",
    "RetryUntilSuccessful": "num_attempts:int",
    "Repeat": "num_cycles:int",
    "Timeout": "msec:unsigned",
    "Delay": "delay_msec:unsigned",
    "RunOnce": "then_skip:bool",
    "KeepRunningUntilFailure": "",
    "ForceSuccess": "",
    "ForceFailure": "",
    "AlwaysSuccess": "",
    "AlwaysFailure": "",
    "Sleep": "msec:unsigned",
    "SetBlackboard": "output_key:text value:text",
    "UnsetBlackboard": "key:text",
    "WasEntryUpdated": "entry:key",
    "LoopString": "queue:strings if_empty:status value:key",
    "LoopDouble": "queue:doubles if_empty:status value:key",
    **{f"Switch{n}": "variable:text " + " ".join(f"case_{i}:text" for i in range(1, n + 1)) for n in range(2, 7)},
}
"""Ports and types of the built-in nodes; those without a default must be given."""

DEFAULTS = {"success_count", "failure_count", "max_failures", "then_skip", "if_empty"}
COUNTS = {
    **dict.fromkeys(("Inverter", "RetryUntilSuccessful", "Repeat", "Timeout", "Delay", "RunOnce"), (1, 1)),
    **dict.fromkeys(("KeepRunningUntilFailure", "ForceSuccess", "ForceFailure", "LoopString", "LoopDouble"), (1, 1)),
    **dict.fromkeys(
        ("AlwaysSuccess", "AlwaysFailure", "Sleep", "SetBlackboard", "UnsetBlackboard", "WasEntryUpdated"), (0, 0)
    ),
    **{f"Switch{n}": (n + 1, n + 1) for n in range(2, 7)},
    "IfThenElse": (2, 3),
    "WhileDoElse": (2, 3),
    "TryCatch": (2, 99),
}
SCRIPTS = {"_skipIf", "_successIf", "_failureIf", "_while", "_onSuccess", "_onFailure", "_onHalted", "_post"}
VALUES = {
    "int": r"-?[0-9]{1,9}",
    "unsigned": r"[0-9]{1,10}",
    "bool": r"true|false",
    "status": r"SUCCESS|FAILURE|SKIPPED",
    "doubles": r"[-+0-9.eE]+(;[-+0-9.eE]+)*",
    "key": r"\{[^{}]+\}",
}
FORBIDDEN = re.compile(r"[\s<>&\"'/\\:*?|.\x00-\x1f\x7f]")
KINDS = {"Action": (0, 0), "Condition": (0, 0), "Decorator": (1, 1), "Control": (1, 10**6)}
RESERVED = {"ID", "name", "_description", "_autoremap", "__shared_blackboard", *SCRIPTS}


def broken_rules(text: str) -> list[str]:
    """Return what BehaviorTree.CPP would refuse, or read otherwise than it was meant."""
    return list(_root(ET.fromstring(text)))


def _root(root: ET.Element) -> Iterator[str]:
    if root.tag != "root" or root.get("BTCPP_format") != "4":
        yield "the root is not <root BTCPP_format='4'>"
    models = {entry.get("ID", ""): entry for model in root.findall("TreeNodesModel") for entry in model}
    if len(root.findall("TreeNodesModel")) > 1:
        yield "more than one TreeNodesModel"
    for name, entry in models.items():
        yield from _model(name, entry)
    trees = root.findall("BehaviorTree")
    names = [tree.get("ID", "") for tree in trees]
    if len(set(names)) != len(names) or root.get("main_tree_to_execute") not in names:
        yield f"IDs {names} are not unique, or lack the main tree"
    for tree in trees:
        name = tree.get("ID", "")
        if not name or FORBIDDEN.search(name) or name in PORTS or name == "Root":
            yield f"the tree '{name}' has a wrong name"
        if name in models and models[name].tag != "SubTree":
            yield f"the tree '{name}' has the name of a node"
        if len(tree) != 1:
            yield f"the tree '{name}' has {len(tree)} children"
        for node in tree[0].iter():
            yield from _node(node, models, set(names))
    yield from _circles(trees)
    for tree in trees:
        yield from _names(tree, trees, models)


def _names(tree: ET.Element, trees: list[ET.Element], models: dict[str, ET.Element]) -> Iterator[str]:
    """Tell which blackboard keys nothing gives a value: neither a call of the tree, nor a node in it."""
    name = tree.get("ID", "")
    calls = [call for other in trees for call in other.iter("SubTree") if call.get("ID") == name]
    template = next((other for other in trees if other.get("ID") == tree.get("_variant_of", name)), tree)
    known = {attribute.removeprefix("_parameter_") for attribute in template.attrib}
    if calls:
        known |= set.intersection(*(set(call.attrib) for call in calls))
    reads, writes = _uses(tree, trees, models)
    known |= writes
    if calls or "_variant_of" not in tree.attrib:
        unknown = {key for key in reads - known if calls or "-" not in key}
        yield from (f"'{key}' in '{name}' has no value" for key in sorted(unknown))


def _uses(tree: ET.Element, trees: list[ET.Element], models: dict[str, ET.Element]) -> tuple[set[str], set[str]]:
    """Return the keys that a tree reads, and those that it may write, itself or in what it calls."""
    reads, writes = set[str](), set[str]()
    for node in tree[0].iter():
        outputs = {port.get("name") for port in models.get(node.tag, ()) if port.tag != "input_port"}
        outputs |= {"value"} if node.tag.startswith("Loop") else set()
        writes |= {node.get("output_key", "")}
        called = next((other for other in trees if other.get("ID") == node.get("ID")), None)
        below = _uses(called, trees, models) if node.tag == "SubTree" and called is not None else (set(), set())
        for attribute, value in node.attrib.items():
            if not attribute.startswith("_") and re.fullmatch(r"\{[^{}]+\}", value):
                key = value.strip("{}")
                if attribute in outputs or attribute in below[1]:
                    writes.add(key)
                if node.tag != "SubTree" or attribute in below[0]:
                    reads.add(key)
    return reads, writes


def _model(name: str, entry: ET.Element) -> Iterator[str]:
    if entry.tag not in (*KINDS, "SubTree") or not name or FORBIDDEN.search(name) or name in PORTS:
        yield f"the model <{entry.tag} ID='{name}'>"
    for port in entry:
        port_name = port.get("name", "")
        wrong = FORBIDDEN.search(port_name) or not port_name[:1].isalpha() or port_name in RESERVED
        if port.tag not in ("input_port", "output_port", "inout_port") or wrong:
            yield f"the port '{port_name}' of '{name}'"


def _node(node: ET.Element, models: dict[str, ET.Element], trees: set[str]) -> Iterator[str]:
    if node.tag == "SubTree":
        yield from _call(node, models, trees)
        return
    if node.tag in PORTS:
        ports = dict(port.split(":") for port in PORTS[node.tag].split())
        required = set(ports) - DEFAULTS
        low, high = COUNTS.get(node.tag, (1, 10**6))
    elif node.tag in models and models[node.tag].tag != "SubTree":
        ports = {port.get("name", ""): "any" for port in models[node.tag]}
        required = set[str]()
        low, high = KINDS[models[node.tag].tag]
    else:
        yield f"<{node.tag}> is not known"
        return
    if not low <= len(node) <= high:
        yield f"<{node.tag}> has {len(node)} children"
    for name, value in node.attrib.items():
        if name in SCRIPTS or name == "ID":
            yield f"<{node.tag}> has {name}"
        elif not name.startswith("_") and name != "name":
            if name not in ports:
                yield f"<{node.tag}> has no port '{name}'"
            pattern = VALUES.get(ports.get(name, ""), "")
            if pattern and not re.fullmatch(rf"(?:{pattern})|\{{[^{{}}]+\}}", value):
                yield f"<{node.tag} {name}='{value}'> is no {ports[name]}"
    for name in required - set(node.keys()):
        yield f"<{node.tag}> lacks '{name}'"


def _call(node: ET.Element, models: dict[str, ET.Element], trees: set[str]) -> Iterator[str]:
    name = node.get("ID", "")
    if name not in trees or len(node):
        yield f"<SubTree ID='{name}'> is no tree, or has children"
    for port in models.get(name, ()):
        if not port.get("default") and port.get("name") not in node.attrib:
            yield f"<SubTree ID='{name}'> lacks the port '{port.get('name')}'"
    for attribute in node.attrib:
        if attribute in SCRIPTS or (not attribute.startswith("_") and not attribute[0].isalpha()):
            yield f"<SubTree ID='{name}'> has '{attribute}'"


def _circles(trees: list[ET.Element]) -> Iterator[str]:
    calls = {tree.get("ID", ""): {call.get("ID", "") for call in tree.iter("SubTree")} for tree in trees}
    while free := [name for name, called in calls.items() if not called & calls.keys()]:
        for name in free:
            del calls[name]
    if calls:
        yield f"{sorted(calls)} call each other"
