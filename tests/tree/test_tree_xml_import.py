"""What is refused in other people's XML, and what is made of the rest."""

from __future__ import annotations

import pytest
from xml_kit import files_to_xml, import_xml, imported_files, one_file

from bt_robot.errors import LoadError
from bt_robot.nodes import standard_registry


def xml(body, *, more="", root='BTCPP_format="4" main_tree_to_execute="Main"'):
    return f'<root {root}>\n<BehaviorTree ID="Main">\n{body}\n</BehaviorTree>\n{more}</root>'


def problems(text, registry=None):
    with pytest.raises(LoadError) as caught:
        import_xml(text, registry or standard_registry())
    return [str(problem).split("t.xml:", 1)[-1] for problem in caught.value.problems]


def yaml_of(text, registry=None):
    (tree, *_) = imported_files(import_xml(text, registry or standard_registry())).values()
    return tree


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            '<Script code="a:=1"/>',
            "3:1: <Script> has no counterpart here; expected nodes (write a value with set_blackboard",
        ),
        ('<ScriptCondition code="a==1"/>', "3:1: <ScriptCondition> has no counterpart here"),
        (
            '<observe _skipIf="x"/>',
            "3:10: a script '_skipIf'; expected no scripts: they are not run here (make it a node",
        ),
        ('<observe _onSuccess="x:=1"/>', "3:10: a script '_onSuccess'"),
        ('<observe _skipif="x"/>', "3:10: unknown attribute '_skipif'"),
        ('<observe max_ages="1"/>', "3:10: unknown attribute 'max_ages'"),
        ("<RunOnce><observe/></RunOnce>", '3:1: <RunOnce> without then_skip; expected then_skip="false"'),
        ('<RunOnce then_skip="true"><observe/></RunOnce>', '3:10: <RunOnce then_skip="true">'),
        ('<Timeout msec="abc"><observe/></Timeout>', "3:10: timeout.duration_s: 'abc'; expected a number"),
        ("<Timeout><observe/></Timeout>", "3:1: 'timeout': 'duration_s' is missing"),
        ('<Timeout msec="{t}"><observe/></Timeout>', "3:10: '{t}' is not known when the tree is loaded"),
        ('<SubTree ID="Other" _autoremap="true"/>', '3:21: _autoremap="true"; expected no automatic remapping'),
        ('<SubTree ID="Other"/>', "3:1: unknown node type 'Other'"),
        ("<OpenDoor/>", "3:1: unknown node type 'OpenDoor'"),
        ('<Action ID="OpenDoor"/>', "3:1: unknown node type 'OpenDoor'"),
        ("<Action/>", "3:1: <Action> has no ID; expected the name of a node type"),
        ("<Sequence/>", "3:1: 'sequence' has no children"),
        ("<Inverter/>", "3:1: 'inverter' has no child"),
        ("<Inverter><observe/><observe/></Inverter>", "3:21: <Inverter> has 2 children; expected at most 1"),
        ("<observe><observe/></observe>", "'observe' is a leaf: it has no children"),
        (
            '<Switch2 variable="{x}" case_1="a"><observe/></Switch2>',
            "3:1: <Switch2> has 1 children; expected 2 and one",
        ),
        (
            '<LoopDouble queue="1;2" value="{v}" if_empty="FAILURE"><observe/></LoopDouble>',
            "3:37: <LoopDouble if_empty=",
        ),
        ('<wait duration_s="{@t}"/>', "3:7: '{@t}' is a key of the whole tree; expected a key of this tree"),
        ('<wait duration_s="{a.b}"/>', "3:7: the key 'a.b'; expected letters, digits and _"),
        ('<SetBlackboard output_key="{k}" value="1"/>', '3:16: output_key="{k}"; expected the name of a key'),
        ("<Sequence>words<observe/></Sequence>", "3:1: text in <Sequence>"),
        ('<ReactiveSequence _type="gard"><observe/></ReactiveSequence>', "unknown kind of <ReactiveSequence>: 'gard'"),
        ('<observe _yaml_max_age_s="[1"/>', "3:10: not YAML"),
        ('<WaitValueUpdate entry="{x}"><observe/></WaitValueUpdate>', "3:1: <WaitValueUpdate> has no counterpart here"),
    ],
)
def test_what_a_tree_can_not_say(body, message):
    assert any(message in problem for problem in problems(xml(body))), problems(xml(body))


def test_all_of_it_is_told_at_once():
    body = '<Sequence>\n<Script code="a"/>\n<observe _while="b"/>\n<RunOnce><observe/></RunOnce></Sequence>'
    assert [problem.split(":")[0] for problem in problems(xml(body))] == ["4", "5", "6"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (xml("<observe/>", root='main_tree_to_execute="Main"'), '1:1: no BTCPP_format; expected BTCPP_format="4"'),
        (xml("<observe/>", root='BTCPP_format="3"'), "1:7: BTCPP_format 3"),
        (
            xml("<observe/>", root='BTCPP_format="4" main_tree_to_execute="No"'),
            "main_tree_to_execute='No'; expected one of Main",
        ),
        (
            xml("<observe/>", more='<BehaviorTree ID="Main"><observe/></BehaviorTree>'),
            "5:1: a second <BehaviorTree> 'Main'",
        ),
        (xml("<observe/>", more='<include path="x.xml"/>'), "5:1: an <include>; expected one file"),
        (xml("<observe/>", more="<Foo/>"), "5:1: unknown element 'Foo'"),
        (xml("<observe/><observe/>"), "2:1: <BehaviorTree> 'Main' has 2 children"),
        ("<tree/>", "1:1: the file is a <tree>"),
        ('<root BTCPP_format="4"/>', "which tree is the main one is not said"),
        (xml("<observe/>").replace('ID="Main"', 'ID="Main" _file="../x.yaml"'), '2:25: _file="../x.yaml"'),
        (xml("<observe/>").replace('ID="Main"', 'ID="Main" _file="/x.yaml"'), '2:25: _file="/x.yaml"'),
        (xml("<observe/>").replace('ID="Main"', 'ID="Main" _file="a/x.yaml"'), "expected no folder"),
    ],
)
def test_what_a_file_can_not_be(text, message):
    assert any(message in problem for problem in problems(text)), problems(text)


FOREIGN = """\
<root BTCPP_format="4" main_tree_to_execute="MainTree">
  <BehaviorTree ID="MainTree">
    <Sequence name="Pick &amp; place">
      <!-- look first -->
      <Action ID="Observe" name="look"/>
      <RetryUntilSuccessful num_attempts="-1">
        <Timeout msec="1500"><wait duration_s="1"/></Timeout>
      </RetryUntilSuccessful>
      <Parallel success_count="-1" failure_count="1"><observe/><observe/></Parallel>
      <SubTree ID="GoHome" how_long="0.5" _autoremap="false"/>
      <Sleep msec="250"/>
    </Sequence>
  </BehaviorTree>
  <BehaviorTree ID="GoHome"><wait duration_s="{how_long}"/></BehaviorTree>
  <TreeNodesModel>
    <SubTree ID="GoHome"><input_port name="how_long" type="double" default="1.0">how long [s]</input_port></SubTree>
  </TreeNodesModel>
</root>
"""


def test_a_foreign_tree_gets_names_of_this_language_and_says_so():
    result = import_xml(FOREIGN, standard_registry())
    assert imported_files(result) == {
        "main_tree.yaml": """\
tree: main_tree
include: [go_home.yaml]
root:
  sequence:
    # look first
    - observe: {name: look}
    - retry:
        attempts: forever
        child:
          timeout:
            duration_s: 1.5
            child: {wait: {duration_s: 1}}
    - parallel:
        success_count: all
        failure_count: 1
        children: [observe, observe]
    - go_home: {how_long: 0.5}
    - wait: {duration_s: 0.25}
""",
        "go_home.yaml": """\
subtree: go_home
parameters:
  how_long: {type: float, default: 1.0, doc: "how long [s]"}
root:
  wait: {duration_s: $how_long}
""",
    }
    assert result.notes == (
        "'MainTree' is called 'main_tree' now",
        "'GoHome' is called 'go_home' now",
        "the root's name 'Pick & place' is left out: it has the tree's",
        "<Observe> is taken for 'observe'",
    )


def test_keys_of_the_blackboard_nodes_stand_without_braces():
    text = files_to_xml(
        one_file("{sequence: [{set_blackboard: {key: '{k}', value: 3}}, {key_updated: {key: '{k}'}}]}"),
        standard_registry(),
    )
    assert '<SetBlackboard output_key="k" value="3"/>' in text
    assert '<WasEntryUpdated entry="{k}"/>' in text
    assert 'set_blackboard: {key: "{k}", value: 3}' in yaml_of(text)


@pytest.mark.parametrize(
    "place", ["../skill.yaml", "a/../../skill.yaml", "/skill.yaml", "a\\\\skill.yaml", "skill.txt"]
)
def test_no_file_is_written_outside_the_folder_of_the_tree(place):
    text = files_to_xml(
        {"t.yaml": "tree: t\ninclude: [skill.yaml]\nroot: skill", "skill.yaml": "subtree: skill\nroot: look"}
    )
    with pytest.raises(LoadError, match=r"expected a relative path without '\.\.', such as skills/pick\.yaml"):
        import_xml(text.replace('_file="skill.yaml"', f'_file="{place}"'))


def test_what_is_visible_counts_when_it_was_changed():
    text = files_to_xml(one_file("{timeout: {duration_s: 0.0004, child: look}}"))
    assert 'msec="0" _yaml_duration_s="0.0004"' in text
    assert "0.0004" in next(iter(imported_files(import_xml(text)).values()))
    assert "duration_s: 0.25" in next(iter(imported_files(import_xml(text.replace('msec="0"', 'msec="250"'))).values()))


SKILL = """\
subtree: skill
parameters: {t: {type: float}, done: {type: node}}
root: {timeout: {duration_s: $t, child: $done}}
"""
CALLER = "tree: t\ninclude: [skill.yaml]\nroot: {skill: {t: 2, done: {look: {script: S}}}}"


def test_what_is_written_anew_is_not_changed_in_vain():
    text = files_to_xml({"t.yaml": CALLER, "skill.yaml": SKILL})
    changed = text.replace('<look script="S" _node', '<look script="F" _node').replace('t="2"', 't="3"')
    with pytest.raises(LoadError) as caught:
        import_xml(changed)
    first, second = (str(problem).split("t.xml:", 1)[-1] for problem in caught.value.problems)
    assert 't-msec="2000"; expected t-msec="3000" (delete it: it is written anew)' in first
    assert "'skill-V1' is not what 'skill' and the nodes of its calls make; expected a change in 'skill'" in second


def test_what_is_written_anew_may_be_left_out():
    text = files_to_xml({"t.yaml": CALLER, "skill.yaml": SKILL})
    start = text.index('  <BehaviorTree ID="skill-V1"')
    end = text.index("</BehaviorTree>", start) + len("</BehaviorTree>")
    bare = (text[:start] + text[end:]).replace(' t-msec="2000"', "")
    assert imported_files(import_xml(bare)) == imported_files(import_xml(text))


def test_one_name_for_a_key_and_a_parameter_is_refused():
    root = "{sequence: [{measure: {seen: '{t}'}}, {wait: {duration_s: $t}}]}"
    skill = f"subtree: skill\nparameters: {{t: {{type: float}}}}\nroot: {root}"
    with pytest.raises(LoadError, match=r"the key 't' and the parameter '\$t' are one name in XML"):
        files_to_xml({"t.yaml": "tree: t\ninclude: [skill.yaml]\nroot: {skill: {t: 1}}", "skill.yaml": skill})


def test_a_tree_that_is_too_deep_for_yaml_is_refused():
    deep = "<Inverter>" * 80 + "<observe/>" + "</Inverter>" * 80
    (problem,) = problems(xml(deep))
    assert problem.startswith("2:1: as YAML: nested deeper than 100 levels; expected a flatter file (make a part of it")


def test_the_deepest_tree_that_can_be_read():
    deep = "<Inverter>" * 106 + "<observe/>" + "</Inverter>" * 106
    assert any("too deep in the tree" in problem for problem in problems(xml(deep)))
