"""The view's server in this process, and ticks made for it: what no run would show so soon, or so surely."""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np

from bt_robot.arm.so101 import LIMITS, REST
from bt_robot.cli.live_view import link_to, secret
from bt_robot.messages import (
    Command,
    LinkState,
    NodeInfo,
    NodeState,
    Observation,
    Status,
    TickRecord,
    Verdict,
)
from bt_robot.telemetry.view.address import Address
from bt_robot.telemetry.view.opening import open_view
from bt_robot.telemetry.view.told import About

PERIOD_S = 1 / 30


def wide_tree(count):
    """The layout of a tree with so many nodes: sequences of ten leaves below one root."""
    nodes = [NodeInfo("big", "sequence", "big", 0, -1, "composite")]
    while len(nodes) < count:
        skill = len(nodes)
        name = f"skill_{skill}"
        nodes.append(NodeInfo(f"big/{name}", "vla_skill", name, 1, 0, "subtree", f"do the thing number {skill}"))
        for i in range(min(10, count - len(nodes))):
            nodes.append(NodeInfo(f"big/{name}/step_{i}", "wait", f"step_{skill}_{i}", 2, skill, "action"))
    return tuple(nodes)


def tick(step, layout, states=None, **changes):
    """Make a tick of a run; anything can be replaced by keyword."""
    time_s = step * PERIOD_S
    joints = REST + 0.1 * np.sin(time_s)
    if states is None:
        states = tuple(NodeState(Status.RUNNING, "busy", 0.0, True) for _ in layout)
    values = {
        "step": step,
        "time_s": time_s,
        "lateness_s": 0.0,
        "skipped": 0,
        "observation": Observation(step, time_s, joints, {}),
        "command": Command(step, joints, np.zeros(len(REST))),
        "verdict": Verdict(),
        "status": Status.RUNNING,
        "nodes": states,
        "link": LinkState(available=True, latency_s=0.1),
        "prompt": "",
        "chunk_age_steps": None,
        "planned_steps": 0,
        "chunk": None,
        "stalled": False,
        "layout": layout,
    }
    return TickRecord(**{**values, **changes})


class Stoppable:
    """A run that only notes that it was stopped."""

    mode, breakpoints, questions = "running", (), ()

    def __init__(self):
        self.stopped = []

    def wish(self, wish, who):
        self.stopped.append(wish)
        return ""

    def stop(self, who):
        self.stopped.append(who)

    def let_go(self, who):
        pass


@contextmanager
def serving(title="made", token=None, port=0, **options):
    """Serve a view without a run behind it; yields the server and its link."""
    options.setdefault("steering", Stoppable())
    about = About(title, LIMITS, 1 / PERIOD_S, options.pop("cameras", ()), options.pop("note", ""))
    address = Address(port=port, chosen=True)
    token = secret(address, token, control=options.get("control", False))
    server = open_view(about, address, token, **options)
    try:
        yield SimpleNamespace(server=server, link=link_to(address.host, server.port, token))
    finally:
        server.close()
