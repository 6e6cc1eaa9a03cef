"""What the child says, changed or written down."""

from __future__ import annotations

from tree_leaves import ManualContext, say, tree_of

from bt_robot.messages import Status


def test_a_child_that_would_run_on_is_halted_and_counts_as_success():
    tree, ctx = tree_of(f"{{running_is_success: {{child: {say('R')}}}}}"), ManualContext()
    assert tree.tick(ctx) is Status.SUCCESS
    assert ctx.log == ["start R", "tick R", "halt R"]


def test_a_child_that_would_run_on_is_halted_and_counts_as_failure():
    tree, ctx = tree_of(f"{{running_is_failure: {{child: {say('R')}}}}}"), ManualContext()
    assert tree.tick(ctx) is Status.FAILURE
    assert ctx.log == ["start R", "tick R", "halt R"]
    assert tree.failure is not None
    assert (tree.failure.path, tree.failure.reason) == ("t", "its child is still RUNNING: R says R")


def test_a_child_that_fails_in_time_explains_itself():
    tree = tree_of(f"{{running_is_failure: {{child: {say('F')}}}}}")
    tree.tick(ManualContext())
    assert tree.failure is not None
    assert tree.failure.path == "t/play"


def test_a_status_is_written_for_other_nodes_to_read():
    for script, status in (("S", "SUCCESS"), ("F", "FAILURE")):
        reported = f'{{report_status: {{status: "{{s}}", child: {say(script)}}}}}'
        tree = tree_of(f'{{sequence: [{{force_success: {{child: {reported}}}}}, {{ask: {{prompt: "{{s}}"}}}}]}}')
        ctx = ManualContext()
        tree.tick(ctx)
        assert ctx.log[-1] == status


def test_a_status_is_written_while_it_is_running():
    reported = f'{{report_status: {{status: "{{s}}", child: {say("R")}}}}}'
    tree, ctx = tree_of(f'{{parallel: [{reported}, {{ask: {{prompt: "{{s}}"}}}}]}}'), ManualContext()
    tree.tick(ctx)
    assert ctx.log[-1] == "RUNNING"


def test_a_status_that_was_halted_is_idle():
    reported = f'{{report_status: {{status: "{{s}}", child: {say("R")}}}}}'
    guarded = f"{{guard: {{condition: {{look: {{script: SF}}}}, child: {reported}}}}}"
    tree = tree_of(f'{{sequence: [{{force_success: {{child: {guarded}}}}}, {{ask: {{prompt: "{{s}}"}}}}]}}')
    ctx = ManualContext()
    tree.tick(ctx)
    tree.tick(ctx)
    assert ctx.log == ["start R", "tick R", "halt R", "IDLE"]
