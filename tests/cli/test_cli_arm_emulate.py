"""`bt-arm emulate`: an arm on a tty for any program, until Ctrl-C."""

import json
import os
import signal

from bt_robot.cli.arm.main import main
from tests.cli.arm_kit import Session, fits


def test_it_serves_a_link_says_how_to_use_it_and_leaves_nothing_behind(tmp_path, command):
    link, log = tmp_path / "arm", tmp_path / "bus.jsonl"
    with Session("emulate", "--link", link, "--physics", "lag", "--log", log, terminal=True) as session:
        said = session.hear("end with Ctrl-C", "in another terminal:", "bt-arm jog elbow_flex 10")
        assert f"an emulated SO-101 listens on {link}" in said
        assert fits(said)
        assert command(main, "read", "--once", "--port", link, "--config", "so101_emulated").code == 0
        session.process.send_signal(signal.SIGINT)
        code, _, _ = session.end()
    assert code == 0
    assert not os.path.lexists(link)
    assert {json.loads(line)["kind"] for line in log.read_text().splitlines()} == {"sync_read", "reply"}


def test_json_says_where_everything_is(tmp_path, command):
    link = tmp_path / "arm"
    with Session("emulate", "--link", link, "--json") as session:
        said = json.loads(session.process.stdout.readline())
        assert (said["status"], said["port"]) == ("OK", str(link))
        flags = ("--port", link, "--calibration", said["calibration"], "--set", "robot.cameras={}")
        done = command(main, "check", *flags)
        assert done.code == 0, done.out
        session.process.send_signal(signal.SIGTERM)
        assert session.end()[0] == 0


def test_an_emulator_that_dies_is_told_and_its_link_is_gone(tmp_path):
    link = tmp_path / "arm"
    with Session("emulate", "--link", link, "--physics", "lag", "--json") as session:
        said = json.loads(session.process.stdout.readline())
        os.kill(said["pid"], signal.SIGKILL)
        code, out, err = session.end()
    assert code == 1
    assert "the emulator has ended by itself" in err
    assert json.loads(out.splitlines()[-1])["status"] == "FAILURE"
    assert not os.path.lexists(link)


def test_a_link_does_not_replace_a_file(tmp_path, command):
    file = tmp_path / "precious"
    file.write_text("data")
    done = command(main, "emulate", "--link", file)
    assert done.code == 2
    assert "something else is there already; name a path that is free" in done.err
    assert file.read_text() == "data"


def test_a_link_without_a_folder_is_refused(tmp_path, command):
    done = command(main, "emulate", "--physics", "lag", "--link", tmp_path / "nowhere" / "arm")
    assert done.code == 3
    assert "did not start" in done.err
