"""The film strip: a row of pictures per camera."""

import cv2
import numpy as np

from bt_robot.telemetry.film import COLUMNS, TILE_PX, film_strip, write_png
from bt_robot.telemetry.recording import Recording


def strip_of(record, steps):
    recording = Recording({})
    for step in range(steps):
        recording.publish(record(step))
    return film_strip(recording.stills)


def test_the_strip_is_evenly_spread_from_the_first_to_the_last_picture(record):
    strip = strip_of(record, 40)
    assert strip.shape[1] == COLUMNS * TILE_PX
    greys = strip[-TILE_PX + 10, 5::TILE_PX, 0]
    assert greys[0] == 0
    assert np.all(np.diff(greys.astype(int)) > 0)


def test_a_short_run_has_a_short_strip_and_none_without_pictures(record):
    assert strip_of(record, 3).shape[1] == 3 * TILE_PX
    assert film_strip([]) is None


def test_the_file_holds_the_colours_as_they_are(tmp_path):
    image = np.zeros((4, 4, 3), np.uint8)
    image[..., 0] = 200  # red
    write_png(image, tmp_path / "x.png")
    assert cv2.imread(str(tmp_path / "x.png"))[0, 0].tolist() == [0, 0, 200]
