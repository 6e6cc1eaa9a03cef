"""The bands along the top of a plot say as much of skill and prompt as there is room for."""

import numpy as np
import pytest

from bt_robot.messages import JointLimits
from bt_robot.telemetry.bands import skill_name, spans
from bt_robot.telemetry.plots import plot_joints
from bt_robot.telemetry.recording import Recording

LIMITS = JointLimits(("a", "b", "c"), -np.ones(3), np.ones(3), np.ones(3), np.ones(3))


@pytest.mark.parametrize(("path", "name"), [("t", "t"), ("t/pick", "pick"), ("t/red/vla_skill", "red/vla_skill")])
def test_a_skill_is_named_by_its_path_below_the_tree(path, name):
    assert skill_name(path) == name


def test_equal_values_are_one_span_that_lasts_until_the_next_tick():
    assert list(spans("aabbbc", [0, 1, 2, 3, 4, 5])) == [("a", 0, 2), ("b", 2, 5), ("c", 5, 5)]
    assert list(spans("", [])) == []


def drawn_texts(record, drawn, **columns):
    """The texts of the bands of a run of 20 s; every column is a function from step to value."""
    recording = Recording()
    for step in range(600):
        recording.publish(record(step, **{name: value(step) for name, value in columns.items()}))
    return drawn(plot_joints, recording, LIMITS, "t")


def test_a_prompt_is_shortened_to_what_its_span_has_room_for(record, drawn):
    long = "pick up the red block and place it in the container"

    def prompt(step):
        return "pick" if step < 3 else long if step < 60 else "place" if step < 150 else long

    figure = drawn_texts(record, drawn, prompt=prompt)
    _, nothing, *texts = figure.axes[0].texts
    assert nothing.get_text() == ""  # not a letter fits
    shortened, whole, again = (text.get_text() for text in texts)
    assert (whole, again) == ("place", long)
    assert shortened.endswith("…")
    assert long.startswith(shortened[:-1])
    assert len(shortened) > 3
    for text, (begin, end) in zip(texts, [(0.1, 2.0), (2.0, 5.0), (5.0, 20.0)], strict=True):
        (left, _), (right, _) = figure.axes[0].transData.transform([(begin, 0), (end, 0)])
        box = text.get_window_extent()
        assert left <= box.x0 < box.x1 <= right


def test_of_a_skills_path_the_end_is_kept(record, drawn):
    path = f"t/{'deep/' * 9}vla_skill"
    figure = drawn_texts(record, drawn, skill=lambda step: path if step < 60 else "t")
    shortened, root = [text.get_text() for text in figure.axes[0].texts][:2]
    assert (shortened[0], root) == ("…", "t")
    assert len(shortened) > 6
    assert path.endswith(shortened[1:])
