"""Clocks: absolute deadlines, skipped steps counted, no bursts."""

import time

import pytest

from bt_robot.runtime.clock import PacedClock, SimulatedClock, WallClock, sleep_punctually


class Wall:
    """A wall clock that only moves when slept on or pushed."""

    def __init__(self):
        self.now_s = 100.0
        self.sleeps = []

    def __call__(self):
        return self.now_s

    def sleep(self, seconds):
        self.sleeps.append(seconds)
        self.now_s += seconds


def test_simulated_time_follows_the_steps_and_never_waits():
    clock = SimulatedClock(0.1)
    ticks = [clock.next_tick() for _ in range(4)]
    assert [tick.step for tick in ticks] == [0, 1, 2, 3]
    assert [tick.time_s for tick in ticks] == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert clock.spent_s() == 0.0


@pytest.mark.parametrize(
    "make", [lambda w: WallClock(0.1, w, w.sleep), lambda w: PacedClock(SimulatedClock(0.1), w, w.sleep)]
)
def test_work_inside_a_tick_does_not_move_the_deadlines(make):
    wall = Wall()
    clock = make(wall)
    begins = []
    for work in (0.03, 0.09, 0.0, 0.05):
        clock.next_tick()
        begins.append(wall.now_s)
        wall.now_s += work
    assert begins == pytest.approx([100.0, 100.1, 100.2, 100.3])


def test_the_wall_clock_skips_the_steps_it_missed_and_does_not_burst():
    wall = Wall()
    clock = WallClock(0.1, wall, wall.sleep)
    clock.next_tick()
    wall.now_s += 0.35
    late = clock.next_tick()
    assert (late.step, late.skipped) == (3, 2)
    assert late.lateness_s == pytest.approx(0.05)
    after = clock.next_tick()
    assert (after.step, after.skipped) == (4, 0)
    assert wall.now_s == pytest.approx(100.4)


def test_the_wall_clock_skips_the_steps_that_it_overslept():
    wall = Wall()
    clock = WallClock(0.1, wall, lambda seconds: wall.sleep(seconds + 0.25))
    clock.next_tick()
    late = clock.next_tick()
    assert (late.step, late.skipped) == (3, 2)
    assert late.time_s == pytest.approx(0.3)
    assert late.lateness_s == pytest.approx(0.05)


def test_paced_simulated_time_stands_still_while_late_and_counts_it():
    wall = Wall()
    clock = PacedClock(SimulatedClock(0.1), wall, wall.sleep)
    clock.next_tick()
    wall.now_s += 1.0
    assert clock.spent_s() == pytest.approx(1.0)
    late = clock.next_tick()
    assert (late.step, late.skipped) == (1, 9)
    assert late.time_s == pytest.approx(0.1)
    assert clock.next_tick().step == 2
    assert wall.now_s <= 101.2


def test_sleeping_punctually_never_ends_early():
    for duration_s in (0.0, 0.0004, 0.003):
        began_s = time.monotonic()
        sleep_punctually(duration_s)
        assert time.monotonic() - began_s >= duration_s
