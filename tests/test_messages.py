"""Values that travel: a frame's picture is made once, when it is looked at."""

import threading

import numpy as np

from bt_robot.messages import Frame


def test_a_picture_is_made_once_and_only_when_looked_at():
    made = []

    def load():
        made.append(1)
        return np.zeros((2, 2, 3), np.uint8)

    frame = Frame("front", 1.5, load)
    assert made == []
    assert frame.image is frame.image
    assert made == [1]


def test_two_threads_get_the_same_picture():
    begin, made = threading.Barrier(2), []

    def load():
        made.append(1)
        return np.zeros((2, 2, 3), np.uint8)

    frame, seen = Frame("front", 0.0, load), []

    def look():
        begin.wait()
        seen.append(id(frame.image))

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
    assert len(set(seen)) == 1
