"""The film strip: a row of pictures per camera."""

import cv2
import numpy as np

from bt_robot.messages import Frame
from bt_robot.telemetry.film import COLUMNS, GAP_PX, TILE_PX, film_strip, write_png
from bt_robot.telemetry.recording import Recording, Still


def strip_of(record, steps):
    recording = Recording()
    for step in range(steps):
        recording.publish(record(step))
    return film_strip(recording.stills)


def test_the_strip_is_evenly_spread_from_the_first_to_the_last_picture(record):
    strip = strip_of(record, 40)
    assert strip.shape[1] == COLUMNS * (TILE_PX + GAP_PX) - GAP_PX
    greys = strip[-10, 5 :: TILE_PX + GAP_PX, 0]
    assert greys[0] == 0
    assert np.all(np.diff(greys.astype(int)) > 0)


def test_a_short_run_has_a_short_strip_and_none_without_pictures(record):
    assert strip_of(record, 3).shape[1] == 3 * TILE_PX + 2 * GAP_PX
    assert film_strip([]) is None


def test_a_gap_parts_the_frames_and_each_time_begins_above_its_frame(record):
    strip = strip_of(record, 3)
    below_labels = strip[-20:, :, 0]
    assert np.flatnonzero(np.all(below_labels == 255, axis=0)).tolist() == [
        *range(TILE_PX, TILE_PX + GAP_PX),
        *range(2 * TILE_PX + GAP_PX, 2 * (TILE_PX + GAP_PX)),
    ]
    inked = np.any(strip[:14, :, 0] < 128, axis=0)
    for left in (0, TILE_PX + GAP_PX, 2 * (TILE_PX + GAP_PX)):
        assert inked[left : left + 6].any()
        assert not inked[left + TILE_PX // 2 : left + TILE_PX + GAP_PX].any()


def test_pictures_keep_their_shape_and_each_camera_has_a_row(record):
    wide, tall = (lambda: np.zeros((40, 80, 3), np.uint8)), (lambda: np.full((80, 40, 3), 90, np.uint8))
    strip = film_strip([Still(0.0, {"wide": Frame("wide", 0.0, wide), "tall": Frame("tall", 0.0, tall)})])
    labels = strip.shape[0] - TILE_PX // 2 - GAP_PX - TILE_PX
    assert np.all(strip[labels : labels + TILE_PX // 2] == 0)
    assert np.all(strip[-TILE_PX:, : TILE_PX // 2] == 90)
    assert np.all(strip[-TILE_PX:, TILE_PX // 2 :] == 255)


def test_the_file_holds_the_colours_as_they_are(tmp_path):
    image = np.zeros((4, 4, 3), np.uint8)
    image[..., 0] = 200  # red
    write_png(image, tmp_path / "x.png")
    assert cv2.imread(str(tmp_path / "x.png"))[0, 0].tolist() == [0, 0, 200]
