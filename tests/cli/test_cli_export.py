"""`bt-export`: a recording becomes a film or tables, or it is said why not."""

import csv
import json
import sys

import cv2
import pytest
from mcap.reader import SeekingReader

from bt_robot.cli.export import main
from bt_robot.cli.progress import Told
from bt_robot.cli.run import main as run_main


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """The folder of a short run with two cameras."""
    out = tmp_path_factory.mktemp("runs")
    assert run_main(["pick_place", "--fast", "--max-time", "2.5", "--out", str(out)]) == 1
    (folder,) = out.iterdir()
    return folder


def table(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def film_of(path):
    film, pictures = cv2.VideoCapture(str(path)), []
    while (found := film.read())[0]:
        pictures.append(found[1])
    return film.get(cv2.CAP_PROP_FPS), pictures


def test_tables_have_every_tick_and_what_changed(command, job, tmp_path):
    done = command(main, job, "--csv", tmp_path / "tables", "--json")
    assert done.code == 0
    folder = tmp_path / "tables"
    assert done.json["files"] == [
        str(folder / f"{name}.csv") for name in ("ticks", "nodes", "events", "chunks", "keys")
    ]
    ticks, nodes, chunks = (table(folder / f"{name}.csv") for name in ("ticks", "nodes", "chunks"))
    assert [int(row["step"]) for row in ticks] == list(range(len(ticks)))
    assert float(ticks[-1]["time_s"]) >= 2.5
    assert {"measured_gripper", "commanded_gripper", "proposed_gripper", "held", "prompt"} <= set(ticks[0])
    assert (nodes[0]["path"], nodes[0]["status"]) == ("pick_place", "RUNNING")
    assert any((row["path"], row["status"]) == ("pick_place/pick", "SUCCESS") for row in nodes)
    summary = json.loads((job / "summary.json").read_text())
    assert len([row for row in chunks if row["outcome"] == "accepted"]) == summary["chunks"]


@pytest.mark.parametrize("suffix", ["mp4", "webm"])
def test_a_film_shows_the_cameras_side_by_side_ten_times_a_second(command, job, tmp_path, suffix):
    path = tmp_path / f"run.{suffix}"
    done = command(main, job, "--video", path)
    assert (done.code, done.out) == (0, f"{path}\n")
    fps, pictures = film_of(path)
    assert fps == pytest.approx(10.0)
    assert len(pictures) in (26, 27)
    assert pictures[0].shape == (360 + 20 + 3 * 24, 720, 3)
    assert pictures[0][:360].std() > 20  # something is to be seen
    assert pictures[0][360:].max() > 150  # and to be read
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_part_of_a_run(command, job, tmp_path):
    done = command(main, job / "run.mcap", "--csv", tmp_path, "--from", "0.5", "--to", "0.75")
    assert done.code == 0
    assert [float(row["time_s"]) for row in table(tmp_path / "ticks.csv")] == pytest.approx(
        [k / 30 for k in range(15, 23)]
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "nothing to do; give --video FILE, --csv DIR, --rerun FILE or --mcap FILE"),
        (["--video", "run.avi"], "expected a name that ends in .mp4 or .webm"),
        (["--csv", "x", "--from", "2", "--to", "1"], "--from 2 is after --to 1"),
        (["--csv", "x", "--from", "99"], "no tick of the run is in this time; it has 0.0 … 2.5 s"),
        (["--csv", "x", "--from", "nan"], "is not a time on the run's clock"),
        (["--rerun", "x.rrd", "--to", "1"], "--from and --to are for --video and --csv"),
        (["--mcap", "x.mcap", "--from", "1"], "--rerun and --mcap have the whole run"),
    ],
)
def test_what_can_not_be_done_is_refused_in_words(command, job, arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command(main, job, *arguments)
    assert done.code == 2
    assert words in done.err
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_replaced_only_if_asked(command, job, tmp_path):
    path = tmp_path / "run.mp4"
    path.write_text("mine")
    done = command(main, job, "--video", path)
    assert (done.code, path.read_text()) == (2, "mine")
    assert "there already" in done.err
    assert command(main, job, "--video", path, "--force").code == 0
    assert path.stat().st_size > 1000


def test_a_file_that_can_not_be_written_is_named_as_it_was_given(command, job, tmp_path):
    path = tmp_path / ("n" * 250 + ".mcap")  # longer than a name may be, whoever asks
    done = command(main, job, "--mcap", path)
    assert done.code == 2
    assert done.err.replace("\n", " ").endswith(f"{path} can't be written: File name too long ")


def test_no_table_of_somebody_else_is_replaced(command, job, tmp_path):
    (tmp_path / "keys.csv").write_text("mine")
    done = command(main, job, "--csv", tmp_path)
    assert (done.code, (tmp_path / "keys.csv").read_text()) == (2, "mine")
    assert f"there already: {tmp_path / 'keys.csv'}" in done.err
    assert [each.name for each in tmp_path.iterdir()] == ["keys.csv"]


@pytest.mark.parametrize("flags", [["--csv", "."], ["--video", "run.mp4"], ["--mcap", "run.mcap"]])
def test_who_interrupts_an_export_finds_nothing_half_done(command, job, tmp_path, monkeypatch, flags):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Told, "_tell", _interrupt)
    assert command(main, job, *flags).code == 130
    assert list(tmp_path.iterdir()) == []


def _interrupt(*_):
    raise KeyboardInterrupt


def test_a_recording_that_was_cut_off_becomes_a_complete_file(command, job, tmp_path):
    data = (job / "run.mcap").read_bytes()
    (tmp_path / "cut.mcap").write_bytes(data[: 2 * len(data) // 3])
    done = command(main, tmp_path / "cut.mcap", "--mcap", tmp_path / "whole.mcap")
    assert (done.code, done.out) == (0, f"{tmp_path / 'whole.mcap'}\n")
    assert "the recording was cut off" in done.err
    with (tmp_path / "whole.mcap").open("rb") as file:
        found = list(SeekingReader(file, validate_crcs=True).iter_messages(topics=["/tick"]))
    assert 30 <= len(found) < 76


def test_what_is_no_recording_is_refused(command, tmp_path):
    done = command(main, tmp_path, "--csv", tmp_path / "x", "--json")
    assert (done.code, done.json["status"]) == (2, "INVALID")
    assert "without a run.mcap" in done.json["reason"]


def test_a_recording_that_was_cut_off_is_exported_as_far_as_it_goes_and_that_is_said(command, job, tmp_path):
    data = (job / "run.mcap").read_bytes()
    (tmp_path / "cut.mcap").write_bytes(data[: 2 * len(data) // 3])
    done = command(main, tmp_path / "cut.mcap", "--csv", tmp_path)
    assert done.code == 0
    assert "the recording was cut off" in done.err
    assert 30 <= len(table(tmp_path / "ticks.csv")) < 76


def test_the_extra_that_is_missing_is_named(command, job, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rerun", None)
    done = command(main, job, "--rerun", tmp_path / "run.rrd")
    assert done.code == 2
    assert "--rerun needs the Rerun SDK" in done.err
    assert "try: pip install 'bt-robot[rerun]'" in done.err
    assert list(tmp_path.iterdir()) == []
