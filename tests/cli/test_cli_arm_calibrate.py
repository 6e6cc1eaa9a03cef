"""`bt-arm calibrate`, with a person who moves the emulated arm and presses ENTER."""

import json
from pathlib import Path

import pytest

from bt_robot.arm.so101 import JOINT_NAMES, RANGES_RAD
from bt_robot.cli.arm.main import main
from bt_robot.robot.emulator.arm import emulated_calibration
from tests.cli.arm_kit import IDS, MIDDLES_RAD, READING, Session, await_true, emulated_arm, fits, last_json

STEP_RAD = 1.3  # a quarter turn between two readings would be too quick
EEPROM = ("position_offset", "min_position", "max_position")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    with emulated_arm(tmp_path_factory) as arm:
        yield arm


@pytest.fixture
def arm(emulator):
    """An arm whose calibration got lost, held by hands."""
    emulator.rest()
    emulator.hold()
    for servo_id in IDS:
        for register, value in zip(EEPROM, (0, 0, 4095), strict=True):
            emulator.inject("poke", servo_id=servo_id, register=register, value=value)
    emulator.settle()
    return emulator


def held(arm):
    return {
        name: tuple(arm.registers(servo_id)[register] for register in EEPROM)
        for name, servo_id in zip(JOINT_NAMES, IDS, strict=True)
    }


def right():
    return {
        name: (entry["homing_offset"], entry["range_min"], entry["range_max"])
        for name, entry in emulated_calibration().items()
    }


def seen(arm):
    """Wait until the command has looked where the joints are."""
    arm.news()
    await_true(lambda: arm.news().kinds("sync_read"), "a reading")
    await_true(lambda: arm.news().kinds("sync_read"), "another reading")


def sweep(arm, joints=range(6)):
    """Move joints from the middle to one stop, to the other, and back, slowly enough to be followed."""
    longest = max(abs(end - middle) for ends, middle in zip(RANGES_RAD, MIDDLES_RAD, strict=True) for end in ends)
    steps = int(longest / STEP_RAD) + 1
    shares = [i / steps for i in range(steps + 1)]
    for way in (0, 1):
        for share in (*shares, *reversed(shares)):
            arm.place(
                [
                    middle + share * (ends[way] - middle) if i in joints else middle
                    for i, (ends, middle) in enumerate(zip(RANGES_RAD, MIDDLES_RAD, strict=True))
                ]
            )
            seen(arm)


def test_the_guided_way_finds_the_calibration_and_writes_it_everywhere(arm, tmp_path):
    with Session("calibrate", "--id", "left", "--json", "--port", arm.port) as session:
        assert fits(session.hear("Step 1 of 2", "press ENTER"))
        arm.place(MIDDLES_RAD)
        session.press()
        assert fits(session.hear("Step 2 of 2", "gives up)"))
        sweep(arm, joints=(0, 1, 2))
        session.press()
        said = session.hear("wrist_flex moved by 0° only", "gripper moved by 0° only", "Go on with these")
        assert fits(said)
        sweep(arm, joints=(3, 5))
        session.press()
        said = session.hear("Write this into the servos and into ", "? [y/N]")
        assert fits(said)
        assert not arm.log().kinds("write", "sync_write")
        session.press("y\n")
        code, out, _ = session.end()
    assert code == 0
    result = last_json(out)
    file = Path(result["file"])
    assert file.parts[-4:] == ("calibration", "robots", "so_follower", "left.json")
    stored = json.loads(file.read_text())
    for name, values in right().items():
        assert held(arm)[name] == pytest.approx(values, abs=2)
        entry = stored[name]
        assert (entry["homing_offset"], entry["range_min"], entry["range_max"]) == held(arm)[name]
    assert [arm.registers(servo_id)["lock"] for servo_id in IDS] == [1] * 6


def test_a_motion_across_the_seam_sends_the_person_back_to_the_middle_and_q_gives_up(arm):
    with Session("calibrate", "--file", "seam.json", "--port", arm.port) as session:
        session.hear("Step 1 of 2", "press ENTER")
        off = list(MIDDLES_RAD)
        off[1] += 1.6
        arm.place(off)
        session.press()
        session.hear("Step 2 of 2", "gives up)")
        off[1] -= STEP_RAD
        arm.place(off)
        seen(arm)
        sweep(arm)
        session.press()
        said = session.hear("shoulder_lift crossed the encoder's seam", "So the middle has to be found again", "Step 1")
        assert fits(said)
        session.press()
        session.hear("Step 2 of 2", "gives up)")
        session.press("q\n")
        code, _, err = session.end()
    assert code == 3
    assert "given up; nothing was written" in err
    assert "shoulder_pan moved by 0° only" in err
    assert not Path("seam.json").exists()
    assert arm.kinds() <= READING


def test_the_torque_stays_on_until_the_person_says_that_the_arm_rests(arm):
    arm.energise()
    arm.news()
    with Session("calibrate", "--file", "limp.json", "--port", arm.port) as session:
        said = session.hear("the arm goes limp", "press ENTER")
        assert "shoulder_pan, shoulder_lift, elbow_flex, wrist_flex, wrist_roll, gripper is on" in " ".join(
            said.split()
        )
        assert arm.torque() == [1] * 6
        assert arm.kinds() <= READING
        session.press()
        session.hear("Step 1 of 2")
        assert arm.torque() == [0] * 6
        assert {register for register, _, _ in arm.written()} == {"torque_enable"}
        session.hang_up()
        code, _, err = session.end()
    assert code == 3
    assert "nobody answers: the input has ended" in err


def test_on_a_terminal_the_joints_are_shown_live(arm):
    with Session("calibrate", "--file", "live.json", "--port", arm.port, terminal=True) as session:
        session.hear("press ENTER")
        session.press()
        session.hear("Step 2 of 2", "shoulder_pan", "2047", "go on")
        session.press("q\n")
        code, said, _ = session.end()
    assert code == 3
    assert "given up; nothing was written" in said


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "good.json"
    path.write_text(json.dumps(emulated_calibration()))
    return path


def test_an_existing_calibration_is_written_into_a_new_servo_only_where_it_differs(arm, command, file):
    done = command(main, "calibrate", "--write-only", file, "--yes", "--json", "--port", arm.port)
    assert done.code == 0
    assert held(arm) == right()
    assert set(done.json["written"]) == set(JOINT_NAMES)
    arm.poke(3, "position_offset", 0)  # as a servo that was replaced
    arm.news()
    done = command(main, "calibrate", "--write-only", file, "--yes", "--json", "--port", arm.port)
    assert done.json["written"] == {"elbow_flex": ["position_offset"]}
    assert arm.written() == [("lock", 3, 0), ("position_offset", 3, -456), ("lock", 3, 1)]
    assert fits(done.err)


def test_what_the_servos_hold_already_is_not_written_again(arm, command, file):
    command(main, "calibrate", "--write-only", file, "--yes", "--port", arm.port)
    arm.news()
    done = command(main, "calibrate", "--write-only", file, "--port", arm.port)
    assert done.code == 0
    assert "already" in done.out
    assert arm.kinds() <= READING


def test_writing_asks_first_and_a_no_is_a_no(arm, command, file):
    with Session("calibrate", "--write-only", file, "--port", arm.port) as session:
        said = session.hear("Write this into the servos? [y/N]")
        assert "0, 0 … 4095" in said
        assert fits(said)
        session.press("no\n")
        code, out, _ = session.end()
    assert (code, out) == (1, "nothing was written\n")
    assert arm.kinds() <= READING


def test_a_servo_that_keeps_nothing_is_named_with_the_way_to_go_on(arm, command, file):
    arm.inject("swallow", writes=1)  # the first unlocking
    done = command(main, "calibrate", "--write-only", file, "--yes", "--port", arm.port)
    assert done.code == 1
    assert "servo 1 does not open its EEPROM for writing; try again" in done.err
    assert f"`bt-arm calibrate --write-only {file}` tries it again" in done.err


def test_a_servo_that_does_not_answer_is_refused_before_anything_is_done(arm, command):
    arm.inject("silence", servo_id=4)
    done = command(main, "calibrate", "--id", "x", "--port", arm.port)
    assert done.code == 3
    assert "no answer from wrist_flex (id 4); `bt-arm scan` tells which servos there are" in done.err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--file", "x.txt"), "expected a path that ends with .json"),
        (("--file", f"{__file__}/x.json"), "can't be written; name another place"),
        (("--folder", "so_foller"), "invalid choice: 'so_foller'"),
        (("--write-only", "nobody"), "there is no such calibration"),
        (("--id", "a", "--file", "b.json"), "not allowed with argument"),
    ],
)
def test_a_wrong_place_is_told_before_the_person_has_done_the_work(arm, command, flags, words):
    done = command(main, "calibrate", *flags, "--port", arm.port)
    assert done.code == 2
    assert words in done.err
    assert arm.kinds() <= READING
