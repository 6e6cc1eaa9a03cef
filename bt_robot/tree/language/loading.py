"""Tree files as checked specs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bt_robot.config.problems import Problems
from bt_robot.config.source import SourceNode
from bt_robot.errors import Code
from bt_robot.tree.language.calls import note_cycles
from bt_robot.tree.language.expand import Expander
from bt_robot.tree.language.files import Library
from bt_robot.tree.language.header import Definition
from bt_robot.tree.spec import TreeSpec
from bt_robot.tree.vocabulary.registry import Registry


def load_tree(path: Path, registry: Registry, search: Sequence[Path] = ()) -> TreeSpec:
    """Load a tree file with everything that it includes.

    Args:
        path: The tree file.
        registry: The leaves that it may name.
        search: Folders in which includes are looked for after the including file's own.

    Raises:
        LoadError: Every problem in all the files.
    """
    problems = Problems()
    library = Library(search, registry.words, problems)
    return _spec(library.add_file(Path(path)), library, registry, problems)


def parse_tree(
    text: str, name: str, registry: Registry, search: Sequence[Path] = (), *, folder: Path | None = None
) -> TreeSpec:
    """Load a tree from text, as if it were a file.

    Args:
        text: The tree, in YAML.
        name: How the text is called in messages.
        registry: The leaves that it may name.
        search: Folders in which includes are looked for.
        folder: Where the text would be as a file, so that includes are found beside it; None for nowhere.

    Raises:
        LoadError: Every problem in the text and in the files that it includes.
    """
    problems = Problems()
    library = Library(search, registry.words, problems)
    return _spec(library.add_text(text, name, folder), library, registry, problems)


def load_definitions(heads: Sequence[SourceNode], registry: Registry, problems: Problems) -> TreeSpec:
    """Load a tree from files that were read elsewhere, e.g. out of another format.

    Args:
        heads: The tree's file first, then every subtree's; no other file is looked for.
        registry: The leaves that they may name.
        problems: What has been noted about them so far, and where more is noted.

    Raises:
        LoadError: Every problem in all of them.
    """
    library = Library((), registry.words, problems)
    tree, *_ = [library.add_read(head) for head in heads]
    return _spec(tree, library, registry, problems)


def _spec(tree: Definition | None, library: Library, registry: Registry, problems: Problems) -> TreeSpec:
    if tree and tree.kind == "subtree":
        hint = "include it from a tree"
        problems.add(
            tree.mark, "the file holds a subtree", expected="a file with 'tree: name'", hint=hint, code=Code.INCLUDE
        )
    expander = Expander(registry, library, problems)
    checked = all(expander.check(definition) for definition in library.definitions)
    root = None
    if checked and not note_cycles(expander.calls, problems) and tree and tree.kind == "tree":
        root = expander.expand(tree)
    problems.raise_if_any()
    assert tree is not None, "a file that could not be read has a problem"
    assert root is not None, "a tree without problems has a root"
    return TreeSpec(tree.name, root, tree.description, tree.expects, tuple(library.files), tuple(library.texts))
