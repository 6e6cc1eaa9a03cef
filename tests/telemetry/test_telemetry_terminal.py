"""What a person reads while a run goes on."""

import io

from rich.console import Console

from bt_robot.messages import LinkState, NodeInfo, NodeState, Status, Verdict
from bt_robot.telemetry.terminal import LiveTerminal, PlainTerminal, Rate, active_path, header, tail, tree_lines


def test_the_header_tells_time_rate_prompt_latency_and_chunk(record):
    lines = [line.plain for line in header(record(60), "pick_place", 30.0)]
    assert lines == [
        "pick_place      2.0 s    30.0 ticks/s",
        "prompt: pick up",
        "policy: ok   latency 100 ms   chunk 3 steps old, 12 actions left",
    ]


def test_the_header_says_that_the_arm_holds_and_why(record):
    state = record(1, verdict=Verdict(held=True), link=LinkState(False, "connection refused"), chunk_age_steps=None)
    lines = [line.plain for line in header(state, "t", 30.0)]
    assert lines[0].endswith("HOLDING")
    assert lines[2] == "policy: connection refused   latency –   chunk – old, 12 actions left"


def test_a_line_per_node_with_glyph_name_time_and_reason(nodes):
    states = (
        NodeState(Status.RUNNING, "", 1.0, True),
        NodeState(Status.FAILURE, "too far", 2.5, True),
        NodeState(Status.IDLE),
    )
    assert [line.plain for line in tree_lines(nodes, states, 3.0, 20)] == [
        "▶ t (sequence)  2.0 s",
        "  ✗ pick (vla_skill)  0.5 s  too far",
        "    · wait",
    ]


def test_the_path_of_the_running_leaf_is_told(nodes):
    on, off = NodeState(Status.RUNNING, ticked=True), NodeState(Status.RUNNING, ticked=False)
    assert active_path(nodes, (on, on, on)) == "t/pick/wait"
    assert active_path(nodes, (on, off, off)) == "t"
    assert active_path(nodes, (off, off, off)) == "–"


def test_a_long_path_keeps_its_end():
    assert tail("pick/place/wait", 15) == "pick/place/wait"
    assert tail("pick/place/wait", 8) == "…ce/wait"


def test_a_tree_larger_than_the_screen_shows_what_was_ticked():
    nodes = tuple(NodeInfo(f"t/{i}", "wait", f"n{i}", 1, 0, "action") for i in range(100))
    states = tuple(NodeState(Status.RUNNING, "", 0.0, ticked=i in (5, 77)) for i in range(100))
    assert [line.plain.split()[1] for line in tree_lines(nodes, states, 0.0, 10)] == ["n5", "n77"]


def test_the_rate_is_measured_on_the_wall():
    times = iter([0.0, 0.1, 0.2, 0.3])
    rate = Rate(lambda: next(times))
    assert rate.hz == 0.0
    for _ in range(4):
        rate.tick()
    assert abs(rate.hz - 10.0) < 1e-9


def test_the_live_view_draws_the_last_state_and_no_markup_of_a_prompt(record, nodes):
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80, height=24)
    terminal = LiveTerminal(nodes, "t", console)
    terminal.publish(record(0, prompt="[red]x[/red]", events=("policy: gone",)))
    terminal.close()
    text = screen.getvalue()
    assert "[red]x[/red]" in text
    assert "policy: gone" in text
    assert "pick" in text


def test_without_a_screen_a_line_is_written_when_something_happens(record, nodes):
    stream = io.StringIO()
    terminal = PlainTerminal(nodes, stream)
    idle, running = NodeState(Status.IDLE), NodeState(Status.RUNNING, "", 0.0, True)
    failed = NodeState(Status.FAILURE, "gripper empty", 0.1, True)
    terminal.publish(record(0, nodes=(running, running, running)))
    terminal.publish(record(1, nodes=(running, running, running)))
    terminal.publish(record(2, nodes=(running, failed, idle), events=("policy: gone",)))
    terminal.close()
    assert stream.getvalue().splitlines() == [
        "   0.00 s  ▶ t RUNNING",
        "   0.00 s  ▶ t/pick RUNNING",
        "   0.07 s  policy: gone",
        "   0.07 s  ✗ t/pick FAILURE: gripper empty",
    ]
