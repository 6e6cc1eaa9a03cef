"""A recording is read from any time on, as far as it goes when it was cut off, and never lies about what is missing."""

import math
import random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from mcap.reader import make_reader
from mcap.writer import Writer

from bt_robot.errors import RecordingError
from bt_robot.messages import Frame, KeyWrite, NodeInfo, NodeState, Status
from bt_robot.telemetry.recorder import RecordedEnding, Recorder, Source, read_run
from bt_robot.telemetry.recorder.messages import TICK
from bt_robot.telemetry.recorder.plain import to_json
from tests.scale import examples
from tests.telemetry.record_strategies import run_info, told

NODES = tuple(NodeInfo(f"t/{i}", "wait", str(i), 0, -1, "action") for i in range(3))
SECONDS = 5


def ticks_of(record, count):
    """The ticks of a run whose nodes and pictures change now and then."""
    nodes = [NodeState(Status.IDLE)] * 3
    for step in range(count):
        if step % 7 == 0:
            nodes[step % 3] = NodeState(Status.RUNNING, f"since {step}", step / 30, True)
        frames = {"front": Frame("front", step / 30, lambda step=step: np.full((48, 64, 3), step, np.uint8))}
        tick = record(step, layout=NODES, nodes=tuple(nodes))
        yield replace(tick, observation=replace(tick.observation, frames=frames))


@pytest.fixture(scope="module")
def whole(record, tmp_path_factory):
    """A recording of some seconds, and the ticks that were published."""
    path = tmp_path_factory.mktemp("runs") / "run.mcap"
    records = list(ticks_of(record, 30 * SECONDS + 10))
    recorder = Recorder(path, run_info(), lambda _: ("t", (Source("t.yaml", ""),)), 10.0, 50_000_000)
    for each in records:
        recorder.publish(each)
    recorder.end(RecordedEnding("SUCCESS"))
    recorder.close()
    return path, records


def test_a_run_is_found_by_its_file_and_by_its_folder(whole):
    path, records = whole
    for place in (path, path.parent):
        with read_run(place) as run:
            assert run.path == path
            assert run.range_s == (0.0, records[-1].time_s)


@pytest.mark.parametrize("time_s", [0.0, 0.5, 0.99, 1.0, 2.34, 5.0, 5.3])
def test_the_tick_at_a_time_is_the_newest_until_then_with_all_its_nodes(whole, time_s):
    path, records = whole
    with read_run(path) as run:
        expected = [each for each in records if each.time_s <= time_s][-1]
        assert told(run.record_at(time_s)) == told(expected)


def test_before_the_first_tick_is_the_first_and_after_the_last_the_last(whole):
    path, records = whole
    with read_run(path) as run:
        assert run.record_at(-1.0).step == 0
        assert run.record_at(1e9).step == records[-1].step


def test_a_part_of_a_run_begins_and_ends_where_it_is_asked_to(whole):
    path, records = whole
    with read_run(path) as run:
        found = [told(each) for each in run.records(1.9, 3.2)]
    assert found == [told(each) for each in records if 1.9 <= each.time_s <= 3.2]


def test_a_frame_has_the_newest_recorded_picture_and_says_when_that_was_captured(whole):
    path, _ = whole
    with read_run(path) as run:
        frame = run.record_at(2.05).observation.frames["front"]
        assert frame.captured_s == pytest.approx(61 / 30)
        assert frame.picture.captured_s == pytest.approx(2.0)
        assert abs(int(frame.image.mean()) - 60) <= 1
        assert run.picture("front", 2.05) == frame.picture
        assert run.picture("front", 0.0).captured_s == 0.0
        assert run.picture("front", -0.1) is None
        assert run.picture("elsewhere", 2.0) is None


def test_a_picture_that_does_not_change_is_recorded_once_and_found_from_all_later_ticks(record, tmp_path):
    still = {"front": Frame("front", 0.0, lambda: np.full((8, 8, 3), 9, np.uint8))}
    recorder = Recorder(tmp_path / "x.mcap", run_info(), lambda _: ("t", ()), 10.0, 50_000_000)
    for step in range(100):
        tick = record(step, layout=NODES)
        recorder.publish(replace(tick, observation=replace(tick.observation, frames=still)))
    recorder.close()
    with read_run(tmp_path / "x.mcap") as run:
        assert run.record_at(3.2).observation.frames["front"].picture.captured_s == 0.0
    with (tmp_path / "x.mcap").open("rb") as file:
        assert len(list(make_reader(file).iter_messages(topics=["/cameras/front"]))) == 1


def test_several_threads_may_look_at_once(whole):
    path, records = whole
    with read_run(path) as run, ThreadPoolExecutor(4) as pool:
        times_s = [each.time_s for each in records[::9]] * 3
        random.Random(1).shuffle(times_s)
        found = list(
            pool.map(lambda time_s: int(run.record_at(time_s).observation.frames["front"].image[0, 0, 0]), times_s)
        )
    assert all(abs(30 * time_s // 3 * 3 - grey) <= 3 for time_s, grey in zip(times_s, found, strict=True))


def complete_until(path, size):
    """How many ticks are in the chunks that end before a size, told by the file's own index."""
    with path.open("rb") as file:
        reader = make_reader(file)
        chunks = [
            each for each in reader.get_summary().chunk_indexes if each.chunk_start_offset + each.chunk_length <= size
        ]
        if not chunks:
            return 0
        end_ns = chunks[-1].message_end_time + 1
        return len(list(reader.iter_messages(topics=["/tick"], ending_before=end_ns)))


def test_every_complete_second_of_a_file_that_was_cut_off_is_there(whole, tmp_path):
    path, records = whole
    data, cut = path.read_bytes(), tmp_path / "cut.mcap"
    rng = random.Random(6)
    for size in rng.sample(range(len(data)), examples(40)):
        cut.write_bytes(data[:size])
        count = complete_until(path, size)
        if count == 0:
            with pytest.raises(RecordingError):
                read_run(cut)
            continue
        with read_run(cut) as run:
            assert [told(each) for each in run.records()] == [told(each) for each in records[:count]]
            assert run.ending is None or count == len(records)
            assert run.damage == () or "the recording was cut off" in run.damage[0]
            assert run.range_s[1] == records[count - 1].time_s


def test_a_damaged_second_is_left_out_and_told(whole, tmp_path):
    path, records = whole
    with path.open("rb") as file:
        third = make_reader(file).get_summary().chunk_indexes[2]
    data = bytearray(path.read_bytes())
    data[third.chunk_start_offset + third.chunk_length // 2] ^= 0xFF
    (tmp_path / "run.mcap").write_bytes(data)
    with read_run(tmp_path) as run:
        found = [each.step for each in run.records()]
        assert found == [each.step for each in records if not 2.0 <= each.time_s < 3.0]
        assert any("damaged at 2.0 s" in words for words in run.damage)
        assert run.record_at(2.5).step == 59


def test_a_recording_whose_first_second_is_damaged_can_not_be_read_and_says_so(whole, tmp_path):
    path, _ = whole
    data = bytearray(path.read_bytes())
    with path.open("rb") as file:
        first = make_reader(file).get_summary().chunk_indexes[0]
    data[first.chunk_start_offset + first.chunk_length // 2] ^= 0xFF
    (tmp_path / "run.mcap").write_bytes(data)
    with pytest.raises(RecordingError, match=r"has no tick that can be read: the recording is damaged at 0\.0 s"):
        read_run(tmp_path)


def test_no_damage_does_more_than_lose_ticks(whole, tmp_path):
    path, _ = whole
    data, rng = path.read_bytes(), random.Random(7)
    for _ in range(examples(30)):
        damaged = bytearray(data)
        for _ in range(rng.randint(1, 20)):
            damaged[rng.randrange(len(data))] = rng.randrange(256)
        (tmp_path / "run.mcap").write_bytes(damaged)
        try:
            run = read_run(tmp_path)
        except RecordingError:
            continue
        with run:
            for tick in run.records():
                for frame in tick.observation.frames.values():
                    assert frame.picture is None or frame.picture.jpeg


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda path: None, "is a folder without a run.mcap; expected a recording, or the folder of a run"),
        (lambda path: (path / "run.mcap").write_bytes(b"tree: x"), "is no MCAP file; expected a recording of bt-run"),
        (lambda path: (path / "run.mcap").write_bytes(b""), "is no MCAP file"),
        (lambda path: foreign(path / "run.mcap"), "is an MCAP file, but no recording of bt-run, or one without a tick"),
        (
            lambda path: foreign(path / "run.mcap", format="2"),
            "is a recording of format '2'; expected 1",
        ),
        (lambda path: foreign(path / "run.mcap", format="1", run="{}"), "what it tells of its run can't be read"),
    ],
)
def test_what_is_no_recording_is_refused_in_words(tmp_path, write, words):
    write(tmp_path)
    with pytest.raises(RecordingError, match=words):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"control_hz": 0.0}, "a control rate of 0 Hz"),
        ({"control_hz": math.nan}, "a control rate of nan Hz"),
        ({"limits": replace(run_info().limits, names=("a",))}, "its limits are not those of its joints"),
        ({"profiles": (Source("a\0.yaml", ""),)}, "a profile with a path that is none"),
        ({"started": run_info().started.replace(tzinfo=None)}, "its start is not in UTC"),
    ],
)
def test_a_run_that_can_not_have_been_is_refused_in_words(tmp_path, changed, words):
    info = to_json(replace(run_info(), **changed)).decode()
    foreign(tmp_path / "run.mcap", format="1", run=info)
    with pytest.raises(RecordingError, match=words):
        read_run(tmp_path)


def test_ticks_of_other_joints_are_left_out_and_told(record, tmp_path):
    recorder = Recorder(tmp_path / "run.mcap", run_info(), lambda _: ("t", ()), 10.0, 10**7)
    for step in range(60):
        tick = record(step, layout=NODES, nodes=(NodeState(Status.IDLE),) * 3)
        if step == 40:
            tick = replace(tick, observation=replace(tick.observation, joints=np.zeros(2)))
        recorder.publish(tick)
    recorder.close()
    with read_run(tmp_path) as run:
        assert [tick.step for tick in run.records()] == [*range(40), *range(41, 60)]
        assert run.damage[-1] == "the recording is damaged at 1.0 s: a tick of other joints"


def test_ticks_of_other_trees_than_they_say_are_left_out_and_told(record, tmp_path):
    recorder = Recorder(tmp_path / "run.mcap", run_info(), lambda _: ("t", ()), 10.0, 10**7)
    for step in range(60):
        layout = NODES if step < 40 else NODES[:2]
        recorder.publish(record(step, layout=layout, nodes=(NodeState(Status.IDLE),) * 3))
    recorder.close()
    with read_run(tmp_path) as run:
        assert [tick.step for tick in run.records()] == [*range(40)]
        assert run.damage[-1] == "the recording is damaged at 1.0 s: a tick of another tree"


@pytest.mark.parametrize("cause", [-1, 3])
def test_a_failure_because_of_a_node_that_is_not_there_is_left_out_and_told(record, tmp_path, cause):
    recorder = Recorder(tmp_path / "run.mcap", run_info(), lambda _: ("t", ()), 10.0, 10**7)
    for step in range(60):
        lost = NodeState(Status.FAILURE, ticked=True, cause=cause if step == 40 else 2)
        recorder.publish(record(step, layout=NODES, nodes=(lost,) * 3))
    recorder.close()
    with read_run(tmp_path) as run:
        assert 40 not in [tick.step for tick in run.records()]
        assert f"because of node {cause}" in run.damage[-1]


def test_a_value_that_is_too_deep_costs_no_more_than_its_second(record, tmp_path):
    deep = KeyWrite("t", "key", 1)
    recorder = Recorder(tmp_path / "run.mcap", run_info(), lambda _: ("t", ()), 10.0, 10**7)
    for step in range(60):
        recorder.publish(record(step, layout=NODES, nodes=(NodeState(Status.IDLE),) * 3, written=(deep,)))
    recorder.close()
    with read_run(tmp_path) as run:
        messages = dict(run._blocks.block(1).ticks[0])
        messages[TICK] = messages[TICK].replace(b'"value":"1"', b'"value":"' + b"[" * 100_000 + b'"')
        run._blocks.block(1).ticks[0] = messages
        assert [tick.step for tick in run.records()] == [*range(30)]
        assert "the recording is damaged at 1.0 s" in run.damage[-1]


def foreign(path, **about):
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start()
        if about:
            writer.add_metadata("bt_robot.run", about)
        writer.finish()


def test_a_path_that_is_not_there_is_told(tmp_path):
    with pytest.raises(RecordingError, match=r"there is no .*nowhere"):
        read_run(tmp_path / "nowhere")


CHILD = """
import sys, time
from pathlib import Path
from bt_robot.telemetry.recorder import Recorder, Source
from tests.telemetry.conftest import NODES, make_record
from tests.telemetry.record_strategies import run_info
recorder = Recorder(Path(sys.argv[1]), run_info(), lambda _: ("t", ()), 10.0, 50_000_000)
for step in range(106):
    recorder.publish(make_record(step, layout=NODES))
sys.stdout.write("written\\n")
sys.stdout.flush()
time.sleep(60)
"""


def test_a_process_that_is_killed_leaves_all_seconds_that_were_complete(tmp_path):
    path = tmp_path / "run.mcap"
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "written\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    with read_run(path) as run:
        assert [tick.step for tick in run.records()] == list(range(90))
        assert run.ending is None
        assert "the recording was cut off" in run.damage[0]
