"""An SO-101 put together from its config, before anything is opened."""

import json
from pathlib import Path

import pytest

from bt_robot.arm import so101
from bt_robot.errors import LoadError, RobotError
from bt_robot.robot.cameras.rig import CameraRig
from bt_robot.robot.cameras.settings import SimulatedCameraSettings
from bt_robot.robot.emulator.arm import emulated_calibration
from bt_robot.robot.so101.assembly import assemble, calibration_of
from bt_robot.robot.so101.settings import GuardSettings, So101Settings
from tests.robot.so101_kit import safety_of, settings


def assembled(config, **values):
    calibration, source = calibration_of(settings())
    safety = safety_of(config, calibration)
    return assemble(config, calibration, source, calibration.limits(so101.LIMITS), safety, 30.0, **values)


def setup_of(robot):
    return robot._setup


def test_an_emulated_bus_brings_its_own_calibration():
    calibration, source = calibration_of(settings())
    assert source == "the emulated bus"
    for joint in calibration.joints:
        entry = emulated_calibration()[joint.name]
        assert (joint.servo_id, joint.homing_offset) == (entry["id"], entry["homing_offset"])
        assert (joint.range_min, joint.range_max) == (entry["range_min"], entry["range_max"])


def test_a_calibration_is_read_from_the_file_that_is_named(tmp_path):
    path = tmp_path / "left.json"
    entries = emulated_calibration()
    entries["shoulder_pan"]["homing_offset"] = 99
    path.write_text(json.dumps(entries))
    for port in ("auto", "emulated"):
        calibration, source = calibration_of(So101Settings(port=port, calibration=str(path)))
        assert source == str(path)
        assert calibration.joints[0].homing_offset == 99


def test_a_calibration_that_is_not_there_is_a_load_error(tmp_path):
    with pytest.raises(LoadError, match="there is no such calibration"):
        calibration_of(So101Settings(calibration=str(tmp_path / "none.json")))


def test_a_calibration_that_is_none_is_a_load_error(tmp_path):
    path = tmp_path / "left.json"
    path.write_text("{}")
    with pytest.raises(LoadError):
        calibration_of(So101Settings(calibration=str(path)))


def test_an_assembled_robot_has_opened_nothing():
    robot = assembled(settings())
    assert robot.limits.names == so101.JOINT_NAMES
    with pytest.raises(RobotError, match=r"not connected; call connect\(\) first"):
        robot.observe(0, 0.0)
    robot.stop()
    robot.close()


def test_the_guardian_is_told_the_configs_port_or_the_one_given():
    config = So101Settings(port="/dev/ttyACM0", calibration="x")
    assert setup_of(assembled(config)).port == "/dev/ttyACM0"
    assert setup_of(assembled(config, port="/tmp/pts")).port == "/tmp/pts"


def test_the_guardian_is_told_what_the_servos_should_be():
    expected = setup_of(assembled(settings())).expected
    assert expected.calibration == "the emulated bus"
    assert [servo.name for servo in expected.servos] == list(so101.JOINT_NAMES)


def test_faults_are_recorded_where_the_config_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = setup_of(assembled(settings(guard=GuardSettings(record="runs/faults")))).box_folder
    assert Path(folder) == tmp_path / "runs" / "faults"
    assert setup_of(assembled(settings(guard=GuardSettings(record="")))).box_folder == ""


def test_an_arm_is_not_taken_over_unless_that_is_asked_for():
    assert not setup_of(assembled(settings())).rescue


def test_cameras_can_be_given_instead_of_the_configs():
    config = settings(cameras={"front": SimulatedCameraSettings(view="front")})
    robot = assembled(config, rig=CameraRig({}))
    robot.close()
