"""The page about the conditions: its trees load, and its tree for tuning runs."""

import re
import shutil
import textwrap
from pathlib import Path

import pytest

from bt_robot.cli.task import load_task
from bt_robot.config.builtin import builtin_folder

PAGE = (Path(__file__).parents[2] / "docs" / "conditions.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
SKILL = "- vla_skill:\n    prompt: go\n"


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_loads(example, tmp_path):
    shutil.copytree(builtin_folder("trees") / "skills", tmp_path / "skills")
    nodes = example if example.startswith("- ") else SKILL + textwrap.indent(example, "    ")
    head = "tree: example\ninclude: [skills/vla_skill.yaml]\nroot:\n  sequence:\n"
    path = tmp_path / "example.yaml"
    path.write_text(head + textwrap.indent(nodes, "    "), encoding="utf-8")
    assert load_task(str(path)).name == "example"


def test_the_tree_for_tuning_is_made_of_conditions():
    spec = load_task("watch_conditions")
    watched = {node.children[0].type for node in spec.root.children[:-1]}
    assert watched >= {"holding_object", "released_object", "arm_still", "in_region", "object_in_region"}
