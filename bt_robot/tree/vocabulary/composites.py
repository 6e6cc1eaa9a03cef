"""The composites of the language: what each does, takes, and is called elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from bt_robot.tree.vocabulary.node_type import CASES, LIST, BuiltIn, named
from bt_robot.tree.vocabulary.ports import Input


def _more_than_children(values: Mapping[str, object], count: int) -> tuple[str, str] | None:
    """Find a count that can't be reached."""
    for name, value in values.items():
        if isinstance(value, int) and value > count:
            return name, f"at most {count}, the number of children"
    return None


COMPOSITES: Final = (
    BuiltIn(
        "sequence",
        "composite",
        LIST,
        "Run the children one after the other; fail when one fails. While a child is RUNNING, the ones before it are "
        "not asked again.",
        on_halt="The RUNNING child is halted; the next tick begins with the first child.",
        btcpp="Sequence",
        py_trees="Sequence(memory=True)",
    ),
    BuiltIn(
        "reactive_sequence",
        "composite",
        LIST,
        "Ask all children again from the first one in every tick; fail when one fails, and halt the ones after it, as "
        "when one is RUNNING.",
        on_halt="The RUNNING children are halted; the next tick begins with the first child, as every tick does.",
        btcpp="ReactiveSequence",
        py_trees="Sequence(memory=False)",
    ),
    BuiltIn(
        "sequence_with_memory",
        "composite",
        LIST,
        "Run the children one after the other; fail when one fails, and go on with that one when started again, "
        "instead of with the first.",
        on_halt="The RUNNING child is halted; the next tick begins with it: what has succeeded is not done again. Only "
        "its own SUCCESS starts it over.",
        aliases=("pick_up_where_you_left_off",),
        btcpp="SequenceWithMemory",
        py_trees="idioms.pick_up_where_you_left_off",
    ),
    BuiltIn(
        "async_sequence",
        "composite",
        LIST,
        "Run the children one after the other, at most one of them in a tick; fail when one fails.",
        on_halt="The RUNNING child is halted; the next tick begins with the first child.",
        btcpp="AsyncSequence",
    ),
    BuiltIn(
        "fallback",
        "composite",
        LIST,
        "Try the children one after the other until one succeeds; fail when all failed. While a child is RUNNING, the "
        "ones before it are not asked again.",
        on_halt="The RUNNING child is halted; the next tick begins with the first child.",
        aliases=("selector",),
        btcpp="Fallback",
        py_trees="Selector(memory=True)",
    ),
    BuiltIn(
        "reactive_fallback",
        "composite",
        LIST,
        "Try the children again from the first one in every tick; when one of them is RUNNING or succeeds, halt the "
        "ones after it.",
        on_halt="The RUNNING children are halted; the next tick begins with the first child, as every tick does.",
        aliases=("reactive_selector",),
        btcpp="ReactiveFallback",
        py_trees="Selector(memory=False)",
    ),
    BuiltIn(
        "async_fallback",
        "composite",
        LIST,
        "Try the children one after the other, at most one of them in a tick; fail when all failed.",
        on_halt="The RUNNING child is halted; the next tick begins with the first child.",
        btcpp="AsyncFallback",
    ),
    BuiltIn(
        "parallel",
        "composite",
        LIST,
        "Tick all children that have not ended, in every tick; succeed when enough have succeeded, fail when enough "
        "have failed or too few are left. Failure wins when both happen in one tick.",
        on_halt="All RUNNING children are halted, as they are when it ends; the next tick starts all of them.",
        ports={
            "success_count": Input(
                int | Literal["all"], default="all", minimum=1, doc="how many children must succeed"
            ),
            "failure_count": Input(int | Literal["all"], default=1, minimum=1, doc="how many failures make it fail"),
        },
        btcpp="Parallel",
        py_trees="Parallel",
        amiss=_more_than_children,
    ),
    BuiltIn(
        "parallel_all",
        "composite",
        LIST,
        "Run all children to their end, each at its own pace; then succeed, or fail when too many have failed.",
        on_halt="All RUNNING children are halted; the next tick starts all of them.",
        ports={
            "max_failures": Input(int | Literal["all"], default=1, minimum=1, doc="this many failures make it fail")
        },
        btcpp="ParallelAll",
        amiss=_more_than_children,
    ),
    BuiltIn(
        "quorum",
        "composite",
        LIST,
        "Ask several conditions about the same thing in every tick; succeed when enough of them agree in one and the "
        "same tick, fail when too few can. It is RUNNING only while a RUNNING child keeps that open.",
        on_halt="All RUNNING children are halted, as they are when it ends.",
        ports={"at_least": Input(int, minimum=1, doc="how many children must succeed in the same tick")},
        amiss=_more_than_children,
    ),
    BuiltIn(
        "if_then_else",
        "composite",
        named("condition", "then", "else", optional=("else",)),
        "Ask the condition once, then run one of two branches to its end. Without `else` it fails when the condition "
        "does.",
        on_halt="What is RUNNING is halted; the next tick asks the condition again.",
        btcpp="IfThenElse",
        py_trees="idioms.either_or",
    ),
    BuiltIn(
        "while_do_else",
        "composite",
        named("condition", "do", "else", optional=("else",)),
        "Ask the condition in every tick, and run the branch that belongs to the answer; the other one is halted. "
        "While the condition is RUNNING no branch runs. Without `else` it fails when the condition does.",
        on_halt="What is RUNNING is halted; the next tick asks the condition, as every tick does.",
        btcpp="WhileDoElse",
    ),
    BuiltIn(
        "switch",
        "composite",
        CASES,
        "Run the case that a value on the blackboard names, or the default; when the value changes meanwhile, the "
        "other case is halted. Without a default it fails when no case fits.",
        on_halt="The case is halted; the next tick looks at the value, as every tick does.",
        ports={"value": Input(str | int | bool, doc='the key that is looked at, e.g. "{colour}"')},
        keyed=frozenset({"value"}),
        btcpp="Switch",
    ),
    BuiltIn(
        "try_catch",
        "composite",
        named("try", "catch"),
        "Run `try`; when it fails, run `catch` to its end to clean up, and fail with the reason of `try`, whatever "
        "`catch` says.",
        on_halt="What is RUNNING is halted, and `catch` is not run; the next tick begins with `try`.",
        btcpp="TryCatch",
    ),
)
