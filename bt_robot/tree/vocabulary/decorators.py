"""The decorators of the language: what each does, takes, and is called elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from bt_robot.tree.vocabulary.node_type import ONE, BuiltIn, named
from bt_robot.tree.vocabulary.ports import Input, Output

_HALTS_CHILD = "The child is halted."
_EVIDENCE = (
    "The child is halted. What it said is forgotten when a node above starts anew, or when it is not asked again "
    "within `max_gap_s`."
)
_MAX_GAP = Input(float, default=0.5, minimum=0.0, doc="not asked for longer than this, it forgets what was said [s]")


def _more_votes_than_answers(values: Mapping[str, object], count: int) -> tuple[str, str] | None:
    """Find a number of votes that can't be reached."""
    at_least, of = values.get("at_least"), values.get("of")
    if isinstance(at_least, int) and isinstance(of, int) and at_least > of:
        return "at_least", f"at most {of}, the number of answers looked at"
    return None


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
        aliases=("retry_until_successful",),
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
        "Run the child once for every item of a list, in order, at most one item a tick; fail when it fails. An empty "
        "list succeeds at once. The list is read at the start: later changes of the key do not count.",
        on_halt="The child is halted; the next tick begins with the first item.",
        ports={
            "items": Input(
                tuple[int, ...] | tuple[float, ...] | tuple[str, ...], doc="the list, or the key that holds one"
            ),
            "item": Output(str | int | float, doc="the item in turn", required=True, item_of="items"),
        },
        keyed=frozenset({"items", "item"}),
        btcpp="LoopInt, LoopDouble, LoopString",
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
        "Wait for some time, then run the child to its end.",
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
        on_halt="A RUNNING child is halted, and until the period is over the node is RUNNING; what a child that ended "
        "has said still holds.",
        ports={"period_s": Input(float, doc="shortest time from one start to the next [s]", minimum=0.0)},
    ),
    BuiltIn(
        "cooldown",
        "decorator",
        ONE,
        "After the child has ended, decline to start it again for some time.",
        on_halt="A RUNNING child is halted, and has to cool down if `after` is `any`.",
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
        "Run the child to its end once in a run; afterwards say what it said, without running it again.",
        on_halt="A RUNNING child is halted and may start again, as it was not at its end; one that has ended is done.",
        ports={
            "until": Input(
                Literal["end", "success"],
                default="end",
                doc="what counts: any end, or only SUCCESS, so that a failure may be tried again",
            )
        },
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
        "fail. While the condition is RUNNING the child does not run.",
        on_halt="Condition and child are halted; the next tick asks the condition first, as every tick does.",
        aliases=("precondition", "eternal_guard"),
        btcpp="Precondition",
        py_trees="EternalGuard",
    ),
    BuiltIn(
        "steady",
        "decorator",
        ONE,
        "Believe a condition only after it has said the same for some time: hysteresis.",
        on_halt=_EVIDENCE,
        ports={
            "for_s": Input(float, doc="how long it must have succeeded before this does [s]", minimum=0.0),
            "release_s": Input(
                float,
                default=0.0,
                doc="once this succeeds, how long the child must fail to end that [s]",
                minimum=0.0,
            ),
            "max_gap_s": _MAX_GAP,
        },
    ),
    BuiltIn(
        "votes",
        "decorator",
        ONE,
        "Believe a condition when it has succeeded in enough of its latest answers.",
        on_halt=_EVIDENCE,
        ports={
            "at_least": Input(int, doc="how many of the latest answers must be SUCCESS", minimum=1),
            "of": Input(int, doc="how many answers are looked at", minimum=1, maximum=1000),
            "max_gap_s": _MAX_GAP,
        },
        amiss=_more_votes_than_answers,
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
        "Succeed when the child succeeds or is RUNNING after its tick; it is halted then.",
        on_halt=_HALTS_CHILD,
        py_trees="RunningIsSuccess",
    ),
    BuiltIn(
        "running_is_failure",
        "decorator",
        ONE,
        "Fail when the child fails or is RUNNING after its tick; it is halted then.",
        on_halt=_HALTS_CHILD,
        py_trees="RunningIsFailure",
    ),
    BuiltIn(
        "wait_until",
        "decorator",
        ONE,
        "When the child fails, start it again in the next tick, for ever; succeed when it succeeds.",
        on_halt=_HALTS_CHILD,
        aliases=("failure_is_running",),
        py_trees="FailureIsRunning",
    ),
    BuiltIn(
        "report_status",
        "decorator",
        ONE,
        "Say what the child says, and write it to a key.",
        on_halt="The child is halted, and IDLE is written if it was RUNNING.",
        ports={"status": Output(Literal["RUNNING", "SUCCESS", "FAILURE", "IDLE"], doc="what it said", required=True)},
        keyed=frozenset({"status"}),
        aliases=("status_to_blackboard",),
        py_trees="StatusToBlackboard",
    ),
)
