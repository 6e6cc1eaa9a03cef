"""The plots are written, whatever a prompt holds, and nothing on them is cut off or covered."""

import cv2
import numpy as np

from bt_robot.messages import JointLimits
from bt_robot.telemetry.plots import plot_joints
from bt_robot.telemetry.policy_plots import plot_chunks, plot_latency
from bt_robot.telemetry.recording import Recording

LIMITS = JointLimits(("a", "b", "c"), -np.ones(3), np.ones(3), np.ones(3), np.ones(3))


def recorded(record, chunk):
    recording = Recording({1: "pick"})
    for step in range(90):
        prompt = "cost $x_{1$ <b>" if step > 40 else "pick up"
        recording.publish(record(step, prompt=prompt, chunk=chunk if step % 30 == 3 else None))
    return recording


def test_all_plots_are_pictures_with_something_on_them(record, chunk, tmp_path):
    recording = recorded(record, chunk)
    plot_joints(recording, LIMITS, "a run", tmp_path / "joints.png")
    plot_latency(recording, tmp_path / "latency.png")
    plot_chunks(recording, tmp_path / "chunks.png")
    for name in ("joints.png", "latency.png", "chunks.png"):
        picture = cv2.imread(str(tmp_path / name))
        assert picture.shape[1] > 800
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 10


def test_a_run_of_one_tick_without_chunks_still_has_its_plots(record, tmp_path):
    recording = Recording({})
    recording.publish(record(0))
    plot_latency(recording, tmp_path / "latency.png")
    plot_chunks(recording, tmp_path / "chunks.png")
    plot_joints(recording, LIMITS, "one tick", tmp_path / "joints.png")
    assert all(path.stat().st_size > 1000 for path in tmp_path.iterdir())


def lane_texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_a_prompt_is_shortened_to_what_its_span_has_room_for(record, drawn):
    long = "pick up the red block and place it in the container"
    recording = Recording({})
    for step in range(600):
        prompt = "pick" if step < 3 else long if step < 60 else "place" if step < 150 else long
        recording.publish(record(step, prompt=prompt))
    figure = drawn(plot_joints, recording, LIMITS, "t")
    texts = [text for text in figure.axes[0].texts if text.get_text()]
    assert lane_texts(figure)[0] == ""  # not a letter fits
    shortened, whole, again = (text.get_text() for text in texts)
    assert (whole, again) == ("place", long)
    assert shortened.endswith("…")
    assert long.startswith(shortened[:-1])
    assert len(shortened) > 3
    for text, (begin, end) in zip(texts, [(0.1, 2.0), (2.0, 5.0), (5.0, 20.0)], strict=True):
        (left, _), (right, _) = figure.axes[0].transData.transform([(begin, 0), (end, 0)])
        box = text.get_window_extent()
        assert left <= box.x0 < box.x1 <= right


def test_the_legends_stand_outside_the_axes(record, chunk, drawn):
    recording = recorded(record, chunk)
    policy_plots = (drawn(plot_latency, recording), drawn(plot_chunks, recording))
    for figure in (*policy_plots, drawn(plot_joints, recording, LIMITS, "a run")):
        legend = figure.legends[0].get_window_extent()
        assert all(not legend.overlaps(axis.get_window_extent()) for axis in figure.axes)
        title = figure.axes[0].title
        assert not (title.get_text() and legend.overlaps(title.get_window_extent()))
