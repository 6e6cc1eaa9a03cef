"""The pages agree with the code, and their links lead somewhere."""

import re
import runpy
from pathlib import Path

import pytest

from bt_robot.cli.task import load_task
from bt_robot.config.builtin import builtin_folder

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_pages_made_from_the_code_are_up_to_date():
    make = runpy.run_path(str(ROOT / "docs" / "make.py"))
    for name, page in (("nodes.md", make["nodes_page"]() + "\n"), ("config.md", make["config_page"]())):
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == page, "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_inside_the_project_leads_to_a_file(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("tree", sorted(builtin_folder("trees").glob("*.yaml")), ids=lambda tree: tree.stem)
def test_every_shipped_tree_loads(tree):
    assert load_task(str(tree)).description


def test_the_tree_in_the_readme_loads(tmp_path):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (tree,) = re.findall(r"```yaml\n(tree:.*?)```", text, flags=re.DOTALL)
    path = tmp_path / "readme.yaml"
    path.write_text(tree)
    assert load_task(str(path)).name == "pick_place"


def test_every_fault_names_tests_that_exist():
    page = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    there = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    rows = re.findall(r"^\| ([A-D]\d+(?:, [A-D]\d+)*) \|.*\|([^|]*)\|$", page, flags=re.MULTILINE)
    told = {name for row, _ in rows for name in row.split(", ")}
    kinds = {"A": 22, "B": 32, "C": 12, "D": 18}
    assert told == {f"{kind}{i}" for kind, count in kinds.items() for i in range(1, count + 1)}
    for row, names in rows:
        found = re.findall(r"`(test_\w+)`", names)
        assert found, f"{row} names no test"
        for name in found:
            assert f"def {name}(" in there, f"{row}: {name}"


@pytest.mark.parametrize("page", ["asking-a-vlm.md"])
def test_every_tree_in_a_page_about_models_loads(page, tmp_path):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    trees = re.findall(r"```yaml\n(tree:.*?)```", text, flags=re.DOTALL)
    assert trees
    for i, tree in enumerate(trees):
        path = tmp_path / f"{i}.yaml"
        path.write_text(tree)
        assert load_task(str(path)).name
