"""D9, D10, D12: a disk that is full, a power cut while something is saved, and a calibration that is not the arm's."""

import csv
import json
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from bt_robot.cli.run import main as run_main
from bt_robot.robot.emulator.arm import emulated_calibration
from bt_robot.telemetry.recorder import read_run
from tests.faults.process_kit import IDS, SWAY, await_true, bench_in
from tests.faults.process_laws import (
    assert_lawful,
    assert_let_go_softly,
    assert_nothing_written,
    assert_parked,
    goal_rows,
    last_move_s,
)

PNG_END = b"IEND\xaeB`\x82"
NAP = "tree: nap\nroot: {wait: {duration_s: 2.0}}\n"


@pytest.fixture
def bench(tmp_path):
    with bench_in(tmp_path) as bench:
        yield bench


# D9 -------------------------------------------------------------------------------------------------------------


def test_d9_a_full_disk_costs_the_files_and_neither_the_arm_nor_a_word(bench):
    """No file can grow, of the run or of its guardian, while a servo that is lost for a moment is to be recorded."""
    runs = bench.folder / "runs"
    run = bench.run("--json", "--out", runs, terminal=True, full_disk=True)
    bench.await_goal(0.2)
    bench.inject("silence", servo_id=3, count=5)
    run.hear("stopped: elbow_flex (id 3)", "the last bus transactions could not be saved", "follows again")
    lost_s = last_move_s(bench.log())
    await_true(lambda: len(goal_rows(bench.log(), lost_s)) > 20, "motion")  # control goes on
    asked_s = run.send(signal.SIGINT)
    code, result = run.end()
    assert (code, result["status"]) == (130, "INTERRUPTED")
    assert "who has the arm can't be written" in run.err
    for name in ("summary.json", "ticks.csv", "joints.png"):
        assert f"{name} could not be written: [Errno 27] File too large" in "".join(run.err.split("\r\n"))
    assert [path for path in runs.glob("*/*") if path.stat().st_size == 0 or path.name.startswith(".")] == []
    assert list((bench.folder / "faults").iterdir()) == []
    log = bench.log()
    assert_lawful(bench, log)
    assert_parked(bench, log, asked_s)
    assert_let_go_softly(bench, log)


# D10 ------------------------------------------------------------------------------------------------------------


DYING = """
import matplotlib.font_manager  # which may write files of its own, before
import resource, signal, sys

def cut_the_power():
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

size = int(sys.argv.pop(1))
"""

RECORD = """
from pathlib import Path
from bt_robot.telemetry.recorder import Recorder, read_run

source, path = map(Path, sys.argv[1:])
with read_run(source) as run:
    recorder = Recorder(path, run.info, lambda layout: ("nap", run.trees[0].sources), 10.0, 100_000_000)
    cut_the_power()
    for record in run.records():
        recorder.publish(record)
"""

SAVE_RUN = """
from bt_robot.cli import report
from bt_robot.cli.run import main

write = report.write_summary

def write_summary(*arguments):
    cut_the_power()
    write(*arguments)

report.write_summary = write_summary
main()
"""

SAVE = """
cut_the_power()
from pathlib import Path
from bt_robot.robot.so101.bus import Transaction
from bt_robot.robot.so101.guardian.box import FlightRecorder

history = [Transaction(1.0, 0.002, b"request", b"received", 0, ())] * 200
FlightRecorder(Path(sys.argv[1])).save("a cable", history)
"""


def run_until_it_dies(program, size, *arguments):
    """Run a program that is killed in the middle of writing a file, when that has a size [bytes]."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", DYING + program, str(size), *map(str, arguments)],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGXFSZ, done.stderr


def assert_complete(path):
    """Whether a file of a run is as a reader expects it to its end."""
    match path.suffix:
        case ".json":
            json.loads(path.read_text())
        case ".csv":
            assert len({len(row) for row in csv.reader(path.read_text().splitlines())}) == 1
            assert path.read_text().endswith("\n")
        case ".svg":
            ElementTree.fromstring(path.read_text())
        case ".png":
            assert path.read_bytes().endswith(PNG_END)
        case ".mcap":
            assert path.read_bytes().endswith(b"\x89MCAP0\r\n")
        case ".btlog":
            assert path.read_bytes().startswith(b"BTCPP4-FileLogger2")
        case _:
            raise AssertionError(f"what is {path.name}?")


@pytest.mark.parametrize(("size", "there"), [(500, []), (5000, ["summary.json"]), (15000, ["ticks.csv", "tree.svg"])])
def test_d10_a_power_cut_while_a_run_is_saved_leaves_each_file_complete_or_absent(tmp_path, size, there):
    tree, runs = tmp_path / "nap.yaml", tmp_path / "runs"
    tree.write_text(NAP)
    run_until_it_dies(SAVE_RUN, size, tree, "--config", "fake", "--fast", "--json", "--out", runs)
    (unfinished,) = runs.glob("*/.unfinished-*")
    assert unfinished.stat().st_size == size  # it died in the middle of this one
    saved = [path for path in runs.glob("*/*") if not path.name.startswith(".")]
    assert set(there) <= {path.name for path in saved}
    for path in saved:
        assert_complete(path)


def test_d10_a_power_cut_in_a_run_leaves_a_recording_of_all_seconds_that_were_complete(tmp_path):
    """What a run was is recorded once more, by a process that dies in the middle of a write."""
    tree, runs, size = tmp_path / "nap.yaml", tmp_path / "runs", 100_000
    tree.write_text(NAP.replace("2.0", "60"))
    assert run_main([str(tree), "--config", "fake", "--fast", "--out", str(runs)]) == 0
    (source,) = runs.glob("*/run.mcap")
    path = tmp_path / "cut.mcap"
    run_until_it_dies(RECORD, size, source, path)
    assert path.stat().st_size == size
    with read_run(source) as whole, read_run(path) as cut:
        steps = [record.step for record in cut.records()]
        assert steps == list(range(len(steps)))
        assert 100 < len(steps) < sum(1 for _ in whole.records())
        assert steps[-1] % whole.info.control_hz == whole.info.control_hz - 1  # the end of a second
        assert cut.ending is None
        assert "the recording was cut off" in cut.damage[0]


def test_d10_a_power_cut_while_a_fault_is_recorded_leaves_no_half_record(tmp_path):
    run_until_it_dies(SAVE, 5000, tmp_path)
    assert list(tmp_path.glob("*.jsonl")) == []
    (unfinished,) = tmp_path.iterdir()
    assert unfinished.stat().st_size == 5000


# D12 ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def refused(bench, capsys):
    """A function that tries to run a tree on the arm; returns the exit code and the words of the refusal."""

    def run(calibration):
        assignments = ["--set", f"robot.calibration={calibration}"]
        code = run_main([str(bench.tree(SWAY)), "--config", str(bench.config()), "--no-artifacts", *assignments])
        assert_nothing_written(bench.await_rest())
        assert bench.torque() == [0] * len(IDS)
        return code, " ".join(capsys.readouterr().err.split())

    return run


def test_d12_a_calibration_that_is_missing_is_told_with_the_way_to_one(refused, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_LEROBOT_CALIBRATION", str(tmp_path / "calibration"))
    code, words = refused("my_arm")
    assert code == 2
    assert "my_arm" in words
    assert "bt-arm calibrate" in words


def test_d12_a_calibration_of_another_arm_is_refused_with_both_values_before_anything_is_written(refused, tmp_path):
    entries = emulated_calibration()
    entries["elbow_flex"]["homing_offset"] += 77
    other = tmp_path / "other.json"
    other.write_text(json.dumps(entries))
    code, words = refused(other)
    assert code == 3
    assert "elbow_flex (id 3) has the homing offset -456; the calibration" in words
    assert "says -379. It belongs to another arm, or is older than the servo's: run `bt-arm calibrate`" in words


def test_d12_a_calibration_that_is_older_than_a_servo_is_refused_until_it_fits_again(bench, refused):
    """A servo was replaced: it says of itself what it said when it was delivered."""
    calibrated = bench.registers(2)

    def say(offset, lower, upper):
        for register, value in (("position_offset", offset), ("min_position", lower), ("max_position", upper)):
            bench.inject("poke", servo_id=2, register=register, value=value)
        await_true(lambda: bench.registers(2)["max_position"] == upper, "the servo's registers")

    say(0, 0, 4095)
    code, words = refused(bench.calibration_path)
    assert code == 3
    assert "shoulder_lift (id 2) has the homing offset 0; the calibration" in words
    assert "shoulder_lift (id 2) is limited to 0 … 4095 ticks; the calibration" in words

    say(calibrated["position_offset"], calibrated["min_position"], calibrated["max_position"])
    assert (
        run_main([str(bench.tree(NAP.replace("2.0", "0.1"))), "--config", str(bench.config()), "--no-artifacts"]) == 0
    )
