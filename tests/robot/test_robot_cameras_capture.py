"""The capture loop over a source made for the test, and the process as a parent sees it."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from bt_robot.robot.cameras.base import CameraCounts
from bt_robot.robot.cameras.capture import Capture
from bt_robot.robot.cameras.settings import ScriptedCameraSettings, to_json
from bt_robot.robot.cameras.shared_frames import FrameReader, FrameWriter, State, new_memory
from bt_robot.robot.cameras.sources import Captured, CorruptFrame, SourceLost
from tests.robot.camera_kit import picture, until


class ListSource:
    """Gives what it was given: pictures, and errors to raise; then it ends the capture."""

    fps = 30.0

    def __init__(self, ended, *items):
        self.items = list(items)
        self.ended = ended
        self.opened = self.closed = 0

    def open(self):
        self.opened += 1

    def close(self):
        self.closed += 1

    def read(self):
        item = self.items.pop(0)
        if not self.items:
            self.ended.set()
        if isinstance(item, Exception):
            raise item
        return Captured.of(item, time.monotonic())


def capture(*items):
    memory = new_memory("test", 64, 48)
    writer, reader = FrameWriter(memory), FrameReader(memory)
    os.close(memory)
    ended = threading.Event()
    source = ListSource(ended, *items)
    Capture(source, writer, ended).run()
    return source, reader


def test_pictures_are_put_and_counted():
    source, reader = capture(picture(0), picture(1), picture(1))
    assert reader.state is State.CAPTURING
    assert reader.counts == CameraCounts(frames=3, repeated=1)
    taken = reader.take(0)
    assert taken.sighting.run == 2
    assert taken.sighting.captured_s <= taken.sighting.arrived_s <= time.monotonic()
    np.testing.assert_array_equal(taken.image, picture(1))
    assert taken.mean == pytest.approx(picture(1)[::8, ::8].mean())
    assert (source.opened, source.closed) == (1, 1)


def test_damaged_pictures_and_those_of_another_size_are_dropped():
    _, reader = capture(picture(0), CorruptFrame("bad"), picture(0, 32, 24), picture(1))
    assert reader.counts == CameraCounts(frames=2, dropped_corrupt=2)
    assert (reader.state, reader.words) == (State.CAPTURING, "")


def test_why_pictures_are_dropped_is_told_until_one_is_good():
    _, reader = capture(picture(0), CorruptFrame("bad"), picture(0, 32, 24))
    assert (reader.state, reader.words) == (State.CAPTURING, "a picture was dropped: it has 32x24 pixels")


def test_a_picture_that_is_larger_than_the_room_for_it_is_dropped():
    _, reader = capture(picture(0, 80, 60))
    assert reader.counts == CameraCounts(dropped_corrupt=1)
    assert reader.words == "a picture was dropped: pictures of 80x60 are larger than was expected"
    assert reader.state is State.OPENING


def test_a_lost_source_is_closed_and_opened_again_and_its_reason_forgotten():
    source, reader = capture(picture(0), SourceLost("unplugged"), picture(1), picture(2))
    assert (source.opened, source.closed) == (2, 2)
    assert reader.attempts == 2
    assert reader.counts == CameraCounts(frames=3, reopened=1)
    assert (reader.state, reader.words) == (State.CAPTURING, "")


def test_a_source_that_stays_lost_says_why():
    _, reader = capture(SourceLost("it is not there"))
    assert (reader.state, reader.words) == (State.LOST, "it is not there")
    assert reader.counts == CameraCounts()


@pytest.fixture
def process():
    memory = new_memory("test", 64, 48)
    started = []

    def start(settings):
        command = [sys.executable, "-m", "bt_robot.robot.cameras.capture", "--memory", str(memory)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, stdin=pipe, stderr=pipe, pass_fds=(memory,), text=True))
        started[0].stdin.write(settings + "\n")
        started[0].stdin.flush()
        return started[0], FrameReader(memory)

    yield start
    for each in started:
        each.kill()
        each.wait()
        each.stdin.close()
        each.stderr.close()
    os.close(memory)


def test_the_process_captures_and_ends_in_good_order_with_its_input(process):
    child, reader = process(to_json(ScriptedCameraSettings()))
    until(lambda: reader.newest > 3)
    assert time.monotonic() - reader.heartbeat_s < 60.0
    child.stdin.close()
    assert child.wait(60) == 0


def test_it_ends_also_when_it_hangs_in_a_read(process):
    child, reader = process(to_json(ScriptedCameraSettings()))
    until(lambda: reader.newest > 0)
    child.stdin.write('{"do": "block"}\n')
    child.stdin.flush()
    seen = -1

    def stands():
        nonlocal seen
        before, seen = seen, reader.newest
        time.sleep(0.2)
        return before == seen

    until(stands)
    child.stdin.close()
    assert child.wait(60) == 0


def test_an_error_of_its_own_is_told_before_it_ends(process):
    child, reader = process('{"type": "scripted", "fps": 0}')
    assert child.wait(60) == 1
    assert reader.words.startswith("the capture process failed: ZeroDivisionError: ")


def test_without_settings_it_ends_at_once(process):
    child, reader = process("")
    assert child.wait(60) == 0
    assert reader.state is State.STARTING


def test_a_command_that_it_does_not_understand_ends_it(process):
    child, reader = process(to_json(ScriptedCameraSettings()))
    until(lambda: reader.newest > 0)
    child.stdin.write("stop\n")
    child.stdin.flush()
    assert child.wait(60) == 0


def test_settings_that_it_does_not_understand_end_it(process):
    child, _ = process('{"type": "scripted", "widht": 3}')
    assert child.wait(60) == 1
