"""Pictures in shared memory: the newest one, whole, and nothing that grows."""

import os
import threading

import numpy as np
import pytest

from bt_robot.robot.cameras.base import CameraCounts
from bt_robot.robot.cameras.freshness import Sighting
from bt_robot.robot.cameras.shared_frames import FrameReader, FrameWriter, State, new_memory


@pytest.fixture
def ends():
    memory = new_memory("test", 64, 48)
    writer, reader = FrameWriter(memory), FrameReader(memory)
    os.close(memory)
    return writer, reader


def sighting(number, run=1):
    return Sighting(number, number + 0.1, number + 0.2, run, number + 0.3, number + 0.4)


def full(value, width=64, height=48):
    return np.full((height, width, 3), value, np.uint8)


def test_the_newest_picture_is_taken_once_with_all_that_belongs_to_it(ends):
    writer, reader = ends
    writer.allocate(64, 48, 30.0)
    assert (writer.size, reader.fps, reader.take(0)) == ((64, 48), 30.0, None)
    for number in (1, 2, 3):
        writer.put(sighting(number, run=number), full(number), 10.0 + number, 20.0 + number)
    taken = reader.take(0)
    assert taken.sighting == sighting(3, run=3)
    assert (taken.mean, taken.deviation) == (13.0, 23.0)
    np.testing.assert_array_equal(taken.image, full(3))
    assert reader.take(3) is None
    assert reader.counts == CameraCounts(frames=3, repeated=2)


def test_what_was_taken_is_a_copy_that_nobody_can_change(ends):
    writer, reader = ends
    writer.allocate(64, 48, 30.0)
    writer.put(sighting(1), full(1), 0.0, 0.0)
    taken = reader.take(0)
    for number in range(2, 20):
        writer.put(sighting(number), full(number), 0.0, 0.0)
    np.testing.assert_array_equal(taken.image, full(1))
    with pytest.raises(ValueError, match="read-only"):
        taken.image[0, 0, 0] = 9


def test_pictures_may_be_smaller_than_there_is_room_for_but_not_larger(ends):
    writer, reader = ends
    with pytest.raises(ValueError, match="pictures of 65x48 are larger than was expected"):
        writer.allocate(65, 48, 30.0)
    writer.allocate(48, 64, 30.0)  # turned
    writer.put(sighting(1), full(7, 48, 64), 0.0, 0.0)
    assert reader.take(0).image.shape == (64, 48, 3)


def test_state_life_and_counts_are_told(ends):
    writer, reader = ends
    assert (reader.state, reader.heartbeat_s, reader.newest, reader.words) == (State.STARTING, 0.0, 0, "")
    writer.state(State.LOST)
    writer.beat(12.5)
    writer.attempted()
    writer.attempted()
    writer.reopened()
    writer.dropped()
    assert (reader.state, reader.heartbeat_s, reader.attempts) == (State.LOST, 12.5, 2)
    assert reader.counts == CameraCounts(dropped_corrupt=1, reopened=1)


def test_words_are_told_whole_or_cut_at_a_kilobyte(ends):
    writer, reader = ends
    writer.say("unplugged: Gerät")
    assert reader.words == "unplugged: Gerät"
    writer.say("ü" * 2000)
    assert reader.words == "ü" * 512
    writer.say("")
    assert reader.words == ""


def test_a_reader_that_is_overtaken_never_sees_half_a_picture(ends):
    writer, reader = ends
    writer.allocate(64, 48, 30.0)
    over = threading.Event()

    def write():
        for number in range(1, 20_000):
            writer.put(sighting(number), full(number % 251), 0.0, 0.0)
        over.set()

    thread = threading.Thread(target=write)
    thread.start()
    last = 0
    while not over.is_set() or last < 19_999:
        taken = reader.take(last)
        if taken is not None:
            assert taken.sighting.number > last
            last = taken.sighting.number
            assert np.all(taken.image == last % 251)
            assert taken.sighting == sighting(last)
    thread.join()


def test_a_slot_that_is_being_written_is_not_taken(ends):
    writer, reader = ends
    writer.allocate(64, 48, 30.0)
    writer.put(sighting(1), full(1), 0.0, 0.0)
    reader.take(0)
    writer.put(sighting(2), full(2), 0.0, 0.0)
    writer._slots[2].ints[0] = 2 * 6 - 1  # the writer is one round further, in the middle of picture 6
    assert reader.take(1) is None
