"""The plots are written, whatever a prompt holds, and nothing on them is cut off or covered."""

import cv2
import numpy as np
import pytest

from bt_robot.messages import JointLimits, Verdict
from bt_robot.telemetry.plots import plot_joints
from bt_robot.telemetry.policy_plots import plot_chunks, plot_latency
from bt_robot.telemetry.recording import Recording

LIMITS = JointLimits(("a", "b", "c"), -np.ones(3), np.ones(3), np.ones(3), np.ones(3))


def recorded(record, chunk):
    recording = Recording()
    for step in range(90):
        prompt = "cost $x_{1$ <b>" if step > 40 else "pick up"
        recording.publish(record(step, prompt=prompt, chunk=chunk if step % 30 == 3 else None))
    return recording


def test_all_plots_are_pictures_with_something_on_them(record, chunk, tmp_path):
    recording = recorded(record, chunk)
    plot_joints(recording, LIMITS, "a run", tmp_path / "joints.png")
    plot_latency(recording, "a run", tmp_path / "latency.png")
    plot_chunks(recording, "a run", tmp_path / "chunks.png")
    for name in ("joints.png", "latency.png", "chunks.png"):
        picture = cv2.imread(str(tmp_path / name))
        assert picture.shape[1] > 800
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 10


def test_a_run_of_one_tick_without_chunks_still_has_its_plots(record, tmp_path):
    recording = Recording()
    recording.publish(record(0))
    plot_latency(recording, "a run", tmp_path / "latency.png")
    plot_chunks(recording, "a run", tmp_path / "chunks.png")
    plot_joints(recording, LIMITS, "one tick", tmp_path / "joints.png")
    assert all(path.stat().st_size > 1000 for path in tmp_path.iterdir())


def all_plots(drawn, recording):
    """The figures of a run."""
    policy_plots = [drawn(plot, recording, "t: SUCCESS") for plot in (plot_latency, plot_chunks)]
    return [drawn(plot_joints, recording, LIMITS, "t: SUCCESS"), *policy_plots]


def test_all_plots_have_a_title_and_the_skill_and_prompt_along_the_top(record, chunk, drawn):
    for figure in all_plots(drawn, recorded(record, chunk)):
        bands = figure.axes[0]
        assert bands.get_title() == "t: SUCCESS"
        assert [text.get_text() for text in bands.texts] == ["pick", "pick up", "cost $x_{1$ <b>"]
        assert [label.get_text() for label in bands.get_yticklabels()] == ["prompt", "skill"]


def test_a_time_without_actions_looks_the_same_in_the_plots_of_joints_and_chunks(record, drawn):
    recording = Recording()
    for step in range(90):
        recording.publish(record(step, verdict=Verdict(held=30 <= step < 60)))
    looks = set()
    for figure in (drawn(plot_joints, recording, LIMITS, "t"), drawn(plot_chunks, recording, "t")):
        for axis in figure.axes[1:]:
            (shade,) = axis.patches
            assert (shade.get_x(), shade.get_x() + shade.get_width()) == pytest.approx((1.0, 2.0))
            looks.add(shade.get_facecolor())
        assert "holding: no action was there" in [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(looks) == 1


def test_the_legends_stand_outside_the_axes(record, chunk, drawn):
    recording = recorded(record, chunk)
    for figure in all_plots(drawn, recording):
        legend = figure.legends[0].get_window_extent()
        assert figure.bbox.x0 <= legend.x0 < legend.x1 <= figure.bbox.x1
        assert all(not legend.overlaps(axis.get_window_extent()) for axis in figure.axes)
        title = figure.axes[0].title
        assert not (title.get_text() and legend.overlaps(title.get_window_extent()))
