"""`bt-view`: a recorded run in a web page."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bt_robot.cli.run import main as bt_run
from bt_robot.cli.view import main, newest_run
from bt_robot.errors import UsageError
from bt_robot.telemetry.recorder import read_run
from tests.telemetry.view_kit import looking

BT_VIEW = Path(sys.executable).parent / "bt-view"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The folder of a run of the example, which was recorded."""
    folder = tmp_path_factory.mktemp("runs")
    assert bt_run(["pick_place", "--fast", "--json", "--out", str(folder)]) == 0
    (run,) = folder.iterdir()
    return run


@pytest.fixture
def view():
    """A function that starts `bt-view`; returns the process and the port."""
    started = []

    def start(*arguments):
        process = subprocess.Popen(
            [BT_VIEW, *map(str, arguments), "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        line = process.stdout.readline()
        return process, int(re.search(r":(\d+)/", line)[1]), line

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_recorded_run_is_travelled_in(recorded, view):
    process, port, _ = view(recorded)
    with read_run(recorded) as run, looking(port) as page:
        first_s, last_s = run.range_s
        hello = page.next()
        assert hello["title"].startswith("pick_place, 20")
        assert (hello["live"], hello["control"], hello["cameras"]) == (False, "none", ["front", "wrist"])
        while (state := page.until("state"))["t"] < last_s - 1e-3:
            continue
        assert state["status"] == "SUCCESS"
        page.send("pictures", cameras=["front"])
        page.until("picture")
        for share in (0.1, 0.5, 0.9):
            time_s = first_s + share * (last_s - first_s)
            record = run.record_at(time_s)
            page.send("seek", t=time_s)
            state = page.until("state")
            assert state["step"] == record.step
            assert [row[1] for row in state["nodes"]] == [node.status for node in record.nodes]
            assert state["measured"] == pytest.approx(record.observation.joints.tolist(), abs=1e-4)
            picture = run.picture("front", record.time_s)
            shown = page.until("picture")
            assert (shown["t"], shown["jpeg"]) == (picture.captured_s, picture.jpeg)
        page.act("stop")
        assert page.until("refused")["why"] == "the run is over"
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_the_link_as_json(recorded, view):
    _, port, line = view(recorded / "run.mcap", "--json")
    assert json.loads(line) == {"run": str(recorded / "run.mcap"), "link": f"http://127.0.0.1:{port}/"}


def test_a_recording_that_was_cut_off_says_so(recorded, view, tmp_path):
    cut = tmp_path / "cut.mcap"
    whole = (recorded / "run.mcap").read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    _, port, _ = view(cut)
    with looking(port) as page:
        assert "cut off" in page.next()["note"]
        assert page.until("state")["nodes"]


def test_without_a_name_the_newest_run_is_shown(tmp_path):
    for k, name in enumerate(("old", "new", "no recording")):
        (tmp_path / name).mkdir()
        if k < 2:
            (tmp_path / name / "run.mcap").write_bytes(b"")
            os.utime(tmp_path / name / "run.mcap", (1000 + k, 1000 + k))
    assert newest_run(tmp_path) == tmp_path / "new" / "run.mcap"


def test_where_no_run_was_recorded(tmp_path):
    with pytest.raises(UsageError, match=r"there is no recorded run in .*; name one: bt-view RUN"):
        newest_run(tmp_path)


def test_what_is_no_recording(command, tmp_path):
    (tmp_path / "x.mcap").write_bytes(b"nothing of the kind")
    done = command(main, tmp_path / "x.mcap")
    assert done.code == 2
    assert "is no MCAP file; expected a recording of bt-run" in done.err
    assert command(main, tmp_path / "y.mcap", "--json").json["status"] == "INVALID"


def test_help_teaches(command, capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert "bt-view failed.mcap --port 9000" in said
    assert "--control" not in said  # a recording can't be steered
    assert max(map(len, said.splitlines())) <= 80
