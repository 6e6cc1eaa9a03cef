"""`bt-arm`: help that teaches within 80 columns, and errors that say what to do."""

import pytest

from bt_robot.cli.arm.main import COMMANDS, main
from bt_robot.cli.arm.person import Person
from bt_robot.cli.arm.words import marked, paragraph, table
from bt_robot.errors import RobotRefused
from tests.cli.arm_kit import READING, emulated_arm, typed_keys

NAMES = [
    "ports",
    "scan",
    "setup-id",
    "calibrate",
    "check",
    "read",
    "jog",
    "park",
    "release",
    "stop",
    "cameras",
    "emulate",
]


def helped(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_every_command_is_there_and_explained(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = helped(capsys)
    assert [command.name for command in COMMANDS] == NAMES
    for command in COMMANDS:
        assert f"    {command.name}" in out
        assert command.summary in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_each_has_examples_exit_codes_and_80_columns(capsys, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")
    out = helped(capsys, name)
    assert "examples:\n" in out
    assert f"  bt-arm {name}" in out
    assert "exit codes: 0 done" in out
    assert max(map(len, out.splitlines())) <= 80


def test_a_command_that_is_none_is_a_usage_error(command):
    done = command(main, "scna")
    assert done.code == 2
    assert "invalid choice: 'scna'" in done.err
    assert "try: bt-arm --help" in done.err
    assert command(main).code == 2


def test_a_wrong_flag_points_to_the_command_s_own_help(command):
    assert "try: bt-arm scan --help" in command(main, "scan", "--fast").err


def test_json_is_the_last_line_also_when_it_is_refused(command):
    done = command(main, "read", "--once", "--json", "--port", "/dev/nothing", "--config", "so101_emulated")
    assert done.code == 3
    assert done.json["status"] == "REFUSED"
    assert done.json["reason"].startswith("there is no port /dev/nothing")


def test_a_wrong_config_is_told_with_its_place(command, tmp_path):
    config = tmp_path / "mine.yaml"
    config.write_text("robot:\n  type: so101\n  calibration: x\n  bus_herz: 100\n")
    done = command(main, "check", "--config", config)
    assert done.code == 2
    assert "mine.yaml:4:3" in done.err


def test_a_robot_that_fails_is_exit_code_1_with_the_reason(command, tmp_path_factory):
    with emulated_arm(tmp_path_factory) as arm:
        arm.inject("delay", servo_id=1, late_s=0.2, count=None)
        arm.vanish()
        done = command(main, "read", "--once", "--port", arm.port, "--config", "so101_emulated")
        assert done.code == 3
        arm.reappear()
        assert arm.kinds() <= READING


@pytest.fixture
def keys(monkeypatch):
    with typed_keys(monkeypatch) as typed:
        yield typed


class Stream:
    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text


def test_a_person_answers_in_whole_lines_in_any_letters(keys):
    stream = Stream()
    person = Person(stream)
    keys.write(b" Yes \nn")
    assert person.agrees("shall I?", yes=False)
    assert stream.text == "shall I? [y/N]\n"
    assert person.line(0.0) is None
    keys.write(b"o\n")
    assert person.line(1.0) == "no"
    assert person.agrees("shall I?", yes=True)


def test_an_input_that_ends_is_no_answer(keys):
    keys.close()
    with pytest.raises(RobotRefused, match="the input has ended"):
        Person(Stream()).ask("shall I?")


def test_without_an_input_nobody_answers(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(RobotRefused, match="there is no input"):
        Person(Stream()).ask("shall I?")


def test_long_words_are_wrapped_and_paths_stay_whole():
    path = "/dev/serial/by-id/usb-1a86_USB_Single_Serial_58FA0812345-if00-of-a-very-long-name"
    text = marked("FAIL", "port", f"{path}: " + "it is not there " * 8)
    assert path in text.splitlines()[0] + text.splitlines()[1]
    assert all(len(line) <= 80 for line in text.splitlines() if path not in line)
    assert all(line.startswith(" " * 20) for line in text.splitlines()[1:])
    assert paragraph("a\n\nb") == "a\n\nb\n"


def test_a_table_is_aligned():
    assert list(table(("joint", "n"), [("a", "1"), ("gripper", "10")])) == ["joint     n", "a         1", "gripper  10"]
