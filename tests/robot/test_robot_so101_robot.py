"""The SO-101 as a robot, over a real guardian and a real tty: what it tells of trouble, and how it ends."""

import logging
import os
import signal
import time
from dataclasses import replace

import numpy as np
import pytest

from bt_robot.arm import so101
from bt_robot.errors import RobotError, RobotRefused
from bt_robot.messages import Command
from bt_robot.robot.cameras.rig import rig_of
from bt_robot.robot.cameras.settings import ScriptedCameraSettings, Step
from bt_robot.robot.emulator.process import EmulatorProcess
from bt_robot.robot.so101.assembly import assemble, calibration_of
from bt_robot.robot.so101.settings import EMULATED, GuardSettings, So101Settings
from bt_robot.robot.so101.wire.registers import TORQUE_ENABLE

CONTROL_HZ = 30.0
PERIOD_S = 1 / CONTROL_HZ
GUARD = GuardSettings(park_s=1.0, linger_s=0.3, record="")
DEADLINE_S = 20.0


@pytest.fixture(scope="module")
def emulator():
    with EmulatorProcess(physics="lag") as emulator:
        yield emulator


@pytest.fixture
def make(emulator):
    """A function that puts a robot together; what it made is closed in the end, and the bus is well again."""
    made = []

    def make(guard=GUARD, cameras=None):
        settings = So101Settings(port=EMULATED, guard=guard, bus_latency_s=0.1)
        calibration, source = calibration_of(settings)
        limits = calibration.limits(so101.LIMITS)
        rig = rig_of(cameras or {})
        robot = assemble(settings, calibration, source, limits, limits, CONTROL_HZ, port=emulator.port, rig=rig)
        made.append(robot)
        return robot

    yield make
    emulator.inject("clear")
    for robot in made:
        robot.close()
        until(lambda robot=robot: not robot.lingering or not _alive(robot.lingering))


@pytest.fixture
def robot(make):
    robot = make()
    robot.connect()
    return robot


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def until(condition):
    """Wait until something is so, however slow the machine is."""
    deadline_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def hold(robot, seconds=None, condition=lambda observation: False):
    """Hold the measured pose at the control rate, for a time or until the observation says something."""
    command, until_s = None, time.monotonic() + (DEADLINE_S if seconds is None else seconds)
    while time.monotonic() < until_s:
        observation = robot.observe(0, time.monotonic())
        if condition(observation):
            return observation
        if command is None or observation.health.stopped:
            command = Command(0, observation.joints.copy(), np.zeros(6))
        robot.command(command)
        time.sleep(PERIOD_S)
    assert seconds is not None, "it never came true"
    return observation


def torque(emulator):
    """The last torque_enable written to each servo."""
    return {servo_id: value for _, servo_id, value in emulator.log().torque_writes()}


def test_connecting_writes_nothing(make, emulator):
    before = len(emulator.log())
    robot = make()
    robot.connect()
    hold_off = robot.observe(0, 0.0)
    assert hold_off.health.stopped == ""
    kinds = {packet.kind for packet in list(emulator.log())[before:]}
    assert kinds <= {"read", "sync_read", "reply"}


def test_a_joint_that_is_held_back_tells_how_hard_its_motor_works(robot, emulator):
    robot.arm()
    free = hold(robot, 0.2).effort
    assert np.all(free.load < 0.05)
    assert np.all(free.current_a < 0.1)
    target = robot.observe(0, time.monotonic()).joints.copy()
    emulator.inject("freeze", servo_id=6)
    target[5] -= 0.2
    robot.command(Command(0, target, np.zeros(6)))

    def pushes(observation):
        robot.command(Command(0, target, np.zeros(6)))
        return observation.effort.load[5] > 0.15 and observation.effort.current_a[5] > 0.2

    until(lambda: pushes(robot.observe(0, time.monotonic())) or time.sleep(PERIOD_S))


def test_a_lost_servo_stops_it_and_it_goes_on_by_itself(robot, emulator):
    robot.arm()
    hold(robot, 0.2)
    emulator.inject("silence", servo_id=3)
    stopped = hold(robot, condition=lambda observation: observation.health.stopped)
    assert "elbow_flex (id 3): no answer" in stopped.health.stopped
    emulator.inject("silence", servo_id=3, count=0)
    hold(robot, condition=lambda observation: not observation.health.stopped)
    notes = []
    hold(robot, condition=lambda observation: notes.extend(observation.health.notes) or "follows again" in notes)


def test_what_a_person_has_to_look_at_ends_the_run_until_it_is_reset(robot, emulator):
    robot.arm()
    hold(robot, 0.2)
    emulator.inject("reboot", servo_id=2)
    with pytest.raises(RobotError, match=r"shoulder_lift \(id 2\): .*restarted"):
        hold(robot)
    with pytest.raises(RobotError, match="restarted"):
        robot.observe(0, 0.0)
    robot.reset()
    until(lambda: _well(robot))
    robot.arm()
    assert hold(robot, 0.3).health.stopped == ""


def _well(robot):
    try:
        return not robot.observe(0, 0.0).health.stopped
    except RobotError:
        return False


def test_a_joint_that_pushes_is_a_strain_only_after_a_while(robot, emulator):
    robot.arm()
    start = hold(robot, 0.1).joints.copy()
    emulator.inject("freeze", servo_id=1)
    target, seen = start.copy(), []
    deadline_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline_s:
        observation = robot.observe(0, time.monotonic())
        seen.append((observation.health.strain, observation.health.notes))
        if observation.health.strain:
            break
        target[0] = min(target[0] + 0.02, start[0] + 0.5)
        robot.command(Command(0, target.copy(), np.zeros(6)))
        time.sleep(PERIOD_S)
    assert "shoulder_pan (id 1): blocked" in seen[-1][0]
    assert robot.observe(0, 0.0).health.stopped == ""  # the others go on
    emulator.inject("freeze", servo_id=1, on=False)


def test_a_camera_that_stands_still_is_a_doubt_and_then_stops_it(make):
    camera = ScriptedCameraSettings(fps=30.0, script=(Step("play", 1.0), Step("pause")))
    robot = make(cameras={"wrist": camera})
    robot.connect()
    robot.arm()
    doubtful = hold(robot, condition=lambda observation: observation.health.doubts)
    assert "camera 'wrist': no new picture for" in doubtful.health.doubts[0]
    assert "camera 'wrist'" in hold(robot, condition=lambda observation: observation.health.stopped).health.stopped


def test_the_death_of_its_guardian_is_seen_at_once_and_another_one_brings_it_to_rest(robot, emulator, caplog):
    robot.arm()
    hold(robot, 0.2)
    os.kill(robot.guardian_pid, signal.SIGKILL)
    with pytest.raises(RobotError, match=r"the guardian process died.*; the servos hold their last goal"):
        hold(robot)
    with caplog.at_level(logging.INFO):
        robot.close()
    assert "another guardian brings the arm to rest" in caplog.text
    assert "the arm is parked and released" in caplog.text
    assert set(torque(emulator).values()) == {0}


def test_a_guardian_that_stands_still_is_not_relied_on(robot):
    robot.arm()
    hold(robot, 0.1)
    os.kill(robot.guardian_pid, signal.SIGSTOP)
    try:
        stopped = hold(robot, condition=lambda observation: observation.health.stopped)
        assert "the guardian has not reported for" in stopped.health.stopped
    finally:
        os.kill(robot.guardian_pid, signal.SIGCONT)
    hold(robot, condition=lambda observation: not observation.health.stopped)


def test_closing_parks_and_releases(robot, emulator, caplog):
    robot.arm()
    hold(robot, 0.1)
    with caplog.at_level(logging.INFO):
        robot.close()
    assert "the arm is parked and released" in caplog.text
    assert torque(emulator) == dict.fromkeys(range(1, 7), 0)
    assert robot.lingering == 0


def test_closing_an_arm_that_was_never_armed_writes_nothing(make, emulator):
    robot = make()
    robot.connect()
    before = len(emulator.log().writes(TORQUE_ENABLE))
    robot.close()
    assert len(emulator.log().writes(TORQUE_ENABLE)) == before


def test_after_an_emergency_stop_it_is_held_and_then_let_go_where_it_is(robot, emulator, caplog):
    robot.arm()
    joints = hold(robot, 0.1).joints
    robot.emergency_stop("space pressed")
    with pytest.raises(RobotError, match="emergency stop: space pressed"):
        robot.observe(0, 0.0)
    robot.close()
    assert "the arm holds for 0.3 s and is then let go softly; `bt-arm release` lets it go now" in caplog.text
    assert robot.lingering
    until(lambda: not _alive(robot.lingering))
    assert set(torque(emulator).values()) == {0}
    last = {servo_id: ticks for _, servo_id, ticks in emulator.log().goal_writes()}
    calibration, _ = calibration_of(So101Settings(port=EMULATED))
    np.testing.assert_allclose(calibration.to_joints([last[i] for i in calibration.ids]), joints, atol=0.02)


def test_a_second_robot_on_the_same_arm_is_refused_with_who_has_it(robot, make):
    with pytest.raises(RobotRefused, match=rf"another program has the arm .*process {robot.guardian_pid}\)"):
        make().connect()


def test_an_arm_that_is_not_as_calibrated_is_refused_with_both_values(make, emulator):
    emulator.inject("poke", servo_id=4, register="position_offset", value=12)
    try:
        with pytest.raises(RobotRefused, match=r"wrist_flex \(id 4\) .*12.*789"):
            make().connect()
    finally:
        emulator.inject("poke", servo_id=4, register="position_offset", value=789)
        until(lambda: emulator.registers(4)["position_offset"] == 789)


def test_targets_outside_its_range_are_not_sent(robot):
    robot.arm()
    joints = robot.observe(0, 0.0).joints
    far = Command(0, joints + 10.0, np.zeros(6))
    np.testing.assert_array_equal(robot.command(far), robot.limits.upper)


def test_times_are_told_on_the_runs_clock(robot):
    observation = robot.observe(7, 1000.0)
    assert 1000.0 - DEADLINE_S < observation.time_s <= 1000.0


def test_a_port_that_is_to_be_found_and_is_not_there_is_refused(make, monkeypatch):
    robot = make()
    robot._setup = replace(robot._setup, port="auto")
    monkeypatch.setattr("bt_robot.robot.so101.ports.serial_devices", lambda *_: [])
    with pytest.raises(RobotRefused, match="no USB serial adapter is plugged in"):
        robot.connect()
