"""What a language model is told before it writes a tree: the language, the nodes, the skills, the robot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bt_robot.config.problems import Problems
from bt_robot.messages import Setup
from bt_robot.tree import Registry
from bt_robot.tree.language.files import Library
from bt_robot.tree.language.header import Definition
from bt_robot.tree.vocabulary.catalogue import Entry, PortEntry, entries

SKILLS = "skills"
"""The folder beside a tree in which its skills are."""

_RULES = """\
You write behavior trees for a robot arm. A tree is a YAML file, and your answer is one whole file in a block that \
begins with ```yaml and ends with ```. A program checks it and tells you every mistake.

The file:
  tree: a_name            # small letters, digits and _
  description: What it does, in a sentence.
  include: [skills/x.yaml]   # the files of the skills that are used, and no others
  root:
    sequence:             # one node
      - ...

A node is a word alone (`- observe`), or one word with what it takes:
  - wait: {duration_s: 2}                      # a leaf and its ports
  - sequence: [observe, {wait: {duration_s: 1}}]   # a composite and its children
  - retry: {attempts: 3, child: {wait: {duration_s: 1}}}   # a decorator has one child under `child`
  - sequence:                                  # with a name, or ports, the children are under `children`
      name: first
      children: [...]
In every tick a node says RUNNING, SUCCESS or FAILURE. Use only the nodes, ports, skills, poses and cameras below. \
Numbers carry their unit in the port's name. Text that looks like a number or like yes, no, on, off is quoted. \
No anchors, aliases or tags.

The arm is driven by a policy that follows a prompt, one short step for each prompt: 'pick up the red block'. The \
policy never says that it is done. So use a skill for each step, with a condition that sees when it is done (`done`), \
a time limit, and `retry` around it where it may fail. End with the arm at a pose where one is given.
"""


@dataclass(frozen=True, slots=True)
class Skill:
    """A subtree that a tree may include.

    Attributes:
        file: How an include names it.
        definition: What it declares.
        text: The file's text.
    """

    file: str
    definition: Definition
    text: str


def skills_in(folders: Sequence[Path], registry: Registry) -> tuple[Skill, ...]:
    """Return the skills in the `skills` folders beside trees; of two with the same file the first one's folder wins.

    Args:
        folders: Where trees are.
        registry: The words that a skill can't be called by.
    """
    found: dict[str, Skill] = {}
    for folder in folders:
        for path in sorted((folder / SKILLS).glob("*.yaml")):
            problems = Problems()
            definition = Library(folders, registry.words, problems).add_file(path)
            name = f"{SKILLS}/{path.name}"
            if definition and definition.kind == "subtree" and definition.name and not problems.found:
                found.setdefault(name, Skill(name, definition, path.read_text(encoding="utf-8")))
    return tuple(found.values())


def briefing(registry: Registry, skills: Sequence[Skill], setup: Setup, example: str, schema: str = "") -> str:
    """Return what the model is told.

    Args:
        registry: The leaves.
        skills: What may be included.
        setup: What the tree will run with.
        example: A whole tree file that works.
        schema: The JSON Schema of tree files, for models with room for it; empty to leave it out.
    """
    parts = [_RULES, "# Nodes", *_nodes(registry, setup), "# Skills"]
    parts += [_skill(skill) for skill in skills] or ["There are none."]
    parts.append("# This robot")
    parts.append(f"joints, in this order: {', '.join(setup.limits.names)} [rad; the last one from 0 closed to 1 open]")
    parts.append(f"poses: {', '.join(setup.poses) or 'none'}")
    parts.append(f"cameras: {', '.join(setup.cameras) or 'none'}")
    parts.append(f"# A tree that works\n```yaml\n{example.strip()}\n```")
    if schema:
        parts.append(f"# JSON Schema of a tree file\n{schema}")
    return "\n\n".join(parts) + "\n"


def _nodes(registry: Registry, setup: Setup) -> Iterator[str]:
    for entry in entries(registry):
        if entry.type == "ask_vlm" and not setup.judge:
            continue
        yield _node(entry)


def _node(entry: Entry) -> str:
    origin = f", from {entry.origin}" if entry.origin else ""
    lines = [f"{entry.type} ({entry.kind}{origin}): {' '.join(entry.doc.split())}"]
    lines += [f"  {_port(port)}" for port in entry.ports]
    lines += [f"  {line}" for line in entry.example.splitlines()]
    return "\n".join(lines)


def _port(port: PortEntry) -> str:
    if port.direction == "output":
        when = 'written by it; a key such as "{width}"'
    else:
        when = "required" if port.required else f"default {port.default}"
    return f"{port.name}: {port.takes} ({when}): {port.doc}"


def _skill(skill: Skill) -> str:
    definition = skill.definition
    lines = [f"{definition.name}, include: [{skill.file}]: {definition.description}"]
    for name, parameter in definition.parameters.items():
        need = "required" if parameter.required else "may be left out"
        lines.append(f"  {name}: {parameter.expected} ({need}): {parameter.doc}")
    return "\n".join([*lines, "Its file:", "```yaml", skill.text.strip(), "```"])
