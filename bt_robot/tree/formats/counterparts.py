"""Which node of BehaviorTree.CPP a node type is, and how its values are said there.

Checked against BehaviorTree.CPP 4.8's own parser (`tests/tree/test_tree_xml_btcpp.py`). A type without an exact
counterpart keeps its word, and the file's `TreeNodesModel` declares it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

_MAX_MSEC = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Scale:
    """How the values of a port are written over there.

    Attributes:
        suffix: What a subtree parameter is called with that is needed in this scale: `time_limit_s-msec`.
        there: Our word as theirs; None where they have none.
        here: Their word as ours; None where we have none.
        plain: The parameter types whose values are the same here and there.
    """

    suffix: str
    there: Callable[[str], str | None]
    here: Callable[[str], str | None]
    plain: frozenset[str] = frozenset()


def _to_msec(text: str) -> str | None:
    try:
        msec = Decimal(text) * 1000
        return str(min(int(msec.to_integral_value()), _MAX_MSEC)) if msec.adjusted() < 300 else str(_MAX_MSEC)
    except (InvalidOperation, OverflowError, ValueError):
        return None


def _to_seconds(text: str) -> str | None:
    if not (text.isascii() and text.isdigit()):
        return None
    return format((Decimal(text) / 1000).normalize(), "f")


def _counting(word: str) -> Scale:
    """Return the scale of a number that may also be a word, which is -1 over there."""

    def there(text: str) -> str | None:
        return "-1" if text == word else text

    def here(text: str) -> str | None:
        return word if text == "-1" else text

    return Scale("count", there, here, frozenset({"int"}))


MILLISECONDS = Scale("msec", _to_msec, _to_seconds)


@dataclass(frozen=True, slots=True)
class Counterpart:
    """One node type as BehaviorTree.CPP has it.

    Attributes:
        tag: Its name there.
        kind: Its kind there, as the element names of a `TreeNodesModel`.
        ports: For our ports, the names there; what is not here it does not have.
        scales: For our ports, how their values are written there.
        fixed: What must be said there for the node to mean the same.
        unless: Values of our ports with which it is not the same.
        bare: Our ports whose key stands there by its name, without braces.
        marked: Whether the element needs `_type`, because the tag is another type's.
    """

    tag: str
    kind: str
    ports: Mapping[str, str] = field(default_factory=dict[str, str])
    scales: Mapping[str, Scale] = field(default_factory=dict[str, Scale])
    fixed: Mapping[str, str] = field(default_factory=dict[str, str])
    unless: Mapping[str, str] = field(default_factory=dict[str, str])
    bare: frozenset[str] = frozenset()
    marked: bool = False


_FOREVER, _ALL = _counting("forever"), _counting("all")

COUNTERPARTS: Mapping[str, Counterpart] = MappingProxyType(
    {
        "sequence": Counterpart("Sequence", "Control"),
        "reactive_sequence": Counterpart("ReactiveSequence", "Control"),
        "sequence_with_memory": Counterpart("SequenceWithMemory", "Control"),
        "async_sequence": Counterpart("AsyncSequence", "Control"),
        "fallback": Counterpart("Fallback", "Control"),
        "reactive_fallback": Counterpart("ReactiveFallback", "Control"),
        "async_fallback": Counterpart("AsyncFallback", "Control"),
        "parallel": Counterpart(
            "Parallel",
            "Control",
            {"success_count": "success_count", "failure_count": "failure_count"},
            scales={"success_count": _ALL, "failure_count": _ALL},
        ),
        "parallel_all": Counterpart(
            "ParallelAll", "Control", {"max_failures": "max_failures"}, scales={"max_failures": _ALL}
        ),
        "if_then_else": Counterpart("IfThenElse", "Control"),
        "while_do_else": Counterpart("WhileDoElse", "Control"),
        "try_catch": Counterpart("TryCatch", "Control"),
        # A condition that is asked again in every tick, before the child: their Precondition asks once.
        "guard": Counterpart("ReactiveSequence", "Control", marked=True),
        "inverter": Counterpart("Inverter", "Decorator"),
        "retry": Counterpart(
            "RetryUntilSuccessful", "Decorator", {"attempts": "num_attempts"}, scales={"attempts": _FOREVER}
        ),
        "repeat": Counterpart("Repeat", "Decorator", {"times": "num_cycles"}, scales={"times": _FOREVER}),
        "timeout": Counterpart("Timeout", "Decorator", {"duration_s": "msec"}, scales={"duration_s": MILLISECONDS}),
        "delay": Counterpart("Delay", "Decorator", {"duration_s": "delay_msec"}, scales={"duration_s": MILLISECONDS}),
        # then_skip would answer SKIPPED, a status that py_trees does not have.
        "run_once": Counterpart("RunOnce", "Decorator", fixed={"then_skip": "false"}, unless={"until": "success"}),
        "keep_running_until_failure": Counterpart("KeepRunningUntilFailure", "Decorator"),
        "force_success": Counterpart("ForceSuccess", "Decorator"),
        "force_failure": Counterpart("ForceFailure", "Decorator"),
        "always_success": Counterpart("AlwaysSuccess", "Action"),
        "always_failure": Counterpart("AlwaysFailure", "Action"),
        "set_blackboard": Counterpart(
            "SetBlackboard", "Action", {"key": "output_key", "value": "value"}, bare=frozenset({"key"})
        ),
        "unset_blackboard": Counterpart("UnsetBlackboard", "Action", {"key": "key"}, bare=frozenset({"key"})),
        "key_updated": Counterpart("WasEntryUpdated", "Action", {"key": "entry"}),
        "wait": Counterpart("Sleep", "Action", {"duration_s": "msec"}, scales={"duration_s": MILLISECONDS}),
    }
)
"""By our word. `switch` and `for_each` have counterparts with numbers in their names: see SWITCHES and LOOPS."""

BY_TAG: Mapping[str, str] = MappingProxyType(
    {counterpart.tag: word for word, counterpart in COUNTERPARTS.items() if not counterpart.marked}
)
"""Our word for their name."""

SWITCHES: Mapping[int, str] = MappingProxyType({count: f"Switch{count}" for count in range(2, 7)})
"""Their switch for a number of cases; it always has a default, too."""

LOOPS: Mapping[str, str] = MappingProxyType({"LoopString": "str", "LoopDouble": "float"})
"""Their loops over a list, and of what."""

LOOP_PORTS: Mapping[str, str] = MappingProxyType({"items": "queue", "item": "value"})
"""For the ports of `for_each`, the names in their loops."""

SCRIPTS = (
    *("_skipIf", "_successIf", "_failureIf", "_while"),
    *("_onSuccess", "_onFailure", "_onHalted", "_post"),
)
"""Attributes that run a script before or after a node."""

INSTEAD: Mapping[str, str] = MappingProxyType(
    {
        "Script": "write a value with set_blackboard, or from a leaf's output",
        "ScriptCondition": "compare a key with compare",
        "Precondition": "put a condition leaf and the child into a guard",
        "SkipUnlessUpdated": "there is no status SKIPPED here; use a guard",
        "WaitValueUpdate": "use wait_for_update in a reactive_sequence",
        "ManualSelector": "ask a person with a leaf such as confirm",
        "SequenceStar": "use SequenceWithMemory",
        "SubTreePlus": "use SubTree",
        "LoopInt": "use LoopDouble or LoopString",
        "LoopBool": "use LoopString",
    }
)
"""Nodes of theirs that mean nothing here, and what to use."""
