"""The plots are written, whatever a prompt holds."""

import cv2
import numpy as np

from bt_robot.messages import JointLimits
from bt_robot.telemetry.plots import plot_joints, plot_latency
from bt_robot.telemetry.recording import Recording

LIMITS = JointLimits(("a", "b", "c"), -np.ones(3), np.ones(3), np.ones(3), np.ones(3))


def recorded(record, chunk):
    recording = Recording({1: "pick"})
    for step in range(90):
        prompt = "cost $x_{1$ <b>" if step > 40 else "pick up"
        recording.publish(record(step, prompt=prompt, chunk=chunk if step % 30 == 3 else None))
    return recording


def test_both_plots_are_pictures_with_something_on_them(record, chunk, tmp_path):
    recording = recorded(record, chunk)
    plot_joints(recording, LIMITS, "a run", tmp_path / "joints.png")
    plot_latency(recording, tmp_path / "latency.png")
    for name in ("joints.png", "latency.png"):
        picture = cv2.imread(str(tmp_path / name))
        assert picture.shape[1] > 800
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 10


def test_a_run_without_chunks_still_has_a_latency_plot(record, tmp_path):
    recording = Recording({})
    recording.publish(record(0))
    plot_latency(recording, tmp_path / "latency.png")
    plot_joints(recording, LIMITS, "one tick", tmp_path / "joints.png")
    assert (tmp_path / "latency.png").stat().st_size > 1000
