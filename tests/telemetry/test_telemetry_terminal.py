"""What a person reads while a run goes on."""

import io
import logging
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from bt_robot.messages import LinkState, NodeInfo, NodeState, PlanStats, Splice, Status, Verdict
from bt_robot.telemetry.terminal import Layout, LiveTerminal, PlainTerminal, Rate, header

IDLE, RUNNING = NodeState(Status.IDLE), NodeState(Status.RUNNING, ticked=True)
AWAY = "no policy server at ws://127.0.0.1:8000: connection refused; is it running?"


def header_text(record, width=80, delay_steps=None):
    return [line.plain for line in header(record, "pick_place", 30.0, width, delay_steps)]


def test_the_header_tells_time_rate_prompt_latency_and_chunk(record):
    assert header_text(record(60)) == [
        "pick_place      2.0 s    30.0 ticks/s",
        "prompt: pick up",
        "policy: ok   latency 100 ms   chunk 3 steps old, 12 actions left",
    ]


def test_the_policy_line_tells_the_delay_in_steps(record):
    line = "policy: ok   latency 100 ms, d 4 steps   chunk 3 steps old, 12 actions left"
    assert header_text(record(60), delay_steps=4)[2] == line


def test_what_went_wrong_with_the_chunks_is_counted_and_the_plan_told_in_what_room_is_left(record):
    plan = PlanStats(stalls=5, late=2, rejected=1)
    link = LinkState(True, latency_s=1.25)
    lines = [header_text(record(60, plan=plan, link=link), width, delay_steps=40)[2] for width in (120, 90, 80, 72)]
    troubles = "   5 stalled, 2 late, 1 rejected"
    assert lines == [
        f"policy: ok   latency 1250 ms, d 40 steps   chunk 3 steps old, 12 actions left{troubles}",
        f"policy: ok   latency 1250 ms, d 40 steps   12 left{troubles}",
        f"policy: ok   latency 1250 ms, d 40 steps{troubles}",
        f"policy: ok   latency 1250 ms, d 40 steps{troubles}",
    ]
    assert header_text(record(60, plan=PlanStats(late=3)))[2].endswith("   3 late")


def test_a_run_that_a_person_holds_says_so(record):
    assert header_text(record(60, mode="held"))[0] == "pick_place      2.0 s   HELD BY A PERSON    30.0 ticks/s"
    assert "STEPPED BY A PERSON" in header_text(record(60, mode="stepping"))[0]


@given(
    age=st.integers(0, 10_000),
    stalls=st.integers(0, 999),
    late=st.integers(0, 99),
    rejected=st.integers(0, 99),
    latency_s=st.none() | st.floats(0, 9.9),
    delay_steps=st.none() | st.integers(0, 99),
    available=st.booleans(),
)
def test_the_policy_line_fits_80_columns(record, age, stalls, late, rejected, latency_s, delay_steps, available):
    tick = record(
        60,
        plan=PlanStats(stalls=stalls, late=late, rejected=rejected),
        link=LinkState(available, AWAY, latency_s=latency_s, retry_in_s=0.5, requests=3),
        chunk_age_steps=age,
        planned_steps=age,
    )
    assert len(header_text(tick, 80, delay_steps)[2]) <= 80


def test_the_live_view_remembers_the_newest_delay(record, chunk, nodes):
    terminal = LiveTerminal(nodes, "t", screen_of(80, 24))
    terminal.publish(record(0, chunk=chunk, splice=Splice("accepted", delay_steps=7)))
    terminal.publish(record(1))
    page = Console(file=io.StringIO(), width=80)
    page.print(terminal.frame())
    terminal.close()
    assert "latency 100 ms, d 7 steps" in page.file.getvalue()


def test_what_there_is_not_yet_is_left_out(record):
    early = record(1, link=LinkState(True), chunk_age_steps=None, planned_steps=0, prompt="")
    assert header_text(early)[1:] == ["prompt: –", "policy: ok"]


def test_the_header_says_that_the_arm_holds_why_and_when_the_next_attempt_comes(record):
    link = LinkState(False, "connection refused", latency_s=0.1, retry_in_s=1.52, requests=3)
    lines = header_text(record(1, verdict=Verdict(held=True), link=link, chunk_age_steps=None))
    assert lines[0] == "pick_place      0.0 s   HOLDING    30.0 ticks/s"
    assert lines[2] == "policy: connection refused   next try in 1.5 s"


@pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILURE])
def test_an_arm_that_brakes_after_the_end_is_not_told_to_hold(record, status):
    assert "HOLDING" not in header_text(record(1, verdict=Verdict(held=True), status=status))[0]


def test_one_of_a_thing_is_told_in_the_singular(record):
    line = header_text(record(60, chunk_age_steps=1, planned_steps=1), delay_steps=1)[2]
    assert line == "policy: ok   latency 100 ms, d 1 step   chunk 1 step old, 1 action left"


def test_an_attempt_under_way_is_told(record):
    link = LinkState(False, "connection refused", in_flight=True, requests=3)
    assert header_text(record(1, link=link, chunk_age_steps=None))[2] == "policy: connection refused   trying again"


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_long_reason_leaves_room_for_the_next_attempt(record, width):
    link = LinkState(False, AWAY, retry_in_s=0.4, requests=3)
    line = header_text(record(1, link=link, chunk_age_steps=None), width)[2]
    assert len(line) <= width
    assert line.endswith("next try in 0.4 s")
    assert ("…" in line) is (width < 200)


@given(st.integers(1, 60), st.integers(1, 4), st.integers(0, 4))
def test_header_tree_and_events_fit_every_terminal_and_the_tree_always_has_a_line(height, headers, events):
    layout = Layout.of(height, headers, events)
    assert layout.header + layout.tree + layout.events == max(height - 1, 1)
    assert layout.tree >= 1
    assert 0 <= layout.header <= headers
    assert 0 <= layout.events <= events


def test_a_low_terminal_shows_fewer_events():
    assert [Layout.of(height, 4, 4).events for height in (6, 10, 16, 24)] == [0, 1, 2, 4]


def test_the_rate_is_measured_on_the_wall():
    times = iter([0.0, 0.1, 0.2, 0.3])
    rate = Rate(lambda: next(times))
    assert rate.hz == 0.0
    for _ in range(4):
        rate.tick()
    assert abs(rate.hz - 10.0) < 1e-9


def screen_of(width, height):
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=height, legacy_windows=False)


def last_frame(console):
    """The lines of the last frame that was drawn."""
    last = console.file.getvalue().rsplit("\x1b[?25h", 1)[-1]
    return Text.from_ansi(last).plain.splitlines()


def chain(depth, siblings):
    """A running chain of nodes, and as many top nodes beside it."""
    nodes = [NodeInfo("t", "sequence", "t", 0, -1, "composite")]
    for i in range(1, depth):
        nodes.append(NodeInfo(f"{nodes[-1].path}/n{i}", "sequence", f"n{i}", i, i - 1, "composite"))
    beside = [NodeInfo(f"t/s{i}", "wait", f"s{i}", 1, 0, "action") for i in range(siblings)]
    return (*nodes, *beside), (
        *[RUNNING] * (depth - 1),
        NodeState(Status.RUNNING, AWAY * 3, 0.0, True),
        *[IDLE] * siblings,
    )


@pytest.mark.parametrize(("width", "height"), [(40, 10), (200, 8), (80, 24), (100, 30), (30, 3), (30, 2)])
def test_a_frame_fits_its_terminal_and_shows_the_running_leaf(record, width, height):
    nodes, states = chain(depth=8, siblings=30)
    terminal = LiveTerminal(nodes, "t", screen_of(width, height))
    link = LinkState(False, AWAY, retry_in_s=0.4, requests=3)
    terminal.publish(record(90, nodes=states, events=("an event\nof two lines " * 9,) * 5, link=link))
    page = Console(file=io.StringIO(), width=width)
    page.print(terminal.frame())
    terminal.close()
    lines = page.file.getvalue().splitlines()
    assert len(lines) == height - 1
    assert all(len(line) <= width for line in lines)
    tree = [line for line in lines if "▶" in line]
    assert tree[-1].startswith("  " * 7)
    assert tree[-1].endswith("…")


@pytest.mark.parametrize("height", [3, 8, 24])
def test_the_last_frame_shows_the_top_nodes_with_their_times_on_any_screen(record, nodes, height):
    console = screen_of(60, height)
    terminal = LiveTerminal((*nodes, NodeInfo("t/rest", "move_to", "rest", 1, 0, "action")), "t", console)
    done, done_now = NodeState(Status.SUCCESS), NodeState(Status.SUCCESS, ticked=True)
    for step in range(70):
        terminal.publish(record(step, nodes=(RUNNING, RUNNING, RUNNING, IDLE), events=("something",)))
    for step in range(70, 100):
        terminal.publish(record(step, nodes=(RUNNING, done, done, RUNNING)))
    for step in range(100, 110):
        terminal.publish(record(step, nodes=(done_now, done, done, done_now), status=Status.SUCCESS))
    terminal.close()
    top = [line for line in last_frame(console) if "✓" in line and "wait" not in line]
    assert top == ["✓ t (sequence)  3.3 s", "  ✓ pick (vla_skill)  2.3 s", "  ✓ rest (move_to)  1.0 s"]


def test_the_live_view_draws_the_last_state_and_no_markup_of_a_prompt(record, nodes):
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80, height=24)
    terminal = LiveTerminal(nodes, "t", console)
    terminal.publish(record(0, prompt="[red]x[/red]", events=("policy: gone",)))
    terminal.close()
    text = screen.getvalue()
    assert "[red]x[/red]" in text
    assert "   0.00 s  policy: gone" in text
    assert "pick" in text


def test_what_is_logged_appears_among_the_events_and_is_kept_for_afterwards(record, nodes):
    screen = io.StringIO()
    terminal = LiveTerminal(nodes, "t", Console(file=screen, force_terminal=True, width=80, height=24))
    logger = logging.Logger("part")
    logger.addHandler(terminal.log_handler)
    terminal.publish(record(60, events=("policy: gone",)))
    logger.warning("the disk is %s", "full")
    terminal.close()
    assert "   2.00 s  WARNING the disk is full" in screen.getvalue()
    assert terminal.log_handler.kept_lines == ("the disk is full",)


def test_what_is_logged_before_the_first_tick_appears_too(nodes):
    screen = io.StringIO()
    terminal = LiveTerminal(nodes, "t", Console(file=screen, force_terminal=True, width=80, height=24))
    terminal.log_handler.emit(logging.makeLogRecord({"msg": "early", "levelname": "WARNING"}))
    terminal.close()
    assert "starting …" in screen.getvalue()
    assert "WARNING early" in screen.getvalue()


def plain_log(record, nodes, *ticks):
    """What is written of ticks, each of them states and events."""
    stream = io.StringIO()
    terminal = PlainTerminal(nodes, stream)
    for step, (states, *events) in enumerate(ticks):
        terminal.publish(record(step, nodes=states, events=tuple(events)))
    return stream.getvalue().splitlines()


def test_without_a_screen_a_line_is_written_when_something_happens(record, nodes):
    failed = NodeState(Status.FAILURE, "gripper\nempty", 0.1, True)
    all_run = (RUNNING, RUNNING, RUNNING)
    assert plain_log(record, nodes, [all_run], [all_run], [(RUNNING, failed, IDLE), "policy: gone"]) == [
        "   0.00 s  ▶ t RUNNING",
        "   0.00 s  ▶ t/pick RUNNING",
        "   0.07 s  policy: gone",
        "   0.07 s  ✗ t/pick FAILURE: gripper empty",
    ]


def test_a_line_of_a_failure_tells_what_explains_it(record, nodes):
    silent = NodeState(Status.FAILURE, ticked=True, cause=2)
    lines = plain_log(record, nodes, [(RUNNING,) * 3], [(RUNNING, silent, NodeState(Status.FAILURE, "empty", 0.1))])
    assert lines[-1] == "   0.03 s  ✗ t/pick FAILURE: wait: empty"


def test_in_one_tick_children_end_before_their_parents_and_before_anything_begins(record):
    nodes = tuple(
        NodeInfo(path, "vla_skill", path, path.count("/"), parent, "subtree")
        for path, parent in [("t", -1), ("t/a", 0), ("t/a/x", 1), ("t/b", 0), ("t/c", 0)]
    )
    done = NodeState(Status.SUCCESS, ticked=True)
    lines = plain_log(
        record,
        nodes,
        [(RUNNING, RUNNING, RUNNING, IDLE, IDLE)],
        [(RUNNING, done, done, done, RUNNING)],
        [(done, NodeState(Status.SUCCESS), NodeState(Status.SUCCESS), NodeState(Status.SUCCESS), done)],
    )
    assert [line.split()[2:4] for line in lines] == [
        ["▶", "t"],
        ["▶", "t/a"],
        ["▶", "t/a/x"],
        ["✓", "t/a/x"],
        ["✓", "t/a"],
        ["✓", "t/b"],
        ["▶", "t/c"],
        ["✓", "t/c"],
        ["✓", "t"],
    ]


def test_a_node_that_was_ticked_and_halted_in_the_same_tick_has_no_line(record, nodes):
    halted = NodeState(Status.IDLE, ticked=True)
    lines = plain_log(record, nodes, [(RUNNING, RUNNING, RUNNING)], [(RUNNING, halted, halted)])
    assert [line.split()[3] for line in lines] == ["t", "t/pick"]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (30, 8), (30, 3)])
def test_a_question_for_a_person_stands_on_top_and_fits(record, width, height):
    nodes, states = chain(depth=8, siblings=30)
    question = "is the \x1b[2Jtable clear? " * 9
    terminal = LiveTerminal(nodes, "t", screen_of(width, height), asking=lambda: question)
    terminal.publish(record(1, nodes=states))
    page = Console(file=io.StringIO(), width=width)
    page.print(terminal.frame())
    terminal.close()
    lines = page.file.getvalue().splitlines()
    assert lines[0].startswith(" y / n?  is the  [2Jtable")
    assert len(lines) == height - 1
    assert all(len(line) <= width for line in lines)


def screen_lines(terminal, width):
    page = Console(file=io.StringIO(), width=width)
    page.print(terminal.frame())
    return page.file.getvalue().splitlines()


@pytest.mark.parametrize(("width", "rows"), [(80, 1), (40, 2)])
def test_the_link_of_the_page_stands_there_whole_while_the_run_goes_on(record, width, rows):
    nodes, states = chain(depth=8, siblings=30)
    link = "http://127.0.0.1:8088/#token=Kz2lsF7gDIDsXgwURNgCmA"
    console = screen_of(width, 15)
    terminal = LiveTerminal(nodes, "t", console, link=link, free=lambda: False)
    terminal.publish(record(1, nodes=states))
    lines = screen_lines(terminal, width)
    assert "".join(lines[4 : 4 + rows]) == f"view: {link}"
    assert len(lines) == 14
    terminal.close()
    assert link not in console.file.getvalue()


def test_nothing_is_drawn_while_the_terminal_is_not_free(record, nodes):
    console, asked = screen_of(80, 24), threading.Semaphore(0)
    terminal = LiveTerminal(nodes, "t", console, free=lambda: asked.release())
    terminal.publish(record(1))
    for _ in range(3):
        assert asked.acquire(timeout=10.0)
    assert console.file.getvalue() == ""
    terminal.close()
    assert "pick" in console.file.getvalue()
    assert "\x1b[?1049" not in console.file.getvalue()  # never taken, so never given back


def test_the_screen_is_given_back_while_something_else_has_the_terminal(record, nodes):
    console, drawn, over = screen_of(80, 24), threading.Semaphore(0), threading.Event()
    terminal = LiveTerminal(nodes, "t", console, free=lambda: drawn.release() or True)
    terminal.publish(record(1))
    for _ in range(2):
        assert drawn.acquire(timeout=10.0)
    before = []
    terminal.step_aside(lambda: (before.append(console.file.getvalue()), over.set()))
    assert over.wait(10.0)
    assert before[0].endswith("\x1b[?1049l\x1b[?25h")
    while drawn.acquire(blocking=False):
        pass
    for _ in range(2):
        assert drawn.acquire(timeout=10.0)
    assert console.file.getvalue()[len(before[0]) :].startswith("\x1b[?1049h")
    terminal.close()


@pytest.mark.parametrize(("width", "line"), [(80, 0), (60, 3), (30, None)])
def test_the_key_of_the_emergency_stop_stands_on_the_first_line_that_has_room(record, nodes, width, line):
    hint = "space: emergency stop"
    terminal = LiveTerminal(nodes, "t", screen_of(width, 24), hint=hint, free=lambda: False)
    terminal.publish(record(1, verdict=Verdict(held=True)))
    lines = screen_lines(terminal, width)
    assert [i for i, text in enumerate(lines) if hint in text] == ([] if line is None else [line])
    terminal.close()


def test_no_key_is_offered_once_the_run_is_over(record, nodes):
    console = screen_of(80, 24)
    terminal = LiveTerminal(nodes, "t", console, hint="space: emergency stop", asking=lambda: "clear?")
    terminal.publish(record(1))
    assert "space: emergency stop" in screen_lines(terminal, 80)[1]
    terminal.close()
    assert not any("space" in line or "y / n?" in line for line in last_frame(console))


def test_a_link_state_in_wide_characters_fits(record):
    link = LinkState(False, "没有" * 40, retry_in_s=0.4, requests=3)
    line = header(record(1, link=link, chunk_age_steps=None), "t", 30.0, 60)[2]
    assert line.cell_len <= 60
    assert line.plain.endswith("next try in 0.4 s")


def test_no_name_does_anything_to_the_screen(record):
    evil = "a\x1b]0;mine\x07\x1b[2J\n\x9b31m\u202eWARNING forged"
    nodes = (NodeInfo(evil, evil, evil, 0, -1, "action", evil, evil),)
    state = NodeState(Status.RUNNING, evil, 0.0, ticked=True)
    terminal = LiveTerminal(nodes, evil, screen_of(80, 24), free=lambda: False)
    terminal.publish(record(1, layout=nodes, nodes=(state,), prompt=evil, skill=evil, events=(evil,)))
    lines = [line.plain for line in terminal.frame().renderables if isinstance(line, Text)]
    terminal.close()
    assert any(line.startswith("at: a") for line in lines)
    assert all(line.isprintable() for line in lines)
