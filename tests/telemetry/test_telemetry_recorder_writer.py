"""A recording gives back what was published, is a file that others read, and keeps within its size."""

import itertools
import json
import tempfile
from dataclasses import fields, replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory

from bt_robot.messages import Frame, NodeInfo, NodeState, Status, TickRecord
from bt_robot.telemetry.recorder import RecordedEnding, Recorder, Source, read_run
from bt_robot.telemetry.recorder.messages import Tick
from bt_robot.telemetry.recorder.plain import from_json
from tests.scale import examples
from tests.telemetry.record_strategies import CAMERAS, JOINTS, STARTED, run_info, runs, told

SOURCES = (Source("trees/t.yaml", "tree: t\n"),)
LIMIT = 50_000_000


def recorded(path, records, *, rate_hz=10.0, limit=LIMIT, ending=None):
    """Write a recording, and return its path."""
    recorder = Recorder(path, run_info(), lambda _: ("t", SOURCES), rate_hz, limit, now=lambda: STARTED)
    for record in records:
        recorder.publish(record)
    if ending:
        recorder.end(ending)
    recorder.close()
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.mcap"


@pytest.fixture
def ticks(record):
    """A function that makes the ticks of a run of three joints and one camera, all with the same tree."""

    def make(count, **changes):
        nodes = tuple(NodeInfo(f"t/{i}", "wait", str(i), 0, -1, "action") for i in range(3))
        return [record(step, layout=nodes, **changes) for step in range(count)]

    return make


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(runs())
def test_every_tick_comes_back_as_it_was_published(records):
    with tempfile.TemporaryDirectory() as folder, read_run(recorded(Path(folder) / "x.mcap", records)) as run:
        assert [told(record) for record in run.records()] == [told(record) for record in records]
        layouts = [record.layout for record in run.records()]
        before = [record.layout for record in records]
        for (one, other), (first, second) in zip(itertools.pairwise(layouts), itertools.pairwise(before), strict=True):
            assert (one is other) == (first is second)


def test_no_field_of_a_tick_is_forgotten():
    elsewhere = {"layout": "tree", "observation": "measured", "command": "commanded_step"}
    apart = {"chunk", "splice", "proposal"}  # in messages of their own
    told_of = {elsewhere.get(each.name, each.name) for each in fields(TickRecord)} - apart
    assert told_of - {each.name for each in fields(Tick)} == set()


def test_what_was_known_of_the_run_comes_back(path, ticks):
    ending = RecordedEnding("FAILURE", "no answer", "t/pick")
    with read_run(recorded(path, ticks(3), ending=ending)) as run:
        assert told(run.info) == told(run_info())
        assert run.ending == ending
        (tree,) = run.trees
        assert (tree.name, tree.sources, tree.from_s) == ("t", SOURCES, 0.0)
        assert run.damage == ()


def test_the_library_of_the_format_reads_it_and_every_message_fits_its_schema(path, ticks, chunk):
    records = ticks(70)
    records[5] = replace(records[5], chunk=chunk, events=("policy: answers again",))
    records[6] = replace(records[6], nodes=(NodeState(Status.FAILURE, "timed out"), *records[6].nodes[1:]))
    recorded(path, records)
    seen = {}
    with path.open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        for schema, channel, message in reader.iter_messages():
            seen.setdefault(channel.topic, []).append(message.log_time)
            if schema.encoding == "jsonschema":
                rules = json.loads(schema.data)
                jsonschema.Draft202012Validator.check_schema(rules)
                jsonschema.validate(json.loads(message.data), rules)
        summary = reader.get_summary()
    assert len(summary.chunk_indexes) == 3
    assert {topic: len(times) for topic, times in seen.items()} == {
        "/tick": 70,
        "/tree": 1,
        "/tree/changes": 3,
        "/joints/measured": 70,
        "/joints/commanded": 70,
        "/cameras/front": 24,
        "/policy/chunk": 1,
        "/log": 7,
    }
    start_ns = seen["/tick"][0]
    assert seen["/tick"][30] - start_ns == 10**9


def test_joints_pictures_and_log_lines_are_messages_of_ros_2(path, ticks):
    recorded(path, [replace(tick, events=("1 tick missed",)) for tick in ticks(2)])
    with path.open("rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        found = {
            channel.topic: (schema.name, message)
            for schema, channel, _, message in reader.iter_decoded_messages(
                topics=["/joints/commanded", "/cameras/front", "/log"]
            )
        }
    name, joints = found["/joints/commanded"]
    assert name == "sensor_msgs/msg/JointState"
    assert (list(joints.name), list(joints.position)) == (list(JOINTS), pytest.approx([0.11, 0.21, 0.51]))
    name, picture = found["/cameras/front"]
    assert name == "sensor_msgs/msg/CompressedImage"
    assert (picture.format, bytes(picture.data[:2])) == ("jpeg", b"\xff\xd8")
    name, line = found["/log"]
    assert (name, line.level, line.name, line.msg) == ("rcl_interfaces/msg/Log", 20, "t/pick", "1 tick missed")


def lines_of(path):
    """The log of a recording as others read it: level, who, what."""
    with path.open("rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        found = [each.decoded_message for each in reader.iter_decoded_messages(topics=["/log"])]
    return [(line.level, line.name, line.msg) for line in found]


def test_the_log_tells_of_prompts_and_nodes_and_how_the_run_ended(path, ticks):
    records = [replace(tick, prompt="" if tick.step < 2 else "pick up", skill="t/pick") for tick in ticks(4)]
    states = (NodeState(Status.FAILURE, "timed out"), NodeState(Status.SUCCESS), NodeState(Status.IDLE))
    records[3] = replace(records[3], nodes=states, events=("policy: answers again",))
    recorded(path, records, ending=RecordedEnding("FAILURE", "timed out", "t/0"))
    assert lines_of(path) == [
        *((10, f"t/{i}", "RUNNING: busy") for i in range(3)),
        (20, "t/pick", "prompt: pick up"),
        (20, "t/pick", "policy: answers again"),
        (30, "t/0", "FAILURE: timed out"),
        (20, "t/1", "SUCCESS"),
        (40, "t/0", "the run ended: FAILURE: timed out"),
    ]


@pytest.mark.parametrize(("status", "level"), [("SUCCESS", 20), ("INTERRUPTED", 30)])
def test_an_end_without_a_reason_or_a_node_is_told_too(path, ticks, status, level):
    recorded(path, ticks(1), ending=RecordedEnding(status))
    assert lines_of(path)[-1] == (level, run_info().tree, f"the run ended: {status}")


def test_what_is_not_as_expected_stands_at_the_end(path, ticks):
    recorded(path, ticks(1), ending=RecordedEnding("SUCCESS", unmet=("the red block is not in the container",)))
    assert lines_of(path)[-1] == (30, run_info().tree, "not as expected: the red block is not in the container")


def test_joints_bear_the_time_of_their_measurement_which_never_goes_back(path, ticks):
    """A tick that begins late sees the same measurement as if it were older."""
    records, ages_s = ticks(5), [0.010, 0.010, 0.050, 0.010, -0.5]
    for i, age_s in enumerate(ages_s):
        observation = replace(records[i].observation, time_s=records[i].time_s - age_s)
        records[i] = replace(records[i], observation=observation)
    recorded(path, records)
    stamps_s = {}
    with path.open("rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        for each in reader.iter_decoded_messages(topics=["/joints/measured", "/joints/commanded"]):
            stamp = each.decoded_message.header.stamp
            age_ns = each.message.log_time - (10**9 * stamp.sec + stamp.nanosec)
            stamps_s.setdefault(each.channel.topic, []).append(age_ns / 1e9)
    assert stamps_s["/joints/measured"] == pytest.approx([0.010, 0.010, 1 / 30 + 0.010, 0.010, 0.0], abs=1e-8)
    assert stamps_s["/joints/commanded"] == [0.0] * 5


def test_what_people_did_after_the_last_tick_is_in_the_ending_and_the_log(path, ticks):
    ending = RecordedEnding("FAILURE", "emergency stop: pressed by ada", acts=("ada: emergency stop",))
    with read_run(recorded(path, ticks(3), ending=ending)) as run:
        assert run.ending == ending
        assert len(list(run.records())) == 3
    with path.open("rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        *_, before = reader.iter_messages(topics=["/tick"])
        *_, found, _ = reader.iter_decoded_messages(topics=["/log"])
    assert found.decoded_message.msg == "person: ada: emergency stop"
    assert found.message.log_time == before[2].log_time


def test_the_ending_of_an_older_recording_tells_of_no_acts(path, ticks):
    with read_run(recorded(path, ticks(1), ending=RecordedEnding("SUCCESS"))) as run:
        assert from_json(RecordedEnding, '{"status": "SUCCESS", "reason": "", "failed_path": ""}') == run.ending


def test_an_edited_tree_brings_its_own_files(path, ticks, record):
    first, edited = ticks(1)[0].layout, (NodeInfo("u", "wait", "u", 0, -1, "action"),)
    recorder = Recorder(path, run_info(), lambda layout: (layout[0].path, SOURCES), 10.0, LIMIT)
    for step in range(40):
        layout = first if step < 35 else edited
        states = tuple(NodeState(Status.RUNNING) for _ in layout)
        recorder.publish(record(step, layout=layout, nodes=states))
    recorder.close()
    with read_run(path) as run:
        assert [(tree.name, tree.nodes) for tree in run.trees] == [("t/0", first), ("u", edited)]
        assert run.trees[1].from_s == pytest.approx(35 / 30)
        assert run.record_at(34 / 30).layout is run.trees[0].nodes
        assert run.record_at(36 / 30).layout is run.trees[1].nodes


def noisy(camera, captured_s):
    seed = int(captured_s * 1000)
    return Frame(camera, captured_s, lambda: np.random.default_rng(seed).integers(0, 255, (64, 64, 3), np.uint8))


def noisy_run(record, count):
    nodes = (NodeInfo("t", "wait", "t", 0, -1, "action"),)
    for step in range(count):
        tick = record(step, layout=nodes, nodes=(NodeState(Status.RUNNING, f"{step}"),))
        frames = {camera: noisy(camera, step / 30) for camera in CAMERAS}
        yield replace(tick, observation=replace(tick.observation, frames=frames))


def test_a_file_that_fills_up_keeps_ticks_longer_than_pictures_and_its_end_always(path, record, caplog):
    limit, count = 1_000_000, 9000
    ending = RecordedEnding("SUCCESS")
    recorded(path, noisy_run(record, count), limit=limit, ending=ending)
    assert path.stat().st_size <= limit
    with read_run(path) as run:
        steps = [tick.step for tick in run.records()]
        times_s = [run.picture("front", step / 30).captured_s for step in steps]
        assert steps[:1000] == list(range(1000))
        assert steps[-100:] == list(range(count - 100, count))
        assert len(steps) + run.left_out_ticks == count
        assert run.left_out_ticks > 0
        assert run.damage == (
            f"the file was full: {run.left_out_ticks} ticks before the last ones are missing (--record-limit)",
        )
        gaps = np.diff(sorted(set(times_s)))
        assert gaps[0] == pytest.approx(0.1)
        assert len({round(gap, 1) for gap in gaps}) > 3  # ever rarer
        assert times_s[-1] == pytest.approx((count - 1) / 30)
        assert run.ending == ending
    said = [line.message for line in caplog.records]
    assert len(said) == 3
    assert "half full: pictures get rarer" in said[0]
    assert "no more pictures" in said[1]
    assert "is full; the rest of the run is not recorded, except for its end" in said[2]


def test_a_camera_that_fails_costs_only_its_pictures(path, ticks, caplog):
    def broken():
        raise RuntimeError("unplugged")

    records = ticks(5)
    records = [
        replace(tick, observation=replace(tick.observation, frames={"front": Frame("front", tick.time_s, broken)}))
        for tick in records
    ]
    with read_run(recorded(path, records)) as run:
        assert len(list(run.records())) == 5
        assert run.picture("front", 1.0) is None
    assert caplog.text.count("a picture of the camera 'front' can't be recorded: unplugged") == 1


def test_text_that_is_no_unicode_is_recorded_all_the_same(path, ticks):
    tick = replace(ticks(1)[0], prompt="pick \ud800 up", events=("\udfff",))
    with read_run(recorded(path, [tick])) as run:
        assert told(next(run.records())) == told(tick)
