"""A recording that was cut off or damaged becomes one that others accept, with all that could be read."""

from dataclasses import replace

import pytest
from mcap.exceptions import McapError
from mcap.reader import SeekingReader, make_reader

from bt_robot.messages import NodeInfo
from bt_robot.telemetry.recorder import RecordedEnding, Recorder, Source, read_run, write_whole
from tests.telemetry.record_strategies import STARTED, run_info, told

NODES = tuple(NodeInfo(f"t/{i}", "wait", str(i), 0, -1, "action") for i in range(3))


@pytest.fixture
def path(tmp_path, record):
    """The recording of 4 s: 4 blocks."""
    place = tmp_path / "run.mcap"
    recorder = Recorder(
        place, run_info(), lambda _: ("t", (Source("t.yaml", "tree: t"),)), 10.0, 10**7, lambda: STARTED
    )
    for step in range(120):
        recorder.publish(replace(record(step, layout=NODES), events=(f"step {step}",)))
    recorder.end(RecordedEnding("SUCCESS"))
    recorder.close()
    return place


def messages(path):
    """What the library's own reader finds, which needs the end of a file."""
    with path.open("rb") as file:
        reader = SeekingReader(file, validate_crcs=True)
        return [
            (schema.name, schema.encoding, channel.topic, message.log_time, message.sequence, message.data)
            for schema, channel, message in reader.iter_messages(log_time_order=False)
        ]


def whole(path, told_s=None):
    other = path.with_name("whole.mcap")
    with read_run(path) as run:
        write_whole(run, other, (told_s if told_s is not None else []).append)
    return other


def test_a_whole_recording_is_copied_message_by_message(path):
    told_s = []
    other = whole(path, told_s)
    assert messages(other) == messages(path)
    assert told_s == pytest.approx([29 / 30, 59 / 30, 89 / 30, 119 / 30])
    with read_run(path) as run, read_run(other) as copy:
        assert (told(copy.info), copy.ending, copy.damage) == (told(run.info), run.ending, ())
        assert [tree.sources for tree in copy.trees] == [tree.sources for tree in run.trees]
        assert [told(tick) for tick in copy.records()] == [told(tick) for tick in run.records()]


def test_one_that_was_cut_off_gets_an_end_and_an_index(path):
    before, data = messages(path), path.read_bytes()
    path.write_bytes(data[: data.rindex(b"bt_robot.ending") // 2])
    with pytest.raises(McapError):
        messages(path)
    found = messages(whole(path))
    assert found == before[: len(found)]
    assert 30 <= len([each for each in found if each[2] == "/tick"]) < 120
    with path.with_name("whole.mcap").open("rb") as file:
        assert make_reader(file).get_summary().statistics.message_count == len(found)
    with read_run(path.with_name("whole.mcap")) as run:
        assert (run.ending, run.damage) == (None, ())


def test_a_damaged_second_is_left_out(path):
    with path.open("rb") as file:
        second = make_reader(file).get_summary().chunk_indexes[1]
    data = bytearray(path.read_bytes())
    data[second.chunk_start_offset + second.chunk_length // 2] ^= 0xFF
    path.write_bytes(data)
    steps = [each[4] for each in messages(whole(path)) if each[2] == "/tick"]
    assert steps == [*range(30), *range(60, 120)]
