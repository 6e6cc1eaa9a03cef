"""What the plots mark alike."""

import pytest
from matplotlib.figure import Figure

from bt_robot.messages import LinkState
from bt_robot.telemetry.marks import mark_failures, shade_holding, span_the_run
from bt_robot.telemetry.recording import Recording


def recorded(record, ticks=30, failed=()):
    recording = Recording()
    for step in range(ticks):
        recording.publish(record(step, link=LinkState(True, errors=sum(step >= each for each in failed))))
    return recording


def test_every_row_of_held_ticks_is_shaded_and_named_once(record):
    axis = Figure().subplots()
    held = [step in (3, 4, 5, 20) for step in range(30)]
    shade_holding(axis, recorded(record).columns, held, "held")
    spans = [(30 * shade.get_x(), 30 * (shade.get_x() + shade.get_width())) for shade in axis.patches]
    assert spans == [pytest.approx((3, 6)), pytest.approx((20, 21))]
    assert axis.get_legend_handles_labels()[1] == ["held"]


def test_without_a_failed_request_nothing_is_marked(record):
    axis = Figure().subplots()
    mark_failures(axis, recorded(record))
    assert not axis.get_lines()
    mark_failures(axis, recorded(record, failed=(6, 9)))
    assert 30 * axis.get_lines()[0].get_xdata() == pytest.approx([6, 9])


@pytest.mark.parametrize(("ticks", "end_s"), [(1, 1.0), (31, 1.01)])
def test_an_axis_spans_the_run_also_when_that_is_one_tick(record, ticks, end_s):
    axis = Figure().subplots()
    span_the_run(axis, recorded(record, ticks))
    assert axis.get_xlim()[1] == pytest.approx(end_s)
