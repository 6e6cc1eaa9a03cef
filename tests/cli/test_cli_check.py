"""`bt-check`: every problem, without running anything."""

from bt_robot.cli.check import main


def test_good_trees_are_drawn(command):
    done = command(main, "pick_place", "sort_blocks", "hold_demo")
    assert done.code == 0
    for word in ("pick", "query_policy", "hold_position"):
        assert word in done.out


def test_bad_trees_are_told_with_every_problem_and_good_ones_still_drawn(command, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("tree: bad\nroot:\n  sequence:\n    - wiat\n    - move_to: {pose: rest, sped: 1}\n")
    done = command(main, bad, "pick_place")
    assert done.code == 2
    assert done.err.count("bad.yaml:") == 2
    assert "query_policy" in done.out


def test_json_lists_problems_with_their_places(command, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("tree: bad\nroot: wiat\n")
    done = command(main, bad, "--json")
    (tree,) = done.json["trees"]
    assert (done.json["status"], tree["ok"]) == ("INVALID", False)
    assert {k: tree["problems"][0][k] for k in ("line", "column")} == {"line": 2, "column": 7}


def test_a_tree_is_held_against_a_config_on_request(command, tmp_path):
    tree = tmp_path / "lost.yaml"
    tree.write_text(
        "tree: lost\nexpects: {in_container: [blue]}\nroot:\n  sequence:\n"
        "    - observe: {cameras: [side]}\n    - move_to: {pose: rset}\n    - move_to\n"
    )
    assert command(main, tree).code == 0
    done = command(main, tree, "--config", "sim", "--json")
    assert done.code == 2
    assert [problem["message"] for problem in done.json["trees"][0]["problems"]] == [
        "lost/observe: no camera 'side' in the config; there is front, wrist",
        "lost/move_to: no pose 'rset' in the config; there is rest (did you mean 'rest'?)",
        "lost/move_to_2: give either `pose` or `joints`",
        "expects: there is no blue block; the config has red, green, yellow",
    ]


def test_an_expectation_that_nobody_can_judge_is_refused(command, tmp_path):
    tree = tmp_path / "odd.yaml"
    tree.write_text("tree: odd\nexpects: {in_containr: [red]}\nroot: {wait: {duration_s: 1}}\n")
    done = command(main, tree)
    assert done.code == 2
    assert done.err.endswith(
        "odd.yaml: expects: unknown 'in_containr'; expected in_container (did you mean 'in_container'?)\n"
    )
