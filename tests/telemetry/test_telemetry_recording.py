"""A run is remembered in bounded memory, and nothing is rendered on the way."""

from dataclasses import fields
from itertools import pairwise

from bt_robot.messages import Frame, LinkState, Observation, PlanStats, Splice
from bt_robot.telemetry import recording as module
from bt_robot.telemetry.recording import MAX_STILLS, Recording


def test_a_tick_becomes_a_row_with_its_skill(record, chunk):
    recording = Recording()
    recording.publish(record(0))
    recording.publish(record(1, chunk=chunk))
    columns = recording.columns
    assert columns.time_s == [0.0, 1 / 30]
    assert columns.skill == ["t/pick", "t/pick"]
    assert columns.prompt == ["pick up"] * 2
    (arrival,) = recording.arrivals
    assert (arrival.step, arrival.latency_s, arrival.parts.server_s, arrival.length) == (1, 0.1, 0.03, 50)
    assert recording.last_states == record(1).nodes


def test_what_became_of_a_chunk_and_which_ticks_executed_the_plan_is_remembered(record, chunk):
    recording = Recording()
    splice = Splice("rejected", 3, 4)
    recording.publish(record(0, chunk=chunk, splice=splice))
    for step, executed in enumerate([1, 2, 2, 3], 1):
        recording.publish(record(step, plan=PlanStats(executed=executed), stalled=step == 3, planned_steps=step))
    assert recording.arrivals[0].splice is splice
    assert recording.columns.executed == [False, True, True, False, True]
    assert recording.columns.stalled == [False, False, False, True, False]
    assert recording.columns.planned_steps == [12, 1, 2, 3, 4]


def test_a_failed_request_is_noted_when_the_count_of_errors_grows(record):
    recording = Recording()
    for step, errors in enumerate([0, 0, 1, 1, 3, 3]):
        recording.publish(record(step, link=LinkState(errors == 0, errors=errors)))
    assert list(recording.failures_s) == [2 / 30, 4 / 30]


def test_stills_stay_few_and_evenly_spread(record):
    recording = Recording()
    for step in range(2000):
        recording.publish(record(step))
    steps = [round(still.time_s * 30) for still in recording.stills]
    assert MAX_STILLS // 2 <= len(steps) <= 2 * MAX_STILLS
    assert len({b - a for a, b in pairwise(steps)}) == 1
    assert steps[0] == 0


def test_no_picture_is_made_while_recording(record):
    def never():
        raise AssertionError("rendered during the run")

    recording = Recording()
    observation = Observation(0, 0.0, record().observation.joints, {"front": Frame("front", 0.0, never)})
    recording.publish(record(0, observation=observation))
    assert len(recording.stills) == 1


def test_a_long_run_forgets_its_beginning(record, monkeypatch):
    monkeypatch.setattr(module, "MAX_TICKS", 100)
    recording = Recording()
    for step in range(500):
        recording.publish(record(step))
    columns = recording.columns
    assert len(columns.time_s) <= 101
    assert columns.time_s[-1] == 499 / 30
    assert len({len(getattr(columns, column.name)) for column in fields(columns)}) == 1
