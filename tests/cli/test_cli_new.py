"""`bt-new` writes what works as it is, never over anything, and says what to do next."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import bt_robot
from bt_robot.cli.new import main
from bt_robot.cli.skeleton import leaf_package, profile_file, tree_file
from bt_robot.cli.task import load_task
from bt_robot.policy.dialect.profile import built_in_profiles, load_profile

ROOT = Path(bt_robot.__file__).parents[1]


def execute(*line, cwd, **env):
    return subprocess.run(
        [sys.executable, *map(str, line)],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def bt(module, *arguments, cwd, **env):
    code = f"import sys; from bt_robot.cli.{module} import main; sys.exit(main())"
    return execute("-c", code, *arguments, cwd=cwd, **env)


@pytest.fixture(scope="module", params=["action", "condition"])
def leaf(request, tmp_path_factory):
    """A new leaf's folder, and the folder that its wheel is installed in."""
    place = tmp_path_factory.mktemp("new")
    flags = ["--condition"] if request.param == "condition" else []
    assert main(["leaf", "try_me", "--into", str(place), *flags]) == 0
    folder = place / "try_me"
    pip = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "-w", place, folder]
    built = execute(*pip, cwd=place)
    assert built.returncode == 0, built.stderr
    (wheel,) = place.glob("bt_try_me-0.1.0-*.whl")
    site = place / "site"
    zipfile.ZipFile(wheel).extractall(site)
    return folder, site


def test_the_wheel_of_a_new_leaf_holds_its_package_and_nothing_else(leaf):
    _, site = leaf
    assert {path.name for path in site.iterdir()} == {"bt_try_me", "bt_try_me-0.1.0.dist-info"}


def test_the_tests_of_a_new_leaf_are_green(leaf):
    folder, _ = leaf
    done = execute("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder)
    assert done.returncode == 0, done.stdout
    assert re.search(r"[23] passed", done.stdout)


def test_an_installed_new_leaf_is_known_to_every_command(leaf):
    folder, site = leaf
    tree = "trees/try_try_me.yaml"
    listed = bt("nodes", "try_me", cwd=folder, PYTHONPATH=str(site))
    assert "from bt-try-me 0.1.0" in listed.stdout, listed.stderr
    checked = bt("check", tree, "--config", "configs/sim.yaml", cwd=folder, PYTHONPATH=str(site))
    assert checked.returncode == 0, checked.stderr
    done = bt("run", tree, "--fast", "--no-artifacts", "--json", cwd=folder, PYTHONPATH=str(site))
    assert done.returncode == 0, done.stderr + done.stdout


def test_a_new_leaf_that_is_not_installed_is_not_known(leaf):
    folder, _ = leaf
    done = bt("check", "trees/try_try_me.yaml", cwd=folder)
    assert done.returncode == 2
    assert "unknown node type 'try_me'" in done.stderr


@pytest.mark.parametrize(
    ("version", "needs"), [("0.3.0", ">=0.3,<0.4"), ("0.4.0rc1", ">=0.4,<0.5"), ("2.1.0.dev3", ">=2.1,<3")]
)
def test_a_new_leaf_needs_this_version_or_a_later_one_that_breaks_nothing(monkeypatch, version, needs):
    monkeypatch.setattr("bt_robot.cli.skeleton.__version__", version)
    assert f'"bt-robot{needs}"' in leaf_package("open_it", "action")["pyproject.toml"]


@pytest.mark.parametrize("kind", ["action", "condition"])
def test_a_new_leaf_is_written_as_this_project_is(kind, tmp_path):
    for name, text in leaf_package("open_it", kind).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for verb in (["check"], ["format", "--check"]):
        line = ["-m", "ruff", *verb, "--config", ROOT / "pyproject.toml", "src"]
        done = execute(*line, cwd=tmp_path)
        assert done.returncode == 0, done.stdout


def test_a_new_tree_loads_and_runs(command, tmp_path):
    done = command(main, "tree", "clear_table", "--into", tmp_path)
    path = tmp_path / "clear_table.yaml"
    assert done.out.startswith(f"wrote {path}\n\nnext:\n  bt-check {path}\n  bt-run {path}\n")
    assert load_task(str(path)).name == "clear_table"
    ran = bt("run", "clear_table.yaml", "--fast", "--no-artifacts", "--json", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("base", built_in_profiles())
def test_a_new_profile_is_like_the_one_it_extends(base, tmp_path):
    ((name, text),) = profile_file("my_server", base).items()
    path = tmp_path / name
    path.write_text(text)
    expected = load_profile(base)
    found = load_profile(str(path))
    assert found.description == f"Like {base}."
    object.__setattr__(found, "description", expected.description)
    assert found == expected


@pytest.mark.parametrize("base", built_in_profiles())
def test_every_key_of_a_new_profile_is_there_as_it_is(base, tmp_path):
    ((name, text),) = profile_file("my_server", base).items()
    path = tmp_path / name
    path.write_text(re.sub(r"^# (\w+: (?!.*\bdoes it fit\b).*)$", _uncomment, text, flags=re.MULTILINE))
    expected, found = load_profile(base), load_profile(str(path))
    object.__setattr__(found, "description", expected.description)
    assert found == expected
    assert path.read_text().count("\n# rate_hz") == 0


def _uncomment(match):
    key = match[1].partition(":")[0]
    return match[1] if key in load_profile("standin").__dataclass_fields__ else match[0]


def test_a_new_profile_passes_the_check(command, tmp_path):
    from bt_robot.cli.check import main as check

    done = command(main, "profile", "my_server", "--from", "so101_radians", "--into", tmp_path, "--json")
    (file,) = done.json["files"]
    assert done.json["next"][0].startswith(f"bt-check --policy standin --profile {file}")
    assert command(check, "pick_place", "--set", f"policy.profile={file}").code == 0


def test_nothing_is_written_over(command, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("precious")
    done = command(main, "tree", "mine", "--into", tmp_path)
    assert done.code == 2
    assert done.err == f"bt-new: {path}: there already, and nothing was written (--force writes over)\n"
    assert path.read_text() == "precious"
    assert command(main, "tree", "mine", "--into", tmp_path, "--force").code == 0
    assert path.read_text() == tree_file("mine")["mine.yaml"]


def test_one_file_in_the_way_keeps_all_from_being_written(command, tmp_path):
    (tmp_path / "open_it").mkdir()
    (tmp_path / "open_it" / "README.md").write_text("precious")
    assert command(main, "leaf", "open_it", "--into", tmp_path).code == 2
    assert [path.name for path in (tmp_path / "open_it").iterdir()] == ["README.md"]


def test_a_folder_that_cannot_be_written_to_is_told(command, tmp_path):
    (tmp_path / "file").write_text("")
    done = command(main, "tree", "mine", "--into", tmp_path / "file")
    assert done.code == 2
    assert "Not a directory" in done.err or "File exists" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["leef", "open_it"], "'leef' can't be begun; expected leaf, tree or profile (did you mean 'leaf'?)"),
        (["leaf", "OpenIt"], "leaf 'OpenIt': not a name; expected small letters, digits and _, at most 40"),
        (["leaf", "OpenIt"], "(try open_it)"),
        (["tree", "my-tree.yaml"], "(try my_tree)"),
        (["tree", "2nd"], "(try nd)"),
        (["leaf", "class"], "no word of Python's"),
        (["leaf", "wait"], "the node 'wait' is one of bt-robot's own; expected a new name (see bt-nodes wait)"),
        (["leaf", "selector"], "the node 'selector' is one of bt-robot's own"),
        (["leaf", "vla_skill"], "'vla_skill' is a subtree of bt-robot's own, which trees include; expected a new name"),
        (["profile", "standin"], "there is a built-in profile 'standin'; expected a new name, with --from that one"),
        (["profile", "x", "--from", "so101_degres"], "did you mean 'so101_degrees'?"),
        (["tree", "x", "--condition"], "--condition is for a leaf"),
        (["leaf", "x", "--from", "standin"], "--from is for a profile"),
        (["tree"], "the following arguments are required: NAME"),
    ],
)
def test_mistakes_are_told_with_what_would_be_right(command, tmp_path, arguments, words):
    done = command(main, *arguments, "--into", tmp_path)
    assert done.code == 2
    assert words in " ".join(done.err.split())
    assert list(tmp_path.iterdir()) == []


def test_the_help_fits_a_terminal(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
