"""Finds the trees and configs that come with the project, from a checkout or an installed wheel."""

from __future__ import annotations

from pathlib import Path

import bt_robot
from bt_robot.errors import LoadError, Problem, did_you_mean


def builtin_folder(kind: str) -> Path:
    """Return the folder of the built-in `trees` or `configs`.

    A wheel carries them inside the package; in a checkout they stand beside it.
    """
    package = Path(bt_robot.__file__).parent
    packaged = package / "builtin" / kind
    return packaged if packaged.is_dir() else package.parent / kind


def find_file(given: str, kind: str) -> Path:
    """Return the file a user named: as it is, or else the built-in one of that name.

    Args:
        given: A path, or the name of a built-in file with or without folder and `.yaml`.
        kind: `trees` or `configs`.

    Raises:
        LoadError: There is no such file, or it is a folder; the nearest built-in name is told.
    """
    path = Path(given)
    if path.is_file():
        return path
    if path.is_dir():
        raise LoadError([Problem(given, 0, 0, "that is a folder", "a YAML file")])
    folder = builtin_folder(kind)
    name = given.removeprefix("./").removeprefix(f"{kind}/").removesuffix(".yaml")
    builtin = folder / f"{name}.yaml"
    if ".." not in Path(name).parts and not Path(name).is_absolute() and builtin.is_file():
        return builtin
    known = sorted(str(file.relative_to(folder).with_suffix("")) for file in folder.rglob("*.yaml"))
    expected = f"a path, or a built-in one of {', '.join(known)}"
    raise LoadError([Problem(given, 0, 0, "there is no such file", expected, did_you_mean(Path(name).name, known))])
