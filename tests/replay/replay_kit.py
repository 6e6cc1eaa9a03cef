"""Ticks to replay."""

import numpy as np

from bt_robot.messages import Command, LinkState, Observation, Status, TickRecord, Verdict

JOINTS = np.zeros(2)


def record(step, **changes):
    """A tick of a run at 10 Hz with two joints."""
    values = {
        "step": step,
        "time_s": step / 10,
        "lateness_s": 0.0,
        "skipped": 0,
        "observation": Observation(step, step / 10, JOINTS),
        "command": Command(step, JOINTS, JOINTS),
        "verdict": Verdict(),
        "status": Status.RUNNING,
        "nodes": (),
        "link": LinkState(available=True),
        "prompt": "",
        "chunk_age_steps": None,
        "planned_steps": 0,
        "chunk": None,
        "stalled": False,
    }
    return TickRecord(**{**values, **changes})
