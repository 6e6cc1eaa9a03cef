"""What the page on plug-ins shows, works: a package made of its blocks brings a part of each kind to the commands."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from plugin_kit import install

from bt_robot import __version__
from bt_robot.testing import ROBOT_LAWS

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


def block(page, language, word):
    (found,) = [text for text in blocks(page, language) if word in text]
    return found


PROJECT = tomllib.loads(block("plugins.md", "toml", "[project]"))["project"]
ENTRIES = PROJECT["entry-points"]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The page's package, installed, with a tree and a config that use it."""
    folder = tmp_path_factory.mktemp("my_parts")
    modules = {
        "my_parts/__init__.py": "",
        "my_parts/leaves.py": block("writing-a-leaf.md", "python", "class CloseGripper"),
        "my_parts/robot.py": block("plugins.md", "python", "class LittleArm"),
        "my_parts/policy.py": block("plugins.md", "python", "class StillPolicy"),
        "my_parts/profiles/my_server.yaml": block("plugins.md", "yaml", "extends:"),
        "tests/test_leaf.py": block("plugins.md", "python", "run_tree("),
        "tests/test_robot.py": block("plugins.md", "python", "ROBOT_LAWS,"),
    }
    needs = PROJECT["dependencies"]
    install(folder, PROJECT["name"], PROJECT["version"], entries=ENTRIES, modules=modules, requires=needs)
    (folder / "little.yaml").write_text(block("plugins.md", "yaml", "type: little"))
    (folder / "close.yaml").write_text("tree: close\nroot: {close_gripper: {time_limit_s: 2}}\n")
    (folder / "rest.yaml").write_text("tree: rest\nroot: {move_to: {pose: rest}}\n")
    return folder


def run(folder, module, *arguments, **env):
    """Run a command with the package installed, in a process of its own."""
    code = f"import sys; from bt_robot.cli.{module} import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_page_requires_this_version():
    assert PROJECT["dependencies"] == [f"bt-robot>={__version__.rsplit('.', 1)[0]},<0.{int(__version__[2]) + 1}"]


def test_the_leaf_is_listed_and_loaded(package):
    listed = run(package, "nodes", "close_gripper")
    assert listed.returncode == 0, listed.stderr
    assert "action, from my-parts 1.2" in listed.stdout
    assert '"close_gripper"' in run(package, "nodes", "--schema").stdout
    done = run(package, "check", "close.yaml")
    assert done.returncode == 0, done.stderr


def test_the_leaf_runs(package):
    done = run(package, "run", "close.yaml", "--fast", "--json", "--no-artifacts")
    assert "the gripper is empty" in done.stdout, done.stderr
    assert done.returncode == 1


def test_the_robot_runs(package):
    done = run(package, "run", "rest.yaml", "--config", "little.yaml", "--fast", "--json", "--no-artifacts")
    assert done.returncode == 0, done.stderr


def test_the_policy_is_asked(package):
    flags = ["--set", "policy.url=still://here", "--set", "policy.profile=so101_radians"]
    done = run(package, "run", "--prompt", "stay where you are", "--fast", "--json", "--no-artifacts", *flags)
    assert done.returncode == 0, done.stderr + done.stdout


def test_the_profile_is_found(package):
    done = run(package, "check", "pick_place", "--set", "policy.profile=my_server", "--set", "policy.horizon=10")
    assert done.returncode == 0, done.stderr
    done = run(package, "check", "pick_place", "--set", "policy.profile=my_sever")
    assert "did you mean 'my_server'?" in " ".join(done.stderr.split())


def test_the_policy_is_looked_over(package):
    done = run(package, "check", "--policy", "still://here", "--profile", "so101_radians", "--requests", "2", "--json")
    assert '"url": "still://here"' in done.stdout, done.stderr + done.stdout
    assert done.returncode in (0, 3), (
        done.stderr
    )  # whether a policy that never moves is any good is for the check to say


def test_the_tests_on_the_page_are_green(package):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=package,
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(ROBOT_LAWS) + 1} passed" in done.stdout


def test_a_broken_package_is_named_once_and_the_rest_works(package, tmp_path):
    entries = {"bt_robot.leaves": {"fly": "wings:Fly", "land": "wings:Land"}}
    install(tmp_path, "wings", "0.1", entries=entries, modules={"wings.py": "import no_such_module_anywhere"})
    both = f"{package}{os.pathsep}{tmp_path}"
    listed = run(package, "nodes", PYTHONPATH=both)
    assert listed.returncode == 0
    assert "close_gripper" in listed.stdout
    for word in ("fly", "land"):
        reason = (
            f"bt-nodes: node '{word}' comes from plug-in wings 0.1, which could not be loaded: ModuleNotFoundError: No"
            " module named 'no_such_module_anywhere'\n"
        )
        assert listed.stderr.count(reason) == 1
    (tmp_path / "fly.yaml").write_text("tree: t\nroot: fly\n")
    assert run(package, "check", "close.yaml", PYTHONPATH=both).stderr == ""
    done = run(package, "run", str(tmp_path / "fly.yaml"), "--fast", PYTHONPATH=both)
    assert done.returncode == 2
    assert "fly.yaml:2:7: " in done.stderr
    assert "node 'fly' comes from plug-in wings 0.1" in " ".join(done.stderr.split())


def test_a_switch_leaves_all_plug_ins_alone(package):
    done = run(package, "check", "close.yaml", BT_ROBOT_PLUGINS="0")
    assert done.returncode == 2
    assert "plug-ins are switched off by BT_ROBOT_PLUGINS=0" in " ".join(done.stderr.split())
