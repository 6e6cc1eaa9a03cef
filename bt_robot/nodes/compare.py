"""Comparisons of values and keys, without a script language: the types are checked when the tree is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from bt_robot.errors import PortError
from bt_robot.messages import TickContext
from bt_robot.nodes.blackboard import shown, still_waiting
from bt_robot.tree import Action, Condition, Input, Outcome, Value, failure, success
from bt_robot.tree.vocabulary.kinds import choices_of, fits, in_words, item_kind, may_fit

Relation = Literal["equal", "not_equal", "less", "less_or_equal", "greater", "greater_or_equal", "in", "not_in"]

_WORDS = {
    "equal": "equal to",
    "not_equal": "different from",
    "less": "less than",
    "less_or_equal": "at most",
    "greater": "greater than",
    "greater_or_equal": "at least",
    "in": "one of",
    "not_in": "none of",
}


class Compare(Condition):
    """Succeed while two values compare as they should: given ones, or those of keys.

    Numbers are compared with numbers, texts with texts, lists with lists; only numbers have an order.
    """

    type_name = "compare"
    aliases = ("check_blackboard_variable_value", "compare_blackboard_variables")
    btcpp = "ScriptCondition"
    py_trees = "CheckBlackboardVariableValue"
    left = Input(Value, doc="the value that is looked at")
    is_ = Input(Relation, doc="how it should compare")
    right = Input(Value, doc="what it is compared with; a list for `in` and `not_in`")
    tolerance = Input(float, default=0.0, minimum=0.0, doc="how far apart numbers may be and still be equal")

    @classmethod
    def amiss(cls, values: Mapping[str, object], kinds: Mapping[str, Any]) -> tuple[str, str] | None:
        """Find values that can't be compared like that."""
        return comparison_amiss(values, kinds)

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Compare."""
        holds, words = compared(self.left, self.is_, self.right, self.tolerance)
        return success(words) if holds else failure(words)


class WaitFor(Action):
    """Wait until two values compare as they should; fail when that takes too long.

    A key that nothing was written to yet is waited for, too.
    """

    type_name = "wait_for"
    aliases = ("wait_for_blackboard_variable_value",)
    py_trees = "WaitForBlackboardVariableValue"
    left = Input(Value, doc="the value that is looked at")
    is_ = Input(Relation, doc="how it should compare")
    right = Input(Value, doc="what it is compared with; a list for `in` and `not_in`")
    tolerance = Input(float, default=0.0, minimum=0.0, doc="how far apart numbers may be and still be equal")
    at_most_s = Input(float | None, default=None, minimum=0.0, doc="fail after this time [s]; never by default")

    _since_s = 0.0

    @classmethod
    def amiss(cls, values: Mapping[str, object], kinds: Mapping[str, Any]) -> tuple[str, str] | None:
        """Find values that can't be compared like that."""
        return comparison_amiss(values, kinds)

    def on_start(self, ctx: TickContext) -> None:
        """Start the time."""
        self._since_s = ctx.now_s

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Compare."""
        try:
            holds, words = compared(self.left, self.is_, self.right, self.tolerance)
        except PortError as error:
            holds, words = False, str(error)
        return success(words) if holds else still_waiting(words, ctx.now_s - self._since_s, self.at_most_s)


def compared(left: Value, relation: Relation, right: Value, tolerance: float = 0.0) -> tuple[bool, str]:
    """Return whether two values compare in a way, and words that say how they do.

    Raises:
        PortError: They can't be compared, which the types did not tell when the tree was loaded.
    """
    try:
        holds = _holds(left, relation, right, tolerance)
    except TypeError as error:
        raise PortError(f"{shown(left)} and {shown(right)} can't be compared: {error}") from None
    return holds, f"{shown(left)} is {'' if holds else 'not '}{_WORDS[relation]} {shown(right)}"


def _holds(left: Any, relation: Relation, right: Any, tolerance: float) -> bool:
    if relation in ("in", "not_in"):
        return any(_equal(left, item, tolerance) for item in right) is (relation == "in")
    if relation in ("equal", "not_equal"):
        return _equal(left, right, tolerance) is (relation == "equal")
    if relation == "less":
        return left < right
    if relation == "less_or_equal":
        return left <= right
    return left > right if relation == "greater" else left >= right


def _equal(left: Any, right: Any, tolerance: float) -> bool:
    if isinstance(left, tuple) and isinstance(right, tuple):
        pairs = zip(cast("tuple[Any, ...]", left), cast("tuple[Any, ...]", right), strict=False)
        return len(left) == len(right) and all(_equal(a, b, tolerance) for a, b in pairs)
    return abs(left - right) <= tolerance if tolerance else bool(left == right)


def comparison_amiss(values: Mapping[str, object], kinds: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return which port of a comparison can't be what it is, and what was expected; None if all is well.

    Args:
        values: What is known of `left`, `is`, `right` and `tolerance`.
        kinds: The types of `left` and `right`, as far as they are known.
    """
    relation, left, right = str(values.get("is", "")), kinds.get("left"), kinds.get("right")
    if left is None or right is None or not relation:
        return None
    if relation in ("in", "not_in"):
        right = item_kind(right)
        if right is None:
            return "right", f"a list, as '{relation}' looks for one of its items"
    elif relation not in ("equal", "not_equal"):
        wrong = next((port for port in ("left", "right") if not _is_number(kinds[port])), "")
        return (wrong, f"a number, as '{relation}' compares numbers") if wrong else None
    elif item_kind(left) is not None and item_kind(right) is not None:
        left, right = item_kind(left), item_kind(right)
    if values.get("tolerance") and not (_is_number(left) and _is_number(right)):
        return "tolerance", "none, as it is for numbers"
    if not (may_fit(left, right) or may_fit(right, left)):
        return "right", f"{in_words(tuple[left, ...] if relation.endswith('in') else left)}, as 'left' is"
    return _never_said("right", values, left) or _never_said("left", values, right)


def _never_said(port: str, values: Mapping[str, object], other: Any) -> tuple[str, str] | None:
    """Return a port that is given a word, where the other side is always one of a few other words."""
    value, choices = values.get(port), choices_of(other)
    words = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)
    if choices and any(isinstance(word, str) and word not in choices for word in words):
        return port, f"one of {', '.join(choices)}, as the other side is"
    return None


def _is_number(kind: Any) -> bool:
    return fits(kind, float)
