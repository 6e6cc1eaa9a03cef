"""Policy profiles from installed packages: an entry point leads to a package with *.yaml files in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bt_robot.errors import LoadError, PluginError, Problem, did_you_mean
from bt_robot.plugins.installed import PROFILES, Plugin, installed
from bt_robot.policy.dialect.profile import built_in_profiles


@dataclass(frozen=True, slots=True)
class Profiles:
    """The profiles that installed packages bring along.

    Attributes:
        files: Each profile's file, by its name.
        origins: The package that each comes from.
        refusals: Why a package's profiles, or a single one, can't be used; by what it is.
    """

    files: Mapping[str, Path]
    origins: Mapping[str, str]
    refusals: Mapping[str, str]


def plugin_profiles() -> Profiles:
    """Look for profiles in the installed packages that bring some."""
    files: dict[str, Path] = {}
    origins: dict[str, str] = {}
    refusals: dict[str, str] = {}
    for plugin in installed(PROFILES).values():
        try:
            found = _files(plugin)
        except PluginError as error:
            refusals[plugin.word] = f"plug-in {plugin.origin} could not be loaded: {error}"
            continue
        for path in found:
            name = path.stem
            if name in built_in_profiles():
                refusals[name] = f"it comes from plug-in {plugin.origin}, and bt-robot itself has one of this name"
            elif name in origins:
                refusals[name] = f"{origins[name]} and {plugin.origin} both bring it; uninstall one of them"
                files.pop(name, None)
            else:
                files[name], origins[name] = path, plugin.origin
    return Profiles(files, origins, refusals)


def _files(plugin: Plugin) -> list[Path]:
    places = getattr(plugin.load(), "__path__", None)
    if places is None:
        raise PluginError(f"{plugin.target} is no package")
    found = sorted(path for place in places for path in Path(place).glob("*.yaml"))
    if not found:
        raise PluginError(f"there is no .yaml file in {plugin.target}")
    return found


def resolved_profile(given: str) -> str:
    """Return a profile as `load_profile` takes it: the file of one that an installed package brings along.

    Args:
        given: A profile's name or path; what is no plug-in's is returned as it is.

    Raises:
        LoadError: There is no such profile, though there are some from packages; or a package's can't be used.
    """
    if "/" in given or given.endswith((".yaml", ".yml")) or given in built_in_profiles():
        return given
    profiles = plugin_profiles()
    if given in profiles.files:
        return str(profiles.files[given])
    if not (profiles.files or profiles.refusals):
        return given
    if given in profiles.refusals:
        raise LoadError([Problem(given, 0, 0, f"this profile can't be used: {profiles.refusals[given]}")])
    known = [*built_in_profiles(), *sorted(profiles.files)]
    expected = f"one of {', '.join(known)}, or the path of a .yaml file"
    broken = "; ".join(profiles.refusals.values())
    hint = did_you_mean(given, known) or broken
    raise LoadError([Problem(given, 0, 0, "unknown profile", expected, hint)])
