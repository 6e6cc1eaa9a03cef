"""The emulator as another process: started, told what goes wrong, asked what it saw."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
import serial

from bt_robot.arm.so101 import JOINT_NAMES
from bt_robot.errors import RobotError, RobotRefused
from bt_robot.robot.emulator.arm import emulated_calibration
from bt_robot.robot.emulator.process import EmulatorProcess
from bt_robot.robot.sim import SimSettings
from bt_robot.robot.sim.mirror import MirrorWorld
from bt_robot.robot.so101.wire import packets
from bt_robot.robot.so101.wire import registers as r
from bt_robot.robot.so101.wire.replies import ReplyParser

PATIENCE_S = 20.0
IDS = (1, 2, 3, 4, 5, 6)
CELL = SimSettings(image_width=64, image_height=48, container=(0.15, 0.15))
COMMAND = (sys.executable, "-P", "-m", "bt_robot.robot.emulator")


@pytest.fixture(scope="module")
def shared():
    with EmulatorProcess(settings=CELL, seed=3) as emulator:
        yield emulator


@pytest.fixture
def emulator(shared):
    yield shared
    shared.inject("clear")


def until(condition):
    until_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until_s, "it did not happen"
        time.sleep(0.005)


def open_port(path):
    return serial.Serial(path, 1_000_000, timeout=1.0)


def ask(emulator, request, ids, length):
    with open_port(emulator.port) as host:
        host.write(request)
        parser = ReplyParser(ids, length)
        parser.feed(host.read(len(ids) * (length + 6)))
        return parser.replies


def states(emulator):
    replies = ask(emulator, packets.sync_read(56, 15, IDS), IDS, 15)
    return {i: r.parse_state(i, reply.error, reply.data) for i, reply in replies.items()}


def tell(emulator, request):
    with open_port(emulator.port) as host:
        host.write(request)
        host.flush()
        ask(emulator, packets.ping(1), (1,), 0)  # by the time of the answer the request was heard


def test_another_process_serves_the_servos(emulator):
    assert set(states(emulator)) == set(IDS)


def test_its_log_has_what_was_on_the_line(emulator):
    begun_s = time.monotonic()
    tell(emulator, packets.sync_write(42, {1: b"\x08\x08"}))
    goals = [entry for entry in emulator.log().goal_writes() if entry[0] > begun_s]
    assert [goal[1:] for goal in goals] == [(1, 0x808)]
    assert begun_s <= goals[0][0] <= time.monotonic()


def test_faults_are_injected_and_ended(emulator):
    emulator.inject("silence", servo_id=3)
    assert set(states(emulator)) == set(IDS) - {3}
    emulator.inject(fault="clear")
    assert set(states(emulator)) == set(IDS)


@pytest.mark.parametrize(
    ("fault", "arguments", "text"),
    [
        ("silense", {}, r"can't inject: there is no fault 'silense' \(did you mean 'silence'\?\)"),
        ("silence", {}, "missing 1 required positional argument: 'servo_id'"),
    ],
)
def test_a_wrong_fault_is_refused_with_a_hint(emulator, fault, arguments, text):
    with pytest.raises(RobotError, match=text):
        emulator.inject(fault, **arguments)


def test_registers_and_angles_are_told(emulator):
    registers = emulator.registers(2)
    assert registers["id"] == 2
    assert registers["present_position"] == pytest.approx(states(emulator)[2].position, abs=2)
    assert len(emulator.angles_rad()) == 6
    with pytest.raises(RobotError, match="no servo with id 9"):
        emulator.registers(9)


def test_its_calibration_is_a_lerobot_file(emulator):
    with open(emulator.calibration_path, encoding="utf-8") as file:
        calibration = json.load(file)
    assert calibration == emulated_calibration()
    assert tuple(calibration) == JOINT_NAMES


def test_its_simulation_is_seen_in_a_mirror(emulator):
    mirror = MirrorWorld(CELL, 3, emulator.state_path)
    emulator.disturb("red", 0.15, 0.16)
    until(lambda: mirror.in_container("red"))
    emulator.disturb("red", 0.25, -0.1)
    until(lambda: not mirror.in_container("red"))
    assert mirror.frame("front", 10.0).image.shape == (48, 64, 3)
    with pytest.raises(RobotError, match="there is no blue block"):
        emulator.disturb("blue", 0.2, 0.0)
    mirror.close()


def test_the_cable_is_pulled_and_plugged_in_again(emulator):
    with open_port(emulator.port) as host:
        emulator.vanish()
        with pytest.raises(OSError, match="Input/output error"):
            os.write(host.fileno(), b"x")
    emulator.reappear()
    assert set(states(emulator)) == set(IDS)


def fill(host):
    os.set_blocking(host.fileno(), False)
    for _ in range(10_000):
        os.write(host.fileno(), bytes(1000))


def test_the_port_jams_and_works_again(emulator):
    with open_port(emulator.port) as host:
        emulator.jam()
        with pytest.raises(BlockingIOError):
            fill(host)
        emulator.jam(False)
        host.reset_output_buffer()
    until(lambda: set(states(emulator)) == set(IDS))


def test_a_client_that_says_nonsense_or_hangs_up_does_no_harm(emulator):
    control = emulator._listening()["control"]
    for words in (b"", b"nonsense\n", b"[1]\n", b'{"do": "dance"}\n', b'{"do": "jam"}\n', b'{"do": "inject"}\n'):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(control)
            client.sendall(words)
            if words:
                assert b'"error"' in client.recv(1000)
    assert set(states(emulator)) == set(IDS)


def test_it_holds_when_its_host_is_gone(emulator):
    goal = 2047 + 300
    tell(emulator, packets.sync_write(42, {1: goal.to_bytes(2, "little")}))
    until(lambda: abs(emulator.registers(1)["present_position"] - goal) <= 1)
    assert emulator.registers(1)["torque_enable"] == 1
    tell(emulator, packets.sync_write(40, {1: b"\0"}))


def test_joints_with_a_lag_need_no_simulation(tmp_path):
    path = str(tmp_path / "arm")
    with EmulatorProcess(physics="lag", link_path=path) as emulator:
        assert emulator.port == path
        assert emulator.state_path == ""
        assert set(states(emulator)) == set(IDS)
        with pytest.raises(RobotError, match="no blocks without physics"):
            emulator.disturb("red", 0.2, 0.0)
        emulator.vanish()
        assert not os.path.lexists(path)
        emulator.reappear()
        assert set(states(emulator)) == set(IDS)


def test_it_leaves_nothing_behind():
    emulator = EmulatorProcess(physics="lag")
    emulator.start()
    folder, port = os.path.dirname(emulator.calibration_path), emulator.port
    assert os.path.exists(folder)
    emulator.stop()
    emulator.stop()
    assert not os.path.exists(folder)
    assert not os.path.exists(port)


def test_it_ends_when_its_parent_does():
    process = subprocess.Popen(
        [*COMMAND, "--json", "--physics", "lag"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    folder = json.loads(process.stdout.readline())["folder"]
    process.stdin.close()
    assert process.wait(PATIENCE_S) == 0
    process.stdout.close()
    assert not os.path.exists(folder)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_in_order(number, code, tmp_path):
    log = tmp_path / "packets.jsonl"
    process = subprocess.Popen(
        [*COMMAND, "--physics", "lag", "--log", str(log)], stdout=subprocess.PIPE, start_new_session=True
    )
    words = process.stdout.readline().decode()
    path = words.split(" listens on ")[1].split(";")[0]
    with open_port(path) as host:
        host.write(packets.ping(1))
        assert len(host.read(6)) == 6
    process.send_signal(number)
    assert process.wait(PATIENCE_S) == code
    process.stdout.close()
    assert [json.loads(line)["kind"] for line in log.read_text().splitlines()] == ["ping", "reply"]


def test_after_a_crash_it_says_so_and_is_cleaned_up():
    emulator = EmulatorProcess(physics="lag")
    emulator.start()
    folder = os.path.dirname(emulator.calibration_path)
    emulator.kill()
    with pytest.raises(RobotError, match="the emulated servo bus does not answer"):
        emulator.log()
    emulator.stop()
    assert not os.path.exists(folder)


def test_what_can_not_start_says_why(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with EmulatorProcess(physics="lag", link_path=str(file)) as emulator, pytest.raises(RobotRefused) as caught:
        _ = emulator.port
    assert str(caught.value).startswith("the emulated servo bus did not start: emulator: ")
    assert "File exists" in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--sim", '{"imag_width": 3}'], "unexpected keyword argument 'imag_width'"),
        (["--sim", '{"cameras": ["left"]}'], "unknown camera 'left'"),
        (["--sim", "nonsense"], "--sim"),
        (["--physics", "magic"], "invalid choice: 'magic'"),
    ],
)
def test_a_wrong_flag_is_refused(arguments, text):
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert text in done.stderr
