"""Tree files and the files they include: every one read once, every problem noted."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

from bt_robot.config.source import Mark, Problems, parse, read_file
from bt_robot.errors import did_you_mean
from bt_robot.tree.header import Definition, read_definition

MAX_FILES = 200
MAX_INCLUDE_DEPTH = 20


class Library:
    """The definitions in a tree file and in everything that it includes.

    Attributes:
        subtrees: The subtrees by name.
        definitions: Every definition, those without a usable name too.
        files: Every file read, in order.
    """

    def __init__(self, search: Sequence[Path], taken: Collection[str], problems: Problems) -> None:
        """Start empty.

        Args:
            search: Folders in which includes are looked for, after the including file's own.
            taken: Words that a subtree can't be called by.
            problems: Where problems are noted.
        """
        self.subtrees: dict[str, Definition] = {}
        self.definitions: list[Definition] = []
        self.files: list[Path] = []
        self._search = tuple(search)
        self._taken = taken
        self._problems = problems
        self._read: set[str] = set()

    def add_file(self, path: Path) -> Definition | None:
        """Read a file and what it includes; None when nothing could be made of it."""
        return self._add_file(path, ())

    def add_text(self, text: str, name: str) -> Definition | None:
        """Read a text as if it were a file, and what it includes."""
        node = parse(text, name, self._problems)
        definition = read_definition(node, self._taken, self._problems) if node else None
        return self._add(definition, None, ()) if definition else None

    def _add_file(self, path: Path, chain: tuple[Path, ...]) -> Definition | None:
        self._read.add(os.path.realpath(path))
        self.files.append(path)
        node = read_file(path, self._problems)
        definition = read_definition(node, self._taken, self._problems) if node else None
        return self._add(definition, path.parent, (*chain, path)) if definition else None

    def _add(self, definition: Definition, folder: Path | None, chain: tuple[Path, ...]) -> Definition:
        self.definitions.append(definition)
        if definition.kind == "subtree" and definition.name:
            first = self.subtrees.setdefault(definition.name, definition)
            if first is not definition:
                place = f"{first.mark.file}:{first.mark.line}"
                message = f"a second subtree '{definition.name}'"
                self._problems.add(definition.mark, message, expected="another name", hint=f"the first is in {place}")
        for name, mark in definition.includes:
            self._include(name, mark, folder, chain)
        return definition

    def _include(self, name: str, mark: Mark, folder: Path | None, chain: tuple[Path, ...]) -> None:
        path = self._find(name, mark, folder)
        if path is None:
            return
        resolved = os.path.realpath(path)
        names = [os.path.realpath(file) for file in chain]
        if resolved in names:
            circle = " → ".join(str(file) for file in (*chain[names.index(resolved) :], path))
            self._problems.add(mark, f"include cycle: {circle}", expected="includes that end")
        elif resolved in self._read:
            return
        elif len(chain) >= MAX_INCLUDE_DEPTH or len(self.files) >= MAX_FILES:
            expected = f"at most {MAX_FILES} files, nested {MAX_INCLUDE_DEPTH} deep"
            self._problems.add(mark, f"include '{name}' is one too many", expected=expected)
        else:
            included = self._add_file(path, chain)
            if included and included.kind == "tree":
                self._problems.add(mark, f"include '{name}': '{included.name}' is a tree", expected="a subtree file")

    def _find(self, name: str, mark: Mark, folder: Path | None) -> Path | None:
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts or "\\" in name:
            expected = "a relative path without '..', such as skills/pick.yaml"
            self._problems.add(mark, f"include '{name}' leaves its folder", expected=expected)
            return None
        folders = [*([folder] if folder else []), *self._search]
        for candidate in (place / name for place in folders):
            if _is_file(candidate):
                return candidate
        stem = str(parts.with_suffix(""))
        files = _yaml_files(folders, parts.parent)
        near = did_you_mean(name, [file for file in files if did_you_mean(stem, [file.removesuffix(".yaml")])])
        searched = ", ".join(str(place) for place in folders) or "no folder"
        self._problems.add(mark, f"include '{name}': no such file", expected=f"a file in {searched}", hint=near)
        return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for the file system
        return False


def _yaml_files(folders: Sequence[Path], parent: PurePosixPath) -> list[str]:
    found = [folder / parent for folder in folders]
    return [str(parent / file.name) for place in found if _is_folder(place) for file in sorted(place.glob("*.yaml"))]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False
