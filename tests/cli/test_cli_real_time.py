"""The whole task through the whole hardware path: tree, policy, guardian, tty, servos, physics, cameras."""

import pytest

from bt_robot.cli.evaluate import main as evaluate_main
from bt_robot.cli.robots import make_robot
from bt_robot.cli.run import main as run_main
from bt_robot.cli.settings import load_settings
from bt_robot.errors import LoadError, UsageError
from bt_robot.robot.emulated import EmulatedSo101
from bt_robot.robot.so101.robot import So101Robot

EMULATED = ("--config", "so101_emulated")


def test_the_arm_picks_and_places_through_the_emulated_servo_bus(command, tmp_path):
    """What is seen of it: the tree's verdict, the simulation's truth, and an arm that is parked and released."""
    done = command(run_main, "pick_place", *EMULATED, "--json", "-v", "--out", tmp_path)
    assert (done.code, done.json["status"]) == (0, "SUCCESS"), done.err
    assert done.json["expected"] == {"met": True, "unmet": []}
    assert done.json["governor"]["refused"] == 0
    assert "the arm is parked and released" in done.err
    (folder,) = tmp_path.iterdir()
    assert {path.name for path in folder.iterdir()} >= {"film.png", "joints.png", "ticks.csv"}


def test_what_moves_by_the_wall_clock_can_not_be_hurried(command):
    done = command(run_main, "pick_place", *EMULATED, "--fast")
    assert done.code == 2
    assert "--fast is for simulated time, and the robot of so101_emulated moves in real time" in done.err
    done = command(evaluate_main, "pick_place", *EMULATED, "--latency-ms", 100)
    assert done.code == 2
    assert "--latency-ms is for simulated time" in done.err


def test_the_shipped_config_of_a_real_arm_asks_for_its_calibration(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_LEROBOT_CALIBRATION", str(tmp_path))
    with pytest.raises((UsageError, LoadError), match="my_arm"):
        make_robot(load_settings("so101"), seed=0)


def test_a_real_arm_is_made_from_its_config_without_touching_a_port(emulated_calibration_file):
    settings = load_settings("so101", [f"robot.calibration={emulated_calibration_file}"])
    robot = make_robot(settings, seed=0)
    assert isinstance(robot, So101Robot)
    assert robot.limits.names[-1] == "gripper"
    assert tuple(settings.robot.cameras) == ("front", "wrist")
    assert settings.cell is None


def test_an_emulated_arm_knows_its_work_cell():
    settings = load_settings("so101_emulated")
    assert isinstance(make_robot(settings, seed=0), EmulatedSo101)
    assert settings.cell is settings.robot.cell


def test_a_range_that_leaves_no_room_is_told(emulated_calibration_file):
    sets = [f"robot.calibration={emulated_calibration_file}", "robot.ranges={elbow_flex: [1.6, 3.0]}"]
    with pytest.raises(UsageError, match=r"elbow_flex|leaves a joint no room"):
        make_robot(load_settings("so101", [*sets, "limits.margin_rad=0.2"]), seed=0)


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("robot.ranges={elbow: [0.0, 1.0]}", "ranges: unknown joint 'elbow'; expected shoulder_pan"),
        ("robot.ranges={elbow_flex: [1.0, 0.0]}", "ranges: elbow_flex is [1.0, 0.0]; expected its lower and its upper"),
        ("robot.calibration=''", "'calibration' is missing; expected the arm's id"),
        ("robot.guard.park_pose=[0.0, 1.0]", "expected a list of 6 numbers"),
        ("robot.guard.hold_after_s=0.5", "expected them in this order"),
        ("robot.health.stop_temperature_c=50", "expected resume < warn < stop"),
        ("robot.cameras={wrist: {type: opencv}}", "'device' is missing"),
        ("robot.cameras={wrist: {type: webcam}}", "unknown"),
        ("robot.torque.stopped=0", "expected a number from 0.05 to 1"),
    ],
)
def test_a_wrong_key_of_the_arm_is_told_with_what_was_expected(assignment, words):
    with pytest.raises(LoadError) as caught:
        load_settings("so101", [assignment])
    assert words in str(caught.value)
