"""What the tests of the policy link share: observations, a profile, a scripted policy."""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
import time
from contextlib import contextmanager

import numpy as np

from bt_robot.arm.so101 import REST
from bt_robot.errors import PolicyUnavailable
from bt_robot.messages import ActionChunk, Frame, Observation
from bt_robot.policy.dialect.profile import load_profile
from bt_robot.policy.dialect.units import GripperScale, JointScale
from bt_robot.policy.wire.base import Reply
from bt_robot.standin.server import ServerSettings, listening

PICTURE = np.zeros((224, 224, 3), np.uint8)
PROFILE = load_profile("standin")
SCALE = JointScale("degrees", GripperScale(), [False] * 5 + [True])
METADATA = {"server": "bt_robot standin", "action_horizon": 50, "action_dim": 6}
WAIT_S = 20.0  # only ever waited for when a test fails


def observation(step=0, time_s=None, cameras=("front", "wrist"), joints=REST):
    time_s = step / 30 if time_s is None else time_s
    return Observation(step, time_s, joints, {name: Frame(name, time_s, lambda: PICTURE) for name in cameras})


def still(joints=REST, horizon=50):
    """Actions that stay where the arm is, on the wire."""
    return np.tile(SCALE.to_wire(np.asarray(joints)), (horizon, 1))


def chunk(observed_step=0, length=10, prompt="go", epoch=0, value=None):
    """A chunk whose action i is i everywhere, or `value`."""
    column = np.arange(length, dtype=float) if value is None else np.full(length, value, dtype=float)
    return ActionChunk(np.tile(column[:, None], (1, 6)), observed_step, epoch, prompt, 0.1)


class ScriptedPolicy:
    """A policy that does what it is told next: return a reply, raise an error, or run a function first."""

    def __init__(self, *script, metadata=METADATA, url="ws://scripted:1"):
        self.url = url
        self.script = queue.SimpleQueue()
        self.metadata = [metadata]
        self.connects = self.closes = 0
        self.asked = []
        self.connected = self.lost = False
        self.resets = []
        self.aborted = threading.Event()
        self.tell(*script)

    def tell(self, *script):
        for line in script:
            self.script.put(line)

    def connect(self, timeout_s):
        self.connects += 1
        metadata = self.metadata.pop(0) if len(self.metadata) > 1 else self.metadata[0]
        if isinstance(metadata, Exception):
            self.lost = True
            raise metadata
        self.connected, self.lost = True, False
        return metadata

    def infer(self, fields, timeout_s):
        self.asked.append((fields, timeout_s))
        line = self.script.get(timeout=WAIT_S)
        if callable(line):
            line = line()
        if isinstance(line, Exception):
            self.connected = getattr(line, "open", False)
            self.lost = isinstance(line, PolicyUnavailable) and not line.hung_up
            raise line
        return line if isinstance(line, Reply) else Reply(line)

    def reset(self, fields, timeout_s):
        self.resets.append((fields, timeout_s))

    def abort(self):
        self.aborted.set()

    def close(self):
        self.closes += 1
        self.connected = False


def eventually(condition):
    """Wait until something is so; return whether it came to be."""
    until_s = time.monotonic() + WAIT_S
    while not condition() and time.monotonic() < until_s:
        time.sleep(0.005)
    return condition()


class StillPlanner:
    """A brain that wants the arm to stay where it is, and knows one prompt less than there are."""

    def plan(self, front, joints, prompt, horizon):
        if prompt == "unknown":
            raise ValueError("unknown prompt 'unknown'")
        return np.tile(joints, (horizon, 1))


@contextmanager
def served(planner=None, **settings):
    """Serve the stand-in on a free port from a thread; yields its URL."""
    loop = asyncio.new_event_loop()
    urls = queue.SimpleQueue()
    stop = asyncio.Event()

    async def serve():
        async with listening(planner or StillPlanner(), ServerSettings(port=0, **settings)) as url:
            urls.put(url)
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    try:
        yield urls.get(timeout=WAIT_S)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(WAIT_S)
        loop.close()


@contextmanager
def raw(talk):
    """Listen on a free port and let a function talk to the first connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                talk(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(WAIT_S)
