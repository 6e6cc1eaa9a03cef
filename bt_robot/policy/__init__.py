"""The link to a remote policy: profiles, wire formats, client, worker and the action plan.

Usable alone, without a tree or a robot of ours:

```
from bt_robot.policy import PolicyClient

with PolicyClient("ws://gpu:8000", profile="pi05_droid") as client:
    reply = client.infer({"camera": image}, state, "pick up the red block")
```
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bt_robot.errors import (
        BtRobotError,
        ChunkRefused,
        LoadError,
        PolicyError,
        PolicyRefused,
        PolicyTimeout,
        PolicyUnavailable,
        ServerError,
        UsageError,
        WireError,
    )
    from bt_robot.policy.alone import Inference, PolicyClient
    from bt_robot.policy.connection.base import Timeouts
    from bt_robot.policy.dialect.profile import Profile, built_in_profiles, load_profile

__all__ = [
    "PolicyClient",
    "Inference",
    "Timeouts",
    "Profile",
    "load_profile",
    "built_in_profiles",
    "BtRobotError",
    "PolicyError",
    "PolicyUnavailable",
    "PolicyTimeout",
    "ServerError",
    "WireError",
    "ChunkRefused",
    "PolicyRefused",
    "LoadError",
    "UsageError",
]

_HOMES = {
    "PolicyClient": "bt_robot.policy.alone",
    "Inference": "bt_robot.policy.alone",
    "Timeouts": "bt_robot.policy.connection.base",
    "Profile": "bt_robot.policy.dialect.profile",
    "load_profile": "bt_robot.policy.dialect.profile",
    "built_in_profiles": "bt_robot.policy.dialect.profile",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for when it is asked for: a command line's help needs no websocket."""
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES.get(name, "bt_robot.errors")), name)
