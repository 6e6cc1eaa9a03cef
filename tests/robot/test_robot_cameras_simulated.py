"""A view of the simulated cell as a camera, on a clock by hand."""

import numpy as np
import pytest

from bt_robot.errors import RobotError, RobotRefused
from bt_robot.messages import Frame
from bt_robot.robot.cameras import simulated
from bt_robot.robot.cameras.simulated import SimulatedCamera


class Cell:
    """A simulation whose clock may stand still, and which may be gone."""

    def __init__(self):
        self.state_s = 0.0
        self.gone = ""
        self.rendered = 0
        self.views = []

    def frame(self, view, now_s):
        if self.gone:
            raise RobotError(self.gone)
        self.views.append(view)

        def render():
            self.rendered += 1
            return np.zeros((48, 64, 3), np.uint8)

        return Frame(view, self.state_s, render)


@pytest.fixture
def cell():
    return Cell()


@pytest.fixture
def camera(cell, monkeypatch):
    monkeypatch.setattr(simulated.time, "monotonic", lambda: 0.0)
    camera = SimulatedCamera("realsense", "front", cell.frame)
    camera.open()
    yield camera
    camera.close()


def run(camera, cell, begin_s, count):
    for tick in range(count):
        cell.state_s = now_s = begin_s + tick / 30
        condition = camera.condition(now_s)
    return condition, now_s


def test_it_shows_its_view_under_its_own_name_and_renders_only_what_is_looked_at(camera, cell):
    cell.state_s = 1.0
    frame = camera.newest(1.0)
    assert (frame.camera, frame.captured_s, set(cell.views)) == ("realsense", 1.0, {"front"})
    assert cell.rendered == 0
    assert frame.image.shape == (48, 64, 3)
    assert frame.image is frame.image
    assert cell.rendered == 1


def test_without_a_new_state_it_is_the_same_frame(camera, cell):
    assert camera.newest(0.1) is camera.newest(0.2)


def test_a_simulation_that_stands_still_is_in_doubt_then_lost_and_recovers(camera, cell):
    condition, now_s = run(camera, cell, 0.1, 30)
    assert condition.fresh
    assert condition.counts.frames == 31
    assert camera.condition(now_s + 0.3).doubt == "camera 'realsense': no new picture for 0.30 s"
    assert camera.condition(now_s + 0.6).lost
    condition, now_s = run(camera, cell, now_s + 0.7, 4)
    assert not condition.fresh
    condition, now_s = run(camera, cell, now_s + 1 / 30, 1)
    assert condition.fresh


def test_a_state_whose_time_wavers_is_still_the_same(camera, cell):
    condition, now_s = run(camera, cell, 0.1, 10)
    state_s = cell.state_s
    for tick in range(1, 40):
        cell.state_s = state_s + 0.0001 * (tick % 7)
        condition = camera.condition(now_s + tick / 30)
    assert condition.lost
    assert condition.counts.frames == 11


def test_that_nobody_looked_for_a_while_is_no_fault_of_the_simulation(camera, cell):
    _, now_s = run(camera, cell, 0.1, 10)
    condition, _ = run(camera, cell, now_s + 1.0, 1)
    assert condition.fresh


def test_a_simulation_that_ends_is_told_and_the_last_frame_stays(camera, cell):
    _, now_s = run(camera, cell, 0.1, 10)
    frame = camera.newest(now_s)
    cell.gone = "the emulator ended"
    condition = camera.condition(now_s + 0.3)
    assert (condition.doubt, condition.reason) == (
        "camera 'realsense': no new picture for 0.30 s",
        "the emulator ended",
    )
    assert camera.newest(now_s + 0.3) is frame


def test_a_simulation_that_is_behind_is_in_doubt(camera, cell):
    for tick in range(30):
        cell.state_s = tick / 30
        condition = camera.condition(cell.state_s + 0.8)
    assert condition.doubt == "camera 'realsense': its pictures arrive 0.80 s old, the limit is 0.5 s"
    assert condition.latency_s == pytest.approx(0.8)


def test_a_simulation_that_shows_nothing_is_refused(cell):
    cell.gone = "there is no state yet"
    with pytest.raises(RobotRefused, match="camera 'a': the simulation shows no 'top': there is no state yet"):
        SimulatedCamera("a", "top", cell.frame).open()
