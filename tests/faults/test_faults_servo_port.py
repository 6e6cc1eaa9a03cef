"""Rows B1 to B3, B15, B24 and B25 of the fault table, and the end of B18: a real tty, and a guardian process.

Each test asserts what reached the servos, what a person reads, and how it is afterwards. Times are only ever asserted
where they are the guardian's own, by its clock.
"""

import errno
import os
import time
from pathlib import Path

import numpy as np
import pytest

from bt_robot.arm import so101
from bt_robot.cli.arm.main import main as bt_arm
from bt_robot.errors import RobotError, RobotRefused
from bt_robot.messages import Command
from bt_robot.robot.cameras.rig import rig_of
from bt_robot.robot.emulator.arm import emulated_servos
from bt_robot.robot.emulator.line import Line
from bt_robot.robot.emulator.log import PacketLog
from bt_robot.robot.emulator.plant import FirstOrderPlant
from bt_robot.robot.emulator.server import PtyServer
from bt_robot.robot.so101.assembly import assemble, calibration_of
from bt_robot.robot.so101.port import WRITE_TIMEOUT_S, PortLost, SerialPort
from bt_robot.robot.so101.settings import EMULATED, GuardSettings, So101Settings
from bt_robot.robot.so101.wire.registers import BAUD_RATE, BAUD_RATES, GOAL_POSITION, Status
from tests.robot.so101_kit import CONTROL_HZ, IDS, PERIOD_S

WITHIN_S = 20.0
WRITING = ("write", "reg_write", "sync_write", "action")


class Bench:
    """An emulated arm on a tty, which is found by a link, as an adapter is by its id."""

    def __init__(self, folder):
        self.line = Line(emulated_servos(), FirstOrderPlant(), log=PacketLog(limit=5000))
        self.server = PtyServer(self.line, str(folder / "usb-arm")).start()
        self._robots = []

    @property
    def port(self):
        return self.server.path

    @property
    def faults(self):
        return self.line.faults

    def robot(self, port=""):
        """Put the robot together on this bus; it is not connected yet."""
        guard = GuardSettings(exit="release", park_s=0.5, linger_s=0.0, record="")
        config = So101Settings(port=EMULATED, guard=guard, bus_latency_s=0.1)  # a busy machine is no lost reply
        calibration, source = calibration_of(config)
        limits = calibration.limits(so101.LIMITS)
        rig = rig_of({})
        robot = assemble(config, calibration, source, limits, limits, CONTROL_HZ, port=port or self.port, rig=rig)
        self._robots.append(robot)
        return robot

    def packets(self, *kinds, since_s=0.0):
        found = [packet for packet in self.line.log if packet.time_s > since_s]
        return [packet for packet in found if not kinds or packet.kind in kinds]

    def goals(self, since_s=0.0):
        return [p for p in self.packets("sync_write", since_s=since_s) if p.address == GOAL_POSITION.address]

    @property
    def torques(self):
        with self.server.lock:
            return [servo.torque for servo in self.line.servos]

    def close(self):
        self.faults.clear()
        self.server.jam(False)
        self.server.reappear()
        for robot in self._robots:
            robot.close()
        self.server.stop()


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    bench = Bench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def robot(bench):
    robot = bench.robot()
    robot.connect()
    return robot


class Controller:
    """Sends goals at the control rate, and gathers what a person reads."""

    def __init__(self, robot, rate_rad_s=0.0):
        self.robot = robot
        self.words = []
        self.health = None
        self._step = 0
        self._rate = np.zeros(6)
        self._rate[0] = rate_rad_s
        self.start_here()

    def start_here(self):
        self._pose = self.observe().joints.copy()

    def observe(self):
        observation = self.robot.observe(self._step, time.monotonic())
        self.health = observation.health
        self.words += observation.health.notes
        return observation

    def tick(self):
        self._step += 1
        observation = self.observe()
        if self.health.stopped:  # as the loop does: begin again where the arm is
            self._pose = observation.joints.copy()
        self._pose = self._pose + self._rate * PERIOD_S
        self.robot.command(Command(self._step, self._pose.copy(), self._rate.copy()))
        time.sleep(PERIOD_S)

    def until(self, holds, within_s=WITHIN_S):
        """Go on until something holds; return when it did."""
        until_s = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < until_s, f"{self.health}, {self.words}"
            self.tick()
        return time.monotonic()

    def until_refused(self, within_s=WITHIN_S):
        """Go on until the robot says that a person has to look; return its words."""
        with pytest.raises(RobotError) as told:
            self.until(lambda: False, within_s)
        return str(told.value)


def wait(holds, within_s=WITHIN_S):
    until_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until_s
        time.sleep(0.01)


# B1, B2, B3, B15: at the start ----------------------------------------------------------------------------------


def test_b1_a_missing_port_is_refused_with_what_to_look_for(bench, tmp_path):
    robot = bench.robot(port=str(tmp_path / "ttyACM9"))
    with pytest.raises(RobotRefused) as told:
        robot.connect()
    assert str(told.value) == (
        f"there is no port {tmp_path / 'ttyACM9'}; is the USB cable in? `bt-arm ports` lists what there is"
    )
    assert bench.packets() == []
    again = bench.robot()
    again.connect()
    assert len(again.observe(0, 0.0).joints) == 6


def test_b1_a_missing_port_ends_the_command_with_its_own_exit_code(tmp_path, capsys):
    port = str(tmp_path / "ttyACM9")
    config = str(Path(__file__).parents[2] / "configs" / "so101_emulated.yaml")
    assert bt_arm(["read", "--port", port, "--config", config]) == 3
    assert f"there is no port {port}; is the USB cable in?" in capsys.readouterr().err


def test_b1_a_port_without_permission_is_refused_with_the_command_that_gives_it(monkeypatch):
    def denied(path, *_):
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr("serial.serialposix.os.open", denied)
    with pytest.raises(RobotRefused) as told:
        SerialPort("/dev/ttyACM0")
    assert str(told.value) == (
        "no permission to open /dev/ttyACM0; run `sudo usermod -aG dialout $USER`, log out and in again"
    )


def test_b1_something_else_than_a_port_is_refused(bench, tmp_path):
    (tmp_path / "notes.txt").write_text("no tty")
    with pytest.raises(RobotRefused, match="can't be opened as a serial port"):
        bench.robot(port=str(tmp_path / "notes.txt")).connect()


def test_b2_a_second_program_is_refused_and_the_first_goes_on(bench, robot):
    with pytest.raises(RobotRefused) as told:
        bench.robot().connect()
    assert f"another program has the arm on {bench.port} (guardian process {robot.guardian_pid})" in str(told.value)
    with pytest.raises(RobotRefused, match="is in use by another program; end that one first"):
        SerialPort(bench.port)
    asked = len(bench.packets("sync_read"))
    wait(lambda: len(bench.packets("sync_read")) > asked + 5)
    assert bench.packets(*WRITING) == []
    robot.arm()
    assert bench.torques == [1] * 6
    robot.close()
    later = bench.robot()
    later.connect()
    later.arm()


def test_b3_servos_at_another_rate_are_found_and_told_and_nothing_is_written(bench):
    for servo_id in IDS:
        bench.faults.poke(servo_id, BAUD_RATE.name, 2)
    with pytest.raises(RobotRefused) as told:
        bench.robot().connect()
    assert str(told.value) == (
        f"no servo answers at 1000000 bit/s, but they do at {BAUD_RATES[2]}; `bt-arm setup-id` sets a servo's rate"
    )
    assert bench.packets(*WRITING) == []
    for servo in bench.line.servos:
        bench.faults.poke(servo.servo_id, BAUD_RATE.name, 0)
    bench.robot().connect()


def test_b4_a_missing_servo_refuses_the_start_through_the_whole_chain(bench):
    bench.faults.silence(3)
    with pytest.raises(RobotRefused, match=r"no answer from elbow_flex \(id 3\); ids that answer: 1, 2, 4, 5, 6"):
        bench.robot().connect()
    assert bench.packets(*WRITING) == []
    bench.faults.clear()
    bench.robot().connect()


def test_b15_an_adapter_that_hears_itself_is_detected_at_the_start(bench):
    bench.faults.hear_itself()
    with pytest.raises(RobotRefused) as told:
        bench.robot().connect()
    assert str(told.value) == (
        "the adapter hears itself (it echoes what it sends); its jumper or firmware is set for another bus"
    )
    assert bench.packets(*WRITING) == []
    bench.faults.hear_itself(on=False)
    bench.robot().connect()


# B18: what a strained joint comes to -----------------------------------------------------------------------------


def test_b18_a_joint_that_is_overloaded_for_half_a_second_fails_the_node_that_moves_it(bench, robot):
    robot.arm()
    controller = Controller(robot, rate_rad_s=0.2)
    controller.until(lambda: len(bench.goals()) > 50)
    began_s = time.monotonic()
    bench.faults.report(1, Status.OVERLOAD)
    told_s = controller.until(lambda: bool(controller.health.strain))
    assert told_s - began_s >= 0.5
    # The others go on; `observe` fails with these words, and the tree decides.
    assert controller.health.strain.startswith("shoulder_pan (id 1): overload (load ")
    bench.faults.report(1, 0)
    controller.start_here()
    controller._rate[0] = -0.2
    controller.until(lambda: controller.health.strain == "")
    assert bench.torques == [1] * 6


# B24, B25: a port that is lost ------------------------------------------------------------------------------------


def assert_rearmed_by_a_person(bench, robot):
    """What was lost stays so until a person resets it; then the arm follows from where it is."""
    since_s = time.monotonic()
    with pytest.raises(RobotError):
        robot.observe(0, time.monotonic())
    time.sleep(0.2)
    assert bench.goals(since_s) == []
    wait(lambda: _is_reset(robot))
    robot.arm()
    controller = Controller(robot)
    controller.until(lambda: len({servo_id for p in bench.goals(since_s) for servo_id in p.values}) == 6)
    controller.until(lambda: controller.health.stopped == "")
    first = bench.goals(since_s)[0]
    with bench.server.lock:
        where = {i: servo.present_ticks() for i, servo in zip(IDS, bench.line.servos, strict=True)}
    assert all(abs(first.value(GOAL_POSITION, i) - where[i]) < 15 for i in first.values)
    assert bench.torques == [1] * 6


def _is_reset(robot):
    """Reset it, which it refuses as long as the port is away; return whether it did."""
    robot.reset()
    time.sleep(0.1)
    return not _refuses(robot)


def _refuses(robot):
    try:
        robot.observe(0, time.monotonic())
    except RobotError:
        return True
    return False


def test_b24_a_port_that_vanishes_is_told_at_once_and_the_servos_hold_what_they_were_sent_last(bench, robot):
    robot.arm()
    controller = Controller(robot, rate_rad_s=0.3)
    controller.until(lambda: len(bench.goals()) > 50)
    bench.server.vanish()
    words = controller.until_refused()
    assert words.startswith(f"{bench.port} has vanished")
    assert words.endswith("is the USB cable in?")
    last = bench.goals()[-1]
    assert bench.torques == [1] * 6
    with bench.server.lock:
        assert [servo.memory.get(GOAL_POSITION) for servo in bench.line.servos] == [
            last.value(GOAL_POSITION, i) for i in IDS
        ]
    assert robot.guardian_pid
    os.kill(robot.guardian_pid, 0)  # it waits for the port


def test_b24_the_port_is_opened_again_when_it_is_back_and_nothing_moves_before_a_person_says_so(bench, robot):
    robot.arm()
    controller = Controller(robot, rate_rad_s=0.3)
    controller.until(lambda: len(bench.goals()) > 50)
    bench.server.vanish()
    controller.until_refused()
    robot.reset()  # too early: nobody can see the arm
    gone_s = time.monotonic()
    time.sleep(0.3)
    assert _refuses(robot)
    bench.server.reappear()  # another tty, the same link
    wait(lambda: len(bench.packets("sync_read", since_s=gone_s)) > 20)
    assert bench.goals(gone_s) == []
    assert_rearmed_by_a_person(bench, robot)


def test_b24_servos_that_restarted_while_the_port_was_away_are_switched_on_by_arming_alone(bench, robot):
    robot.arm()
    controller = Controller(robot)
    controller.until(lambda: len(bench.goals()) > 50)
    bench.server.vanish()
    controller.until_refused()
    gone_s = time.monotonic()
    for servo_id in IDS:
        bench.faults.reboot(servo_id)
    bench.server.reappear()
    wait(lambda: len(bench.packets("sync_read", since_s=gone_s)) > 30)
    assert bench.goals(gone_s) == []
    assert bench.torques == [0] * 6
    assert_rearmed_by_a_person(bench, robot)


def test_b25_a_port_that_takes_no_bytes_is_lost_after_the_write_timeout(bench):
    port = SerialPort(bench.port)
    try:
        bench.server.jam()
        with pytest.raises(PortLost) as told:
            port.send(bytes(1_000_000))
        assert str(told.value) == (
            f"{bench.port} has taken no bytes for {1e3 * WRITE_TIMEOUT_S:.0f} ms; unplug the USB cable and plug it in"
            " again"
        )
    finally:
        port.close()


@pytest.mark.skipif(not os.environ.get("BT_SOAK"), reason="the kernel's buffer takes 15 s to fill; make soak")
def test_b25_an_arm_behind_a_jammed_port_is_stopped_and_comes_back_when_it_is_free(bench, robot):
    robot.arm()
    controller = Controller(robot, rate_rad_s=0.3)
    controller.until(lambda: len(bench.goals()) > 50)
    bench.server.jam()
    words = controller.until_refused()
    assert f"{bench.port} has taken no bytes for 20 ms" in words
    assert bench.torques == [1] * 6
    jammed_s = time.monotonic()
    bench.server.jam(False)
    wait(lambda: len(bench.packets("sync_read", since_s=jammed_s)) > 20)
    assert_rearmed_by_a_person(bench, robot)
