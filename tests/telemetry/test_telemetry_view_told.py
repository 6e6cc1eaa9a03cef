"""What a page is told: pinned text, and the laws that let it rely on little."""

import dataclasses

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bt_robot.messages import ActionChunk, Health, KeyWrite, LatencyParts, NodeState, Splice, Status, Verdict
from bt_robot.telemetry.recorder import RecordedEnding
from bt_robot.telemetry.view import told
from bt_robot.telemetry.view.told import Ended
from tests.scale import examples
from tests.telemetry.record_strategies import runs, values
from tests.telemetry.view_kit import ABOUT, LAYOUT, as_json, states, tidy


def json_of(message):
    return orjson.loads(told.encode(message))


def test_the_first_message():
    assert json_of(told.hello(ABOUT, live=True, control="free")) == {
        "type": "hello",
        "version": 1,
        "title": "pick & place",
        "note": "",
        "joints": ["a", "b", "gripper"],
        "lower": [-1.0, -1.0, -1.0],
        "upper": [1.0, 1.0, 1.0],
        "velocity": [3.0, 3.0, 3.0],
        "control_hz": 30.0,
        "cameras": ["front", "wrist"],
        "live": True,
        "control": "free",
    }


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        (RecordedEnding("SUCCESS"), ""),
        (RecordedEnding("SUCCESS", unmet=("no red", "no blue")), "not as expected: no red; no blue"),
        (RecordedEnding("FAILURE", "dropped it", unmet=("no red",)), "dropped it"),
    ],
)
def test_an_ending_tells_why_and_what_is_not_as_expected(ending, reason):
    assert Ended.of(ending) == Ended(ending.status, reason)


def test_the_layout():
    message = json_of(told.layout(LAYOUT, 2))
    assert message["revision"] == 2
    assert message["nodes"][1] == ["t/pick", "vla_skill", "pick", 1, 0, "subtree", "pick up", "time_limit_s=20"]


def test_the_first_tick_tells_everything(record):
    assert json_of(told.tick(record(3, layout=LAYOUT, nodes=states("RUNNING", "RUNNING", "SUCCESS")))) == {
        "type": "tick",
        "step": 3,
        "t": 0.1,
        "mode": "running",
        "status": "RUNNING",
        "nodes": [
            [0, "RUNNING", True, "", 0.0, None, None, None],
            [1, "RUNNING", True, "", 0.0, None, None, None],
            [2, "SUCCESS", True, "", 0.0, None, None, None],
        ],
        "measured": [0.3, 0.2, 0.5],
        "commanded": [0.31, 0.21, 0.51],
        "held": False,
        "clamped": [],
        "refused": "",
        "prompt": "pick up",
        "skill": "t/pick",
        "chunk_age": 3,
        "planned": 12,
        "stalled": False,
        "lateness_s": 0.0,
        "skipped": 0,
        "events": [],
        "written": [],
        "link": {
            "available": True,
            "reason": "",
            "in_flight": False,
            "latency_s": 0.1,
            "retry_in_s": None,
            "requests": 0,
            "replies": 0,
            "errors": 0,
            "reconnects": 0,
            "dropped": 0,
            "url": "",
        },
        "health": {"stopped": "", "doubts": [], "strain": "", "notes": []},
    }


def test_a_later_tick_tells_what_changed(record):
    first = record(0, layout=LAYOUT)
    second = record(
        1,
        layout=LAYOUT,
        nodes=(*first.nodes[:2], NodeState(Status.FAILURE, "<b>dropped</b>", 0.03, True, 0.1, 0.9, 1)),
        verdict=Verdict(("a: velocity",), "", True),
        events=("the server is gone", "person: anna: hold"),
        acts=("anna: hold",),
        written=(KeyWrite("t", "goal", (0.1, 0.2)),),
    )
    tick = json_of(told.tick(second, first))
    assert tick["nodes"] == [[2, "FAILURE", True, "<b>dropped</b>", 0.03, 0.1, 0.9, 1]]
    assert tick["clamped"] == ["a: velocity"]
    assert tick["held"] is True
    assert tick["events"] == [[0.033333, "the server is gone"], [0.033333, "person: anna: hold"]]
    assert tick["written"] == [["t", "goal", "(0.1, 0.2)"]]
    assert "link" not in tick
    assert "health" not in tick


def test_an_edited_tree_is_told_whole(record):
    first = record(0, layout=LAYOUT)
    assert len(told.tick(record(1, layout=tuple(LAYOUT)), first)["nodes"]) == 0
    assert len(told.tick(record(1, layout=(*LAYOUT[:2], LAYOUT[2])), first)["nodes"]) == 3


def test_a_health_that_changed_is_told(record):
    first = record(0, layout=LAYOUT)
    ill = dataclasses.replace(first.observation, health=Health(stopped="unplugged"))
    assert told.tick(record(1, layout=LAYOUT, observation=ill), first)["health"]["stopped"] == "unplugged"


def test_a_chunk_and_where_its_rows_belong(record):
    arrived = ActionChunk(np.full((2, 3), 1 / 3), 27, 0, "pick", 0.1, LatencyParts(server_s=0.03), incremental=True)
    message = json_of(told.chunk(record(30, splice=Splice("late", skipped=3)), arrived, 1 / 30))
    assert message == {
        "type": "chunk",
        "t": 1.0,
        "observed_t": 0.9,
        "prompt": "pick",
        "latency_s": 0.1,
        "outcome": "late",
        "skipped": 3,
        "incremental": True,
        "parts": {"picture_s": 0.0, "encode_s": 0.0, "network_s": 0.0, "server_s": 0.03, "decode_s": 0.0},
        "actions": [[0.33333, 0.33333, 0.33333], [0.33333, 0.33333, 0.33333]],
    }


@settings(max_examples=examples(25))
@given(runs())
def test_a_state_is_what_the_ticks_up_to_it_add_up_to(records):
    """A page that folds ticks knows what one that joins late is told."""
    state, before = {}, None
    with np.errstate(all="ignore"):
        for record in tidy(records):
            tick = json_of(told.tick(record, before))
            if before is None or before.layout is not record.layout:
                state = json_of(told.tick(record)) | {"blackboard": {}}
            told.fold(state, tick)
            before = record
            whole = json_of(told.tick(record))
            assert {name: state[name] for name in whole if name not in ("written", "events")} == {
                name: value for name, value in whole.items() if name not in ("written", "events")
            }
            if tick["written"]:
                scope, key, value = tick["written"][-1]
                assert state["blackboard"][scope][key] == value


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow])
@given(runs(), st.integers(0, 20))
def test_ticks_told_at_once_lose_no_change_no_event_and_no_written_key(records, most_rows):
    records = tidy(records)
    records = [record for record in records if record.layout is records[0].layout]
    with np.errstate(all="ignore"):
        pairs = zip([None, *records], records, strict=False)
        ticks = [json_of(told.tick(record, before)) for before, record in pairs]
    merged = told.merge(ticks, most_rows)
    one, other = (
        {**orjson.loads(orjson.dumps(ticks[0])), "blackboard": {}},
        {**orjson.loads(orjson.dumps(ticks[0])), "blackboard": {}},
    )
    for tick in ticks:
        told.fold(one, tick)
    told.fold(other, merged)
    one.pop("skipped"), other.pop("skipped")
    assert one == other
    assert merged["events"] == [event for tick in ticks for event in tick["events"]]
    assert merged["written"] == [write for tick in ticks for write in tick["written"]]
    rows = [row for tick in ticks for row in tick["nodes"]]
    assert merged["nodes"] == rows or len(rows) > most_rows
    assert {row[0] for row in merged["nodes"]} == {row[0] for row in rows}


@given(values)
def test_any_value_of_the_blackboard_can_be_told(value):
    shown = json_of({"value": told.plain(value)})["value"]
    assert shown is None or isinstance(shown, bool | int | float | str)
    assert not isinstance(shown, str) or len(shown) <= told.LONGEST_VALUE


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x" * 400, "x" * 299 + "…"),
        (np.zeros(2), "[0. 0.]"),
        (True, True),
        (0.5, 0.5),
        ((1, "a"), "(1, 'a')"),
    ],
)
def test_what_is_shown_of_a_value(value, shown):
    assert told.plain(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("\ud800<", "?<"),
        (1 << 70, float(1 << 70)),
        (1 << 1023, "a whole number of 1024 bits"),
        (10**400, "a whole number of 1329 bits"),
        (["\udfff", {"\udfff": -(1 << 64)}], ["?", {"?": -(2.0**64)}]),
    ],
)
def test_what_json_can_not_tell_is_replaced(value, shown):
    assert as_json(json_of({"type": "x", "value": value})["value"]) == shown
