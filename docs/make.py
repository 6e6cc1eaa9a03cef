"""Writes the pages and pictures that are made from the code: `make docs`.

`nodes.md`, `config.md` and `profile.schema.json` come from the node types' and settings' own words; the pictures come
from a run of the main job, and from the execution strategies. A test fails when a page is out of date.
"""

from __future__ import annotations

import dataclasses
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_type_hints

from bt_robot.cli.policy_settings import PolicySettings
from bt_robot.cli.settings import ROBOTS, LimitSettings, RunSettings
from bt_robot.config.builtin import builtin_folder
from bt_robot.config.schema import attribute_docs
from bt_robot.config.values import Rule, kind_name
from bt_robot.nodes import standard_registry
from bt_robot.policy.chunks.execution import Execution
from bt_robot.policy.dialect.profile import Profile, built_in_profiles
from bt_robot.policy.dialect.rtc import RtcDialect
from bt_robot.policy.dialect.schema import schema_text
from bt_robot.policy.dialect.units import GripperScale
from bt_robot.robot.cameras.settings import CAMERA_KINDS
from bt_robot.robot.so101.settings import GuardSettings, HealthSettings, TorqueSettings
from bt_robot.tree import Output
from bt_robot.tree.vocabulary.built_in import ALIASES, BUILT_IN

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))

import strategies  # noqa: E402 - it stands beside this file

HIDDEN_CAMERAS = ("scripted",)
"""What only tests and demonstrations need."""

PICTURES = ("film.png", "joints.png", "latency.png", "chunks.png", "tree.svg")

_HEAD = """\
# Node types

Made from the code by `make docs`; `bt-check` tells when a tree uses one wrongly. How they fit together:
[writing a tree](writing-a-tree.md). How to add one: [writing a leaf](writing-a-leaf.md).

Every node may have a `name`; composites, decorators and subtree calls may have a `prompt` for all policy queries below
them.
"""


def nodes_page() -> str:
    """Return the page that lists every node type with its parameters."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    for kind, title in (("composite", "Composites: many children"), ("decorator", "Decorators: one child")):
        yield f"## {title}\n"
        for built_in in BUILT_IN.values():
            if built_in.kind == kind:
                names = [alias for alias, name in ALIASES.items() if name == built_in.type]
                also = f" (also `{'`, `'.join(names)}`)" if names else ""
                yield from _entry(built_in.type, also, built_in.doc, built_in.ports)
    for kind, title in (("action", "Actions"), ("condition", "Conditions")):
        yield f"## {title}\n"
        for name, leaf in standard_registry().leaves.items():
            if leaf.kind == kind:
                yield from _entry(name, "", _paragraphs(leaf.__doc__ or ""), leaf.ports)


def _paragraphs(docstring: str) -> str:
    blocks = docstring.split("\n\n")
    return "\n\n".join(" ".join(block.split()) for block in blocks).strip()


def _entry(name: str, also: str, doc: str, ports: Mapping[str, Any]) -> Iterator[str]:
    yield f"### `{name}`{also}\n"
    yield f"{doc}\n"
    if not ports:
        return
    yield "| port | takes | default | meaning |"
    yield "|---|---|---|---|"
    for port_name, port in ports.items():
        if isinstance(port, Output):
            default = "*written by the node*"
        else:
            default = "**required**" if port.required else f"`{_shown(port.default)}`"
        yield f"| `{port_name}` | {port.expected} | {default} | {port.doc} |"
    yield ""


def _shown(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "[]" if not value else str(list(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


_CONFIG_HEAD = """\
# Configs and profiles

Made from the code by `make docs`. A config says which robot, which limits and which policy server. `bt-run --config
FILE` takes it, and `--set key=value` changes single values, e.g. `--set policy.url=ws://gpu:8000`. Built in are
{configs}; the default is `configs/sim.yaml`. Unknown keys, wrong types and values out of range are refused, all at
once, with their places.

A pose is a list of joint values in the robot's order [rad, gripper 0 … 1], for `move_to` and `at_pose`:

```yaml
poses:
  rest: [0.0, -1.60, 1.35, 1.20, 0.0487, 0.25]
  above_table: [0.0, -0.4, 0.6, 1.2, 0.0487, 0.5]
```
"""

_PROFILE_HEAD = """\
## Profiles

What a policy server does not say about itself. `policy.profile` names a built-in one ({profiles})
or a file, which may lie beside the config. How a server is connected to: [the policy link](policy-link.md).
"""


def config_page() -> str:
    """Return the page that lists every key of a config and of a profile."""
    configs = ", ".join(f"`{path.stem}`" for path in sorted(builtin_folder("configs").glob("*.yaml")))
    lines = [_CONFIG_HEAD.format(configs=configs)]
    lines += _settings("## The config", RunSettings)
    for name, settings in ROBOTS.items():
        lines += _settings(f"### `robot`, with `type: {name}`", settings)
    for name, part in (("torque", TorqueSettings), ("health", HealthSettings), ("guard", GuardSettings)):
        lines += _settings(f"### `robot.{name}`, of an SO-101", part)
    lines.append("How to get to a config for your arm: [the real arm](real-arm.md).\n")
    for name, camera in CAMERA_KINDS.items():
        if name not in HIDDEN_CAMERAS:
            lines += _settings(f"### A camera in `robot.cameras`, with `type: {name}`", camera)
    lines += _settings("### `limits`", LimitSettings) + _settings("### `policy`", PolicySettings)
    lines += _settings("### `policy.execution`", Execution)
    lines.append("What each strategy does, with a picture each: [execution strategies](execution.md).\n")
    lines.append(_PROFILE_HEAD.format(profiles=", ".join(f"`{name}`" for name in built_in_profiles())))
    lines += _settings("### Keys of a profile", Profile)[:-1]
    lines.append(
        "| `extends` | text | none | The profile that this one differs from: a built-in one, or a file beside it. |\n"
    )
    lines += _settings("### `gripper`", GripperScale) + _settings("### `rtc`", RtcDialect)
    return "\n".join(lines)


def _settings(title: str, settings: type) -> list[str]:
    lines = [f"{title}\n", "| key | takes | default | meaning |", "|---|---|---|---|"]
    hints = get_type_hints(settings, include_extras=True)
    described = attribute_docs(settings)
    for item in dataclasses.fields(settings):
        takes = kind_name(hints[item.name])
        doc = next((extra.doc for extra in _extras(hints[item.name]) if extra.doc), described.get(item.name, ""))
        lines.append(f"| `{item.name}` | {takes} | {_default(item)} | {doc} |")
    return [*lines, ""]


def _extras(hint: Any) -> list[Rule]:
    return [extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, Rule)]


def _default(item: dataclasses.Field[Any]) -> str:
    if item.default is not dataclasses.MISSING:
        return f"`{_shown(item.default)}`"
    return "**required**" if item.default_factory is dataclasses.MISSING else "see below"


def _write_pictures() -> None:
    from bt_robot.cli.run import main

    with tempfile.TemporaryDirectory() as folder:
        code = main(["pick_place", "--fast", "--seed", "1", "--out", folder])
        (run,) = Path(folder).iterdir()
        (DOCS / "images").mkdir(exist_ok=True)
        for name in PICTURES:
            shutil.copy(run / name, DOCS / "images" / name)
    if code:
        sys.exit(code)


if __name__ == "__main__":
    (DOCS / "nodes.md").write_text(nodes_page() + "\n", encoding="utf-8")
    (DOCS / "config.md").write_text(config_page(), encoding="utf-8")
    (DOCS / "profile.schema.json").write_text(schema_text(), encoding="utf-8")
    _write_pictures()
    strategies.write_pictures(DOCS / "images")
