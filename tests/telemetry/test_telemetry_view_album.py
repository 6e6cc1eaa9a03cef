"""The pictures of a run that goes on."""

import numpy as np
import pytest

from bt_robot.telemetry.view.album import LiveAlbum, Shot


@pytest.fixture
def album():
    album = LiveAlbum()
    yield album
    album.close()


def shot(time_s):
    return Shot(time_s, f"picture of {time_s:g} s".encode() * 50)


def test_the_newest_picture_until_a_time_is_found(album):
    for time_s in (1.0, 2.0):
        album.keep("front", shot(time_s))
    album.keep("wrist", shot(1.5))
    assert album.at("front", 1.9) == shot(1.0)
    assert album.at("front", 2.0) == shot(2.0)
    assert album.at("front", 99.0) == shot(2.0)
    assert album.at("wrist", 1.6) == shot(1.5)


def test_before_the_first_picture_there_is_none(album):
    assert album.at("front", 1.0) is None
    album.keep("front", shot(1.0))
    assert album.at("front", 0.9) is None
    assert album.at("nowhere", 1.0) is None


def test_a_picture_that_is_older_than_the_one_before_is_not_kept(album):
    for time_s in (2.0, 1.0, 2.0):
        album.keep("front", shot(time_s))
    assert album.at("front", 1.5) is None


def test_of_a_disk_that_fills_up_ever_fewer_pictures_are_taken():
    album = LiveAlbum(max_bytes=40_000)
    for k in range(1, 101):
        album.keep("front", shot(k / 2))
    kept = sorted({album.at("front", k / 2).captured_s for k in range(1, 101)})
    album.close()
    gaps = np.rint(np.diff(kept) * 2).astype(int)
    assert list(gaps) == sorted(gaps)
    assert set(gaps[gaps < 16]) == {1, 2, 4, 8}


def test_the_disk_is_given_back(album):
    album.keep("front", shot(1.0))
    album.close()
    assert album.at("front", 1.0) is None
    album.keep("front", shot(2.0))
