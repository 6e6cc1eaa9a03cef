"""Tree files as checked specs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bt_robot.config.source import Mark, Problems
from bt_robot.tree.language.expand import Expander
from bt_robot.tree.language.files import Library
from bt_robot.tree.language.header import Definition
from bt_robot.tree.spec import TreeSpec
from bt_robot.tree.vocabulary.built_in import ALIASES, BUILT_IN
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
    library = Library(search, _words(registry), problems)
    return _spec(library.add_file(Path(path)), library, registry, problems)


def parse_tree(text: str, name: str, registry: Registry, search: Sequence[Path] = ()) -> TreeSpec:
    """Load a tree from text, as if it were a file.

    Args:
        text: The tree, in YAML.
        name: How the text is called in messages.
        registry: The leaves that it may name.
        search: Folders in which includes are looked for.

    Raises:
        LoadError: Every problem in the text and in the files that it includes.
    """
    problems = Problems()
    library = Library(search, _words(registry), problems)
    return _spec(library.add_text(text, name), library, registry, problems)


def _words(registry: Registry) -> set[str]:
    return {*BUILT_IN, *ALIASES, *registry.leaves}


def _spec(tree: Definition | None, library: Library, registry: Registry, problems: Problems) -> TreeSpec:
    if tree and tree.kind == "subtree":
        hint = "include it from a tree"
        problems.add(tree.mark, "the file holds a subtree", expected="a file with 'tree: name'", hint=hint)
    expander = Expander(registry, library, problems)
    checked = all(expander.check(definition) for definition in library.definitions)
    root = None
    if checked and not _note_cycles(expander.calls, problems) and tree and tree.kind == "tree":
        root = expander.expand(tree)
    problems.raise_if_any()
    assert tree is not None, "a file that could not be read has a problem"
    assert root is not None, "a tree without problems has a root"
    return TreeSpec(tree.name, root, tree.description, tree.expects, tuple(library.files))


def _note_cycles(calls: Mapping[str, Sequence[tuple[str, Mark]]], problems: Problems) -> bool:
    """Note subtrees that call each other in a circle; return whether there are any."""
    done: set[str] = set()
    found = False
    for start in calls:
        chain: list[str] = [start]
        rest = [iter(calls[start])] if start not in done else []
        while rest:
            callee, mark = next(rest[-1], ("", None))
            if mark is None:
                done.add(chain.pop())
                rest.pop()
            elif callee in chain:
                circle = " → ".join((*chain[chain.index(callee) :], callee))
                problems.add(mark, f"subtree cycle: {circle}", expected="subtrees that end")
                found = True
            elif callee not in done:
                chain.append(callee)
                rest.append(iter(calls.get(callee, ())))
    return found
