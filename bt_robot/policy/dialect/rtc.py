"""Real-time chunking: telling a server the plan that its next chunk has to continue.

The server inpaints: the actions that will be executed while it computes are frozen, the following ones are guided
towards what was planned (Black et al., arXiv 2506.07339). No two servers call the fields the same, so a profile maps
them. Stock OpenPI servers drop keys that they do not know, so sending them is safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from bt_robot.messages import Actions


@dataclass(frozen=True, slots=True)
class Leftover:
    """What is still planned when a request is sent, at the policy's own rate.

    Attributes:
        actions: (k, n) joint targets, the first one for the step of the observation; k = 0 when nothing is planned.
        delay: How many of them are expected to be executed before the answer arrives.
        execution_horizon: How many actions of each chunk are executed.
    """

    actions: Actions
    delay: int
    execution_horizon: int


@dataclass(frozen=True)
class RtcDialect:
    """What a server calls the parts of a plan to continue; an empty name leaves a part out.

    Attributes:
        key: The key of the map that holds them; empty where they stand beside the state.
        prev_actions: The planned actions, (horizon, columns) in the units of the wire, the first one for the step of
            the observation, the last one repeated at the end; positions also where actions are relative.
        valid_steps: How many of them are planned and not repeated.
        inference_delay: How many of them will be executed before the answer arrives.
        execution_horizon: How many actions of a chunk are executed.
        constants: What else is sent with them, e.g. `{enabled: true, schedule: exp, max_guidance_weight: 5.0}`.
        announced_by: Where the server's metadata say that it can do this, with dots between nested keys.
        confirmed_by: The key of a reply that says that it was done.
    """

    key: str = "rtc"
    prev_actions: str = "prev_actions"
    valid_steps: str = "valid_steps"
    inference_delay: str = "inference_delay"
    execution_horizon: str = "execution_horizon"
    constants: Mapping[str, bool | int | float | str] = field(default_factory=dict[str, bool | int | float | str])
    announced_by: str = "rtc"
    confirmed_by: str = "rtc"

    def __post_init__(self) -> None:
        """Refuse a dialect that says nothing."""
        if not self.prev_actions:
            raise ValueError("prev_actions is empty: the planned actions are what it is about")
        if not (self.announced_by or self.confirmed_by):
            raise ValueError("announced_by and confirmed_by are both empty: whether the server does it must be told")

    def fields(self, wire_actions: Actions, delay: int, execution_horizon: int, horizon: int) -> dict[str, Any]:
        """Return what is added to a request.

        Args:
            wire_actions: The planned joint targets in the wire's units and columns, (k, m), k > 0.
            delay: How many of them are expected to be executed before the answer arrives.
            execution_horizon: How many actions of a chunk are executed.
            horizon: Actions in a chunk.
        """
        valid = min(len(wire_actions), horizon)
        padding = np.repeat(wire_actions[valid - 1 : valid], horizon - valid, axis=0)
        parts: dict[str, Any] = {
            self.prev_actions: np.concatenate([wire_actions[:valid], padding]).astype(np.float32),
            self.valid_steps: valid,
            # No more is frozen than leaves room to react in: d <= H - s in the paper.
            self.inference_delay: min(delay, valid, max(0, horizon - execution_horizon)),
            self.execution_horizon: execution_horizon,
            **self.constants,
        }
        parts.pop("", None)
        return {self.key: parts} if self.key else parts

    def guided(self, reply: Mapping[str, Any], metadata: Mapping[str, Any]) -> bool:
        """Return whether an answer continues the plan: the reply says so, or says nothing and the metadata do."""
        confirmed = self.confirmed(reply)
        return self.announced(metadata) if confirmed is None else confirmed

    def announced(self, metadata: Mapping[str, Any]) -> bool:
        """Return whether a server's metadata say that it can continue a plan."""
        return bool(self.announced_by) and _says_yes(_at(metadata, self.announced_by))

    def confirmed(self, reply: Mapping[str, Any]) -> bool | None:
        """Return whether a reply says that it continues the plan; None where it does not say."""
        found = _at(reply, self.confirmed_by) if self.confirmed_by else None
        return None if found is None else _says_yes(found)


def _at(fields: Mapping[str, Any], path: str) -> Any:
    value: Any = fields
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = cast("Mapping[str, Any]", value).get(key)
    return value


def _says_yes(value: Any) -> bool:
    """Read a capability: a truth, or a map with one under `guided`, `enabled` or `supported`."""
    if isinstance(value, Mapping):
        said = [cast("Mapping[str, Any]", value)[key] for key in ("guided", "enabled", "supported") if key in value]
        return bool(said) and all(flag is True for flag in said)
    return value is True
