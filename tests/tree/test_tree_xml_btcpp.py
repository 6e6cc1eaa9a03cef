"""What we export is BehaviorTree.CPP's format, for others than ourselves.

Judges: BehaviorTree.CPP 4.8 itself (its Python binding, where there is one), rules written from its documentation, and
py_trees' own parser for what it has. The binding can't declare ports, so the ports of leaves are for the rules alone.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from importlib.util import find_spec
from typing import ClassVar

import py_trees
import pytest
from btcpp_rules import broken_rules
from hypothesis import HealthCheck, given, settings
from py_trees.parsers.behaviour_tree_xml import parse_behaviour_tree_xml
from tree_leaves import REGISTRY, ManualContext, tree_of
from tree_strategies import KIT, tree_texts
from xml_kit import files_to_xml, one_file, tree_files

from bt_robot.cli.task import load_task
from bt_robot.config.builtin import builtin_folder
from bt_robot.nodes import standard_registry
from bt_robot.tree import Action, Input, Registry, build_tree, parse_tree, running
from bt_robot.tree.formats.counterparts import COUNTERPARTS
from bt_robot.tree.formats.running import running_tree_xml
from bt_robot.tree.formats.to_xml import tree_to_xml
from bt_robot.tree.vocabulary.built_in import BUILT_IN
from tests.scale import examples

PATIENT = settings(
    max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
HAS_BTCPP = find_spec("behaviortreepy") is not None
NOT_IN_4_8 = ("TryCatch",)


def built_in_trees():
    return sorted(builtin_folder("trees").glob("*.yaml"))


def accepted_by_btcpp(xml, answers=()):
    """Let BehaviorTree.CPP create the tree; return it. `answers` are the statuses that leaves give, in turn."""
    btcpp = pytest.importorskip("behaviortreepy", reason="there is no binding for this machine")
    factory = btcpp.BehaviorTreeFactory()
    root = ET.fromstring(xml)
    kinds = {entry.get("ID"): entry.tag for model in root.findall("TreeNodesModel") for entry in model}
    for element in [element for tree in root.findall("BehaviorTree") for element in tree.iter()]:
        kind = kinds.get(element.tag, "")
        if element.tag in NOT_IN_4_8 or kind == "Control":
            element.tag = "Sequence"  # the binding has no controls of one's own
        if kind and kind != "SubTree":
            for name in [name for name in element.attrib if not name.startswith("_") and name != "name"]:
                del element.attrib[name]
    turn = iter(answers)
    for word, kind in kinds.items():
        if kind == "Decorator":
            factory.register_simple_decorator(word, lambda status, _: status)
        elif kind in ("Action", "Condition"):
            factory.register_simple_action(word, lambda _: next(turn, btcpp.NodeStatus.SUCCESS))
    factory.register_behavior_tree_from_text(ET.tostring(root, encoding="unicode"))
    return factory, factory.create_tree(root.get("main_tree_to_execute"))


@PATIENT
@given(tree_files())
def test_files_with_subtrees_are_accepted(files):
    xml = files_to_xml(files)
    assert broken_rules(xml) == []
    if HAS_BTCPP:
        accepted_by_btcpp(xml)


@PATIENT
@given(tree_texts())
def test_every_composite_and_decorator_is_accepted(text):
    xml = files_to_xml({"t.yaml": text}, KIT)
    assert broken_rules(xml) == []
    if HAS_BTCPP:
        accepted_by_btcpp(xml)


@pytest.mark.parametrize("path", built_in_trees(), ids=lambda path: path.stem)
def test_the_built_in_trees_are_accepted(path):
    xml = tree_to_xml(path, standard_registry(), (builtin_folder("trees"),))
    assert broken_rules(xml) == []
    accepted_by_btcpp(xml)


@pytest.mark.parametrize(
    ("root", "answer"),
    [
        ("{sequence: [look, look]}", "SUCCESS"),
        ("{fallback: [{inverter: {child: look}}, look]}", "SUCCESS"),
        ("{sequence: [look, {inverter: {child: look}}]}", "FAILURE"),
        ("{force_failure: {child: look}}", "FAILURE"),
        (
            "{if_then_else: {condition: {inverter: {child: look}}, then: look, else: {force_failure: {child: look}}}}",
            "FAILURE",
        ),
        ("{while_do_else: {condition: look, do: look, else: {force_failure: {child: look}}}}", "SUCCESS"),
        ("{guard: {condition: {inverter: {child: look}}, child: look}}", "FAILURE"),
        ("{parallel: {success_count: 1, failure_count: all, children: [{inverter: {child: look}}, look]}}", "SUCCESS"),
        ("{switch: {value: red, cases: {green: look, red: {inverter: {child: look}}}}}", "FAILURE"),
        ("{for_each: {items: [a, b], item: '{x}', child: look}}", "SUCCESS"),
        ("{retry: {attempts: 2, child: {inverter: {child: look}}}}", "FAILURE"),
        ("{repeat: {times: 2, child: look}}", "SUCCESS"),
        ("{timeout: {duration_s: 5, child: look}}", "SUCCESS"),
        ("{run_once: {child: look}}", "SUCCESS"),
    ],
)
def test_btcpp_ends_as_we_do(root, answer):
    tree = tree_of(root)
    ours = [str(tree.tick(ManualContext())) for _ in range(5)]
    assert next(status for status in ours if status != "RUNNING") == answer
    factory, theirs = accepted_by_btcpp(files_to_xml(one_file(root)))
    assert theirs.tick_while_running().name == answer
    del factory


def test_a_subtree_gets_its_time_in_milliseconds_and_its_node():
    skill = (
        "subtree: skill\nparameters: {t: {type: float, default: 0.25}, done: {type: node}}\n"
        "root: {timeout: {duration_s: $t, child: $done}}"
    )
    tree = "tree: t\ninclude: [skill.yaml]\nroot: {skill: {done: {inverter: {child: look}}}}"
    xml = files_to_xml({"t.yaml": tree, "skill.yaml": skill})
    factory, theirs = accepted_by_btcpp(xml)
    assert theirs.tick_while_running().name == "FAILURE"
    assert 't-msec="250"' in xml
    del factory


@pytest.mark.parametrize("path", built_in_trees(), ids=lambda path: path.stem)
def test_every_node_of_the_running_tree_is_in_its_xml(path):
    spec = load_task(str(path))
    nodes = build_tree(spec).nodes
    root = ET.fromstring(running_tree_xml(spec))
    found = {int(e.get("_uid", "0")): e for tree in root.findall("BehaviorTree") for e in tree.iter() if e.get("_uid")}
    assert sorted(found) == list(range(1, len(nodes) + 1))
    for uid, node in enumerate(nodes, 1):
        assert found[uid].get("name") == node.name
        assert found[uid].get("_fullpath", node.path) == node.path
    models = {entry.get("ID") for model in root.findall("TreeNodesModel") for entry in model}
    assert {element.tag for element in found.values()} <= models | {"SubTree"}


def test_the_xml_of_a_running_tree_has_all_digits_of_a_number():
    spec = parse_tree("tree: t\nroot: {timeout: {duration_s: 1234.567, child: look}}", "t.yaml", REGISTRY)
    assert 'msec="1234567"' in running_tree_xml(spec)


class Patient(Action):
    """Wait."""

    type_name = "patient"
    limit_s = Input(float, default=math.inf, doc="how long [s]")

    def on_tick(self, ctx):
        return running()


def test_a_default_without_end_is_in_the_model():
    xml = running_tree_xml(parse_tree("tree: t\nroot: patient", "t.yaml", Registry([Patient])))
    assert '<input_port name="limit_s" type="double" default="inf">' in xml


@pytest.mark.parametrize(
    ("root", "line"),
    [
        ("{guard: {condition: look, child: look}}", '<ReactiveSequence _type="guard">'),
        ("{retry: {attempts: forever, child: look}}", '<RetryUntilSuccessful num_attempts="-1">'),
        (
            "{parallel: {success_count: all, failure_count: 1, children: [look]}}",
            'success_count="-1" failure_count="1"',
        ),
        ("{timeout: {duration_s: 1.5, child: look}}", '<Timeout msec="1500">'),
        ("{delay: {duration_s: 0.0004, child: look}}", '<Delay delay_msec="0" _yaml_duration_s="0.0004">'),
        ("{run_once: {child: look}}", '<RunOnce then_skip="false">'),
        ("{run_once: {until: success, child: look}}", '<run_once until="success">'),
        ("{selector: [look]}", "<Fallback>"),
        ("{cooldown: {duration_s: 2, child: look}}", '<cooldown duration_s="2">'),
        ("{for_each: {items: [1, 2.5], item: '{x}', child: look}}", '<LoopDouble queue="1;2.5" value="{x}">'),
        ("{for_each: {items: ['a;b'], item: '{x}', child: look}}", '<for_each _yaml_items="[\'a;b\']" item="{x}">'),
        ("{switch: {value: a, cases: {a: look, b: look}}}", '<Switch2 variable="a" case_1="a" case_2="b">'),
        ("{switch: {value: a, cases: {a: look}}}", '<switch value="a" case_1="a">'),
        ("{wait: {duration_s: 1, label: '1', joints: null}}", 'label="1" _yaml_joints="null"'),
        ("{sequence: {prompt: go, children: [look]}}", '<Sequence _prompt="go">'),
    ],
)
def test_how_a_node_looks(root, line):
    assert line in files_to_xml(one_file(root))


def test_py_trees_parser_reads_what_it_has(tmp_path):
    inner = "subtree: inner\nroot: {fallback: [{inverter: {child: look}}, look]}"
    files = {"t.yaml": "tree: t\ninclude: [inner.yaml]\nroot: {sequence: [look, inner]}", "inner.yaml": inner}

    class Look(py_trees.ports.BehaviourWithPorts, register=False):
        INPUT_PORTS: ClassVar = {}
        OUTPUT_PORTS: ClassVar = {}

        def update(self):
            return py_trees.common.Status.SUCCESS

    path = tmp_path / "t.xml"
    path.write_text(files_to_xml(files))
    tree = parse_behaviour_tree_xml(str(path), node_registry={"look": Look})
    tree.tick_once()
    assert tree.status is py_trees.common.Status.SUCCESS
    assert [node.__class__.__name__ for node in tree.iterate()] == [
        "Look",
        "Look",
        "Inverter",
        "Look",
        "Selector",
        "Sequence",
    ]


def test_the_rules_find_what_is_wrong():
    xml = files_to_xml(one_file("{timeout: {duration_s: 1, child: {sequence: [look, {wait: {duration_s: 1}}]}}}"))
    assert broken_rules(xml) == []
    for good, bad in (
        ('msec="1000"', 'msec="1.5"'),
        ('msec="1000"', "_msec='1000'"),
        ('ID="t"', 'ID="Sequence"'),
        ('duration_s="1"', 'duraton_s="1"'),
        ("<look/>", "<look><look/></look>"),
        ("<look/>", "<lok/>"),
        ('BTCPP_format="4"', 'BTCPP_format="3"'),
    ):
        assert good in xml
        assert broken_rules(xml.replace(good, bad)), bad


def test_the_vocabulary_and_the_exporter_name_the_same_counterparts():
    registry = standard_registry()
    named = {word: meaning.btcpp for word, meaning in {**BUILT_IN, **registry.leaves}.items() if meaning.btcpp}
    exported = {word: counterpart.tag for word, counterpart in COUNTERPARTS.items()}
    assert exported.keys() <= {*BUILT_IN, *registry.leaves}
    different = {word for word in named.keys() | exported.keys() if named.get(word) != exported.get(word)}
    # Several of theirs for one of ours; a script instead of a node; a name that is a hint rather than the same thing.
    assert different == {"switch", "for_each", "guard", "compare"}


def test_a_node_that_is_handed_on_keeps_the_names_of_its_place():
    inner = "subtree: inner\nparameters: {body: {type: node}}\nroot: $body"
    outer = (
        "subtree: outer\ninclude: [inner.yaml]\nparameters: {step: {type: node}}\n"
        "root: {inner: {body: {sequence: [$step, look]}}}"
    )
    root = "{sequence: [{measure: {seen: '{width}'}}, {outer: {step: {wait: {duration_s: '{width}'}}}}]}"
    tree = f"tree: t\ninclude: [outer.yaml]\nroot: {root}"
    xml = files_to_xml({"t.yaml": tree, "outer.yaml": outer, "inner.yaml": inner})
    assert broken_rules(xml) == []
    accepted_by_btcpp(xml)
    assert '<wait duration_s="{body-step-width}"' in xml
    assert 'body-step-width="{step-width}"' in xml
    assert 'step-width="{width}"' in xml


def test_a_prompt_from_around_a_call_need_not_be_handed_in():
    skill = "subtree: skill\nparameters: {prompt: {type: str}}\nroot: ask"
    tree = "tree: t\ninclude: [skill.yaml]\nprompt: go on\nroot: {sequence: [skill, {skill: {prompt: stop}}]}"
    xml = files_to_xml({"t.yaml": tree, "skill.yaml": skill})
    assert broken_rules(xml) == []
    accepted_by_btcpp(xml)
