"""What a config can say about a real SO-101, and what it is told when that can't be."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.arm import so101
from bt_robot.config.source import Problems, parse
from bt_robot.config.values import bind
from bt_robot.robot.cameras.settings import OpenCvCameraSettings, SimulatedCameraSettings
from bt_robot.robot.so101.settings import (
    AUTO,
    EMULATED,
    GuardSettings,
    HealthSettings,
    So101Settings,
    TorqueSettings,
)


def read(text):
    problems = Problems()
    node = parse(text, "so101.yaml", problems)
    return bind(So101Settings, node, problems, "robot"), [str(problem) for problem in problems.found]


def test_an_emulated_arm_needs_one_word():
    settings, problems = read("port: emulated")
    assert problems == []
    assert settings.emulated
    assert settings == So101Settings(port=EMULATED)


def test_a_real_arm_needs_its_calibration():
    settings, problems = read("calibration: my_arm")
    assert problems == []
    assert (settings.port, settings.calibration, settings.emulated) == (AUTO, "my_arm", False)


def test_everything_can_be_said():
    settings, problems = read(
        """
port: /dev/serial/by-id/usb-arm
calibration: calibrations/left.json
cameras:
  wrist: {device: 2, width: 640, height: 480, fps: 30, fourcc: MJPG}
  front: {type: simulated, view: front}
bus_hz: 200
ranges: {elbow_flex: [-1.5, 1.5], gripper: [0.1, 1.0]}
servo_acceleration: 50
torque: {normal: 0.9, gripper: 0.4, arming: 0.1, stopped: 0.5}
health: {warn_temperature_c: 50, stop_temperature_c: 55, resume_temperature_c: 45, warn_voltage_v: 10}
guard:
  hold_after_s: 0.1
  stop_after_s: 0.3
  orphan_after_s: 5
  exit: hold
  park_pose: [0.0, -1.5, 1.2, 1.0, 0.0, 0.2]
  linger_s: 10
  record: ""
"""
    )
    assert problems == []
    assert settings.bus_hz == 200.0
    assert settings.ranges == {"elbow_flex": (-1.5, 1.5), "gripper": (0.1, 1.0)}
    assert settings.torque == TorqueSettings(0.9, 0.4, 0.1, 0.5)
    assert settings.guard.exit == "hold"
    assert settings.guard.record == ""
    assert isinstance(settings.cameras["wrist"], OpenCvCameraSettings)
    assert isinstance(settings.cameras["front"], SimulatedCameraSettings)


def test_the_defaults_are_those_of_the_design():
    guard, torque, health = GuardSettings(), TorqueSettings(), HealthSettings()
    assert (guard.hold_after_s, guard.stop_after_s, guard.exit) == (0.05, 0.25, "park")
    assert guard.park_pose == pytest.approx(so101.REST, abs=1e-4)
    assert (torque.normal, torque.gripper, torque.arming, torque.stopped) == (1.0, 0.5, 0.2, 0.6)
    assert (health.warn_temperature_c, health.stop_temperature_c, health.resume_temperature_c) == (60.0, 65.0, 55.0)
    assert health.warn_voltage_v == 6.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "port: auto",
            "robot: 'calibration' is missing; expected the arm's id or its calibration file (`bt-arm calibrate` makes"
            " one)",
        ),
        (
            "{port: emulated, ranges: {elbow: [-1.0, 1.0]}}",
            "robot: ranges: unknown joint 'elbow'; expected shoulder_pan, shoulder_lift, elbow_flex, wrist_flex,"
            " wrist_roll, gripper (did you mean 'elbow_flex'?)",
        ),
        (
            "{port: emulated, ranges: {elbow_flex: [1.0, -1.0]}}",
            "robot: ranges: elbow_flex is [1.0, -1.0]; expected its lower and its upper end",
        ),
        (
            "{port: emulated, ranges: {elbow_flex: [1.0]}}",
            "robot: ranges: elbow_flex is [1.0]; expected its lower and its upper end",
        ),
        ("{port: emulated, ranges: {elbow_flex: [.nan, 1.0]}}", "ranges.elbow_flex[0]: '.nan'; expected a number"),
        (
            "{port: emulated, guard: {hold_after_s: 0.5}}",
            "guard: hold_after_s, stop_after_s and orphan_after_s are 0.5, 0.25 and 10; expected them in this order",
        ),
        (
            "{port: emulated, guard: {stop_after_s: 5, orphan_after_s: 5}}",
            "guard: hold_after_s, stop_after_s and orphan_after_s are 0.05, 5 and 5; expected them in this order",
        ),
        (
            "{port: emulated, health: {warn_temperature_c: 66}}",
            "health: temperatures of 55 (resume), 66 (warn) and 65 (stop); expected resume < warn < stop",
        ),
        (
            "{port: emulated, guard: {exit: drop}}",
            "unknown exit 'drop'; expected one of hold, park, release",
        ),
        (
            "{port: emulated, guard: {park_pose: [0.0, 0.0]}}",
            "park_pose: a list of 2; expected a list of 6 numbers",
        ),
        ("{port: emulated, guard: {park_s: 0}}", "park_s: '0'; expected a number from 0.5 to 30"),
        ("{port: emulated, guard: {linger_s: .inf}}", "linger_s: '.inf'; expected a number from 0 to 3600"),
        ("{port: emulated, torque: {normal: 1.5}}", "normal: '1.5'; expected a number from 0.05 to 1"),
        ("{port: emulated, torque: {stopped: 0}}", "stopped: '0'; expected a number from 0.05 to 1"),
        ("{port: emulated, bus_hz: 1000}", "bus_hz: '1000'; expected a number from 20 to 400"),
        ("{port: emulated, speed: 3}", "unknown key 'speed'; expected one of bus_hz, bus_latency_s, calibration"),
        (
            "{port: emulated, cameras: {wrist: {type: opencvv}}}",
            "unknown cameras.wrist.type 'opencvv'; expected one of opencv, scripted, simulated, video (did you mean"
            " 'opencv'?)",
        ),
    ],
)
def test_what_is_wrong_is_said(text, said):
    _, problems = read(text)
    assert any(said in problem for problem in problems), problems


@pytest.mark.parametrize("ends", [(math.nan, 1.0), (-1.0, math.nan), (math.nan, math.nan)])
def test_a_range_that_is_no_number_switches_no_limit_off(ends):
    with pytest.raises(ValueError, match="expected its lower and its upper end"):
        So101Settings(port=EMULATED, ranges={"elbow_flex": ends})


# narrowing the limits -------------------------------------------------------------------------------------------


def test_a_range_narrows_the_limits_of_its_joint_alone():
    narrow = So101Settings(port=EMULATED, ranges={"elbow_flex": (-1.0, 0.5)}).narrowed(so101.LIMITS)
    assert (narrow.lower[2], narrow.upper[2]) == (-1.0, 0.5)
    others = [0, 1, 3, 4, 5]
    assert np.array_equal(narrow.lower[others], so101.LIMITS.lower[others])
    assert np.array_equal(narrow.upper[others], so101.LIMITS.upper[others])
    assert np.array_equal(narrow.velocity, so101.LIMITS.velocity)
    assert narrow.names == so101.LIMITS.names


@given(st.floats(-10.0, 10.0), st.floats(-10.0, 10.0), st.sampled_from(so101.JOINT_NAMES))
def test_no_range_makes_the_limits_wider(low, high, name):
    if low >= high:
        return
    settings = So101Settings(port=EMULATED, ranges={name: (low, high)})
    try:
        narrow = settings.narrowed(so101.LIMITS)
    except ValueError:
        return
    assert np.all(narrow.lower >= so101.LIMITS.lower)
    assert np.all(narrow.upper <= so101.LIMITS.upper)
    assert np.all(narrow.lower < narrow.upper)


def test_a_range_that_leaves_nothing_is_refused():
    settings = So101Settings(port=EMULATED, ranges={"gripper": (1.5, 2.0)})
    with pytest.raises(ValueError, match=r"^robot\.ranges leaves gripper no room: 1\.5 … 2$"):
        settings.narrowed(so101.LIMITS)


def test_the_limits_of_the_arm_itself_stay_as_they_are():
    before = so101.LIMITS.lower.copy()
    So101Settings(port=EMULATED, ranges={"elbow_flex": (-0.1, 0.1)}).narrowed(so101.LIMITS)
    assert np.array_equal(so101.LIMITS.lower, before)
