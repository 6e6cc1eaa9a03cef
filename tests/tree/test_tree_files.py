"""Includes are found beside the file first, read once, never outside their folders, and never in circles."""

from __future__ import annotations

from pathlib import Path

import pytest
from tree_leaves import REGISTRY

from bt_robot.errors import LoadError
from bt_robot.tree import load_tree, parse_tree
from bt_robot.tree.language import files
from bt_robot.tree.language.files import MAX_FILES, MAX_INCLUDE_DEPTH


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


def hints(search: str = "lib") -> list[str]:
    """Return what is hinted at in brackets at the end of each problem."""
    return [line.rpartition(" (")[2].removesuffix(")") if line.endswith(")") else "" for line in problems(search)]


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


def test_the_files_together_are_bounded(monkeypatch):
    write(t="tree: t\ninclude: [a.yaml, b.yaml]\nroot: look", a="subtree: a\nroot: look", b="subtree: b\nroot: look")
    assert load_tree(Path("t.yaml"), REGISTRY).files == (Path("t.yaml"), Path("a.yaml"), Path("b.yaml"))
    monkeypatch.setattr(files, "MAX_TOTAL_BYTES", 30)
    assert problems() == [
        "t.yaml:2:19: include 'b.yaml' is one too many; expected at most 30 bytes in all included files"
    ]


def test_a_name_too_long_for_the_file_system_is_a_missing_file():
    name = "x" * 300
    write(t=f"tree: t\ninclude: [{name}/{name}.yaml]\nroot: look")
    (problem,) = problems()
    assert problem.startswith("t.yaml:2:11: include 'xxx")
    assert problem.endswith("xxx…': no such file; expected a file in .")


@pytest.mark.parametrize("place", [".", "skills", "lib__skills", "a__b__c", "lib__a__b"])
def test_a_forgotten_include_is_named_and_right(place):
    write(**{f"{place}__gentle": "subtree: gentle\nroot: look"})
    write(t="tree: t\nroot: {sequence: [look, gentle]}")
    name = f"{place.removeprefix('lib__').replace('__', '/')}/gentle.yaml".removeprefix("./")
    assert problems("lib")[0].startswith("t.yaml:2:25: unknown node type 'gentle'; expected a node type; ")
    assert hints() == [f"add include: [{name}]"]
    write(t=f"tree: t\ninclude: [{name}]\nroot: {{sequence: [look, gentle]}}")
    assert load_tree(Path("t.yaml"), REGISTRY, [Path("lib")]).root.children[1].type == "gentle"


def test_a_forgotten_include_is_added_to_those_that_are_there():
    write(t="tree: t\ninclude: [a.yaml]\nroot: {sequence: [a, gentle]}", a="subtree: a\nroot: gentle")
    write(lib__gentle="subtree: gentle\nroot: look")
    assert hints() == ["add include: [gentle.yaml]", "add 'gentle.yaml' to include"]


def test_text_is_told_of_the_search_folders_only():
    write(gentle="subtree: gentle\nroot: look", lib__skills__calm="subtree: calm\nroot: look")
    with pytest.raises(LoadError) as error:
        parse_tree("tree: t\nroot: {sequence: [gentle, calm]}", "the prompt", REGISTRY, [Path("lib")])
    gentle, calm = str(error.value).splitlines()
    assert gentle.endswith("lists them")
    assert calm.endswith("lists them (add include: [skills/calm.yaml])")


@pytest.mark.parametrize(
    "text", ["subtree: other\nroot: look", "tree: looks\nroot: look", "- look", "subtree: [looks]", "a: ["]
)
def test_a_file_that_declares_something_else_is_not_named(text):
    write(t="tree: t\nroot: looks", skills__looks=text)
    assert hints() == ["did you mean 'look'?"]


@pytest.mark.parametrize(("search", "hint"), [("lib", "add include: [lib/gentle.yaml]"), (".lib", "")])
def test_a_file_that_a_nearer_one_hides_is_named_only_by_a_path_that_reaches_it(search, hint):
    write(t="tree: t\nroot: gentle", gentle="subtree: other\nroot: look")
    write(**{f"{search}__gentle": "subtree: gentle\nroot: look"})
    assert hints(search) == [hint]


def test_hidden_folders_and_links_are_not_looked_through():
    write(t="tree: t\nroot: gentle", **{".venv__gentle": "subtree: gentle\nroot: look"})
    Path("link").symlink_to(".venv")
    assert hints() == [""]


def test_a_large_folder_is_not_looked_through_to_its_end(monkeypatch):
    write(t="tree: t\nroot: gentle", a__b__gentle="subtree: gentle\nroot: look")
    assert hints() == ["add include: [a/b/gentle.yaml]"]
    monkeypatch.setattr(files, "MAX_ENTRIES", 3)  # t.yaml, a, a/b
    assert hints() == [""]


def test_an_include_that_is_no_list_is_read_as_what_is_meant():
    write(t="tree: t\ninclude: skills/a.yaml\nroot: {sequence: [a, lok]}", skills__a="subtree: a\nroot: {look: {x: 1}}")
    found = problems()
    assert [line.split(": ")[0] for line in found] == ["skills/a.yaml:2:15", "t.yaml:2:10", "t.yaml:3:22"]
    assert found[1] == "t.yaml:2:10: include: 'skills/a.yaml'; expected a list of texts (write [skills/a.yaml])"


@pytest.mark.parametrize("text", ["a.yaml, skills/b.yaml", "\n  a.yaml\n  skills/b.yaml"])
def test_several_includes_that_are_no_list_are_told_how_to_be_one(text):
    write(t=f"tree: t\ninclude: {text}\nroot: {{sequence: [a, b]}}")
    write(a="subtree: a\nroot: look", skills__b="subtree: b\nroot: look")
    assert hints() == ["write [a.yaml, skills/b.yaml]"]


def test_one_include_that_is_no_text_does_not_hide_the_others():
    write(t="tree: t\ninclude: [3, a.yaml]\nroot: a", a="subtree: a\nroot: look")
    assert problems() == ["t.yaml:2:11: include[0]: '3'; expected text (quote it if it is meant as text)"]


@pytest.mark.parametrize(
    ("include", "place"),
    [
        ("[gone.yaml]", "t.yaml:2:11"),
        ("[sub/gone.yaml]", "t.yaml:2:11"),
        ("[../gone.yaml]", "t.yaml:2:11"),
        ("gone.yaml", "t.yaml:2:10"),
        ("[broken/gone.yaml]", "broken/gone.yaml:3:1"),
        ("[empty/gone.yaml]", "empty/gone.yaml"),
        ("[list/gone.yaml]", "list/gone.yaml:1:1"),
        ("[tree/gone.yaml]", "t.yaml:2:11"),
        ("[unnamed/gone.yaml]", "unnamed/gone.yaml:1:10"),
    ],
)
def test_a_subtree_that_could_not_be_included_is_not_reported_at_its_calls(include, place):
    write(broken__gone="subtree: gone\nroot: [", empty__gone="", list__gone="[look]")
    write(tree__gone="tree: gone\nroot: look", unnamed__gone="subtree: Gone!\nroot: look")
    write(t=f"tree: t\ninclude: {include}\nroot: {{sequence: [gone, {{gone: {{a: $b}}}}]}}")
    found = problems()
    assert found[0].split(": ")[0] == place
    assert not any("unknown node type" in line for line in found)


def test_a_mistyped_include_is_not_reported_a_second_time_at_the_calls_of_what_was_meant():
    write(t="tree: t\ninclude: [skills/gntle.yaml]\nroot: {sequence: [gentle, gntle, lok]}")
    write(skills__gentle="subtree: gentle\nroot: look")
    assert hints() == ["did you mean 'skills/gentle.yaml'?", "did you mean 'look'?"]


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
    assert places == ["a.yaml:2:7", "b.yaml:2:1", "t.yaml:3:27"]


def test_a_chain_of_includes_has_an_end():
    write(t="tree: t\ninclude: [s0.yaml]\nroot: look")
    for number in range(MAX_INCLUDE_DEPTH + 5):
        write(**{f"s{number}": f"subtree: s{number}\ninclude: [s{number + 1}.yaml]\nroot: look"})
    last = MAX_INCLUDE_DEPTH - 2
    assert problems() == [
        f"s{last}.yaml:2:11: include 's{last + 1}.yaml' is one too many; "
        f"expected at most {MAX_FILES} files, nested {MAX_INCLUDE_DEPTH} deep"
    ]
