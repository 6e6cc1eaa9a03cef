"""Values as YAML on one line, written so that `read_value` reads them back."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*\Z")
_RESERVED: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def as_yaml(value: Any) -> str:
    """Return a value in YAML's flow style.

    Args:
        value: None, bool, a finite number, str, a tuple or list, a mapping with text keys, or a dataclass; or any of
            them in one another.

    Raises:
        TypeError: It is none of them.
        ValueError: A number is not finite.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, str):
        return (
            value if _PLAIN.match(value) and value.lower() not in _RESERVED else json.dumps(value, ensure_ascii=False)
        )
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(as_yaml(item) for item in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{as_yaml(str(key))}: {as_yaml(item)}' for key, item in value.items())}}}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return as_yaml({field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init})
    raise TypeError(f"{value!r} can't be written in YAML")


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"{value} can't be written in YAML: it is not finite")
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else repr(value)
