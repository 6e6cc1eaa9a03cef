"""A slow sink costs the loop nothing, and what it lacks is told."""

from __future__ import annotations

import threading

from bt_robot.telemetry import background
from bt_robot.telemetry.background import Background


class Slow:
    """Waits until it may go on, and keeps what it was told."""

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self.steps: list[int] = []
        self.closed = False

    def publish(self, record) -> None:
        assert self.may_go_on.wait(10)
        if record.step < 0:
            raise OSError("No space left on device")
        self.steps.append(record.step)

    def close(self) -> None:
        self.closed = True


def test_every_tick_arrives_in_order(record):
    slow = Slow()
    sink = Background(slow, "x.log")
    for step in range(100):
        sink.publish(record(step))
    slow.may_go_on.set()
    sink.close()
    assert slow.steps == list(range(100))
    assert slow.closed


def test_what_does_not_fit_is_dropped_and_told(record, caplog):
    slow = Slow()
    sink = Background(slow, "x.log", max_waiting=2)
    for step in range(10):
        sink.publish(record(step))  # the first may be taken by the thread already
    slow.may_go_on.set()
    sink.close()
    assert len(slow.steps) in (2, 3)
    assert f"x.log lacks {10 - len(slow.steps)} ticks" in caplog.text


def test_a_full_disk_is_told_once_and_ends_the_sink_only(record, caplog):
    slow = Slow()
    slow.may_go_on.set()
    sink = Background(slow, "x.log", max_waiting=3)
    for step in (0, -1, 1, 2, 3, 4, 5, 6):
        sink.publish(record(step))
    sink.close()
    assert caplog.text.count("x.log could not be written: No space left on device") == 1
    assert slow.closed


def test_a_disk_that_is_full_to_the_end_is_told_once(record, caplog):
    class Full(Slow):
        def close(self) -> None:
            raise OSError("No space left on device")

    full = Full()
    full.may_go_on.set()
    sink = Background(full, "x.log")
    sink.publish(record(-1))
    sink.close()
    assert caplog.text.count("x.log could not be written: No space left on device") == 1


def test_the_end_of_a_run_does_not_wait_for_ever(record, caplog, monkeypatch):
    monkeypatch.setattr(background, "CLOSE_S", 0.01)
    slow = Slow()
    sink = Background(slow, "x.log")
    sink.publish(record(0))
    sink.close()
    assert "x.log is not complete" in caplog.text
    slow.may_go_on.set()


def test_where_time_can_wait_nothing_is_dropped(record):
    slow = Slow()
    sink = Background(slow, "x.log", max_waiting=2, patient=True)
    loop = threading.Thread(target=lambda: [sink.publish(record(step)) for step in range(10)])
    loop.start()
    loop.join(0.2)
    assert loop.is_alive()  # it waits for room
    slow.may_go_on.set()
    loop.join(10)
    sink.close()
    assert slow.steps == list(range(10))
