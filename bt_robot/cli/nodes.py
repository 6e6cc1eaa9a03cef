"""`bt-nodes`: every node that a tree file may name, with its ports and docs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bt_robot import __version__
from bt_robot.cli.arguments import EXIT_SUCCESS, Parser, run_command, say
from bt_robot.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from bt_robot.tree import Registry
    from bt_robot.tree.vocabulary.catalogue import Entry

_EPILOG = """\
Without a WORD every node is listed, by kind: composites have children,
decorators have one child, actions do something, conditions look at something.
With the name of a node, or one of its other names, all that is to be said of
it is shown, with an example to copy. With any other words the nodes that have
all of them in their names, ports or docs are listed.

Leaves of installed packages are listed with the package. One that can't be
loaded is named with the reason, on stderr; the others are listed all the same.
BT_ROBOT_PLUGINS=0 leaves all plug-ins alone.

examples:
  bt-nodes                        the whole list
  bt-nodes move_to                one node: parameters, docs, an example
  bt-nodes selector               py_trees' and BehaviorTree.CPP's names work
  bt-nodes gripper                every node that has to do with it
  bt-nodes --json | jq '.nodes[].type'
  bt-nodes --schema > tree.schema.json
      and as the first line of a tree file, for editors:
      # yaml-language-server: $schema=tree.schema.json

exit codes: 0 found, 2 there is no such node, or a flag is wrong"""


def _parser() -> Parser:
    parser = Parser(
        prog="bt-nodes",
        description="List every node that a tree file may name, or explain one of them.",
        epilog=_EPILOG,
    )
    parser.add_argument("words", nargs="*", metavar="WORD", help="a node's name, or words to search for")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object: nodes, ports, docs, examples")
    form.add_argument("--schema", action="store_true", help="print the JSON Schema of tree files, plug-ins included")
    parser.add_argument(
        "--subtrees",
        action="append",
        default=[],
        metavar="DIR",
        help="with --schema: only subtrees in this folder, and bt-robot's own, may be called; repeatable (default: any"
        " word may be one, in a file that includes others)",
    )
    parser.add_argument("-v", "--verbose", action="count", default=0, help="say what happens; twice: everything")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def main(argv: list[str] | None = None) -> int:
    """List nodes; return the exit code."""
    return run_command(_run, _parser(), argv)


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.cli.node_words import as_json, page, table
    from bt_robot.cli.vocabulary import installed_registry

    registry = installed_registry()
    words: list[str] = arguments.words
    if arguments.schema:
        say(_schema(arguments, registry))
        _warn(arguments, registry.refusals())
        return EXIT_SUCCESS
    if arguments.subtrees:
        raise UsageError("--subtrees is for --schema")
    exact = [_exact(registry, word) for word in words]
    found = [one for one in exact if one] if all(exact) and exact else _search(registry, words)
    broken = {} if all(exact) and exact else registry.refusals()
    if arguments.json:
        said = {"status": "OK", "nodes": [as_json(one) for one in found], "broken": broken}
        say(json.dumps(said, ensure_ascii=False) + "\n")
    elif all(exact) and exact:
        say("\n".join(page(one) for one in found))
    else:
        say(table(found))
    _warn(arguments, broken)
    return EXIT_SUCCESS


def _schema(arguments: argparse.Namespace, registry: Registry) -> str:
    from pathlib import Path

    from bt_robot.config.builtin import builtin_folder
    from bt_robot.tree.schema.files import schema_text, subtrees_in

    if arguments.words:
        raise UsageError("--schema is of all nodes; leave the words out")
    if not arguments.subtrees:
        return schema_text(registry)
    folders = [Path(given) for given in arguments.subtrees]
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"--subtrees {folder}: there is no such folder")
    return schema_text(registry, subtrees_in([*folders, builtin_folder("trees")], registry))


def _warn(arguments: argparse.Namespace, broken: Mapping[str, str]) -> None:
    for reason in broken.values():
        arguments.stderr.write(f"bt-nodes: {reason}\n")


def _exact(registry: Registry, word: str) -> Entry | None:
    from bt_robot.tree.formats.foreign import snake_case
    from bt_robot.tree.vocabulary.catalogue import entry

    refusal = registry.refusal(word)
    if refusal:
        raise UsageError(refusal)
    return entry(registry, word) or entry(registry, snake_case(word))  # SetBlackboard, as other libraries have it


def _search(registry: Registry, words: list[str]) -> list[Entry]:
    from bt_robot.cli.node_words import haystack
    from bt_robot.tree.vocabulary.catalogue import entries

    everything = list(entries(registry))
    found = [one for one in everything if all(word.lower() in haystack(one) for word in words)]
    if not found:
        names = [name for one in everything for name in (one.type, *one.aliases)]
        hint = did_you_mean(" ".join(words), names)
        raise UsageError(
            f"no node is called '{' '.join(words)}' or has it in its docs"
            f"{f' ({hint})' if hint else ''}; the whole list: bt-nodes"
        )
    return found
