"""D1, D2, D15: a person ends a run, or stops the arm, in whatever phase: it is never dropped, and told what it does."""

import signal
import threading
import time

import pytest

from bt_robot.cli.arm.main import main as arm_main
from bt_robot.cli.robots import make_robot
from bt_robot.cli.settings import load_settings
from bt_robot.errors import RobotError, RobotRefused
from bt_robot.policy.wire.msgpack_numpy import pack
from bt_robot.robot.so101.guardian.messages import State
from tests.faults.link_kit import WAIT_S, FaultyServer, good
from tests.faults.process_kit import BLIND, IDS, LINGER_S, PAN, await_true, bench_in
from tests.faults.process_laws import (
    assert_held_where_it_was,
    assert_lawful,
    assert_let_go_softly,
    assert_nothing_written,
    assert_parked,
    goal_rows,
    last_move_s,
    let_go_s,
)
from tests.robot.so101_kit import Arm

GO = "tree: go\nroot: {retry: {attempts: 99, child: {move_to: {joints: [0.6, -1.55, 1.35, 1.2, 0.05, 0.3]}}}}\n"
ASK = "tree: ask\nprompt: go on\nroot: {reactive_sequence: [observe, query_policy, execute_chunk]}\n"
SLOW_PARK = {"park_speed_rad_s": 0.2, "park_s": 30.0}
TWICE = (signal.SIGINT, signal.SIGTERM)
"""As Ctrl-C twice: two of the same kind, sent at once, would be one."""

BRAKING_S = 0.06
"""What braking from the speed of a test takes, and a cycle more [s]."""

HOLDS = f"the arm holds for {LINGER_S:g} s and is then let go softly; `bt-arm release` lets it go now"
PARKED = "the arm is parked and released"


@pytest.fixture
def bench(tmp_path):
    with bench_in(tmp_path) as bench:
        yield bench


class SlowServer(FaultyServer):
    """A policy server that answers the first question only when it is told to."""

    def __init__(self):
        super().__init__()
        self.answer = threading.Event()
        self.todo.put(self.think)

    def think(self, client, request):
        self.answer.wait(WAIT_S)
        client.send(pack(good(request)))


@pytest.fixture
def server():
    server = SlowServer()
    server.start()
    yield server
    server.answer.set()
    server.stop()


def start(bench, *flags, **options):
    return bench.run("--json", "--no-artifacts", *flags, **options)


def warming_up(bench, server):
    """A run that waits for its policy's first answer; its guardian has looked at the arm."""
    (bench.folder / "blind.yaml").write_text(BLIND)
    run = start(bench, tree=ASK, config=bench.config({"url": server.url, "profile": "blind.yaml"}))
    await_true(server.todo.empty, "the first question")
    return run


def arming(bench):
    """A run that is just being armed, or was a moment ago if the machine is slow; it moves nothing."""
    run = start(bench, tree="tree: stay\nroot: hold_position\n")
    await_true(lambda: bench.registers(PAN)["torque_enable"] == 1, "the arming")
    return run


def under_way(bench, **options):
    run = start(bench, **options)
    bench.await_goal(0.2)
    return run


def parking(bench, **options):
    """A run that is over, and parks the arm slowly."""
    run = start(bench, tree=GO, config=bench.config(**SLOW_PARK), **options)
    bench.await_goal(0.58)
    await_true(lambda: bench.pan_rad() < 0.55, "the parking")
    return run


def assert_held_then_let_go(bench):
    """It came to rest away from where it is parked, stood still as long as it is to hold, and was let go softly."""
    log = bench.await_rest()
    assert_lawful(bench, log)
    assert let_go_s(bench, log) - last_move_s(log) > 0.9 * LINGER_S
    assert abs(goal_rows(log)[-1][1][PAN] - bench.plan.joints[0].park) > 50
    assert_let_go_softly(bench, log)


# D1, D2: the end of a run ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_d1_ctrl_c_while_the_policy_warms_up_ends_the_run_and_nothing_was_written(bench, server, times):
    run = warming_up(bench, server)
    for _ in range(times):
        run.send(signal.SIGINT)
        time.sleep(0.05)  # as quickly as a person presses a key again
    code, result = run.end()
    assert (code, result["status"]) == (130, "INTERRUPTED")
    assert "bt-run: interrupted" in run.err
    assert "Traceback" not in run.err
    assert_nothing_written(bench.await_rest())
    assert bench.torque() == [0] * len(IDS)


def test_d1_ctrl_c_while_arming_parks_and_releases(bench):
    run = arming(bench)
    asked_s = run.send(signal.SIGINT)
    code, result = run.end()
    assert (code, result["status"], result["reason"]) == (130, "INTERRUPTED", "interrupted")
    assert PARKED in run.err
    log = bench.await_rest()
    assert_lawful(bench, log)
    assert_parked(bench, log, asked_s)
    assert_let_go_softly(bench, log)


def test_d1_ctrl_c_twice_while_arming_lets_go_softly_of_an_arm_that_never_moved(bench):
    run = arming(bench)
    run.send(*TWICE)
    code, result = run.end()
    assert (code, result["status"]) == (130, "INTERRUPTED")
    assert "the arm is released where it stood" in run.err or HOLDS in run.err
    assert "Traceback" not in run.err
    log = bench.await_rest()
    assert_held_where_it_was(log, 0.0)
    assert_let_go_softly(bench, log)


def test_d1_ctrl_c_while_running_brakes_parks_within_its_time_and_releases(bench):
    run = under_way(bench)
    asked_s = run.send(signal.SIGINT)
    code, result = run.end()
    assert (code, result["status"], result["reason"]) == (130, "INTERRUPTED", "interrupted")
    assert PARKED in run.err
    log = bench.await_rest()
    assert_lawful(bench, log)
    assert_parked(bench, log, asked_s)
    assert_let_go_softly(bench, log)


def test_d1_ctrl_c_twice_while_running_brakes_holds_where_it_is_and_lets_go_softly(bench):
    run = under_way(bench)
    run.send(*TWICE)
    code, result = run.end()
    assert (code, result["status"]) == (130, "INTERRUPTED")
    assert HOLDS in run.err
    assert "Traceback" not in run.err
    assert_held_then_let_go(bench)


def test_d1_ctrl_c_while_parking_stops_it_holds_and_lets_go_softly(bench):
    run = parking(bench)
    run.send(signal.SIGINT)
    code, _ = run.end()
    assert code == 130
    assert HOLDS in run.err
    assert "Traceback" not in run.err
    assert_held_then_let_go(bench)


def test_d1_a_second_ctrl_c_while_parking_stops_it_holds_and_lets_go_softly(bench):
    run = under_way(bench, config=bench.config(**SLOW_PARK))
    run.send(signal.SIGINT)
    farthest_rad = bench.pan_rad()
    await_true(lambda: bench.pan_rad() < farthest_rad - 0.03, "the parking")
    run.send(signal.SIGINT)
    code, _ = run.end()
    assert code == 130
    assert HOLDS in run.err
    assert "Traceback" not in run.err
    assert_held_then_let_go(bench)


def test_d2_sigterm_ends_a_run_as_ctrl_c_does(bench):
    run = under_way(bench)
    asked_s = run.send(signal.SIGTERM)
    code, result = run.end()
    assert (code, result["reason"]) == (130, "interrupted")
    assert PARKED in run.err
    log = bench.await_rest()
    assert_lawful(bench, log)
    assert_parked(bench, log, asked_s)
    assert_let_go_softly(bench, log)


def test_d2_a_terminal_that_is_hung_up_ends_a_run_as_ctrl_c_does(bench):
    """What the end of an ssh connection does: SIGHUP from the kernel, and nobody who could read a word."""
    run = under_way(bench, terminal=True)
    assert "sway RUNNING" in run.err
    asked_s = run.hang_up()
    assert run.process.wait() == 130
    log = bench.await_rest()
    assert_lawful(bench, log)
    assert_parked(bench, log, asked_s)
    assert_let_go_softly(bench, log)


# D15: the emergency stop ----------------------------------------------------------------------------------------


def at_work(state):
    """An arm in virtual time whose guardian is in a state."""
    arm = Arm()
    if state is State.DISARMED:
        arm.run(0.05)
    elif state is State.ARMING:
        arm.run(0.05)
        arm.core.arm(arm.now_s)
        arm.run(0.1)
    else:
        arm.arm()
        arm.wave(0.5)
    if state is State.STOPPED:
        arm.core.stop("the run is over")
        arm.run(0.02)
    elif state in (State.LEAVING, State.RELEASED):
        arm.core.leave(arm.now_s)
        arm.run(0.2 if state is State.LEAVING else 60.0)
    assert arm.state is state
    return arm


@pytest.mark.parametrize("state", State, ids=lambda state: state.name.lower())
def test_d15_in_every_state_of_the_guardian_all_motion_ends_at_once_and_for_good(state):
    arm = at_work(state)
    stopped_s = arm.now_s
    arm.core.emergency("a person")
    arm.wave(1.0)
    for servo_id in IDS:
        goals = [ticks for time_s, _, ticks in arm.goals_after(stopped_s, servo_id) if time_s > stopped_s + BRAKING_S]
        assert len(set(goals)) <= 1, "it was moved"
    assert arm.core.latched == "emergency stop: a person"
    assert arm.core.arm(arm.now_s)  # refused, with a reason
    arm.core.reset()
    if state is State.DISARMED:
        assert arm.goals_after(stopped_s) == []
        assert arm.core.arm(arm.now_s) == ""
    elif state in (State.ARMED, State.STOPPED):
        arm.hold(0.2)
        assert arm.state is State.ARMED


def test_d15_the_space_bar_stops_a_run_for_good_and_bt_arm_release_frees_the_arm(bench, capsys):
    run = under_way(bench, terminal=True, config=bench.config(linger_s=600.0))
    run.press(" ")
    code, result = run.end()
    assert (code, result["status"], result["reason"]) == (1, "FAILURE", "emergency stop: space pressed")
    assert "the arm holds for 600 s and is then let go softly; `bt-arm release` lets it go now" in run.err
    await_true(lambda: bench.registers(PAN)["torque_limit"] == bench.plan.stop_torque, "less torque")
    where = goal_rows(bench.log())[-1][1]
    assert bench.torque() == [1] * len(IDS)

    assert arm_main(["release", "--port", bench.port]) == 0
    assert "the guardian has brought the arm to rest, and ended" in capsys.readouterr().out
    log = bench.await_rest()
    assert goal_rows(log)[-1][1] == where  # nothing moved, whatever was tried
    assert_lawful(bench, log)
    assert_let_go_softly(bench, log)


def test_d15_bt_arm_stop_from_another_terminal_stops_a_run_for_good(bench, capsys):
    run = under_way(bench)
    assert arm_main(["stop", "--port", bench.port]) == 0
    assert "emergency stop: bt-run" in capsys.readouterr().out
    code, result = run.end()
    assert (code, result["status"], result["reason"]) == (1, "FAILURE", "emergency stop: signal SIGUSR1")
    assert_held_then_let_go(bench)


def test_d15_an_emergency_stop_while_the_policy_warms_up_keeps_the_arm_from_being_armed(bench, server):
    run = warming_up(bench, server)
    run.send(signal.SIGUSR1)
    server.answer.set()
    code, result = run.end()
    assert (code, result["status"]) == (3, "REFUSED")
    assert result["reason"] == "emergency stop: signal SIGUSR1; reset it first"
    assert_nothing_written(bench.await_rest())


def test_d15_an_emergency_stop_while_arming_lets_nothing_move(bench):
    run = arming(bench)
    run.send(signal.SIGUSR1)
    code, result = run.end()
    assert code in (1, 3)
    assert "emergency stop: signal SIGUSR1" in result["reason"]
    log = bench.await_rest()
    assert_held_where_it_was(log, 0.0)
    assert_let_go_softly(bench, log)


def test_d15_an_emergency_stop_while_parking_stops_that_too(bench):
    run = parking(bench, terminal=True)
    run.press(" ")
    run.end()
    assert HOLDS in run.err
    assert_held_then_let_go(bench)


def test_d15_an_emergency_stop_by_the_api_is_taken_from_any_thread_and_latched(bench):
    robot = make_robot(load_settings(str(bench.config())), 0)
    robot.connect()
    robot.arm()
    thread = threading.Thread(target=robot.emergency_stop, args=("a bumper was hit",))
    thread.start()
    thread.join()
    with pytest.raises(RobotError, match="emergency stop: a bumper was hit"):
        robot.observe(0, 0.0)
    with pytest.raises(RobotRefused, match="reset it first"):
        robot.arm()
    robot.close()
    log = bench.await_rest()
    assert_held_where_it_was(log, 0.0)
    assert_let_go_softly(bench, log)
