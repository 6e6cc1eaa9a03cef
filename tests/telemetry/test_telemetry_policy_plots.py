"""The plots of the policy link show where the latency goes, what became of each chunk, and where the plan ran dry."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.messages import LatencyParts, LinkState, PlanStats, Splice, Verdict
from bt_robot.telemetry.policy_plots import chunk_spans, plot_chunks, plot_latency
from bt_robot.telemetry.recording import Recording
from tests.scale import examples


def recorded(record, ticks=90, arrivals=None, executed=(), stalled=(), first=0):
    """Record a run: `arrivals` are step → (chunk, splice), the others are steps."""
    recording = Recording()
    taken = 0
    for step in range(first, first + ticks):
        taken += step in executed
        chunk, splice = (arrivals or {}).get(step, (None, None))
        tick = record(step, chunk=chunk, splice=splice, stalled=step in stalled, plan=PlanStats(executed=taken))
        recording.publish(tick)
    return recording


def labels(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_the_latency_plot_spans_the_run_and_marks_what_went_wrong(record, chunk, drawn):
    recording = Recording()
    splices = {30: Splice("accepted"), 60: Splice("late", 3, 50, 50), 75: Splice("rejected")}
    for step in range(301):
        link = LinkState(True, errors=(step >= 90) + (step >= 120))
        splice = splices.get(step)
        recording.publish(record(step, link=link, chunk=chunk if splice else None, splice=splice))
    axis = drawn(plot_latency, recording, "t").axes[1]
    lines = {line.get_label(): line for line in axis.get_lines()}
    assert list(lines["request failed"].get_xdata()) == [3.0, 4.0]
    assert list(lines["late"].get_xdata()) == [2.0]
    assert list(lines["rejected"].get_xdata()) == [2.5]
    assert list(lines["question to answer: p50 100, p95 100 ms"].get_ydata()) == [100.0] * 3
    left, right = axis.get_xlim()
    assert -0.2 < left < 0.0
    assert 10.0 < right < 10.2


def segments(figure, name):
    """The stacked parts of a name, (low, high) each [ms]."""
    (lines,) = [each for each in figure.axes[1].collections if each.get_label().startswith(name)]
    return [(low, high) for (_, low), (_, high) in lines.get_segments()]


def test_the_parts_of_a_latency_are_stacked_to_the_whole_with_their_quantiles(record, chunk, drawn):
    known = replace(chunk, latency_s=0.1, parts=LatencyParts(0.01, 0.0, 0.02, 0.05, 0.0))
    figure = drawn(plot_latency, recorded(record, arrivals={9: (known, Splice("accepted"))}), "t")
    stack = [segments(figure, name)[0] for name in ("server", "network", "rest")]
    assert np.ravel(stack) == pytest.approx([0, 50, 50, 70, 70, 100])
    assert "server: p50 50, p95 50 ms" in labels(figure)


def test_parts_that_took_more_wall_time_than_the_simulated_latency_do_not_stand_out(record, chunk, drawn):
    slow = replace(chunk, latency_s=0.1, parts=LatencyParts(0.5, 0.0, 0.3, 0.04, 0.0))
    figure = drawn(plot_latency, recorded(record, arrivals={9: (slow, Splice("accepted"))}), "t")
    stack = [segments(figure, name)[0] for name in ("server", "network", "rest")]
    assert np.ravel(stack) == pytest.approx([0, 40, 40, 100, 100, 100])


def test_a_server_that_does_not_tell_its_time_has_no_part(record, chunk, drawn):
    silent = replace(chunk, parts=LatencyParts(network_s=0.02))
    figure = drawn(plot_latency, recorded(record, arrivals={9: (silent, Splice("accepted"))}), "t")
    assert not [label for label in labels(figure) if label.startswith("server")]
    assert segments(figure, "network") == [pytest.approx((0, 20))]


def test_a_run_whose_requests_were_never_answered_says_so(record, drawn):
    recording = recorded(record, ticks=1)
    assert [text.get_text() for text in drawn(plot_latency, recording, "t").axes[1].texts] == [
        "no request was answered"
    ]
    assert [text.get_text() for text in drawn(plot_chunks, recording, "t").axes[2].texts] == ["no chunk arrived"]


def in_steps(span):
    """A span's times as control steps."""
    times = (span.observed_s, span.past_s, span.executed, span.unused_s)
    return [np.round(30 * np.array(each), 6).tolist() for each in times]


def test_a_chunk_lies_where_it_was_observed_past_executed_and_replaced(record, chunk):
    arrivals = {5: (chunk, Splice("accepted", 4, 4, 0)), 30: (chunk, Splice("accepted", 4, 6, 6))}
    first, second = chunk_spans(recorded(record, 100, arrivals, executed=range(5, 74)))
    assert in_steps(first) == [1, 5, [[5, 30]], [30, 55]]  # nothing of it was past; the second one took over
    assert in_steps(second) == [24, 24, [[30, 74]], [74, 74]]  # six past, all others executed
    assert (first.lane, second.lane) == (0, 1)


def test_a_plan_that_was_left_has_gaps_and_a_remainder(record, chunk):
    arrivals = {5: (chunk, Splice("accepted", 4, 4, 0))}
    (span,) = chunk_spans(recorded(record, 100, arrivals, executed=[*range(5, 10), *range(12, 15)]))
    assert in_steps(span) == [1, 5, [[5, 10], [12, 15]], [15, 57]]


@pytest.mark.parametrize(("outcome", "skipped"), [("late", 50), ("rejected", 6)])
def test_a_chunk_that_came_to_nothing_executes_nothing_and_ends_no_other(record, chunk, outcome, skipped):
    arrivals = {5: (chunk, Splice("accepted", 4, 4, 0)), 20: (chunk, Splice(outcome, 4, skipped, skipped))}
    first, lost = chunk_spans(recorded(record, 100, arrivals, executed=range(5, 55)))
    assert in_steps(first)[2] == [[5, 55]]
    assert in_steps(lost) == [20 - skipped, 20 - skipped, [], [20, 70 - skipped]]


def test_chunks_of_forgotten_ticks_are_left_out(record, chunk):
    recording = recorded(record, 600, {step: (chunk, Splice("accepted")) for step in range(0, 600, 6)})
    assert len(chunk_spans(recording)) == 100
    recording.columns.forget(300)
    assert min(span.arrival.step for span in chunk_spans(recording)) == 300


def lanes_of(record, chunk, every):
    """The lanes of a minute's chunks of 50 actions, one in so many steps."""
    arrivals = {step: (chunk, Splice("accepted")) for step in range(0, 1800, every)}
    return [span.lane for span in chunk_spans(recorded(record, 1800, arrivals))]


def test_chunks_are_a_staircase_of_four_rows_however_many_there_are(record, chunk):
    assert lanes_of(record, chunk, 25) == [i % 4 for i in range(72)]


def test_chunks_that_overlap_more_have_as_many_rows_as_that_takes_but_not_without_end(record, chunk):
    assert (max(lanes_of(record, chunk, 6)), max(lanes_of(record, chunk, 10))) == (9 - 1, 5 - 1)
    assert max(lanes_of(record, chunk, 1)) == 16 - 1


@settings(max_examples=examples(40))
@given(st.lists(st.integers(7, 60), min_size=1, max_size=40), st.integers(0, 10), st.integers(1, 50))
def test_no_chunk_is_drawn_over_another(record, chunk, gaps, delay, length):
    short, step, arrivals = replace(chunk, actions=chunk.actions[:length]), 0, {}
    for gap in gaps:
        step += gap
        skipped = min(delay, length)
        arrivals[step] = (short, Splice("accepted" if delay < length else "late", delay, delay, skipped))
    by_lane = {}
    for span in chunk_spans(recorded(record, step + 1, arrivals)):
        by_lane.setdefault(span.lane, []).append((span.observed_s, max(span.arrival.time_s, span.unused_s[1])))
    for lane in by_lane.values():
        assert all(end_s <= begin_s + 1e-6 for (_, end_s), (begin_s, _) in pairwise(lane))


def test_an_outage_is_seen_in_the_chunk_plot_with_its_failed_requests(record, drawn):
    recording = Recording()
    for step in range(301):
        away, errors = 90 <= step < 210, (step >= 90) + (step >= 120)
        recording.publish(record(step, link=LinkState(not away, errors=errors), verdict=Verdict(held=away)))
    plan = drawn(plot_chunks, recording, "t").axes[1]
    (shade,) = plan.patches
    assert (shade.get_x(), shade.get_width()) == pytest.approx((3.0, 4.0))
    (failed,) = [line for line in plan.get_lines() if line.get_label() == "request failed"]
    assert (list(failed.get_xdata()), failed.get_marker()) == ([3.0, 4.0], "x")


def test_the_chunk_plot_shades_where_the_plan_ran_dry_and_tells_the_seams_in_degrees(record, chunk, drawn):
    splices = [
        Splice("accepted", 4, 4, 0, np.radians(3), np.radians(1)),
        Splice("rejected", 4, 4, 4, 9.0, 0.0),
        Splice("accepted", 4, 9, 9, np.radians(2), 0.0),
    ]
    arrivals = dict(zip((5, 20, 60), [(chunk, splice) for splice in splices], strict=True))
    recording = recorded(record, 120, arrivals, executed=[*range(5, 55), *range(60, 80)], stalled=range(55, 60))
    figure = drawn(plot_chunks, recording, "t")
    _, plan, chunks, seams = figure.axes
    for axis in (plan, chunks, seams):
        boxes = [30 * np.array([p.get_x(), p.get_x() + p.get_width()]) for p in axis.patches if p.get_zorder() < 1]
        assert np.ravel(boxes) == pytest.approx([55, 60])
    dots = {line.get_label(): line.get_ydata() for line in seams.get_lines()}
    assert dots["seam as planned"] == pytest.approx([3, 2])
    assert dots["as executed"] == pytest.approx([1, 0])
    told = {"holding: no action was there", "on the way", "past", "executed", "not executed", "late or rejected"}
    assert set(labels(figure)) == told | {"seam as planned", "as executed"}


def test_a_long_run_has_a_wider_picture_but_not_without_end(record, drawn):
    widths = []
    for ticks in (30, 1500, 9000):
        widths.append(drawn(plot_chunks, recorded(record, ticks), "t").get_figwidth())
    assert widths == [11.0, pytest.approx(25, abs=0.1), 48.0]
