"""One of several branches runs: the others are halted, and the failure says which it was."""

from __future__ import annotations

from typing import Any

from tree_leaves import ManualContext, play_spec, say, tree_of
from tree_strategies import KIT

from bt_robot.messages import Status
from bt_robot.tree import Key, NodeSpec, TreeSpec, build_tree, parse_tree

LOOK = "{{look: {{script: {}}}}}"


def statuses(tree: Any) -> str:
    return "".join(state.status.value[0] for state in tree.states())


def play(root: str, ticks: int) -> tuple[Any, ManualContext]:
    tree, ctx = tree_of(root), ManualContext()
    for _ in range(ticks):
        ctx.log.clear()
        tree.tick(ctx)
    return tree, ctx


def why(tree: Any) -> tuple[str, str]:
    assert tree.failure is not None
    return tree.failure.path, tree.failure.reason


def test_if_then_else_asks_once_and_stays_with_its_branch():
    tree, ctx = play(f"{{if_then_else: {{condition: {LOOK.format('SF')}, then: {say('R')}, else: {say('S')}}}}}", 3)
    assert statuses(tree) == "RSRI"
    assert ctx.log == ["tick R"]


def test_if_then_else_without_else_declines_when_its_condition_does():
    branch = f"{{if_then_else: {{condition: {LOOK.format('F')}, then: {say('S')}}}}}"
    tree, _ = play(f"{{fallback: [{say('F')}, {branch}]}}", 1)
    assert why(tree) == ("t/play", "F says F")


def test_while_do_else_changes_the_branch_in_the_tick_in_which_the_answer_changes():
    root = f"{{while_do_else: {{condition: {LOOK.format('SF')}, do: {say('R')}, else: {say('RR')}}}}}"
    tree, ctx = play(root, 2)
    assert ctx.log == ["halt R", "start RR", "tick RR"]
    assert statuses(tree) == "RFIR"


def test_while_do_else_runs_no_branch_while_its_condition_does():
    tree, ctx = play(f"{{while_do_else: {{condition: {say('SR')}, do: {say('R')}, else: {say('RR')}}}}}", 2)
    assert ctx.log == ["start SR", "tick SR", "halt R"]
    assert statuses(tree) == "RRII"


def test_a_guard_that_does_not_hold_halts_its_child_and_fails_for_its_reason():
    tree, ctx = play(f"{{guard: {{condition: {LOOK.format('SF')}, child: {say('R')}}}}}", 2)
    assert ctx.log == ["halt R"]
    assert why(tree) == ("t/condition", "SF looks F")


def test_a_guard_that_was_halted_asks_before_it_starts_its_child_again():
    """BehaviorTree.CPP 4.10 starts the child of a halted Precondition without asking."""
    tree, ctx = tree_of(f"{{guard: {{condition: {LOOK.format('SF')}, child: {say('R')}}}}}"), ManualContext()
    assert tree.tick(ctx) is Status.RUNNING
    tree.halt()
    ctx.log.clear()
    assert tree.tick(ctx) is Status.FAILURE
    assert ctx.log == []


def test_try_catch_cleans_up_and_fails_for_the_reason_of_try():
    tree, ctx = play(f"{{try_catch: {{try: {say('RF')}, catch: {say('RS')}}}}}", 2)
    assert (statuses(tree), tree.states()[0].reason) == ("RFR", "cleaning up after: RF says F")
    tree.tick(ctx)
    assert why(tree) == ("t/try", "RF says F")


def test_try_catch_tells_that_catch_failed_too():
    tree, ctx = play(f"{{try_catch: {{try: {say('FR')}, catch: {say('FF')}}}}}", 1)
    assert why(tree) == ("t/try", "FR says F; then t/catch failed, too: FF says F")
    tree.tick(ctx)
    assert statuses(tree) == "RRI"


def test_try_catch_that_succeeds_or_is_halted_does_not_catch():
    _, ctx = play(f"{{try_catch: {{try: {say('S')}, catch: {say('SS')}}}}}", 1)
    assert ctx.log == ["start S", "tick S"]
    tree, ctx = play(f"{{try_catch: {{try: {say('R')}, catch: {say('SS')}}}}}", 1)
    tree.halt()
    assert ctx.log[-1] == "halt R"


# A switch follows a key that a leaf before it writes


def switch(value: str, cases: str) -> Any:
    measure = "{measure: {word: '{word}'}}"
    root = f"{{sequence: [{measure}, {{switch: {{value: '{{word}}', {cases}}}}}]}}".replace("'", '"')
    return tree_of(root)


def test_a_switch_runs_the_case_that_the_key_names():
    tree = switch("{word}", f"cases: {{height: {say('S')}, width: {say('R')}}}")
    assert tree.tick(ManualContext()) is Status.RUNNING
    assert statuses(tree) == "RSRIR"
    assert tree.states()[2].reason == "the value is 'width'"


def test_a_switch_runs_its_default_when_no_case_fits():
    tree = switch("{word}", f"cases: {{height: {say('S')}}}, default: {say('R')}")
    tree.tick(ManualContext())
    assert statuses(tree) == "RSRIR"


def test_a_switch_without_a_case_says_which_there_are():
    tree = switch("{word}", f"cases: {{height: {say('S')}, depth: {say('S')}}}")
    tree.tick(ManualContext())
    assert why(tree) == ("t/switch", "no case for 'width'; there are 'height', 'depth'")


def test_a_switch_tells_truth_values_from_numbers():
    def said(value: object) -> str:
        root = NodeSpec(
            "t",
            "switch",
            "t",
            "composite",
            {"value": value},
            (play_spec("t/a", "R"), play_spec("t/b", "R")),
            slots=("case 1", "case true"),
            cases=(1, True),
        )
        tree = build_tree(TreeSpec("t", root))
        tree.tick(ManualContext())
        return statuses(tree)

    assert said(1) == "RRI"
    assert said(True) == "RIR"
    assert said(False) == "FII"


def test_a_switch_on_a_key_that_nobody_wrote_yet_fails_and_says_so():
    root = NodeSpec(
        "t", "switch", "t", "composite", {"value": Key("t", "word")}, (play_spec("t/a", "R"),), cases=("red",)
    )
    tree = build_tree(TreeSpec("t", root))
    assert tree.tick(ManualContext()) is Status.FAILURE
    assert why(tree) == ("t", "nothing was written to the key 'word' yet")


def test_a_switch_halts_the_case_that_the_key_names_no_longer():
    text = """
tree: t
root:
  reactive_sequence:
    - paint: {colours: [red, green], colour: "{colour}"}
    - switch:
        value: "{colour}"
        cases:
          red: {act: {label: r, script: R}}
          green: {act: {label: g, script: R}}
"""
    tree, ctx = build_tree(parse_tree(text, "t.yaml", KIT)), ManualContext()
    tree.tick(ctx)
    ctx.log.clear()
    tree.tick(ctx)
    assert ctx.log == [("halt", "r"), ("start", "g"), ("tick", "g")]
