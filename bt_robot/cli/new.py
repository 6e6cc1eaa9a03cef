"""`bt-new`: begin a leaf, a tree or a profile with something that works."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path

from bt_robot import __version__
from bt_robot.cli.arguments import EXIT_SUCCESS, Parser, run_command, say
from bt_robot.errors import UsageError, did_you_mean

_EPILOG = """\
leaf NAME     a folder with a package of its own: the class, its tests, a tree
              that tries it. It is installed with pip, and bt-run, bt-check and
              bt-nodes know the node from then on.
tree NAME     NAME.yaml: two skills and a motion, with comments; it runs in
              simulation as it is.
profile NAME  NAME.yaml: like another profile, with every key explained; for a
              policy server that none of the built-in profiles fits.

Nothing is written if any of the files is there already, unless with --force.

examples:
  bt-new leaf open_gripper
  bt-new leaf gripper_is_open --condition --into ~/robot
  bt-new tree clear_table
  bt-new profile my_server --from so101_degrees

exit codes: 0 written, 2 a name or a flag is wrong, or a file is there already"""

_LONGEST = 40


def _parser() -> Parser:
    parser = Parser(
        prog="bt-new",
        description="Begin a leaf, a tree or a profile with something that works.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("kind", metavar="leaf|tree|profile", help="what to begin")
    parser.add_argument("name", metavar="NAME", help="what to call it, e.g. open_gripper")
    parser.add_argument("--condition", action="store_true", help="leaf: one that looks, instead of one that acts")
    parser.add_argument(
        "--from",
        dest="base",
        metavar="PROFILE",
        help="profile: the one to begin with, a built-in one or the path of one (default: so101_degrees)",
    )
    parser.add_argument("--into", default=".", metavar="DIR", help="where to write it (default: here)")
    parser.add_argument("--force", action="store_true", help="write over files that are there already")
    parser.add_argument("--json", action="store_true", help="print one JSON object: the files, and what to do next")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Write a skeleton; return the exit code."""
    return run_command(_run, _parser(), argv)


def _run(arguments: argparse.Namespace) -> int:
    makers = {"leaf": _leaf, "tree": _tree, "profile": _profile}
    kind, name = arguments.kind, arguments.name
    if kind not in makers:
        hint = did_you_mean(kind, makers)
        raise UsageError(f"'{kind}' can't be begun; expected leaf, tree or profile{f' ({hint})' if hint else ''}")
    _check_flags(arguments)
    _check_name(name, kind)
    files, steps = makers[kind](arguments)
    folder = Path(arguments.into) / name if kind == "leaf" else Path(arguments.into)
    written = _write(files, folder, force=arguments.force)
    steps = [step.format(folder=folder, file=written[0]) for step in steps]
    if arguments.json:
        said = {"status": "OK", "files": [str(path) for path in written], "next": steps}
        say(json.dumps(said, ensure_ascii=False) + "\n")
    else:
        lines = [*(f"wrote {path}" for path in written), "", "next:", *(f"  {step}" for step in steps)]
        say("\n".join(lines) + "\n")
    return EXIT_SUCCESS


def _leaf(arguments: argparse.Namespace) -> tuple[dict[str, str], list[str]]:
    from bt_robot.cli.skeleton import leaf_package

    name = arguments.name
    _refuse_known_node(name, force=arguments.force)
    files = leaf_package(name, "condition" if arguments.condition else "action")
    steps = [
        "cd {folder}",
        "pip install -e '.[test]'    # bt-run, bt-check and bt-nodes know the node then",
        "python -m pytest            # its tests, on an arm in memory",
        f"bt-run trees/try_{name}.yaml",
        f"and write what it shall do into src/bt_{name}/{name}.py",
    ]
    return files, steps


def _refuse_known_node(name: str, *, force: bool) -> None:
    from bt_robot.cli.vocabulary import installed_registry
    from bt_robot.config.builtin import builtin_folder
    from bt_robot.tree.schema.files import subtrees_in
    from bt_robot.tree.vocabulary.catalogue import entry

    registry = installed_registry()
    origin = registry.origin(name)
    if origin and force:  # it may be the one that is to be written anew
        return
    if origin or entry(registry, name):
        where = f"comes from {origin}" if origin else "is one of bt-robot's own"
        raise UsageError(f"the node '{name}' {where}; expected a new name (see bt-nodes {name})")
    if name in subtrees_in((builtin_folder("trees"),), registry):
        raise UsageError(f"'{name}' is a subtree of bt-robot's own, which trees include; expected a new name")


def _tree(arguments: argparse.Namespace) -> tuple[dict[str, str], list[str]]:
    from bt_robot.cli.skeleton import tree_file

    return tree_file(arguments.name), ["bt-check {file}", "bt-run {file}", "and change what it does in {file}"]


def _profile(arguments: argparse.Namespace) -> tuple[dict[str, str], list[str]]:
    from bt_robot.cli.skeleton import profile_file
    from bt_robot.plugins.profiles import resolved_profile
    from bt_robot.policy.dialect.profile import built_in_profiles

    if arguments.name in built_in_profiles():
        raise UsageError(f"there is a built-in profile '{arguments.name}'; expected a new name, with --from that one")
    base = resolved_profile(arguments.base or "so101_degrees")
    if "/" in base or base.endswith((".yaml", ".yml")):
        base = str(Path(base).resolve())
    steps = [
        "bt-check --policy standin --profile {file}          # a server that speaks it",
        "bt-check --policy ws://gpu:8000 --profile {file}    # and yours",
        "and change what differs in {file}",
    ]
    return profile_file(arguments.name, base), steps


def _check_flags(arguments: argparse.Namespace) -> None:
    if arguments.condition and arguments.kind != "leaf":
        raise UsageError("--condition is for a leaf")
    if arguments.base and arguments.kind != "profile":
        raise UsageError("--from is for a profile")


def _check_name(name: str, kind: str) -> None:
    """Refuse a name that would not work everywhere: in tree files, as a file's, and for a leaf as a module's."""
    import keyword

    if re.fullmatch(r"[a-z][a-z0-9_]*", name) and len(name) <= _LONGEST and not keyword.iskeyword(name):
        return
    near = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.removesuffix(".yaml")).lower()
    near = re.sub(r"[^a-z0-9]+", "_", near).strip("_0123456789")[:_LONGEST]
    hint = f" (try {near})" if near and near != name and not keyword.iskeyword(near) else ""
    raise UsageError(
        f"{kind} '{name}': not a name; expected small letters, digits and _, at most {_LONGEST} of them, and no word of"
        f" Python's{hint}"
    )


def _write(files: Mapping[str, str], folder: Path, *, force: bool) -> list[Path]:
    """Write files below a folder, none where one is there already; return their paths.

    Raises:
        UsageError: One is there already, or can't be written.
    """
    paths = {folder / name: text for name, text in files.items()}
    there = [str(path) for path in paths if path.exists() or path.is_symlink()]
    if there and not force:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise UsageError(f"{there[0]}{more}: there already, and nothing was written (--force writes over)")
    try:
        for path, text in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: {error.strerror or error}") from error
    return list(paths)
