"""There and back: what a tree file says survives XML, and what we wrote as XML survives YAML."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from tree_strategies import KIT, tree_texts
from xml_kit import files_to_xml, import_xml, imported_files, load_files, meaning, tree_files

from bt_robot.cli.task import load_task
from bt_robot.config.builtin import builtin_folder
from bt_robot.config.problems import Problems
from bt_robot.nodes import standard_registry
from bt_robot.tree import load_tree
from bt_robot.tree.formats.to_xml import tree_to_xml
from bt_robot.tree.formats.xml_reader import parse_xml
from tests.scale import examples

PATIENT = settings(
    max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def infoset(xml: str):
    root = parse_xml(xml.encode(), "t.xml", Problems())
    assert root is not None
    return root.infoset()


@PATIENT
@given(tree_files())
def test_subtrees_parameters_keys_and_prompts_survive(files):
    xml = files_to_xml(files)
    result = import_xml(xml)
    assert meaning(result.spec) == meaning(load_files(files))
    assert meaning(load_files(imported_files(result))) == meaning(load_files(files))
    assert list(imported_files(result)) == list(files)


@PATIENT
@given(tree_files())
def test_our_xml_survives_yaml(files):
    xml = files_to_xml(files)
    assert infoset(files_to_xml(imported_files(import_xml(xml)))) == infoset(xml)


@PATIENT
@given(tree_texts())
def test_every_composite_and_decorator_survives(text):
    files = {"t.yaml": text}
    xml = files_to_xml(files, KIT)
    result = import_xml(xml, KIT)
    assert meaning(result.spec) == meaning(load_files(files, KIT))
    assert infoset(files_to_xml(imported_files(result), KIT)) == infoset(xml)


@pytest.mark.parametrize("path", sorted(builtin_folder("trees").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_built_in_trees_survive(path, tmp_path):
    search = (builtin_folder("trees"),)
    xml = tree_to_xml(path, standard_registry(), search)
    result = import_xml(xml, standard_registry())
    assert meaning(result.spec) == meaning(load_task(str(path)))
    for name, text in imported_files(result).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    again = load_tree(tmp_path / path.name, standard_registry())
    assert meaning(again) == meaning(result.spec)


COMMENTED = """\
# What this is for.
tree: t  # its name
# Above the root.
root:
  sequence:  # beside the sequence
    # above look
    # in two lines -- with a dash
    - look
    - retry:
        attempts: 2  # among the values
        # above the child
        child: look  # beside the child
    - wait: {duration_s: 1}  # the end
# below
"""


def test_comments_stay_with_their_nodes():
    (text,) = imported_files(import_xml(files_to_xml({"t.yaml": COMMENTED}))).values()
    assert (
        text
        == """\
# What this is for.
# its name
# Above the root.
tree: t
root:
  sequence:  # beside the sequence
    # above look
    # in two lines -- with a dash
    - look
    - retry:  # among the values
        attempts: 2
        # above the child
        child: look  # beside the child
    - wait: {duration_s: 1}  # the end
# below
"""
    )


def test_a_byte_order_mark_does_not_move_comments():
    tree = "tree: t\ndescription: in C#  # a language\nroot: look\n"
    assert files_to_xml({"t.yaml": "\ufeff" + tree}) == files_to_xml({"t.yaml": tree})


def test_the_files_of_the_project_come_back_as_people_wrote_them():
    folder = Path(builtin_folder("trees"))
    xml = tree_to_xml(folder / "pick_place.yaml", standard_registry(), (folder,))
    files = imported_files(import_xml(xml, standard_registry()))
    assert files["pick_place.yaml"] == (folder / "pick_place.yaml").read_text(encoding="utf-8")
