"""Profiles of installed packages go by their names, like the built-in ones."""

import pytest

from bt_robot.cli.settings import load_settings
from bt_robot.errors import LoadError
from bt_robot.plugins.installed import PROFILES
from bt_robot.plugins.profiles import plugin_profiles, resolved_profile
from bt_robot.policy.dialect.profile import load_profile

LAB = "extends: so101_radians\nhorizon: 20\n"


def put(installed_package, files, name="my-parts", folder="my_profiles_a", **more):
    modules = {f"{folder}/{file}": text for file, text in files.items()}
    installed_package(name=name, entries={PROFILES: {name: folder}}, modules=modules, **more)


def refused(name):
    with pytest.raises(LoadError) as caught:
        resolved_profile(name)
    return str(caught.value)


def test_a_profile_is_found_by_its_name(installed_package):
    put(installed_package, {"lab.yaml": LAB})
    assert load_profile(resolved_profile("lab")).horizon == 20
    assert plugin_profiles().origins == {"lab": "my-parts 1.2"}


def test_a_config_may_name_it(installed_package, tmp_path):
    put(installed_package, {"lab.yaml": LAB})
    path = tmp_path / "config.yaml"
    path.write_text("robot: {type: fake}\npolicy: {profile: lab}\n")
    assert load_profile(load_settings(str(path)).policy.profile).horizon == 20


def test_one_may_extend_another_of_its_package(installed_package):
    put(installed_package, {"lab.yaml": LAB, "twin.yaml": "extends: ./lab.yaml\nrate_hz: 20\n"})
    profile = load_profile(resolved_profile("twin"))
    assert (profile.horizon, profile.rate_hz) == (20, 20.0)


@pytest.mark.parametrize("given", ["so101_degrees", "own.yaml", "./own", "no_such_one"])
def test_what_is_no_plugins_stays_what_it_is(given):
    assert resolved_profile(given) == given


def test_an_unknown_one_is_told_with_all_that_are_there(installed_package):
    put(installed_package, {"lab.yaml": LAB})
    words = refused("lob")
    assert "lob: unknown profile; expected one of " in words
    assert ", lab, or the path of a .yaml file" in words
    assert "did you mean 'lab'?" in words


def test_a_built_in_one_keeps_its_name(installed_package):
    put(installed_package, {"so101_degrees.yaml": LAB, "lab.yaml": LAB})
    assert resolved_profile("so101_degrees") == "so101_degrees"
    (words,) = plugin_profiles().refusals.values()
    assert words == "it comes from plug-in my-parts 1.2, and bt-robot itself has one of this name"


def test_a_name_of_two_packages_belongs_to_neither(installed_package):
    put(installed_package, {"lab.yaml": LAB})
    put(installed_package, {"lab.yaml": LAB, "b.yaml": LAB}, name="your-parts", folder="my_profiles_b")
    assert "my-parts 1.2 and your-parts 1.2 both bring it; uninstall one of them" in refused("lab")
    assert resolved_profile("b").endswith("my_profiles_b/b.yaml")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"__init__.py": "raise RuntimeError('no luck')"}, "RuntimeError: no luck"),
        ({"readme.txt": ""}, "there is no .yaml file in my_profiles_a"),
    ],
)
def test_a_package_that_brings_none_is_told_when_one_is_missed(installed_package, files, words):
    put(installed_package, files)
    assert f"(plug-in my-parts 1.2 could not be loaded: {words})" in refused("zzz")


def test_a_module_is_no_package(installed_package):
    installed_package(entries={PROFILES: {"x": "my_profiles_c"}}, modules={"my_profiles_c.py": ""})
    assert "my_profiles_c is no package" in refused("zzz")
