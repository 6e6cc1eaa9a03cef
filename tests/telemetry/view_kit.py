"""Runs to look at, and a page that looks, over a real socket."""

from __future__ import annotations

import dataclasses
import json
import math
import struct
import time
from contextlib import contextmanager, suppress

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from bt_robot.messages import JointLimits, NodeInfo, NodeState, Status
from bt_robot.telemetry.view.told import About

LONGEST_S = 20.0
"""What a test waits for comes sooner by far."""

JOINTS = ("a", "b", "gripper")
LIMITS = JointLimits(JOINTS, *(np.full(3, x) for x in (-1.0, 1.0, 3.0, 30.0)))
ABOUT = About("pick & place", LIMITS, 30.0, ("front", "wrist"))

LAYOUT = (
    NodeInfo("t", "sequence", "t", 0, -1, "composite"),
    NodeInfo("t/pick", "vla_skill", "pick", 1, 0, "subtree", prompt="pick up", detail="time_limit_s=20"),
    NodeInfo("t/pick/wait", "wait", "wait", 2, 1, "action", prompt="pick up"),
)


def states(*words, ticked=True):
    """How three nodes stand, a word each."""
    return tuple(NodeState(Status(word), ticked=ticked and word != "IDLE") for word in words)


def tidy(records):
    """The same ticks with trees that could be: every node but the first is below an earlier one."""
    trees = {}

    def tree(layout):
        if id(layout) not in trees:
            nodes = [
                dataclasses.replace(node, path=f"{i} {node.path}", depth=min(i, 1), parent=min(i, 1) - 1)
                for i, node in enumerate(layout)
            ]
            trees[id(layout)] = (layout, tuple(nodes))
        return trees[id(layout)][1]

    return [dataclasses.replace(record, layout=tree(record.layout)) for record in records]


def as_json(value):
    """What a value is after JSON; what is not finite is null there."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    if isinstance(value, dict):
        return {str(key): as_json(each) for key, each in value.items()}
    return str(value) if isinstance(value, str) else value


class Looker:
    """A page that looks on."""

    def __init__(self, socket):
        self._socket = socket

    def send(self, kind, **fields):
        self._socket.send(json.dumps({"type": kind, **fields}))

    def act(self, act, **fields):
        self.send("act", act=act, **fields)

    def steer(self, act, **fields):
        """Take control and act, at once: a machine that is busy may have let it lapse."""
        self.send("take")
        self.act(act, **fields)

    def raw(self, data):
        self._socket.send(data)

    def next(self, timeout_s=LONGEST_S):
        """The next message; a picture as (camera, time, JPEG)."""
        data = self._socket.recv(timeout=timeout_s)
        if isinstance(data, str):
            return json.loads(data)
        assert data[0] == 1
        name, rest = data[2 : 2 + data[1]], data[2 + data[1] :]
        return {"type": "picture", "camera": name.decode(), "t": struct.unpack("<d", rest[:8])[0], "jpeg": rest[8:]}

    def until(self, kind, **fields):
        """The next message of a type with these values; others are passed over."""
        deadline = time.monotonic() + LONGEST_S
        while time.monotonic() < deadline:
            message = self.next()
            if message["type"] == kind and all(message[name] == value for name, value in fields.items()):
                return message
        raise AssertionError(f"no {kind} with {fields} came")

    def reach(self, step):
        """Wait until a tick was told, in whatever way."""
        while (message := self.next())["type"] not in ("state", "tick") or message["step"] < step:
            continue
        return message

    def closed(self):
        """Wait until the other side has closed; return the code and the reason."""
        with suppress(ConnectionClosed):
            for _ in self._socket:
                continue
        return self._socket.close_code, self._socket.close_reason


@contextmanager
def looking(port, token="", host="127.0.0.1", **options):
    """A page that looks on."""
    name = f"{host}:{port}"
    protocols = ["bt-robot", *([f"token.{token}"] if token else [])]
    options = {"origin": f"http://{name}", "subprotocols": protocols, "max_size": None, **options}
    with connect(f"ws://{name}/socket", proxy=None, **options) as socket:
        yield Looker(socket)
