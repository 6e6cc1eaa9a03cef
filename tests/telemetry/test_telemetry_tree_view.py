"""Which nodes of a tree a person sees, and how long each has been at work."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, Group

from bt_robot.messages import NodeInfo, NodeState, Status
from bt_robot.telemetry.tree_view import Stopwatches, active_path, chosen, inside_out, tree_lines

IDLE, RUNNING = NodeState(Status.IDLE), NodeState(Status.RUNNING, ticked=True)
DONE, DONE_NOW = NodeState(Status.SUCCESS), NodeState(Status.SUCCESS, ticked=True)
FAILED, FAILED_NOW = NodeState(Status.FAILURE), NodeState(Status.FAILURE, ticked=True)


def tree_of(parents):
    """Make a tree in pre-order from each node's parent; nodes are named by index."""
    nodes = []
    for i, parent in enumerate(parents):
        depth = nodes[parent].depth + 1 if i else 0
        nodes.append(NodeInfo(f"t/{i}", f"n{i}", f"n{i}", depth, parent if i else -1, "action"))
    return tuple(nodes)


# 0 ─ 1 (finished) ─ 2      0 ─ 3 (running) ─ 4 ─ 5 (ticked), 6 (running leaf), 7 (failed)      0 ─ 8 (to come) ─ 9
NODES = tree_of([-1, 0, 1, 0, 3, 4, 4, 4, 0, 8])
STATES = (RUNNING, DONE, DONE, RUNNING, RUNNING, DONE_NOW, RUNNING, FAILED, IDLE, IDLE)


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (1, [6]),
        (2, [0, 6]),
        (4, [0, 3, 4, 6]),
        (6, [0, 1, 3, 4, 6, 8]),
        (7, [0, 1, 3, 4, 5, 6, 8]),
        (8, [0, 1, 3, 4, 5, 6, 7, 8]),
        (9, [0, 1, 3, 4, 5, 6, 7, 8, 9]),
        (10, list(range(10))),
        (99, list(range(10))),
    ],
)
def test_the_running_path_comes_first_then_the_top_then_ticked_then_failed_then_the_rest(room, shown):
    assert chosen(NODES, STATES, room) == shown


def test_after_the_run_the_top_nodes_are_shown_first():
    ended = (DONE_NOW, DONE, DONE, DONE, DONE, DONE, DONE, FAILED, DONE_NOW, DONE_NOW)
    assert chosen(NODES, ended, 4) == [0, 1, 3, 8]


def test_of_more_top_nodes_than_fit_those_around_the_running_one_are_shown():
    nodes = tree_of([-1] + [0] * 99)
    states = tuple(RUNNING if i in (0, 50) else DONE if i < 50 else IDLE for i in range(100))
    assert chosen(nodes, states, 6) == [0, 48, 49, 50, 51, 52]


@st.composite
def standing_trees(draw):
    """Trees in pre-order, each node in any state."""
    parents, path = [-1], [0]
    for i in range(1, draw(st.integers(1, 30))):
        path = path[: draw(st.integers(1, len(path)))]
        parents.append(path[-1])
        path.append(i)
    statuses = st.builds(NodeState, st.sampled_from(Status), ticked=st.booleans())
    return tree_of(parents), tuple(draw(statuses) for _ in parents)


@given(standing_trees(), st.integers(1, 40))
def test_whatever_stands_the_room_is_used_in_the_trees_order_and_a_running_leaf_is_in_it(standing, room):
    nodes, states = standing
    shown = chosen(nodes, states, room)
    assert len(shown) == min(room, len(nodes))
    assert shown == sorted(set(shown))
    running = {i for i, state in enumerate(states) if state == RUNNING}
    tips = running - {nodes[i].parent for i in running}
    assert not tips or tips & set(shown)


@given(standing_trees())
def test_inside_out_every_node_comes_after_those_below_it_and_siblings_keep_their_order(standing):
    nodes, _ = standing
    order = inside_out(nodes)
    place = {i: k for k, i in enumerate(order)}
    assert sorted(order) == list(range(len(nodes)))
    for i, node in enumerate(nodes[1:], 1):
        assert place[i] < place[node.parent]
        later = [k for k in range(i + 1, len(nodes)) if nodes[k].parent == node.parent]
        assert all(place[i] < place[k] for k in later)


def test_a_line_tells_glyph_name_time_and_reason():
    nodes = (
        NodeInfo("t", "sequence", "t", 0, -1, "composite"),
        NodeInfo("t/pick", "vla_skill", "pick", 1, 0, "subtree"),
        NodeInfo("t/pick/wait", "wait", "wait", 2, 1, "action"),
    )
    states = (RUNNING, NodeState(Status.FAILURE, "too\nfar", ticked=True), IDLE)
    assert [line.plain for line in tree_lines(nodes, states, (2.0, 0.52, 0.0), 20, 80)] == [
        "▶ t (sequence)  2.0 s",
        "  ✗ pick (vla_skill)  0.5 s  too far",
        "    · wait",
    ]


@pytest.mark.parametrize(
    ("room", "lines"), [(3, ["✗ n0", "  ✗ n1", "    ✗ n2  too far"]), (2, ["✗ n0  n2: too far", "  ✗ n1  n2: too far"])]
)
def test_who_failed_without_a_word_says_what_explains_it_where_that_has_no_line(room, lines):
    failed = NodeState(Status.FAILURE, ticked=True, cause=2)
    states = (failed, failed, NodeState(Status.FAILURE, "too far", ticked=True))
    assert shown(tree_of([-1, 0, 1]), states, room, 80) == lines


def test_a_time_that_would_read_as_nothing_is_left_out():
    assert [line.plain for line in tree_lines(NODES[:1], (DONE,), (1 / 30,), 1, 80)] == ["✓ n0"]


def shown(nodes, states, room, width, **how):
    """The lines as a terminal shows them."""
    console = Console(file=io.StringIO(), width=width)
    console.print(Group(*tree_lines(nodes, states, [0.0] * len(nodes), room, width, **how)))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_a_deep_trees_leaf_can_be_read_on_a_narrow_screen(width):
    nodes = tree_of([-1, *range(30)])
    lines = shown(nodes, (RUNNING,) * 31, 9, width)
    assert lines[-1].lstrip() == "▶ n30"
    assert all(len(line) <= width for line in lines)
    indents = [len(line) - len(line.lstrip()) for line in lines]
    assert indents == sorted(indents)
    assert indents[1] == (2 if width >= 120 else 1)


def test_a_reason_that_is_too_long_is_cut_during_a_run_and_told_whole_in_the_end():
    nodes = tree_of([-1, 0])
    states = (RUNNING, NodeState(Status.FAILURE, "the gripper closed on nothing, look under the arm", ticked=True))
    assert shown(nodes, states, 9, 30) == ["▶ n0", "  ✗ n1  the gripper closed on…"]
    whole = shown(nodes, states, 9, 30, whole=True)
    assert " ".join(line.strip() for line in whole[1:]) == f"✗ n1  {states[1].reason}"
    assert all(line.startswith("  ") for line in whole[1:])


def test_the_path_of_the_running_leaf_is_told():
    assert active_path(NODES, STATES) == "t/6"
    assert active_path(NODES, (RUNNING, *[IDLE] * 9)) == "t/0"
    assert active_path(NODES, [IDLE] * 10) == "–"


def durations(record, *ticks, status=Status.RUNNING):
    """Publish a tick a step, each a tuple of states, and return the durations in steps."""
    watches = Stopwatches(len(ticks[0]))
    for step, states in enumerate(ticks):
        watches.publish(record(step, nodes=states, status=status))
    return [round(30 * duration_s, 6) for duration_s in watches.durations_s]


def test_time_runs_while_a_node_is_ticked_and_stays_when_it_has_ended(record):
    ticks = [(RUNNING, RUNNING)] * 4 + [(RUNNING, DONE_NOW)] + [(RUNNING, DONE)] * 5
    assert durations(record, *ticks) == [9, 4]


def test_time_starts_again_after_a_break(record):
    assert durations(record, [RUNNING], [RUNNING], [RUNNING], [IDLE], [RUNNING], [RUNNING]) == [1]


def test_a_node_that_was_ticked_once_or_never_has_no_time(record):
    assert durations(record, [RUNNING, IDLE], [DONE, IDLE], [DONE, IDLE]) == [0, 0]


def test_a_change_of_status_is_no_break(record):
    assert durations(record, [FAILED_NOW], [RUNNING], [FAILED_NOW], [DONE_NOW]) == [3]


def test_the_ticks_in_which_the_arm_brakes_after_the_tree_ended_count_for_no_node(record):
    watches = Stopwatches(1)
    for step in range(4):
        watches.publish(record(step, nodes=(RUNNING,)))
    for step in range(4, 20):
        watches.publish(record(step, nodes=(DONE_NOW,), status=Status.SUCCESS))
    assert watches.durations_s == (4 / 30,)
