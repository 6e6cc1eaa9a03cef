"""Records to feed to sinks."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from bt_robot.messages import (
    ActionChunk,
    Command,
    Frame,
    LatencyParts,
    LinkState,
    NodeInfo,
    NodeState,
    Observation,
    Status,
    TickRecord,
    Verdict,
)

NODES = (
    NodeInfo("t", "sequence", "t", 0, -1, "composite"),
    NodeInfo("t/pick", "vla_skill", "pick", 1, 0, "subtree", prompt="pick up"),
    NodeInfo("t/pick/wait", "wait", "wait", 2, 1, "action"),
)


@pytest.fixture
def nodes():
    return NODES


def make_record(step=0, **changes):
    """Make the record of a tick; anything can be replaced by keyword."""
    joints = np.array([0.1 * step, 0.2, 0.5])
    frames = {"front": Frame("front", step / 30, lambda: np.full((48, 64, 3), step % 255, np.uint8))}
    values = {
        "step": step,
        "time_s": step / 30,
        "lateness_s": 0.0,
        "skipped": 0,
        "observation": Observation(step, step / 30, joints, frames),
        "command": Command(step, joints + 0.01, np.zeros(3)),
        "verdict": Verdict(),
        "status": Status.RUNNING,
        "nodes": tuple(NodeState(Status.RUNNING, "busy", 0.0, True) for _ in NODES),
        "link": LinkState(available=True, latency_s=0.1),
        "prompt": "pick up",
        "chunk_age_steps": 3,
        "planned_steps": 12,
        "chunk": None,
        "stalled": False,
        "skill": "t/pick",
    }
    return TickRecord(**{**values, **changes})


@pytest.fixture(scope="session")
def record():
    """The function that makes the record of a tick."""
    return make_record


@pytest.fixture(scope="session")
def chunk():
    return ActionChunk(np.zeros((50, 3)), 0, 0, "pick up", 0.1, LatencyParts(server_s=0.03))


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """A function that draws a plot and returns its figure."""
    figures = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, path: (figures.append(self), save(self, path)))

    def draw(plot, *args):
        plot(*args, tmp_path / "x.png")
        return figures[-1]

    return draw
