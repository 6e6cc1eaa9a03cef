"""D3 to D8, D14, D16, D17: processes that die, hang or are paused: the arm holds, says why, and comes to rest."""

import os
import signal
import time
from itertools import pairwise

import pytest

from bt_robot.robot.so101.wire.registers import TORQUE_LIMIT
from tests.faults.process_kit import BIN, BLOCK_S, IDS, LONGEST_S, PAN, ROOT, TROUBLE, await_true, bench_in, kill
from tests.faults.process_laws import (
    assert_held_where_it_was,
    assert_held_within,
    assert_lawful,
    assert_let_go_softly,
    assert_parked,
    goal_rows,
    last_move_s,
    longest_cycle_s,
)

HOLD_S = 0.05
STOP_S = 0.25
PERIOD_S = 1 / 30


@pytest.fixture
def bench(tmp_path):
    with bench_in(tmp_path) as bench:
        yield bench


def under_way(bench, **options):
    run = bench.run("--json", "--no-artifacts", **options)
    bench.await_goal(0.3)
    return run


def controlled(bench, do, **options):
    control = bench.control(TROUBLE.replace("DO", do), **options)
    bench.await_goal(0.05)
    return control


# D3: the controller dies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV], ids=lambda number: number.name)
def test_d3_a_controller_that_dies_in_mid_motion_has_the_arm_held_within_50_ms_parked_and_released(bench, number):
    """The 50 ms, in which it brakes as well, count from when it was dead for certain."""
    bench.bus_hz = 100
    run = under_way(bench)
    dead_s = run.kill(number)
    log = bench.await_rest()
    still_s = assert_held_within(bench, log, dead_s, 0.0)
    cycle_s = bench.plan.cycle_s
    if longest_cycle_s(log, dead_s - 0.1, still_s) < 1.2 * cycle_s:  # the machine had time for us
        assert still_s - dead_s <= HOLD_S + cycle_s
    assert_lawful(bench, log)
    assert_parked(bench, log, dead_s)
    assert_let_go_softly(bench, log)


def test_d3_d4_an_arm_that_was_left_stiff_by_two_deaths_is_taken_over_without_dropping_it(bench):
    run = under_way(bench)
    guardian = bench.guardian
    os.kill(guardian, signal.SIGSTOP)  # so that it does not see the other one die first
    run.kill()
    left_s = kill(guardian)
    bench.await_rest()
    assert bench.torque() == [1] * len(IDS)
    where = bench.registers(PAN)["goal_position"]

    again = bench.run("--json", "--no-artifacts")
    again.hear("sway RUNNING")
    again.send(signal.SIGINT)
    assert again.end()[0] == 130
    log = bench.await_rest()
    rows = goal_rows(log, left_s)
    assert abs(rows[0][1][PAN] - where) <= 12  # nothing is moved by switching on
    for servo_id in IDS:
        first_off_s = log.torque_writes(servo_id)[0][0]
        assert first_off_s > rows[-1][0]
        limits = [value for time_s, _, value in log.writes(TORQUE_LIMIT, servo_id) if left_s < time_s < rows[-1][0]]
        assert min(limits) >= bench.plan.stop_torque  # never less than carries the arm
    assert_parked(bench, log, left_s)
    assert_let_go_softly(bench, log)


# D4: the guardian dies ------------------------------------------------------------------------------------------


def farthest(before, after):
    """How far the goals of two writes are from each other [ticks]."""
    return max(abs(after[i] - before[i]) for i in IDS)


def test_d4_a_guardian_that_is_killed_is_seen_within_a_tick_and_another_one_brings_the_arm_to_rest(bench):
    """A tick that began before it was dead for certain may still be told of, and no other."""
    control = controlled(bench, "nothing")
    dead_s = kill(bench.guardian)
    code, result = control.end()
    assert code == 1
    assert result["reason"] == "the guardian process died; the servos hold their last goal, and are brought to rest"
    assert len([tick for tick in control.ticks if tick["over_s"] > dead_s]) <= 1
    assert "another guardian brings the arm to rest" in control.err
    assert "the arm is parked and released" in control.err
    log = bench.await_rest()
    before, after = max(pairwise(goal_rows(log, dead_s - 0.1)), key=lambda pair: pair[1][0] - pair[0][0])
    assert farthest(before[1], after[1]) <= 10  # taken over where they were, and on their way to the park position
    assert_lawful(bench, log)
    assert_parked(bench, log, dead_s)
    assert_let_go_softly(bench, log)


# D5, D6: a node that throws, or blocks --------------------------------------------------------------------------


def ended(bench, control):
    """End it with Ctrl-C; return the log of an arm that was parked and let go, as it has to be."""
    asked_s = control.send(signal.SIGINT)
    assert control.end()[0] == 1
    log = bench.await_rest()
    assert_lawful(bench, log)
    assert_parked(bench, log, asked_s)
    assert_let_go_softly(bench, log)
    return log


def test_d5_an_exception_in_a_node_fails_that_node_and_the_arm_is_held_by_a_loop_that_lives_on(bench):
    control = controlled(bench, "raise")
    control.hear("RuntimeError: the left hand does not know")
    assert "trouble/sway_and" in control.err
    count = len(control.ticks)
    await_true(lambda: len(control.ticks) > count + 10, "ticks")
    ticks = control.ticks
    log = ended(bench, control)
    held = next(i for i, tick in enumerate(ticks) if tick["held"])
    assert last_move_s(log, ticks[-1]["over_s"]) < ticks[held + 4]["over_s"]  # two to brake, one to get there


def test_d6_a_node_that_blocks_has_the_arm_held_then_stopped_then_going_on_and_is_named(bench):
    control = controlled(bench, "block")
    control.await_event("follows again")
    log = ended(bench, control)
    i = next(i for i, tick in enumerate(control.ticks) if any("holding" in event for event in tick["events"]))
    last, blocked = control.ticks[i - 1 : i + 1]
    assert any("s of it in trouble/sway_and; holding" in event for event in blocked["events"])
    assert any(event.startswith("stopped: no goal from the controller for 0.2") for event in control.events)
    still_s = assert_held_within(bench, log, last["over_s"], HOLD_S)
    woken_s = blocked["over_s"] - 0.1 * BLOCK_S
    assert_held_where_it_was(log, still_s, woken_s)
    assert_stopped_in_time(bench, log, last["over_s"], woken_s)


def assert_stopped_in_time(bench, log, last_s, until_s):
    """After 250 ms the torque came down to what carries the arm, and no more goals were written."""
    limits = [(time_s, value) for time_s, _, value in log.writes(TORQUE_LIMIT, PAN) if last_s < time_s < until_s]
    lowered_s = limits[0][0]
    assert lowered_s - last_s <= STOP_S + 2 * longest_cycle_s(log, last_s, lowered_s)
    assert min(value for _, value in limits) == bench.plan.stop_torque
    assert [row for row in goal_rows(log, lowered_s) if row[0] < until_s] == []


# D7, D8: a controller that is paused ----------------------------------------------------------------------------


def test_d7_a_pause_of_150_ms_has_the_arm_held_and_its_ticks_are_skipped_and_not_made_up_for(bench):
    control = controlled(bench, "nothing")
    control.send(signal.SIGUSR2)
    await_true(lambda: any(tick["skipped"] >= 3 for tick in control.ticks), "the end of the pause")
    count = len(control.ticks)
    await_true(lambda: len(control.ticks) > count + 10, "ticks")
    log = ended(bench, control)
    (paused_s,) = [told["paused_s"] for told in control.told if "paused_s" in told]
    assert_held_within(bench, log, paused_s, HOLD_S)
    for first, tenth in zip(control.ticks, control.ticks[10:], strict=False):
        assert tenth["over_s"] - first["over_s"] > 8.5 * PERIOD_S  # nowhere a burst


def test_d8_a_controller_that_is_stopped_has_the_arm_stopped_and_follows_again_without_a_jump(bench):
    control = controlled(bench, "nothing")
    stopped_s = control.send(signal.SIGSTOP)
    await_true(lambda: bench.registers(PAN)["torque_limit"] == bench.plan.stop_torque, "the guardian's stop")
    woken_s = control.send(signal.SIGCONT)
    control.await_event("follows again")
    log = ended(bench, control)
    assert any(event.startswith("stopped: no goal from the controller for 0.2") for event in control.events)
    last_s = max(tick["over_s"] for tick in control.ticks if tick["over_s"] < woken_s)
    still_s = assert_held_within(bench, log, max(last_s, stopped_s), HOLD_S)
    assert_held_where_it_was(log, still_s, woken_s)
    assert_stopped_in_time(bench, log, max(last_s, stopped_s), woken_s)
    before, after = [goals for time_s, goals in goal_rows(log) if time_s < woken_s], goal_rows(log, woken_s)
    assert farthest(before[-1], after[0][1]) <= 20  # one step, with the acceleration that is allowed


def test_d8_a_controller_that_stays_stopped_is_given_up_and_finds_the_arm_parked_and_released(bench):
    control = controlled(bench, "nothing", config=bench.config(orphan_after_s=1.0))
    stopped_s = control.send(signal.SIGSTOP)
    log = bench.await_rest()
    assert_lawful(bench, log)
    assert_parked(bench, log, stopped_s)
    assert_let_go_softly(bench, log)
    woken_s = control.send(signal.SIGCONT)
    code, result = control.end()
    assert code == 1
    assert result["reason"] == (
        "the guardian has ended: nothing heard from the controller for 1 s; braking; the arm is parked and released"
    )
    assert max(packet.time_s for packet in bench.log()) < woken_s  # nothing reached the servos any more


# D14, D16, D17 -------------------------------------------------------------------------------------------------------


def test_d14_a_second_run_on_the_same_arm_is_refused_with_who_has_it_and_the_first_goes_on(bench):
    run = under_way(bench)
    guardian, began_s = bench.guardian, time.monotonic()
    other = bench.run("--json", "--no-artifacts")
    code, result = other.end()
    assert (code, result["status"]) == (3, "REFUSED")
    assert result["reason"] == (
        f"another program has the arm on {bench.port} (guardian process {guardian}); end it first, or let the arm go"
        " with `bt-arm release`"
    )
    assert (run.process.poll(), bench.guardian) == (None, guardian)
    asked_s = run.send(signal.SIGINT)
    assert run.end()[0] == 130
    log = bench.await_rest()
    assert_lawful(bench, log)
    assert_parked(bench, log, asked_s)
    assert_let_go_softly(bench, log)
    said = {packet.kind for packet in log if packet.time_s > began_s}
    assert said == {"sync_read", "sync_write", "reply"}  # the second one did not even look


LEAPING = """\
import itertools, os, time
leaps, real = itertools.count(), time.time
time.time = lambda: real() + (-1) ** next(leaps) * 86_400.0 * 365
open(f"{FOLDER!r}/leaping-{os.getpid()}", "w").close()
"""


def test_d16_a_wall_clock_that_leaps_in_every_process_changes_nothing(bench, monkeypatch):
    """A year to and fro with every look at it, in the controller and in the guardian."""
    folder = bench.folder / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(LEAPING.replace("{FOLDER!r}", str(folder)))
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{ROOT}")
    control = controlled(bench, "nothing")
    assert {f"leaping-{pid}" for pid in (control.pid, bench.guardian)} <= {path.name for path in folder.iterdir()}
    await_true(lambda: len(control.ticks) > 30, "a second")
    log = ended(bench, control)
    assert not any("no goal" in event or event.startswith("refused") for event in control.events)
    assert len(goal_rows(log)) > 30


def test_d17_a_terminal_that_nobody_reads_costs_the_arm_nothing(bench):
    """As after Ctrl-S: the live view fills what the terminal takes within a second, and goes on drawing."""
    tree, config = bench.tree(), bench.config()
    run = bench.start_program(BIN / "bt-run", tree, "--config", config, "--no-artifacts", terminal=True)
    bench.await_goal(0.3)
    bench.await_goal(0.75)
    asked_s = run.send(signal.SIGINT)
    assert run.process.wait(LONGEST_S) == 130
    log = bench.await_rest()
    assert_lawful(bench, log)
    assert_parked(bench, log, asked_s)
    assert_let_go_softly(bench, log)
