"""`bt-nodes` lists every node, explains each, and finds them by words."""

from __future__ import annotations

import json
import math

import pytest

from bt_robot.cli.node_words import as_json
from bt_robot.cli.nodes import main
from bt_robot.cli.vocabulary import installed_registry
from bt_robot.tree import Action, Input, Registry, success
from bt_robot.tree.vocabulary.catalogue import entries

TYPES = [one.type for one in entries(installed_registry())]


def lines(text):
    return text.splitlines()


def test_the_list_has_every_node_by_kind(command):
    done = command(main)
    assert done.code == 0
    first = [line.split()[0] for line in lines(done.out) if line.startswith("  ") and line[2] != " "]
    assert first == TYPES
    titles = [line.split(":")[0] for line in lines(done.out) if line and line[0] != " "]
    assert titles == ["composites", "decorators", "actions", "conditions", "all of one"]
    assert done.err == ""


@pytest.mark.parametrize("words", [[], *([name] for name in TYPES), ["gripper"]], ids=str)
def test_it_fits_a_terminal(command, words):
    assert max(map(len, lines(command(main, *words).out))) <= 80


def test_the_help_fits_a_terminal(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert max(map(len, lines(capsys.readouterr().out))) <= 80


def test_one_node_with_all_that_is_to_be_said_of_it(command):
    out = command(main, "move_to").out
    assert lines(out)[0].split() == ["move_to", "action"]
    assert "Move to a pose along a smooth straight line in joint space." in out
    assert "  speed\n    a number from 0.01 to 1; default: 0.3\n    share of the velocity limit\n" in out
    assert out.endswith("example\n  - move_to: {pose: rest}\n")


def test_a_composite_says_how_it_takes_children_and_what_a_halt_does(command):
    out = command(main, "selector").out
    assert lines(out)[0].split() == ["fallback", "composite"]
    assert "takes:            children: a list of nodes" in out
    assert "when interrupted: The RUNNING child is halted;" in out
    assert "also called:      selector" in out
    assert "BehaviorTree.CPP: Fallback" in out


def test_several_nodes_one_after_the_other(command):
    out = command(main, "retry", "repeat").out
    assert [line.split()[0] for line in lines(out) if line.endswith(" decorator")] == ["retry", "repeat"]


def test_words_find_the_nodes_that_have_all_of_them(command):
    out = command(main, "gripper", "open").out
    assert "  released_object" in out
    assert "  observe" not in out
    assert "sequence" not in out


def test_an_unknown_word_gets_the_nearest(command):
    done = command(main, "movto")
    assert done.code == 2
    assert (
        done.err == "bt-nodes: no node is called 'movto' or has it in its docs (did you mean 'move_to'?); the whole"
        " list: bt-nodes\n"
    )


def test_json_has_everything(command):
    said = command(main, "--json").json
    assert said["status"] == "OK"
    assert [one["type"] for one in said["nodes"]] == TYPES
    assert said["broken"] == {}
    node = command(main, "--json", "timeout").json["nodes"][0]
    assert node["children"] == {"form": "one", "words": ["child"], "optional": []}
    (port,) = node["ports"]
    assert (port["name"], port["direction"], port["required"], port["takes"]) == (
        "duration_s",
        "input",
        True,
        "a number of at least 0",
    )


class Endless(Action):
    """Take its time."""

    type_name = "endless"
    limit_s = Input(float, default=math.inf, doc="how long [s]")
    span_m = Input(tuple[float, ...], default=(-math.inf, 1.0), doc="where [m]")

    def on_tick(self, ctx):
        return success()


def test_a_default_without_end_is_json_all_the_same():
    (found,) = [one for one in entries(Registry([Endless])) if one.type == "endless"]
    ports = json.loads(json.dumps(as_json(found), allow_nan=False))["ports"]
    assert [port["default"] for port in ports] == ["Infinity", ["-Infinity", 1.0]]


def test_json_tells_a_mistake_too(command):
    done = command(main, "--json", "movto")
    assert done.code == 2
    assert done.json["status"] == "INVALID"


def test_the_schema_has_every_node(command):
    done = command(main, "--schema")
    assert done.code == 0
    text = json.loads(done.out)
    assert text["$schema"].startswith("http://json-schema.org/")
    assert all(f'"{name}"' in done.out for name in TYPES)


def test_the_schema_may_know_the_subtrees_of_a_folder(command, tmp_path):
    (tmp_path / "mine.yaml").write_text("subtree: my_very_own\nroot: observe\n")
    assert "my_very_own" not in command(main, "--schema").out
    done = command(main, "--schema", "--subtrees", tmp_path)
    assert '"my_very_own"' in done.out
    assert '"vla_skill"' in done.out


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--subtrees", "."], "--subtrees is for --schema"),
        (["--schema", "--subtrees", "no/such"], "--subtrees no/such: there is no such folder"),
    ],
)
def test_subtrees_are_folders_for_the_schema(command, flags, words):
    done = command(main, *flags)
    assert done.code == 2
    assert words in done.err


def test_the_schema_takes_no_words(command):
    done = command(main, "--schema", "move_to")
    assert done.code == 2
    assert "--schema is of all nodes; leave the words out" in done.err
