"""What `bt-new` writes: files from templates, and a profile from another one."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import PurePath
from string import Template
from typing import Final, Literal

from bt_robot import __version__
from bt_robot.config.schema import attribute_docs
from bt_robot.config.writing import as_yaml
from bt_robot.policy.dialect.profile import Profile, load_profile

_WIDTH: Final = 100
_TEMPLATES: Final = files("bt_robot.cli") / "skeletons"


def leaf_package(name: str, kind: Literal["action", "condition"]) -> dict[str, str]:
    """Return the files of an installable package with one leaf, by their paths below the package's folder.

    Args:
        name: The leaf's word in tree files.
        kind: What it is.
    """
    package = f"bt_{name}"
    major, minor = (int(part) for part in __version__.split(".")[:2])  # behind them a version may have letters
    words = {
        "name": name,
        "package": package,
        "distribution": package.replace("_", "-"),
        "class_name": "".join(part.capitalize() for part in name.split("_")),
        "version": f"{major}.{minor}",
        "next_major": f"0.{minor + 1}" if major == 0 else f"{major + 1}",  # before 1.0 a minor version may break things
    }
    templates = {
        "pyproject.toml": "leaf/pyproject.toml",
        "README.md": "leaf/README.md",
        f"src/{package}/__init__.py": "leaf/init.py",
        f"src/{package}/{name}.py": f"leaf/{kind}.py",
        f"tests/test_{name}.py": f"leaf/{kind}_test.py",
        f"trees/try_{name}.yaml": "leaf/tree.yaml",
    }
    return {path: _filled(template, words) for path, template in templates.items()}


def tree_file(name: str) -> dict[str, str]:
    """Return a tree file that picks and places, by its path."""
    file = f"{name}.yaml"
    return {file: _filled("tree.yaml", {"name": name, "file": file})}


def profile_file(name: str, base: str) -> dict[str, str]:
    """Return a profile that differs from another one in nothing yet, with every key in it as a comment, by its path.

    Args:
        name: What it is called.
        base: The profile that it extends, as `load_profile` takes it.

    Raises:
        LoadError: There is no such profile.
    """
    return {f"{name}.yaml": "\n".join(_profile_lines(name, base)) + "\n"}


def _filled(template: str, words: Mapping[str, str]) -> str:
    text = (_TEMPLATES / f"{template}.template").read_text(encoding="utf-8")
    return Template(text).substitute(words)


def _profile_lines(name: str, base: str) -> Iterator[str]:
    profile, docs = load_profile(base), attribute_docs(Profile)
    shown = PurePath(base).stem if base.endswith((".yaml", ".yml")) else base
    yield f"# {name}: what a policy server does not say about itself."
    yield "# It is like the profile that it extends. Where your server differs, take the '# ' off the key and change"
    yield "# the value; the keys are written as they are there."
    yield "#"
    yield f"#   bt-check --policy ws://gpu:8000 --profile {name}.yaml        does it fit the server?"
    yield f"#   bt-run TREE --set policy.url=ws://gpu:8000 --set policy.profile={name}.yaml"
    yield f"extends: {as_yaml(base)}"
    yield f"description: {as_yaml(f'Like {shown}.')}"
    for field in dataclasses.fields(profile):
        if field.name != "description":
            yield ""
            yield from textwrap.wrap(docs[field.name], _WIDTH, initial_indent="# ", subsequent_indent="#   ")
            yield f"# {field.name}: {as_yaml(getattr(profile, field.name))}"
