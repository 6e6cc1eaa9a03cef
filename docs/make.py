"""Writes the pages and pictures that are made from the code: `make docs`.

`nodes.md`, `config.md` and the two schemas come from the node types' and settings' own words; the pictures come
from runs of the main job, from the execution strategies, and from the page in a browser. A test fails when a page is
out of date.
"""

from __future__ import annotations

import dataclasses
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_type_hints

from bt_robot.cli.model_settings import VlmSettings, WriterSettings
from bt_robot.cli.policy_settings import PolicySettings
from bt_robot.cli.settings import ROBOTS, LimitSettings, RunSettings
from bt_robot.config.builtin import builtin_folder
from bt_robot.config.schema import attribute_docs
from bt_robot.config.values import Rule, kind_name
from bt_robot.nodes import standard_registry
from bt_robot.policy.chunks.execution import Execution
from bt_robot.policy.dialect.profile import Profile, built_in_profiles
from bt_robot.policy.dialect.rtc import RtcDialect
from bt_robot.policy.dialect.schema import schema_text as profile_schema_text
from bt_robot.policy.dialect.units import GripperScale
from bt_robot.robot.cameras.settings import CAMERA_KINDS
from bt_robot.robot.so101.settings import GuardSettings, HealthSettings, TorqueSettings
from bt_robot.tree.schema.files import schema_text
from bt_robot.tree.vocabulary.catalogue import Entry, entries

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))

import conditions  # noqa: E402 - they stand beside this file
import screenshots  # noqa: E402
import strategies  # noqa: E402

HIDDEN_CAMERAS = ("scripted",)
"""What only tests and demonstrations need."""

PICTURES = ("film.png", "joints.png", "latency.png", "chunks.png", "tree.svg")

_HEAD = """\
# Node types

Made from the code by `make docs`; `bt-nodes` shows the same for what is installed here, and `bt-check` tells when a
tree uses a node wrongly. How they fit together: [writing a tree](writing-a-tree.md). How to add one:
[writing a leaf](writing-a-leaf.md).

Every node may have a `name`; composites, decorators and subtree calls may have a `prompt` for all policy queries below
them.

## All at a glance

A parameter with `?` may be left out; one with `→` is written by the node, to a key. A node that is interrupted is
*halted*, with everything below it that is RUNNING, and starts afresh when it is ticked again; the last column says how.

| node | what it does | parameters | BehaviorTree.CPP | py_trees | when it is halted |
|---|---|---|---|---|---|
"""

_TITLES = {
    "composite": "Composites: many children",
    "decorator": "Decorators: one child",
    "action": "Actions",
    "condition": "Conditions",
}

_CHILDREN = {
    "list": "The children are a list, as in `{0}: [observe, wait]`, or under `children` beside other keys.",
    "one": "The child stands under `child`.",
    "named": "Each child has a word of its own: {1}.",
    "cases": "The children stand under `cases`, a mapping from values to nodes, and perhaps under `default`.",
}


def nodes_page() -> str:
    """Return the page that lists every node type with its parameters."""
    known = [*entries(standard_registry())]
    return _HEAD + "\n".join((*(_row(entry) for entry in known), "", *_sections(known)))


def _row(entry: Entry) -> str:
    names = ", ".join(f"`{word}`" for word in (entry.type, *entry.aliases))
    ports = ", ".join(
        f"`{port.name}`" + ("→" if port.direction == "output" else "" if port.required else "?") for port in entry.ports
    )
    halted = entry.on_halt or ("It is never RUNNING." if entry.kind == "condition" else "It is not ticked any more.")
    cells = (names, entry.summary, ports, _code(entry.btcpp), _code(entry.py_trees), halted)
    return f"| {' | '.join(cells)} |"


def _code(words: str) -> str:
    return f"`{words}`" if words else ""


def _sections(known: Sequence[Entry]) -> Iterator[str]:
    for kind, title in _TITLES.items():
        yield f"## {title}\n"
        for entry in known:
            if entry.kind == kind:
                yield from _section(entry)


def _section(entry: Entry) -> Iterator[str]:
    also = f" (also `{'`, `'.join(entry.aliases)}`)" if entry.aliases else ""
    yield f"### `{entry.type}`{also}\n"
    yield f"{entry.doc}\n"
    if entry.children:
        names = (
            f"`{word}`" + (" (may be left out)" if word in entry.children.optional else "")
            for word in entry.children.names
        )
        yield _CHILDREN[entry.children.form].format(entry.type, ", ".join(names)) + "\n"
    if entry.on_halt:
        yield f"When it is halted: {entry.on_halt[0].lower()}{entry.on_halt[1:]}\n"
    if entry.ports:
        yield "| port | takes | default | meaning |"
        yield "|---|---|---|---|"
        for port in entry.ports:
            if port.direction == "output":
                default = "*written by the node*"
            else:
                default = "**required**" if port.required else f"`{_shown(port.default)}`"
            key = ""
            if entry.children and port.keyed and port.direction == "input":
                key = ", or a key"
            yield f"| `{port.name}` | {port.takes}{key} | {default} | {port.doc} |"
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
    lines += _settings("### `vlm`", VlmSettings)
    lines.append("How a model is asked, and what comes of its answers: [asking a model](asking-a-vlm.md).\n")
    lines += _settings("### `writer`", WriterSettings)
    lines.append("How it writes a tree: [writing a tree with a model](writing-with-a-model.md).\n")
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
    (DOCS / "profile.schema.json").write_text(profile_schema_text(), encoding="utf-8")
    (DOCS / "tree.schema.json").write_text(schema_text(standard_registry()), encoding="utf-8")
    _write_pictures()
    strategies.write_pictures(DOCS / "images")
    conditions.write_pictures(DOCS / "images")
    if not screenshots.take(DOCS / "images"):
        sys.stderr.write("the pictures of the page stay as they are: no Chromium with chromedriver here\n")
