"""The composites and decorators that the language itself has, and the words for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bt_robot.tree.ports import Input


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A node type of the language.

    Attributes:
        type: The word for it in tree files.
        kind: `composite` or `decorator`.
        doc: What it does, in a sentence or two.
        parameters: What it takes besides its name, its prompt and its children.
    """

    type: str
    kind: str
    doc: str
    parameters: Mapping[str, Input[Any]] = field(default_factory=dict[str, Input[Any]])


_TYPES = (
    BuiltIn(
        "sequence",
        "composite",
        "Run the children one after the other; fail when one fails. While a child is RUNNING, the ones before it are "
        "not asked again.",
    ),
    BuiltIn(
        "reactive_sequence",
        "composite",
        "Ask all children again from the first one in every tick; fail when one fails, and halt the ones after it.",
    ),
    BuiltIn(
        "fallback",
        "composite",
        "Try the children one after the other until one succeeds; fail when all failed. While a child is RUNNING, the "
        "ones before it are not asked again.",
    ),
    BuiltIn(
        "reactive_fallback",
        "composite",
        "Try the children again from the first one in every tick; when one of them is RUNNING or succeeds, halt the "
        "ones after it.",
    ),
    BuiltIn(
        "parallel",
        "composite",
        "Tick all children in every tick; fail when one fails.",
        {
            "succeed_on": Input(
                Literal["all", "one"], default="all", doc="succeed when all children have succeeded, or when one has"
            )
        },
    ),
    BuiltIn("inverter", "decorator", "Turn the child's SUCCESS into FAILURE and its FAILURE into SUCCESS."),
    BuiltIn(
        "retry",
        "decorator",
        "When the child fails, start it again in the next tick; fail when the last attempt failed.",
        {"attempts": Input(int, doc="how often the child may be started", minimum=1)},
    ),
    BuiltIn(
        "repeat",
        "decorator",
        "When the child succeeds, start it again in the next tick; fail when it fails.",
        {"times": Input(int, doc="how often the child must succeed", minimum=1)},
    ),
    BuiltIn(
        "timeout",
        "decorator",
        "Halt the child and fail when it is still RUNNING after some time.",
        {"duration_s": Input(float, doc="how long the child may run [s]", minimum=0.0)},
    ),
    BuiltIn("force_success", "decorator", "Succeed when the child succeeds or fails."),
    BuiltIn("force_failure", "decorator", "Fail when the child succeeds or fails."),
)

BUILT_IN: Mapping[str, BuiltIn] = {built_in.type: built_in for built_in in _TYPES}
"""The node types of the language, by their word."""

ALIASES: Mapping[str, str] = {
    "selector": "fallback",
    "reactive_selector": "reactive_fallback",
    "failure_is_success": "force_success",
    "success_is_failure": "force_failure",
}
"""py_trees' words for some of them."""
