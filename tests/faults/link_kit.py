"""What the fault tests of the policy link share: a server that misbehaves when told, and a control loop in small."""

from __future__ import annotations

import queue
import threading

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from bt_robot.arm.so101 import LIMITS, REST
from bt_robot.messages import Frame, Observation
from bt_robot.policy.chunks.plan import Plan
from bt_robot.policy.connection.base import Timeouts
from bt_robot.policy.dialect.profile import load_profile
from bt_robot.policy.link.worker import Worker
from bt_robot.policy.wire.msgpack_numpy import pack, unpack

PROFILE = load_profile("standin")
METADATA = {"server": "bt_robot standin"}
PICTURE = np.zeros((224, 224, 3), np.uint8)
WAIT_S = 20.0  # only ever waited for when a test fails
HASTY_S = 1.0  # long enough for an answer on a busy machine, short enough to wait for


def good(request):
    """Stay where the arm is."""
    reply = {"actions": np.tile(request["observation.state"], (50, 1))}
    return reply | {key: request[key] for key in ("request_id",) if key in request}


def changed(change):
    """Answer well, but for a change to the actions."""

    def answer(client, request):
        actions = good(request)["actions"].astype(np.float64)
        client.send(pack({"actions": change(actions)}))

    return answer


def put(actions, value, step=3, joint=0):
    actions[step, joint] = value
    return actions


class FaultyServer:
    """Answers well, unless told what to do with the next request."""

    def __init__(self):
        self.todo = queue.SimpleQueue()
        self.metadata = METADATA
        self.over = threading.Event()  # lets hanging answers end
        self._server = self._thread = None
        self.port = 0

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}"

    def converse(self, client):
        try:
            client.send(pack(self.metadata))
            for frame in client:
                request = unpack(frame)
                if self.todo.empty():
                    client.send(pack(good(request)))
                else:
                    self.todo.get()(client, request)
        except ConnectionClosed:
            pass

    def start(self):
        self.over.clear()
        self._server = serve(self.converse, "127.0.0.1", self.port, compression=None, max_size=None)
        self.port = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self):
        self.over.set()
        self._server.shutdown()
        self._thread.join(WAIT_S)

    def hang(self, client, request):
        self.over.wait(WAIT_S)


class Rig:
    """A control loop in small: a worker, a plan and a clock that jumps past every back-off."""

    def __init__(self, *urls, inference_s=WAIT_S, connect_s=WAIT_S, first_s=WAIT_S, joints=REST, profile=PROFILE):
        limits = Timeouts(connect_s, first_s, inference_s)
        self.worker = Worker(profile, urls, LIMITS, limits)
        self.plan = Plan(profile.horizon, profile.execute_steps)
        self.step = 0
        self.joints = joints
        self.worker.start(self.seen(), "go")

    def seen(self):
        time_s = self.step * 5.0
        frames = {name: Frame(name, time_s, lambda: PICTURE) for name in ("front", "wrist")}
        return Observation(self.step, time_s, self.joints, frames)

    def exchange(self):
        """Ask once; return whether a chunk reached the plan."""
        self.step += 1
        assert self.worker.offer(self.seen(), "go")
        assert self.worker.wait(WAIT_S)
        chunk = self.worker.poll(self.step * 5.0)
        return chunk is not None and self.plan.accept(chunk, self.step).accepted

    @property
    def words(self):
        """What a person reads."""
        return self.worker.state.reason
