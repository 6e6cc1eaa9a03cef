"""`bt-convert`: tree files as BehaviorTree.CPP's XML, and back."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from bt_robot.cli.arguments import (
    EXIT_FAILURE,
    EXIT_SUCCESS,
    Parser,
    add_output_flags,
    run_command,
    say,
)
from bt_robot.errors import UsageError

if TYPE_CHECKING:
    from bt_robot.tree.formats.from_xml import Import, TreeFile

_STDOUT = "-"

_EPILOG = """\
The other format is what the file is not: XML becomes YAML, YAML becomes XML
(BehaviorTree.CPP version 4, for Groot2 and BehaviorTree.CPP). A tree and all
its subtrees are one XML file; back, they are as many YAML files as they were.

Nothing is lost on the way there and back: what XML can't say goes along in
attributes that begin with `_`, which BehaviorTree.CPP passes over; comments,
too. What YAML can't say, such as scripts, is refused with its place and what
to use instead. docs/formats.md has the details.

examples:
  bt-convert trees/pick_place.yaml -o pick_place.xml
  bt-convert pick_place.xml -o mine/pick_place.yaml   subtrees below mine/, too
  bt-convert pick_place                      the XML of a built-in tree, shown
  bt-convert --check trees/pick_place.yaml   there and back: is it the same?

exit codes: 0 done, 1 --check found a difference, 2 the tree can't be loaded or
            said in the other format, or a flag is wrong, 130 interrupted"""


def _parser() -> Parser:
    parser = Parser(
        prog="bt-convert",
        description="Turn a tree file into BehaviorTree.CPP's XML, or such XML into tree files.",
        epilog=_EPILOG,
    )
    parser.add_argument("tree", metavar="TREE", help="a YAML or XML file, or the name of a built-in tree")
    parser.add_argument(
        "-o", "--output", metavar="FILE", default=_STDOUT, help="the file to write; '-' shows it (default)"
    )
    parser.add_argument("--force", action="store_true", help="replace files that say something else")
    parser.add_argument("--check", action="store_true", help="convert there and back and compare; write nothing")
    add_output_flags(parser)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Convert a tree; return the exit code."""
    return run_command(_run, _parser(), argv)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.json and arguments.output == _STDOUT and not arguments.check:
        raise UsageError("--json prints what was written; give -o FILE, too")
    if arguments.check:
        return _check(arguments)
    if Path(arguments.tree).suffix == ".xml":
        result = _imported(arguments.tree)
        written, kept = _write_yaml(result, arguments)
        notes = [*result.notes, *(f"{path} says the same already" for path in kept)]
    else:
        text, notes = _exported(arguments.tree), []
        written = _write_all({Path(arguments.output): text}, arguments.force)
    for note in notes:
        arguments.stderr.write(f"bt-convert: {note}\n")
    if arguments.json:
        say(json.dumps({"status": "OK", "files": [str(path) for path in written], "notes": notes}) + "\n")
    return EXIT_SUCCESS


def _exported(tree: str) -> str:
    from bt_robot.cli.vocabulary import installed_registry
    from bt_robot.config.builtin import builtin_folder, find_file
    from bt_robot.tree.formats.to_xml import tree_to_xml

    return tree_to_xml(find_file(tree, "trees"), installed_registry(), (builtin_folder("trees"),))


def _imported(path: str) -> Import:
    from bt_robot.cli.vocabulary import installed_registry
    from bt_robot.tree.formats.from_xml import tree_from_xml

    return tree_from_xml(Path(path), installed_registry())


def _write_yaml(result: Import, arguments: argparse.Namespace) -> tuple[list[Path], list[str]]:
    """Write the files of a tree; return those written, and those that are there already."""
    output = Path(arguments.output)
    main, *subtrees = result.files
    kept = [file for file in subtrees if _is_built_in(file)]
    rest = [file for file in subtrees if file not in kept]
    if arguments.output == _STDOUT:
        if rest:
            names = ", ".join(str(file.place) for file in rest)
            raise UsageError(f"the tree has subtrees of its own ({names}); give -o FILE to write them beside it")
        say(main.text)
        return [], []
    folder = output.parent
    texts = {output: main.text} | {folder / file.place: file.text for file in rest}
    for path in list(texts):
        if _says_the_same(path, texts[path]):
            kept.append(next(file for file in result.files if file.text == texts[path]))
            del texts[path]
    return _write_all(texts, arguments.force), [str(file.place) for file in kept]


def _is_built_in(file: TreeFile) -> bool:
    from bt_robot.config.builtin import builtin_folder

    return _says_the_same(builtin_folder("trees") / file.place, file.text)


def _says_the_same(path: Path, text: str) -> bool:
    """Whether a file is there and differs from a text in comments and layout at most."""
    from bt_robot.config.problems import Problems
    from bt_robot.config.source import parse, read_file
    from bt_robot.tree.formats.values import same_source

    if not path.is_file():
        return False
    there, new = read_file(path, Problems()), parse(text, path.name, Problems())
    return there is not None and new is not None and same_source(there, new)


def _write_all(texts: dict[Path, str], force: bool) -> list[Path]:
    if Path(_STDOUT) in texts:
        say(texts[Path(_STDOUT)])
        return []
    there = [str(path) for path, text in texts.items() if path.exists() and not force and _differs(path, text)]
    if there:
        raise UsageError(f"there already, and not the same: {', '.join(there)}; replace with --force")
    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{path} can't be written: {error.strerror or error}") from error
    return list(texts)


def _differs(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() != text.encode()
    except OSError:
        return True


def _check(arguments: argparse.Namespace) -> int:
    import tempfile

    from bt_robot.cli.vocabulary import installed_registry
    from bt_robot.config.builtin import builtin_folder, find_file
    from bt_robot.tree import load_tree
    from bt_robot.tree.formats.to_xml import tree_to_xml

    registry = installed_registry()
    with tempfile.TemporaryDirectory() as folder:
        if Path(arguments.tree).suffix == ".xml":
            before = _imported(arguments.tree)
            for file in before.files:
                _write_all({Path(folder) / file.place: file.text}, force=True)
            xml = tree_to_xml(Path(folder) / before.files[0].place, registry)
            spec, notes = before.spec, list(before.notes)
        else:
            search = (builtin_folder("trees"),)
            path = find_file(arguments.tree, "trees")
            xml, spec, notes = tree_to_xml(path, registry, search), load_tree(path, registry, search), []
        there = Path(folder) / "there.xml"
        there.write_text(xml, encoding="utf-8")
        again = _imported(str(there)).spec
    same = (again.root, again.name, again.description, again.expects) == (
        spec.root,
        spec.name,
        spec.description,
        spec.expects,
    )
    words = "the same there and back" if same else "NOT the same there and back, please report it"
    if arguments.json:
        say(json.dumps({"status": "OK" if same else "FAILURE", "tree": arguments.tree, "notes": notes}) + "\n")
    else:
        say("".join(f"{line}\n" for line in (*notes, f"{arguments.tree}: {words}")))
    return EXIT_SUCCESS if same else EXIT_FAILURE
