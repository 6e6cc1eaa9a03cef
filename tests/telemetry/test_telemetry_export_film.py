"""A moment of a run as a picture that can be looked at and read."""

import numpy as np
import pytest

from bt_robot.messages import Frame, Observation, Status
from bt_robot.telemetry.export.film import Caption, draw_shot, write_film


def caption(**changes):
    return Caption(**{"time_s": 1.0, "status": Status.RUNNING, "skill": "t", "prompt": "go", "words": "", **changes})


def seen(record, **cameras):
    frames = {name: Frame(name, 0.0, lambda image=image: image) for name, image in cameras.items()}
    return record(0, observation=Observation(0, 0.0, np.zeros(3), frames))


def test_cameras_stand_side_by_side_whatever_their_size(record):
    small, wide = np.full((120, 120, 3), (250, 0, 0), np.uint8), np.full((480, 640, 3), (0, 250, 0), np.uint8)
    shot = draw_shot(seen(record, front=small, wrist=wide), ["front", "wrist"], caption())
    assert shot.shape == (452, 360 + 480, 3)
    assert shot[100, 100].tolist() == [250, 0, 0]
    assert shot[100, 500].tolist() == [0, 250, 0]


def test_a_camera_without_a_picture_is_named_in_its_place(record):
    shot = draw_shot(seen(record), ["front"], caption())
    assert shot.shape == (452, 480, 3)
    assert shot[150:190, :360].max() > 120


def test_a_run_without_cameras_is_still_told(record):
    shot = draw_shot(seen(record), [], caption())
    assert shot.shape[1] == 480
    assert shot.max() > 200


@pytest.mark.parametrize("prompt", ["x" * 500, "größer als π\n\x1b[31m", "", "\ud800"])
def test_any_text_fits_and_does_no_harm(record, prompt):
    shot = draw_shot(seen(record), [], caption(prompt=prompt, words=prompt))
    assert shot[:, -8:].max() < 60  # nothing is written up to the edge


def test_a_gap_in_a_run_is_no_gap_in_the_film(record, nodes, tmp_path):
    ticks = [record(step, layout=nodes) for step in (*range(30), *range(3000, 3030))]
    assert write_film(iter(ticks), ["front"], tmp_path / "x.mp4", lambda _: None) == 20


def test_a_folder_that_is_not_there_is_told(record, nodes, tmp_path):
    with pytest.raises(OSError, match="is the folder there"):
        write_film(iter([record(0, layout=nodes)]), ["front"], tmp_path / "no" / "x.mp4", lambda _: None)
