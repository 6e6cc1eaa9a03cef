"""Leaves of installed packages are nodes like all others, and one that can't be used harms no tree without it."""

import sys

import pytest
from plugin_kit import leaf

from bt_robot.cli.vocabulary import installed_registry
from bt_robot.errors import LoadError
from bt_robot.plugins.installed import LEAVES
from bt_robot.tree import build_tree, parse_tree

HEAD = "node 'do_it' comes from plug-in my-parts 1.2, "


def put(installed_package, module, name="do_it", target="my_parts_c:DoIt", **more):
    installed_package(entries={LEAVES: {name: target}}, modules={"my_parts_c.py": module}, **more)


def load(root):
    return parse_tree(f"tree: t\nroot: {root}", "t.yaml", installed_registry())


def problem(root):
    with pytest.raises(LoadError) as caught:
        load(root)
    (found,) = caught.value.problems
    return found


def test_a_tree_may_name_it(installed_package):
    put(installed_package, leaf("do_it"))
    tree = build_tree(load("{do_it: {size_m: 0.2}}"))
    assert tree.nodes[0].type == "do_it"
    assert "did you mean 'size_m'?" in str(problem("{do_it: {size: 0.2}}"))


def test_a_tree_that_does_not_name_it_does_not_import_it(installed_package):
    put(installed_package, "raise RuntimeError")
    assert load("observe").root.type == "observe"
    assert "my_parts_c" not in sys.modules
    assert "unknown node type 'fly'" in str(problem("fly"))
    assert "my_parts_c" not in sys.modules


def test_it_is_suggested_without_being_imported(installed_package):
    put(installed_package, "raise RuntimeError")
    assert problem("do_itt").hint == "did you mean 'do_it'?"
    assert "my_parts_c" not in sys.modules


def test_a_subtree_cannot_have_its_name(installed_package, tmp_path):
    put(installed_package, leaf("do_it"))
    (tmp_path / "own.yaml").write_text("subtree: do_it\nroot: observe\n")
    text = "tree: t\ninclude: [own.yaml]\nroot: observe"
    with pytest.raises(LoadError, match="'do_it' is a node type already"):
        parse_tree(text, "t.yaml", installed_registry(), [tmp_path])


NO_DOC = leaf("do_it").replace('"""Do it at once."""', "")
BAD_PORT = leaf("do_it").replace("Input(float, default=0.1, minimum=0.0,", "Input(dict,")
BAD_NAME = leaf("do_it").replace("size_m =", "children =")
NO_TICK = leaf("do_it").replace("on_tick", "tick")


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("import no_such_module_anywhere", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
        ("DoIt = 3", "3 is no class derived from bt_robot.tree.Action or Condition"),
        ("class DoIt: pass", "<class 'my_parts_c.DoIt'> is no class derived from bt_robot.tree.Action or Condition"),
        (leaf("do_that"), "DoIt is called 'do_that'; name its entry point so"),
        (NO_DOC, "'do_it' can't be registered: DoIt has no docstring to show to users"),
        (NO_TICK, "'do_it' can't be registered: DoIt has no on_tick"),
        (BAD_PORT, "TypeError: "),
        (BAD_NAME, "TypeError: DoIt: a port can't be called 'children'"),
    ],
)
def test_one_that_cannot_be_used_is_told_where_a_tree_names_it(installed_package, module, words):
    put(installed_package, module)
    found = problem("{sequence: [observe, do_it]}")
    assert (found.line, found.column) == (2, 28)
    assert f"{HEAD}which could not be loaded: {words}" in found.message
    assert load("observe").root.type == "observe"


@pytest.mark.parametrize("word", ["wait", "sequence", "selector"])
def test_the_projects_own_words_keep_their_meaning(installed_package, word):
    put(installed_package, "raise RuntimeError", name=word)
    registry = installed_registry()
    assert registry.origin("wait") == registry.origin("sequence") == ""
    body = "{wait: {duration_s: 1}}" if word == "wait" else f"{{{word}: [observe]}}"
    assert load(body).root.kind in ("action", "composite")
    assert registry.refusals() == {
        word: f"node '{word}' comes from plug-in my-parts 1.2, but bt-robot itself has one of this name"
    }
    assert "my_parts_c" not in sys.modules


def test_an_alias_has_an_entry_point_of_its_own(installed_package):
    module = leaf("do_it").replace("size_m =", 'aliases = ("just_do_it",)\n    size_m =')
    entries = {LEAVES: {"do_it": "my_parts_c:DoIt", "just_do_it": "my_parts_c:DoIt"}}
    installed_package(entries=entries, modules={"my_parts_c.py": module})
    assert load("just_do_it").root.type == "do_it"


def test_the_registry_says_where_a_leaf_comes_from(installed_package):
    put(installed_package, leaf("do_it"))
    registry = installed_registry()
    assert registry.origin("do_it") == "my-parts 1.2"
    assert "do_it" in registry.type_names
    assert "do_it" in dict(registry.leaves.items())
    assert len(registry.leaves) == len(list(registry.leaves))


def test_going_over_all_leaves_passes_over_those_that_cannot_be_used(installed_package):
    put(installed_package, "raise RuntimeError")
    registry = installed_registry()
    assert "do_it" not in list(registry.leaves)
    assert registry.refusal("do_it") == f"{HEAD}which could not be loaded: RuntimeError: "
    assert registry.refusal("observe") == registry.refusal("no_such") == ""


def test_one_that_cannot_be_used_is_imported_once_and_told_the_same_again(installed_package, tmp_path):
    count = tmp_path / "imports"
    put(installed_package, f"with open({str(count)!r}, 'a') as file:\n    file.write('x')\nraise RuntimeError")
    registry = installed_registry()
    words = {registry.refusal("do_it") for _ in range(3)} | set(registry.refusals().values())
    assert len(words) == 1
    assert "do_it" not in registry.leaves
    assert count.read_text() == "x"
