"""Installed packages are asked what they bring along, without importing any of them."""

import sys

import pytest
from plugin_kit import leaf

from bt_robot.errors import PluginError
from bt_robot.plugins.installed import LEAVES, ROBOTS, installed

ENTRIES = {LEAVES: {"do_it": "my_parts_a:DoIt"}}
BAD = {"my_parts_a.py": "raise RuntimeError('imported')"}


def test_what_a_package_brings_is_known_by_its_words(installed_package):
    installed_package(entries=ENTRIES, modules={"my_parts_a.py": leaf("do_it")})
    plugin = installed(LEAVES)["do_it"]
    assert (plugin.target, plugin.origin, plugin.objection) == ("my_parts_a:DoIt", "my-parts 1.2", "")
    assert plugin.load().type_name == "do_it"
    assert installed(ROBOTS) == {}


def test_nothing_is_imported_to_know_it(installed_package):
    installed_package(entries=ENTRIES, modules=BAD)
    assert list(installed(LEAVES)) == ["do_it"]
    assert "my_parts_a" not in sys.modules


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
        ("import no_such_module_anywhere", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def broken(:", "SyntaxError: invalid syntax"),
        ("", "AttributeError: module 'my_parts_a' has no attribute 'DoIt'"),
    ],
)
def test_what_goes_wrong_in_an_import_is_told_in_a_line(installed_package, module, words):
    installed_package(entries=ENTRIES, modules={"my_parts_a.py": module})
    with pytest.raises(PluginError) as caught:
        installed(LEAVES)["do_it"].load()
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("requirement", "fits"),
    [
        ("bt-robot", True),
        ("bt-robot>=0.1,<0.2", True),
        ("BT_Robot >= 0.1", True),
        ("bt-robot<0.1", False),
        ("bt-robot>=1", False),
        ("numpy>=99", True),
        ("bt-robot>=1; extra == 'new'", True),
        ("no requirement at all !", True),
    ],
)
def test_a_package_for_another_version_is_not_imported(installed_package, requirement, fits):
    modules = {"my_parts_a.py": leaf("do_it")} if fits else BAD
    installed_package(entries=ENTRIES, modules=modules, requires=[requirement])
    plugin = installed(LEAVES)["do_it"]
    if fits:
        assert plugin.load().type_name == "do_it"
    else:
        with pytest.raises(PluginError, match=r"it is made for bt-robot [<>=]+\d.*, and this is 0\.1\.0; install the"):
            plugin.load()
        assert "my_parts_a" not in sys.modules


def test_a_word_of_two_packages_belongs_to_neither(installed_package):
    installed_package(entries=ENTRIES, modules=BAD)
    installed_package(name="your-parts", version="0.3", entries={LEAVES: {"do_it": "my_parts_b:DoIt"}})
    plugin = installed(LEAVES)["do_it"]
    assert plugin.origin == "my-parts 1.2 and your-parts 0.3"
    with pytest.raises(PluginError, match="both bring it; uninstall one of them"):
        plugin.load()


def test_a_switch_leaves_them_all_alone(installed_package, monkeypatch):
    installed_package(entries=ENTRIES, modules=BAD)
    monkeypatch.setenv("BT_ROBOT_PLUGINS", "0")
    with pytest.raises(PluginError, match="plug-ins are switched off by BT_ROBOT_PLUGINS=0"):
        installed(LEAVES)["do_it"].load()
    assert "my_parts_a" not in sys.modules
