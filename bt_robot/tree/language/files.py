"""Tree files and the files they include: every one read once, every problem noted."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath

from bt_robot.config.problems import Mark, Problems, cut
from bt_robot.config.source import MapNode, ScalarNode, SourceNode, parse, read_file, read_text
from bt_robot.errors import Code, did_you_mean
from bt_robot.tree.language.header import Definition, read_definition

MAX_FILES = 200
MAX_TOTAL_BYTES = 4_000_000
"""Of all files together: as many as 200 large ones would take minutes."""
MAX_INCLUDE_DEPTH = 20
MAX_ENTRIES = 5_000
"""How many files and folders are looked at to find the one whose include was forgotten."""


class Library:
    """The definitions in a tree file and in everything that it includes.

    Attributes:
        subtrees: The subtrees by name.
        definitions: Every definition, those without a usable name too.
        files: Every file read, in order.
        texts: What was in each of them.
        unloaded: Subtrees that an include should have brought, by the names of the files, and did not.
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
        self.texts: list[str] = []
        self.unloaded: set[str] = set()
        self._search = tuple(search)
        self._taken = taken
        self._problems = problems
        self._read: set[str] = set()
        self._below: dict[Path, Mapping[str, list[str]]] = {}
        self._hints: dict[tuple[str, str], str] = {}
        self._homes: dict[str, Path] = {}
        self._bytes = 0

    def add_file(self, path: Path) -> Definition | None:
        """Read a file and what it includes; None when nothing could be made of it."""
        return self._add_file(path, ())

    def add_text(self, text: str, name: str, folder: Path | None = None) -> Definition | None:
        """Read a text as if it were a file, and what it includes."""
        node = parse(text, name, self._problems)
        definition = read_definition(node, self._taken, self._problems) if node else None
        if folder is not None:
            self._homes[name] = folder
        return self._add(definition, folder, ()) if definition else None

    def include_hint(self, word: str, file: str) -> str:
        """Return which include would bring a subtree, or an empty string when no file near declares it.

        Args:
            word: A node type that is not known.
            file: The file that names it, as called in messages.
        """
        if (word, file) not in self._hints:
            self._hints[word, file] = self._include_hint(word, file)
        return self._hints[word, file]

    def _include_hint(self, word: str, file: str) -> str:
        folders = self._folders(self._homes.get(file))
        for folder in folders:
            if folder not in self._below:
                self._below[folder] = _yaml_files_below(folder)
        names = [name for folder in folders for name in self._below[folder].get(word, ())]
        for name in sorted(names, key=lambda name: name.count("/")):
            found = _first(name, folders)
            if found and _declares(found, word):
                has_some = any(d.includes for d in self.definitions if d.mark.file == file)
                return f"add '{name}' to include" if has_some else f"add include: [{name}]"
        return ""

    def _folders(self, folder: Path | None) -> list[Path]:
        return [*([folder] if folder else []), *self._search]

    def _add_file(self, path: Path, chain: tuple[Path, ...]) -> Definition | None:
        self._read.add(os.path.realpath(path))
        self._homes[str(path)] = path.parent
        text = read_text(path, str(path), self._problems)
        self.files.append(path)
        self.texts.append(text or "")
        node = None if text is None else parse(text, str(path), self._problems)
        definition = read_definition(node, self._taken, self._problems) if node else None
        return self._add(definition, path.parent, (*chain, path)) if definition else None

    def add_read(self, node: SourceNode) -> Definition | None:
        """Add a file that was read already, without looking for what it includes."""
        definition = read_definition(node, self._taken, self._problems)
        if definition:
            self._keep(definition)
        return definition

    def _keep(self, definition: Definition) -> None:
        self.definitions.append(definition)
        if definition.kind == "subtree" and definition.name:
            first = self.subtrees.setdefault(definition.name, definition)
            if first is not definition:
                place = f"{first.mark.file}:{first.mark.line}"
                message = f"a second subtree '{definition.name}'"
                self._problems.add(
                    definition.mark,
                    message,
                    expected="another name",
                    hint=f"the first is in {place}",
                    code=Code.BAD_NAME,
                )

    def _add(self, definition: Definition, folder: Path | None, chain: tuple[Path, ...]) -> Definition:
        self._keep(definition)
        for name, mark in definition.includes:
            if self._problems.full:
                break
            if not self._include(name, mark, folder, chain):
                self.unloaded.add(PurePosixPath(name).stem)
        return definition

    def _include(self, name: str, mark: Mark, folder: Path | None, chain: tuple[Path, ...]) -> bool:
        """Read a file unless it was read already; return whether it is there, or else note why not."""
        path = self._find(name, mark, folder)
        if path is None:
            return False
        resolved = os.path.realpath(path)
        names = [os.path.realpath(file) for file in chain]
        if resolved in names:
            circle = " → ".join(str(file) for file in (*chain[names.index(resolved) :], path))
            self._problems.add(mark, f"include cycle: {circle}", expected="includes that end", code=Code.INCLUDE)
            return False
        if resolved in self._read:
            return True
        if len(chain) >= MAX_INCLUDE_DEPTH or len(self.files) >= MAX_FILES:
            expected = f"at most {MAX_FILES} files, nested {MAX_INCLUDE_DEPTH} deep"
            self._problems.add(mark, f"include '{cut(name)}' is one too many", expected=expected, code=Code.TOO_LARGE)
            return False
        self._bytes += _size(path)
        if self._bytes > MAX_TOTAL_BYTES:
            expected = f"at most {MAX_TOTAL_BYTES} bytes in all included files"
            self._problems.add(mark, f"include '{cut(name)}' is one too many", expected=expected, code=Code.TOO_LARGE)
            return False
        included = self._add_file(path, chain)
        if included and included.kind == "tree":
            self._problems.add(
                mark,
                f"include '{cut(name)}': '{included.name}' is a tree",
                expected="a subtree file",
                code=Code.INCLUDE,
            )
        return included is not None and included.kind == "subtree" and bool(included.name)

    def _find(self, name: str, mark: Mark, folder: Path | None) -> Path | None:
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts or "\\" in name:
            expected = "a relative path without '..', such as skills/pick.yaml"
            self._problems.add(mark, f"include '{cut(name)}' leaves its folder", expected=expected, code=Code.INCLUDE)
            return None
        if parts.suffix not in (".yaml", ".yml"):
            self._problems.add(
                mark, f"include '{cut(name)}' is no YAML file", expected="a name.yaml", code=Code.INCLUDE
            )
            return None
        folders = self._folders(folder)
        if found := _first(name, folders):
            return found
        stem = str(parts.with_suffix(""))
        files = _yaml_files(folders, parts.parent)
        similar = [file for file in files if did_you_mean(stem, [file.removesuffix(".yaml")])]
        self.unloaded.update(PurePosixPath(file).stem for file in similar)
        near = did_you_mean(name, similar)
        searched = ", ".join(str(place) for place in folders) or "no folder"
        self._problems.add(
            mark, f"include '{cut(name)}': no such file", expected=f"a file in {searched}", hint=near, code=Code.INCLUDE
        )
        return None


def _first(name: str, folders: Sequence[Path]) -> Path | None:
    """Return the file that an include of a name brings."""
    return next((path for path in (folder / name for folder in folders) if _is_file(path)), None)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # gone since it was found; reading it says so
        return 0


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


def _yaml_files_below(folder: Path) -> Mapping[str, list[str]]:
    """Return the YAML files in a folder and below it by their stems, the nearest first; a large folder is cut off."""
    found: dict[str, list[str]] = {}
    rest, left = deque([PurePosixPath()]), MAX_ENTRIES
    while rest and left > 0:
        place = rest.popleft()
        try:
            with os.scandir(folder / place) as entries:
                seen = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in islice(entries, left)]
        except OSError:
            continue
        left -= len(seen)
        for name, is_folder in sorted(seen):
            if is_folder and not name.startswith("."):
                rest.append(place / name)
            elif name.endswith(".yaml"):
                found.setdefault(name.removesuffix(".yaml"), []).append(str(place / name))
    return found


def _declares(path: Path, subtree: str) -> bool:
    node = read_file(path, Problems())
    named = node.get("subtree") if isinstance(node, MapNode) else None
    return isinstance(named, ScalarNode) and named.text == subtree
