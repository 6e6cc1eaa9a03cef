import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.arm import so101
from bt_robot.errors import LoadError, UsageError
from bt_robot.robot.so101 import calibration_files
from bt_robot.robot.so101.calibration import Calibration, JointCalibration

GOLDEN = """{
    "shoulder_pan": {
        "id": 1,
        "drive_mode": 0,
        "homing_offset": -123,
        "range_min": 800,
        "range_max": 3300
    },
    "shoulder_lift": {
        "id": 2,
        "drive_mode": 0,
        "homing_offset": 1400,
        "range_min": 838,
        "range_max": 3175
    },
    "elbow_flex": {
        "id": 3,
        "drive_mode": 0,
        "homing_offset": -2047,
        "range_min": 928,
        "range_max": 3140
    },
    "wrist_flex": {
        "id": 4,
        "drive_mode": 0,
        "homing_offset": 2047,
        "range_min": 921,
        "range_max": 3115
    },
    "wrist_roll": {
        "id": 5,
        "drive_mode": 0,
        "homing_offset": 0,
        "range_min": 0,
        "range_max": 4095
    },
    "gripper": {
        "id": 6,
        "drive_mode": 1,
        "homing_offset": 7,
        "range_min": 2046,
        "range_max": 3246
    }
}"""
"""A file as LeRobot writes it, to the byte."""


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("HF_LEROBOT_CALIBRATION", "HF_LEROBOT_HOME", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def values():
    return json.loads(GOLDEN)


def stored(path, text=GOLDEN):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def problems(path, text):
    with pytest.raises(LoadError) as caught:
        calibration_files.read(stored(path, text))
    return [str(problem).removeprefix(f"{path}") for problem in caught.value.problems]


# reading --------------------------------------------------------------------------------------------------------


def test_lerobots_file_is_read(tmp_path):
    calibration = calibration_files.read(stored(tmp_path / "arm.json"))
    assert calibration.joints[0] == JointCalibration("shoulder_pan", 1, 0, -123, 800, 3300)
    assert calibration.joints[5] == JointCalibration("gripper", 6, 1, 7, 2046, 3246)
    assert calibration.ids == (1, 2, 3, 4, 5, 6)


def test_what_is_written_is_lerobots_file_to_the_byte(tmp_path):
    calibration = calibration_files.read(stored(tmp_path / "arm.json"))
    assert calibration_files.write(calibration, str(tmp_path / "copy.json")).read_bytes() == GOLDEN.encode()


def test_the_order_and_the_layout_of_the_file_do_not_matter(tmp_path):
    shuffled = {name: dict(reversed(entry.items())) for name, entry in reversed(values().items())}
    text = json.dumps(shuffled, indent="\t").replace('": ', '":\t')
    calibration = calibration_files.read(stored(tmp_path / "arm.json", text))
    assert calibration_files.as_json(calibration) == GOLDEN


def test_a_file_on_one_line_is_read(tmp_path):
    text = json.dumps(values(), separators=(",", ":"))
    assert calibration_files.as_json(calibration_files.read(stored(tmp_path / "arm.json", text))) == GOLDEN


@given(
    st.lists(
        st.tuples(
            st.integers(0, 1), st.integers(-2047, 2047), st.integers(0, 2047), st.integers(2048, 4095), st.booleans()
        ),
        min_size=6,
        max_size=6,
    ),
    st.permutations(range(1, 7)),
)
def test_writing_and_reading_are_inverse(tmp_path_factory, rows, ids):
    joints = zip(so101.JOINT_NAMES, ids, rows, strict=True)
    calibration = Calibration(tuple(JointCalibration(name, i, *row[:4]) for name, i, row in joints))
    path = calibration_files.write(calibration, str(tmp_path_factory.mktemp("law") / "arm.json"))
    assert calibration_files.read(path) == calibration


def test_everything_wrong_with_a_file_is_told_at_once_with_its_place(tmp_path):
    text = """{
  "shoulder_pan": {"id": 1, "drive_mode": 0, "homing_offset": -2048, "range_min": 800, "range_max": 3300},
  "shoulder_lift": {"id": 1, "drive_mode": 2, "homing_offset": 0, "range_min": 3300, "range_max": 800},
  "elbow_flx": {"id": 3, "drive_mode": 0, "homing_offset": 0, "range_min": 800, "range_max": 3300},
  "wrist_flex": {"id": 4, "drive_mode": 0, "homing_offset": 1.5, "range_min": "800", "range_max": true},
  "wrist_roll": {"id": 5, "drive_mode": 0, "homing_ofset": 0, "range_min": 0},
  "gripper": {"id": 6, "drive_mode": 0, "homing_offset": 0, "range_min": -5, "range_max": 4700}
}
"""
    assert problems(tmp_path / "arm.json", text) == [
        ":1:1: joint 'elbow_flex' is missing; expected shoulder_pan, shoulder_lift, elbow_flex, wrist_flex, wrist_roll,"
        " gripper",
        ":2:63: shoulder_pan: homing_offset is -2048; expected -2047 to 2047",
        ":3:27: shoulder_lift: id 1 is that of shoulder_pan, too (every servo has an id of its own)",
        ":3:44: shoulder_lift: drive_mode is 2; expected 0 or 1",
        ":3:99: shoulder_lift: range_max is 800, not above range_min, 3300; expected range_min < range_max",
        ":4:3: unknown joint 'elbow_flx'; expected one of elbow_flex, gripper, shoulder_lift, shoulder_pan, wrist_flex,"
        " wrist_roll (did you mean 'elbow_flex'?)",
        ":5:61: homing_offset: '1.5'; expected a whole number",
        ":5:79: range_min: '800'; expected a whole number (remove the quotes)",
        ":5:99: range_max: 'true'; expected a whole number",
        ":6:17: wrist_roll: 'range_max' is missing; expected a whole number",
        ":6:44: unknown key 'homing_ofset'; expected one of drive_mode, homing_offset, id, range_max, range_min"
        " (did you mean 'homing_offset'?)",
        ":7:74: gripper: range_min is -5; expected 0 to 4095 (the joint crossed the encoder's seam; calibrate"
        " again with"
        " bt-arm calibrate)",
        ":7:91: gripper: range_max is 4700; expected 0 to 4095 (the joint crossed the encoder's seam; calibrate again"
        " with bt-arm calibrate)",
    ]


def test_a_key_that_is_there_twice_is_told_instead_of_the_last_one_winning(tmp_path):
    text = GOLDEN.replace('"range_min": 800,', '"range_min": 800,\n        "range_min": 900,')
    assert problems(tmp_path / "arm.json", text) == [":7:9: duplicate key 'range_min' (first on line 6)"]
    text = GOLDEN.replace('"shoulder_lift"', '"shoulder_pan"')
    assert ":9:5: duplicate key 'shoulder_pan' (first on line 2)" in problems(tmp_path / "arm.json", text)


def test_a_joint_that_is_no_mapping_is_told(tmp_path):
    text = json.dumps(values() | {"gripper": 5, "wrist_roll": [1]})
    assert [p.split("; ")[0] for p in problems(tmp_path / "arm.json", text)] == [
        f":1:{text.index('[1]') + 1}: wrist_roll: a list of 1",
        f":1:{text.rindex('5}') + 1}: gripper: '5'",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ":1:1: not JSON: Expecting value"),
        ("{'shoulder_pan': 1}", ":1:2: not JSON: Expecting property name enclosed in double quotes"),
        ('{\n  "shoulder_pan": {"id": 1,}\n}', ":2:2"),
        ("[1, 2]", ":1:1: the file holds a list of 2; expected a calibration: a mapping of joints"),
        ("null", ":1:1: the file holds nothing; expected a calibration: a mapping of joints"),
        ("{" + f'"shoulder_pan": {"1" * 5000}' + "}", ": not JSON: Exceeds the limit (4300 digits)"),
        ("[" * 50_000, ": not JSON: "),
    ],
)
def test_a_file_that_is_no_calibration_is_told_in_one_line(tmp_path, text, words):
    (found,) = problems(tmp_path / "arm.json", text)
    assert found.startswith(words)
    assert "\n" not in found


def test_numbers_that_json_lacks_are_refused(tmp_path):
    (found,) = problems(tmp_path / "arm.json", GOLDEN.replace("-123", "NaN"))
    assert found == ":5:26: homing_offset: 'NaN'; expected a whole number"


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "arm.json"
    path.write_bytes(b'{"\xff": 1}')
    with pytest.raises(LoadError, match="not JSON: 'utf-8' codec can't decode byte 0xff"):
        calibration_files.read(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    (found,) = problems(tmp_path / "arm.json", GOLDEN + " " * 1_000_000)
    assert found == ": the file has more than 1000000 bytes; expected a calibration file"


def test_a_file_that_can_not_be_read_says_why(tmp_path):
    with pytest.raises(LoadError, match=r"arm\.json: can't be read: No such file or directory; expected a calibration"):
        calibration_files.read(tmp_path / "arm.json")


def test_lerobots_older_format_is_named(tmp_path):
    text = '{"homing_offset": [-2145, 4], "drive_mode": [0, 1], "motor_names": ["shoulder_pan"]}'
    assert problems(tmp_path / "arm.json", text) == [
        ":1:2: 'homing_offset' here is LeRobot's older format (calibrate again with bt-arm calibrate)"
    ]


# finding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "{home}/.cache/huggingface/lerobot/calibration"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/huggingface/lerobot/calibration"),
        ({"HF_HOME": "/hf", "XDG_CACHE_HOME": "/x"}, "/hf/lerobot/calibration"),
        ({"HF_LEROBOT_HOME": "~/robots", "HF_HOME": "/hf"}, "{home}/robots/calibration"),
        ({"HF_LEROBOT_CALIBRATION": "/calibrations", "HF_LEROBOT_HOME": "/robots"}, "/calibrations"),
        ({"HF_LEROBOT_CALIBRATION": ""}, "{home}/.cache/huggingface/lerobot/calibration"),
    ],
)
def test_the_folder_is_where_lerobots_variables_say(home, monkeypatch, environment, expected):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert str(calibration_files.base_folder()) == expected.format(home=home)


@pytest.mark.parametrize("folder", ["so_follower", "so101_follower", "so100_follower"])
def test_an_id_is_found_in_every_folder_that_lerobot_ever_used(home, folder):
    file = stored(calibration_files.base_folder() / "robots" / folder / "my_arm.json")
    assert calibration_files.find("my_arm") == file
    assert calibration_files.find("my_arm.json") == file


def test_the_newest_folder_wins(home):
    robots = calibration_files.base_folder() / "robots"
    stored(robots / "so101_follower" / "my_arm.json")
    newest = stored(robots / "so_follower" / "my_arm.json")
    assert calibration_files.find("my_arm") == newest


def test_a_path_is_found(home, tmp_path, monkeypatch):
    file = stored(tmp_path / "elsewhere" / "arm.json")
    monkeypatch.chdir(tmp_path)
    assert calibration_files.find(str(file)) == file
    assert calibration_files.find("elsewhere/arm.json").samefile(file)
    assert calibration_files.find("~/elsewhere/arm.json").samefile(file)


def test_an_unknown_id_tells_which_there_are_and_where_it_looked(home):
    robots = calibration_files.base_folder() / "robots"
    stored(robots / "so_follower" / "blue_arm.json")
    stored(robots / "so101_follower" / "white_arm.json")
    with pytest.raises(LoadError) as caught:
        calibration_files.find("blu_arm")
    assert str(caught.value) == (
        f"blu_arm: there is no such calibration; expected a path, or one of the ids blue_arm, white_arm in"
        f" {robots}/so_follower, {robots}/so101_follower, {robots}/so100_follower (did you mean 'blue_arm'?)"
    )
    assert calibration_files.known_ids() == ("blue_arm", "white_arm")


def test_without_any_calibration_it_tells_how_to_make_one(home):
    with pytest.raises(LoadError) as caught:
        calibration_files.find("my_arm")
    assert "an id (there are none yet) in" in str(caught.value)
    assert str(caught.value).endswith("(make one with bt-arm calibrate)")


def test_a_folder_is_no_calibration(home, tmp_path):
    with pytest.raises(LoadError, match="that is a folder; expected a calibration file, or its id"):
        calibration_files.find(f"{tmp_path}/")


@pytest.mark.parametrize("given_id", ["", ".", "..", "../my_arm", "a/b", "~nobody/x", "a\0b"])
def test_what_is_no_id_never_leads_out_of_the_folders(home, given_id):
    stored(calibration_files.base_folder() / "robots" / "my_arm.json")
    with pytest.raises(LoadError, match=r"there is no such calibration|that is a folder"):
        calibration_files.find(given_id)


# writing --------------------------------------------------------------------------------------------------------


@pytest.fixture
def calibration(tmp_path):
    return calibration_files.read(stored(tmp_path / "golden.json"))


def test_an_id_is_stored_where_todays_lerobot_looks(home, calibration):
    path = calibration_files.write(calibration, "my_arm")
    assert path == calibration_files.base_folder() / "robots" / "so_follower" / "my_arm.json"
    assert path == calibration_files.destination("my_arm") == calibration_files.find("my_arm")


def test_an_older_folder_can_be_asked_for(home, calibration):
    path = calibration_files.write(calibration, "my_arm", folder="so101_follower")
    assert path.parent.name == "so101_follower"


def test_an_unknown_folder_is_refused(home, calibration):
    with pytest.raises(UsageError) as caught:
        calibration_files.write(calibration, "my_arm", folder="so101_folower")
    assert str(caught.value) == (
        "unknown folder 'so101_folower'; expected so_follower, so101_follower, so100_follower (did you mean"
        " 'so101_follower'?)"
    )


@pytest.mark.parametrize("place", ["", "..", "arm/", "/tmp", "some/arm.yaml", ".json"])
def test_what_is_neither_an_id_nor_a_json_path_is_refused(home, calibration, place):
    with pytest.raises(UsageError, match=r"expected an id, or a path that ends with \.json"):
        calibration_files.write(calibration, place)


def test_a_calibration_is_replaced_as_a_whole_and_nothing_is_left_beside_it(tmp_path, calibration):
    path = stored(tmp_path / "arms" / "arm.json", "{an older one}")
    calibration_files.write(calibration, str(path))
    assert path.read_text(encoding="utf-8") == GOLDEN
    assert [file.name for file in path.parent.iterdir()] == ["arm.json"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path, calibration, monkeypatch):
    path = stored(tmp_path / "arms" / "arm.json", "the old one")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError) as caught:
        calibration_files.write(calibration, str(path))
    assert str(caught.value) == (
        f"the calibration can't be stored as {path}: No space left on device; name another place"
    )
    assert path.read_text(encoding="utf-8") == "the old one"
    assert [file.name for file in path.parent.iterdir()] == ["arm.json"]


def test_a_place_that_can_not_be_made_is_told(tmp_path, calibration):
    stored(tmp_path / "file", "")
    with pytest.raises(UsageError, match=r"can't be stored as .*: its folder is a file; name another place"):
        calibration_files.write(calibration, str(tmp_path / "file" / "arm.json"))


def test_a_link_stays_a_link(tmp_path, calibration):
    target = stored(tmp_path / "shared" / "arm.json", "old")
    link = tmp_path / "arm.json"
    link.symlink_to(target)
    calibration_files.write(calibration, str(link))
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == GOLDEN


def test_the_drive_mode_is_no_register_and_is_not_compared(calibration):
    assert "drive_mode" not in calibration.joints[0].registers
