"""The decorators of the language: what each does, takes, and is called elsewhere."""

from __future__ import annotations

from typing import Final, Literal

from bt_robot.tree.vocabulary.node_type import ONE, BuiltIn, named
from bt_robot.tree.vocabulary.ports import Input, Output

_HALTS_CHILD = "The child is halted."

DECORATORS: Final = (
    BuiltIn(
        "inverter",
        "decorator",
        ONE,
        "Turn the child's SUCCESS into FAILURE and its FAILURE into SUCCESS.",
        on_halt=_HALTS_CHILD,
        btcpp="Inverter",
        py_trees="Inverter",
    ),
    BuiltIn(
        "retry",
        "decorator",
        ONE,
        "When the child fails, start it again in the next tick; fail when the last attempt failed.",
        on_halt="The child is halted; the attempts are counted anew.",
        ports={
            "attempts": Input(int | Literal["forever"], doc="how often the child may be started", minimum=1),
        },
        btcpp="RetryUntilSuccessful",
        py_trees="Retry",
    ),
    BuiltIn(
        "repeat",
        "decorator",
        ONE,
        "When the child succeeds, start it again in the next tick; fail when it fails.",
        on_halt="The child is halted; the rounds are counted anew.",
        ports={"times": Input(int | Literal["forever"], doc="how often the child must succeed", minimum=1)},
        btcpp="Repeat",
        py_trees="Repeat",
    ),
    BuiltIn(
        "for_each",
        "decorator",
        ONE,
        "Run the child once for every item of a list, in order; fail when it fails. An empty list succeeds at once.",
        on_halt="The child is halted; the next tick begins with the first item.",
        ports={
            "items": Input(tuple[str, ...] | tuple[float, ...], doc="the list, or the key that holds one"),
            "item": Output(str | float, doc="the item in turn"),
        },
        keyed=frozenset({"items", "item"}),
        btcpp="LoopString, LoopDouble",
        py_trees="ForEach",
    ),
    BuiltIn(
        "timeout",
        "decorator",
        ONE,
        "Halt the child and fail when it is still RUNNING after some time.",
        on_halt="The child is halted; the time starts anew.",
        ports={"duration_s": Input(float, doc="how long the child may run [s]", minimum=0.0)},
        btcpp="Timeout",
        py_trees="Timeout",
    ),
    BuiltIn(
        "delay",
        "decorator",
        ONE,
        "Wait for some time, then run the child.",
        on_halt="The child is halted if it runs; the time starts anew.",
        ports={"duration_s": Input(float, doc="how long to wait [s]", minimum=0.0)},
        btcpp="Delay",
    ),
    BuiltIn(
        "rate_limit",
        "decorator",
        ONE,
        "Start the child at most once in a period; in between, say what it said last. A RUNNING child is ticked in "
        "every tick.",
        on_halt="The child is halted; the period goes on.",
        ports={"period_s": Input(float, doc="shortest time from one start to the next [s]", minimum=0.0)},
    ),
    BuiltIn(
        "cooldown",
        "decorator",
        ONE,
        "After the child has ended, decline to start it again for some time.",
        on_halt="The child is halted; that counts as an end.",
        ports={
            "duration_s": Input(float, doc="how long it declines [s]", minimum=0.0),
            "after": Input(
                Literal["any", "success", "failure"], default="any", doc="the endings that have to cool down"
            ),
        },
    ),
    BuiltIn(
        "run_once",
        "decorator",
        ONE,
        "Run the child to its end once; afterwards say what it said, without running it again.",
        on_halt="The child is halted; it was not at its end, so it may start again.",
        aliases=("one_shot",),
        btcpp="RunOnce",
        py_trees="OneShot",
    ),
    BuiltIn(
        "keep_running_until_failure",
        "decorator",
        ONE,
        "When the child succeeds, start it again in the next tick, for ever; fail when it fails.",
        on_halt=_HALTS_CHILD,
        aliases=("success_is_running",),
        btcpp="KeepRunningUntilFailure",
        py_trees="SuccessIsRunning",
    ),
    BuiltIn(
        "guard",
        "decorator",
        named("condition", "child"),
        "Ask a condition in every tick, the first one included, before the child; when it fails, halt the child and "
        "fail.",
        on_halt="Condition and child are halted; the next tick asks the condition first.",
        aliases=("eternal_guard",),
        btcpp="Precondition",
        py_trees="EternalGuard",
    ),
    BuiltIn(
        "steady",
        "decorator",
        ONE,
        "Believe a condition only after it has said the same for some time: hysteresis.",
        on_halt="What was seen so far is forgotten.",
        ports={
            "for_s": Input(float, doc="how long it must have succeeded before this does [s]", minimum=0.0),
            "release_s": Input(
                float,
                default=0.0,
                doc="once it succeeds, how long the child must fail to end that [s]",
                minimum=0.0,
            ),
        },
    ),
    BuiltIn(
        "votes",
        "decorator",
        ONE,
        "Believe a condition when it has succeeded in enough of its latest answers.",
        on_halt="The votes are forgotten.",
        ports={
            "at_least": Input(int, doc="how many of the latest answers must be SUCCESS", minimum=1),
            "of": Input(int, doc="how many answers are looked at", minimum=1, maximum=1000),
        },
    ),
    BuiltIn(
        "force_success",
        "decorator",
        ONE,
        "Succeed when the child succeeds or fails.",
        on_halt=_HALTS_CHILD,
        aliases=("failure_is_success",),
        btcpp="ForceSuccess",
        py_trees="FailureIsSuccess",
    ),
    BuiltIn(
        "force_failure",
        "decorator",
        ONE,
        "Fail when the child succeeds or fails.",
        on_halt=_HALTS_CHILD,
        aliases=("success_is_failure",),
        btcpp="ForceFailure",
        py_trees="SuccessIsFailure",
    ),
    BuiltIn(
        "running_is_success",
        "decorator",
        ONE,
        "Succeed while the child is RUNNING, and when it succeeds.",
        on_halt=_HALTS_CHILD,
        py_trees="RunningIsSuccess",
    ),
    BuiltIn(
        "running_is_failure",
        "decorator",
        ONE,
        "Fail while the child is RUNNING, and when it fails.",
        on_halt=_HALTS_CHILD,
        py_trees="RunningIsFailure",
    ),
    BuiltIn(
        "failure_is_running",
        "decorator",
        ONE,
        "When the child fails, start it again in the next tick, for ever; succeed when it succeeds.",
        on_halt=_HALTS_CHILD,
        py_trees="FailureIsRunning",
    ),
    BuiltIn(
        "report_status",
        "decorator",
        ONE,
        "Say what the child says, and write it to a key.",
        on_halt="The child is halted, and IDLE is written.",
        ports={"status": Output(str, doc="RUNNING, SUCCESS, FAILURE or IDLE")},
        keyed=frozenset({"status"}),
        py_trees="StatusToBlackboard",
    ),
)
