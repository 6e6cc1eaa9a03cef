"""A run in memory: any time of it is what was told of it then."""

import dataclasses

import numpy as np
import orjson
import pytest
from hypothesis import given, settings

from bt_robot.messages import ActionChunk, KeyWrite, NodeInfo, NodeState, Status
from bt_robot.telemetry.view import told
from bt_robot.telemetry.view.history import BLOCK_TICKS, CHUNKS_TOLD, EVENTS_TOLD, History
from tests.scale import examples
from tests.telemetry.record_strategies import runs
from tests.telemetry.view_kit import LAYOUT, states, tidy

HZ = 30.0
MANY = 3 * BLOCK_TICKS + 5


def remembered(records, **options):
    history = History(3, HZ, **options)
    for record in records:
        history.publish(record)
    return history


@pytest.fixture(scope="module")
def ticks(record):
    """Some blocks of ticks in which something changes all the time."""
    return [
        record(
            k,
            layout=LAYOUT,
            nodes=(*states("RUNNING", "RUNNING"), NodeState(Status.RUNNING, f"{k} left", k // 7 / HZ, True)),
            events=(f"event {k}",) if k % 3 == 0 else (),
            written=(KeyWrite("t", "seen", k),) if k % 5 == 0 else (),
            chunk=ActionChunk(np.full((2, 3), k), k - 2, 0, "p", k / 100) if k % 50 == 9 else None,
        )
        for k in range(MANY)
    ]


@settings(max_examples=examples(25))
@given(runs())
def test_the_state_at_a_time_is_that_of_its_tick(records):
    records = tidy(records)
    history, tree = remembered(records), -1
    with np.errstate(all="ignore"):
        for k, record in enumerate(records):
            tree += k == 0 or record.layout is not records[k - 1].layout
            expected = orjson.loads(told.encode(told.tick(record)))
            state = history.state(record.time_s)
            assert state["type"] == "state"
            assert state["revision"] == tree
            told_elsewhere = {"nodes"} if record.mode == "held" else set()
            for name in expected.keys() - {"type", "events", "written"} - told_elsewhere:
                assert state[name] == expected[name], name


def test_while_a_run_is_held_its_nodes_stand_as_its_tree_was_ticked_last(record):
    ticked = (*states("RUNNING", "FAILURE"), NodeState(Status.SUCCESS, "there", 0.0, ticked=True))
    still = tuple(dataclasses.replace(state, ticked=False) for state in ticked)
    history = remembered([record(0, layout=LAYOUT, nodes=ticked), record(1, layout=LAYOUT, nodes=still, mode="held")])
    tick, _ = history.publish(record(2, layout=LAYOUT, nodes=still, mode="held"))
    assert tick["nodes"] == []
    assert [row[2] for row in history.state()["nodes"]] == [True] * len(ticked)
    edited = tuple(NodeState(Status.IDLE) for _ in ticked)  # it took over, and waits at its root
    history.publish(record(3, layout=LAYOUT, nodes=edited, mode="held"))
    assert [row[1:3] for row in history.state()["nodes"]] == [["IDLE", False]] * len(ticked)


def test_the_state_of_every_tick_in_every_block(ticks):
    history = remembered(ticks)
    for k in (0, 1, BLOCK_TICKS - 1, BLOCK_TICKS, BLOCK_TICKS + 1, 2 * BLOCK_TICKS, MANY - 1):
        state = history.state(ticks[k].time_s)
        assert state["step"] == k
        assert state["nodes"][2] == [2, "RUNNING", True, f"{k} left", k // 7 / HZ, None, None, None]
        assert state["blackboard"] == {"t": {"seen": k - k % 5}}
        assert state["link"]["available"] is True


def test_a_time_between_ticks_and_outside_the_run(ticks):
    history = remembered(ticks)
    assert history.state(10.5 / HZ)["step"] == 10
    assert history.state(-1.0)["step"] == 0
    assert history.state(1e9)["step"] == MANY - 1
    assert history.state()["step"] == MANY - 1
    assert history.range_s == (0.0, ticks[-1].time_s)


def test_the_time_that_a_page_was_told_of_is_the_tick_s_own(ticks):
    history = remembered(ticks)
    assert all(history.state(round(k / HZ, 6))["step"] == k for k in range(0, MANY, 7))


def test_before_the_first_tick_there_is_nothing():
    history = History(3, HZ)
    assert history.state() is None
    assert history.range_s is None
    assert history.series(0.0, 1.0, 10).times_s.size == 0


def test_the_newest_events_up_to_a_time(ticks):
    history = remembered(ticks)
    assert [text for _, text in history.state(7 / HZ)["events"]] == ["event 0", "event 3", "event 6"]
    events = history.state()["events"]
    assert len(events) == EVENTS_TOLD
    assert events[-1] == (round((MANY - 2) / HZ, 6), f"event {MANY - 2}")


def test_the_chunks_up_to_a_time(ticks):
    history = remembered(ticks)
    assert history.state(8 / HZ)["chunks"] == []
    (chunk,) = history.state(9 / HZ)["chunks"]
    assert (chunk["t"], chunk["observed_t"], chunk["actions"]) == (0.3, round(7 / HZ, 6), [[9.0] * 3] * 2)
    assert [chunk["actions"][0][0] for chunk in history.state(200 / HZ)["chunks"]] == [59.0, 109.0, 159.0]
    assert len(history.state()["chunks"]) == CHUNKS_TOLD


def test_an_edited_tree_begins_with_a_clean_blackboard(record, ticks):
    edited = (*LAYOUT, NodeInfo("t/place", "wait", "place", 1, 0, "action"))
    history = remembered(ticks[:10])
    history.publish(record(10, layout=edited, nodes=states("RUNNING", "IDLE", "IDLE", "RUNNING")))
    assert history.state(9 / HZ)["revision"] == 0
    assert len(history.state(9 / HZ)["nodes"]) == 3
    state = history.state()
    assert (state["revision"], len(state["nodes"]), state["blackboard"]) == (1, 4, {})
    assert history.layouts == [LAYOUT, edited]


def test_another_prompt_keeps_the_blackboard(record, ticks):
    history = remembered(ticks[:10])
    relabelled = (LAYOUT[0], dataclasses.replace(LAYOUT[1], prompt="grab"), LAYOUT[2])
    history.publish(record(10, layout=relabelled, nodes=states("RUNNING", "RUNNING", "RUNNING")))
    assert (history.state()["revision"], history.state()["blackboard"]) == (1, {"t": {"seen": 5}})


def test_memory_is_bounded_and_the_oldest_is_forgotten_first(ticks):
    small = remembered(ticks, max_bytes=1)
    assert small.range_s == (ticks[2 * BLOCK_TICKS].time_s, ticks[-1].time_s)
    assert small.state(0.0)["step"] == 2 * BLOCK_TICKS
    assert len(small.series(0.0, 1e9, 1200).times_s) == BLOCK_TICKS + 5


def test_an_hour_of_a_calm_run_takes_little_memory(ticks):
    """What is packed is counted: a tick of these takes less than 300 bytes, an hour at 30 Hz less than 33 MB."""
    limit = 300 * 2 * BLOCK_TICKS
    assert remembered(ticks, max_bytes=limit).range_s[0] <= ticks[BLOCK_TICKS].time_s


def test_the_joints_over_a_time(ticks):
    series = remembered(ticks).series(1.0, 2.0, 1200)
    assert series.times_s.tolist() == [k / HZ for k in range(30, 61)]
    assert series.measured[:, 0] == pytest.approx([0.1 * k for k in range(30, 61)])
    assert series.commanded[:, 1] == pytest.approx([0.21] * 31)
    assert series.ages.tolist() == [3] * 31
    assert series.latencies == [(round(59 / HZ, 6), 0.59)]


def test_a_wild_number_does_not_end_the_view(record):
    wild = record(0, layout=LAYOUT)
    wild = dataclasses.replace(
        wild,
        command=dataclasses.replace(wild.command, positions=np.array([1e308, np.nan, -np.inf])),
    )
    history = remembered([wild])
    assert orjson.loads(told.encode(history.state()))["commanded"] == [None, None, None]
