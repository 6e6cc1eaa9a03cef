"""`--rerun`: a run for Rerun, live or as a file; the extra is asked for in words where it is not installed."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from bt_robot.cli.export import main as export_main
from bt_robot.cli.run import main as run_main
from bt_robot.telemetry.recorder import read_run

INSTALLED = importlib.util.find_spec("rerun") is not None
with_sdk = pytest.mark.skipif(not INSTALLED, reason="needs the extra 'rerun'")


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """The folder of a short run with two cameras."""
    out = tmp_path_factory.mktemp("runs")
    run_main(["pick_place", "--fast", "--max-time", "2.5", "--out", str(out)])
    (folder,) = out.iterdir()
    return folder


def entities(path):
    """Verify a file with Rerun's own reader; return what it holds, by entity, as its lines say it."""
    rerun = [sys.executable, "-m", "rerun", "rrd"]
    checked = subprocess.run([*rerun, "verify", path], capture_output=True, text=True)
    assert "1 file verified without error" in checked.stdout + checked.stderr
    shown = subprocess.run([*rerun, "print", path], capture_output=True, text=True).stdout
    return [line for line in shown.splitlines() if line.startswith("Chunk(")]


@with_sdk
@pytest.mark.parametrize("cut", [False, True])
def test_its_own_loader_opens_a_recording_as_it_is(command, job, tmp_path, cut):
    path, shown = job / "run.mcap", tmp_path / "shown.rrd"
    if cut:  # it refuses a file without its end, so one that was cut off gets it first
        (tmp_path / "cut.mcap").write_bytes(path.read_bytes()[: 2 * path.stat().st_size // 3])
        path = tmp_path / "whole.mcap"
        assert command(export_main, tmp_path / "cut.mcap", "--mcap", path).code == 0
    rerun = [sys.executable, "-m", "rerun"]
    checked = subprocess.run([*rerun, "mcap", "check", path], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "PROBLEM" not in checked.stdout
    loaded = subprocess.run([*rerun, path, "--save", shown], capture_output=True, text=True)
    assert "ERROR" not in loaded.stdout + loaded.stderr
    lines = entities(shown)
    for entity, column in {
        "/joints/measured/position": "Scalars:scalars SeriesLines:names",
        "/joints/commanded/velocity": "Scalars:scalars",
        "/cameras/wrist": "EncodedImage:blob",
        "/log": "TextLog:level TextLog:text",
        "/tick": "McapMessage:data",
    }.items():
        assert any(f" {entity} " in line and column in line for line in lines), entity


@pytest.mark.skipif(INSTALLED, reason="the extra 'rerun' is there")
@pytest.mark.parametrize("live", [True, False])
def test_without_the_extra_it_is_said_how_to_get_it(command, job, tmp_path, live):
    flags = (run_main, "tour", "--config", "fake", "--out", tmp_path / "runs") if live else (export_main, job)
    done = command(*flags, "--rerun", tmp_path / "run.rrd")
    assert done.code == 2
    assert "pip install 'bt-robot[rerun]'" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["run.mcap", "http://127.0.0.1:9876", "pick_place"])
def test_other_places_are_refused(command, place):
    done = command(run_main, "--rerun", place, "tour")
    assert done.code == 2
    assert f"'{place}' is no place for Rerun; expected FILE.rrd" in done.err


@with_sdk
def test_a_viewer_that_is_not_there_is_told_before_anything_moves(command, tmp_path):
    done = command(run_main, "tour", "--out", tmp_path / "runs", "--rerun", "rerun+http://127.0.0.1:9/proxy")
    assert done.code == 2
    assert "no Rerun viewer listens at rerun+http://127.0.0.1:9/proxy" in done.err
    assert list(tmp_path.iterdir()) == []


def column_of(path, name):
    """All values of a column that a file of Rerun holds."""
    from rerun.chunk import RrdReader

    batches = [chunk.to_record_batch() for chunk in RrdReader(path).stream().to_chunks()]
    return [value for batch in batches if name in batch.schema.names for value in batch.column(name).to_pylist()]


@with_sdk
def test_a_live_run_tells_how_it_ended_and_what_is_not_as_expected(command, tmp_path):
    tree = tmp_path / "lazy.yaml"
    tree.write_text("tree: lazy\nexpects: {in_container: [red]}\nroot: {wait: {duration_s: 0.1}}\n")
    command(run_main, tree, "--fast", "--no-artifacts", "--rerun", tmp_path / "run.rrd")
    told = column_of(tmp_path / "run.rrd", "TextLog:text")
    assert ["the run ended: SUCCESS"] in told
    assert ["not as expected: the red block is not in the container"] in told


@with_sdk
def test_a_file_tells_when_the_run_began_and_how_it_ended(command, job, tmp_path):
    assert command(export_main, job, "--rerun", tmp_path / "run.rrd").code == 0
    path = tmp_path / "run.rrd"
    with read_run(job) as run:
        began_ns, ending = round(1e9 * run.info.started.timestamp()), run.ending
    (told_ns,) = {value for values in column_of(path, "RecordingInfo:start_time") for value in values or ()}
    assert abs(told_ns - began_ns) < 1000
    assert [f"the run ended: FAILURE: {ending.reason}"] in column_of(path, "TextLog:text")
    assert ["ERROR"] in column_of(path, "TextLog:level")


@with_sdk
@pytest.mark.parametrize("live", [True, False])
def test_a_file_has_joints_pictures_nodes_policy_and_events(command, job, tmp_path, live):
    path = tmp_path / "run.rrd"
    if live:
        command(run_main, "pick_place", "--fast", "--max-time", 2.5, "--out", tmp_path, "--rerun", path)
    else:
        assert command(export_main, job, "--rerun", path).code == 0
    shown = entities(Path(path))
    for entity, column in {
        "/joints/gripper": "Scalars:scalars",
        "/cameras/wrist": "EncodedImage:blob",
        "/tree/pick_place/pick": "StateChange:state",
        "/policy/chunk": "Tensor:data",
        "/policy/latency_s": "Scalars:scalars",
        "/run/prompt": "StateChange:state",
        "/events": "TextLog:text",
    }.items():
        assert any(f" {entity} " in line and column in line for line in shown), entity
    joints = [line for line in shown if " /joints/gripper " in line and "Scalars:scalars" in line]
    rows = sum(int(line.split(" with ")[1].split(" rows")[0].replace("\u2009", "").replace(" ", "")) for line in joints)
    assert 76 <= rows <= 80  # a tick each, 2.5 s and the braking
