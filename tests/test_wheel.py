"""An installed wheel carries everything the commands need, and works from any folder."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import bt_robot

ROOT = Path(bt_robot.__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build the wheel without the network and unpack it where nothing else of the project is."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    zipfile.ZipFile(wheel).extractall(site)
    return site


def run(site, cwd, code):
    """Run a line of Python with the wheel's package in front of the checkout's."""
    return subprocess.run(
        [sys.executable, "-c", f"import sys; {code}"],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_package_of_the_wheel_is_the_one_that_runs(installed, tmp_path):
    done = run(installed, tmp_path, "import bt_robot; print(bt_robot.__file__)")
    assert done.stdout.startswith(str(installed))


@pytest.mark.parametrize("tree", ["trees/pick_place.yaml", "sort_blocks"])
def test_built_in_trees_run_from_another_folder(installed, tmp_path, tree):
    code = f"from bt_robot.cli.run import main; sys.exit(main(['{tree}', '--fast', '--json']))"
    done = run(installed, tmp_path, code)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_an_own_tree_finds_the_built_in_skills(installed, tmp_path):
    (tmp_path / "own.yaml").write_text(
        "tree: own\ninclude: [skills/vla_skill.yaml]\nroot:\n  vla_skill:\n    prompt: pick up the red block\n"
        "    done: holding_object\n"
    )
    code = "from bt_robot.cli.run import main; sys.exit(main(['own.yaml', '--fast', '--no-artifacts']))"
    done = run(installed, tmp_path, code)
    assert done.returncode == 0, done.stderr


def test_skeletons_are_written_from_the_wheel(installed, tmp_path):
    for kind in ("leaf", "tree", "profile"):
        done = run(installed, tmp_path, f"from bt_robot.cli.new import main; sys.exit(main(['{kind}', 'my_{kind}']))")
        assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"my_leaf", "my_tree.yaml", "my_profile.yaml"}


def test_the_wheel_holds_no_tests_and_no_runs(installed):
    assert {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")} == {"bt_robot"}
