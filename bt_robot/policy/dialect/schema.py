"""The JSON Schema of a profile's file."""

from __future__ import annotations

import json
from typing import Any

from bt_robot.config.schema import json_schema
from bt_robot.policy.dialect.profile import Profile, built_in_profiles

TITLE = "A policy server's dialect (bt_robot profile)"


def profile_schema() -> dict[str, Any]:
    """Return the schema of a profile; with `extends`, nothing else has to be there."""
    schema = json_schema(Profile)
    required = schema.pop("required")
    schema["properties"] = {
        "extends": {
            "description": "The profile that this one differs from: a built-in one, or the path of a file beside it.",
            "type": "string",
            "examples": list(built_in_profiles()),
        },
        **schema["properties"],
    }
    return {**schema, "title": TITLE, "anyOf": [{"required": ["extends"]}, {"required": required}]}


def schema_text() -> str:
    """Return the schema as it is kept in docs/profile.schema.json."""
    return json.dumps(profile_schema(), indent=2, ensure_ascii=False) + "\n"
