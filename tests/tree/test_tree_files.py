"""Includes are found beside the file first, read once, never outside their folders, and never in circles."""

from __future__ import annotations

from pathlib import Path

import pytest
from tree_leaves import REGISTRY

from bt_robot.errors import LoadError
from bt_robot.tree import load_tree, parse_tree
from bt_robot.tree.files import MAX_FILES, MAX_INCLUDE_DEPTH


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(**files: str) -> None:
    for name, text in files.items():
        path = Path(name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def problems(*search: str) -> list[str]:
    with pytest.raises(LoadError) as error:
        load_tree(Path("t.yaml"), REGISTRY, [Path(name) for name in search])
    return str(error.value).splitlines()


def test_a_file_beside_the_including_one_comes_before_the_search_folders():
    write(t="tree: t\ninclude: [skills/a.yaml, b.yaml]\nroot: {sequence: [a, b]}")
    write(skills__a="subtree: a\nroot: {look: {script: S}}")
    write(lib__skills__a="subtree: a\nroot: {look: {script: F}}", lib__b="subtree: b\nroot: look")
    spec = load_tree(Path("t.yaml"), REGISTRY, [Path("lib")])
    assert spec.root.children[0].children[0].values == {"script": "S"}
    assert spec.files == (Path("t.yaml"), Path("skills/a.yaml"), Path("lib/b.yaml"))


def test_an_include_is_relative_to_the_file_that_names_it():
    write(t="tree: t\ninclude: [skills/a.yaml]\nroot: a")
    write(skills__a="subtree: a\ninclude: [b.yaml]\nroot: b", skills__b="subtree: b\nroot: look")
    assert load_tree(Path("t.yaml"), REGISTRY).files[-1] == Path("skills/b.yaml")


def test_text_finds_its_includes_in_the_search_folders():
    write(lib__a="subtree: a\nroot: look")
    spec = parse_tree("tree: t\ninclude: [a.yaml]\nroot: a", "the prompt", REGISTRY, [Path("lib")])
    assert spec.files == (Path("lib/a.yaml"),)


def test_a_file_that_is_included_twice_is_read_once():
    write(t="tree: t\ninclude: [a.yaml, b.yaml, a.yaml, ./a.yaml]\nroot: {sequence: [a, b]}")
    write(a="subtree: a\nroot: look", b="subtree: b\ninclude: [a.yaml]\nroot: a")
    assert load_tree(Path("t.yaml"), REGISTRY).files == (Path("t.yaml"), Path("a.yaml"), Path("b.yaml"))


def test_a_missing_file_is_reported_with_the_nearest_one():
    write(t="tree: t\ninclude: [skills/pik.yaml, x.yaml]\nroot: look", lib__skills__pick="subtree: pick\nroot: look")
    assert problems("lib") == [
        "t.yaml:2:11: include 'skills/pik.yaml': no such file; expected a file in ., lib "
        "(did you mean 'skills/pick.yaml'?)",
        "t.yaml:2:28: include 'x.yaml': no such file; expected a file in ., lib",
    ]


@pytest.mark.parametrize("name", ["/etc/passwd", "../t.yaml", "a/../../t.yaml", "'..\\t.yaml'"])
def test_an_include_may_not_leave_its_folder(name):
    write(t=f"tree: t\ninclude: [{name}]\nroot: look")
    assert problems() == [
        f"t.yaml:2:11: include '{name.strip(chr(39))}' leaves its folder; "
        "expected a relative path without '..', such as skills/pick.yaml"
    ]


def test_a_name_too_long_for_the_file_system_is_a_missing_file():
    name = "x" * 300
    write(t=f"tree: t\ninclude: [{name}/{name}.yaml]\nroot: look")
    assert problems() == [f"t.yaml:2:11: include '{name}/{name}.yaml': no such file; expected a file in ."]


def test_includes_in_a_circle_are_reported_with_the_chain():
    write(t="tree: t\ninclude: [a.yaml]\nroot: a")
    write(a="subtree: a\ninclude: [b.yaml]\nroot: look", b="subtree: b\ninclude: [a.yaml]\nroot: look")
    assert problems() == [
        "b.yaml:2:11: include cycle: a.yaml → b.yaml → a.yaml; expected includes that end",
    ]


def test_two_subtrees_of_one_name_are_refused():
    write(t="tree: t\ninclude: [a.yaml, b.yaml]\nroot: a", a="subtree: a\nroot: look", b="subtree: a\nroot: look")
    assert problems() == ["b.yaml:1:10: a second subtree 'a'; expected another name (the first is in a.yaml:1)"]


def test_a_tree_can_not_be_included():
    write(t="tree: t\ninclude: [u.yaml]\nroot: look", u="tree: u\nroot: look")
    assert problems() == ["t.yaml:2:11: include 'u.yaml': 'u' is a tree; expected a subtree file"]


def test_the_mistakes_of_all_files_are_reported_at_once():
    write(t="tree: t\ninclude: [a.yaml, b.yaml]\nroot: {wait: {duration_s: x}}")
    write(a="subtree: a\nroot: lok", b="subtree: b\nrot: look")
    places = [line.split(": ")[0] for line in problems()]
    assert places == ["a.yaml:2:7", "b.yaml:1:1", "b.yaml:2:1", "t.yaml:3:27"]


def test_a_chain_of_includes_has_an_end():
    write(t="tree: t\ninclude: [s0.yaml]\nroot: look")
    for number in range(MAX_INCLUDE_DEPTH + 5):
        write(**{f"s{number}": f"subtree: s{number}\ninclude: [s{number + 1}.yaml]\nroot: look"})
    last = MAX_INCLUDE_DEPTH - 2
    assert problems() == [
        f"s{last}.yaml:2:11: include 's{last + 1}.yaml' is one too many; "
        f"expected at most {MAX_FILES} files, nested {MAX_INCLUDE_DEPTH} deep"
    ]
