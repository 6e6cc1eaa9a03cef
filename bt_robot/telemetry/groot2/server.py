"""The live server: answers Groot2, the VS Code viewer and other clients of the protocol, beside the control loop."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

import msgpack
import zmq

from bt_robot.errors import UsageError
from bt_robot.messages import NodeInfo, NodeState, TickRecord
from bt_robot.telemetry.groot2 import protocol
from bt_robot.telemetry.groot2.codes import MAX_NODES, StatusCodes, Transition
from bt_robot.telemetry.groot2.hooks import Hooks
from bt_robot.telemetry.groot2.protocol import Header, Request, WrongRequest

logger = logging.getLogger(__name__)

DEFAULT_PORT: Final = 1667
SILENT_S: Final = 5.0
"""Without a request for so long, nobody is there: hooks are switched off, and what holds goes on."""

MAX_TRANSITIONS: Final = 1000
_MAX_WAITING: Final = 1000
_POLL_MS: Final = 20

Blackboard = Callable[[], Mapping[str, Mapping[str, object]]]


class Groot2Server:
    """A sink that shows the tree to clients, and lets them hold or replace nodes through `hooks`.

    The loop only leaves a tick's states in a bounded queue; a thread of its own answers.
    """

    def __init__(
        self,
        xml: Callable[[Sequence[NodeInfo]], str],
        hooks: Hooks,
        blackboard: Blackboard = dict,
        *,
        host: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Bind, and answer from now on.

        Args:
            xml: Makes a tree's XML.
            hooks: Where hooks are kept.
            blackboard: Returns the values on the blackboard, by scope and key.
            host: The address; the protocol knows no password, so anything but loopback is for trusted networks.
            port: Of the replies; what is published has the next one.
            clock: For the clients' silence [s].

        Raises:
            UsageError: The port is taken, or the address is not ours.
        """
        self._xml = xml
        self._hooks = hooks
        self._blackboard = blackboard
        self._clock = clock
        self._waiting: deque[TickRecord] = deque(maxlen=_MAX_WAITING)
        self._layout: tuple[NodeInfo, ...] = ()
        self._tree_xml = b""
        self._tree_id = bytes(16)
        self._codes = StatusCodes(())
        self._now_us = 0
        self._recording_from_us: int | None = None
        self._transitions: deque[Transition] = deque(maxlen=MAX_TRANSITIONS)
        self._heard_s = clock()
        self._closing = threading.Event()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._replies = self._bound(zmq.REP, host, port)
        self._published = self._bound(zmq.PUB, host, port + 1)
        self._thread = threading.Thread(target=self._serve, name="groot2", daemon=True)
        self._thread.start()

    def _bound(self, kind: int, host: str, port: int) -> zmq.Socket[bytes]:
        socket = self._context.socket(kind)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.MAXMSGSIZE, protocol.MAX_PAYLOAD)
        try:
            socket.bind(f"tcp://{host}:{port}")
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            raise UsageError(
                f"--groot2: {host}:{port} can't be listened on: {error}; try another port, e.g. --groot2 {port + 10}"
            ) from error
        return socket

    def publish(self, record: TickRecord) -> None:
        """Leave a tick for the thread; the oldest one is dropped when it is far behind."""
        self._waiting.append(record)

    def close(self) -> None:
        """End the thread, and let go of what holds."""
        self._closing.set()
        self._thread.join()
        self._hooks.heeded = False
        self._context.destroy(linger=0)

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                asked = self._replies.poll(_POLL_MS)
                self._catch_up()
                if asked:
                    self._answer()
                self._hooks.heeded = self._clock() - self._heard_s < SILENT_S
                for uid in self._hooks.take_reached():
                    self._published.send_multipart(protocol.breakpoint_reached(uid))
            except Exception:  # a viewer's trouble must not end the view of the others
                logger.exception("groot2")

    def _catch_up(self) -> None:
        with contextlib.suppress(IndexError):
            while True:
                record = self._waiting.popleft()
                self._follow(record.time_s, record.nodes, record.layout)

    def _follow(self, time_s: float, states: tuple[NodeState, ...], layout: tuple[NodeInfo, ...]) -> None:
        if layout is not self._layout:
            self._adopt(layout)
        self._now_us = round(1e6 * time_s)
        for uid, code in self._codes.update(states):
            if self._recording_from_us is not None:
                self._transitions.append(Transition(self._now_us - self._recording_from_us, uid, code))

    def _adopt(self, layout: tuple[NodeInfo, ...]) -> None:
        """Show another tree, or the same one with another prompt or parameter, whose hooks stay."""
        xml = self._xml(layout).encode() if len(layout) <= MAX_NODES else b""
        same = xml == self._tree_xml and len(layout) == len(self._layout)
        self._layout = layout
        if not same:
            self._tree_xml, self._codes = xml, StatusCodes(layout)
            self._tree_id = uuid.uuid4().bytes  # clients notice by it that there is another tree
        self._hooks.adopt(layout, same=same)

    def _answer(self) -> None:
        parts = self._replies.recv_multipart()
        self._heard_s = self._clock()
        try:
            header = Header.from_bytes(parts[0])
            answer = self._answer_to(header.request, parts[1] if len(parts) > 1 else b"")
            reply = [header.reply(self._tree_id)]
            reply += [] if answer is None else [answer]
        except WrongRequest as error:
            reply = [b"error", str(error).encode()]
        except Exception as error:  # REP must answer, or it never hears anything again
            logger.exception("groot2: a request could not be answered")
            reply = [b"error", f"internal error: {type(error).__name__}".encode()]
        self._replies.send_multipart(reply)

    def _answer_to(self, request: Request, payload: bytes) -> bytes | None:
        match request:
            case Request.FULL_TREE:
                return self._full_tree()
            case Request.STATUS:
                return self._codes.to_bytes()
            case Request.BLACKBOARD:
                return self._values(payload.decode(errors="replace").split(";"))
            case Request.TOGGLE_RECORDING:
                return self._toggle(payload)
            case Request.GET_TRANSITIONS:
                data = b"".join(transition.to_bytes() for transition in self._transitions)
                self._transitions.clear()
                return data
            case _:
                return self._hook(request, payload)

    def _full_tree(self) -> bytes:
        if not self._tree_xml:
            why = f"the tree has more than {MAX_NODES} nodes" if self._layout else "no tick was made yet; ask again"
            raise WrongRequest(why)
        return self._tree_xml

    def _hook(self, request: Request, payload: bytes) -> bytes | None:
        hooks = self._hooks
        if request is Request.HOOK_INSERT:
            wishes = protocol.read_hooks(payload)
            for wish in wishes:
                self._require_node(wish.uid)
            if not hooks.insert(wishes):
                raise WrongRequest("there are too many hooks")
        elif request is Request.HOOK_REMOVE:
            uid, position = protocol.read_removal(payload)
            if not hooks.remove(uid, position):
                raise WrongRequest(f"node {uid} has no such hook")
        elif request is Request.BREAKPOINT_UNLOCK:
            unlock = protocol.read_unlock(payload)
            if not hooks.unlock(unlock):
                raise WrongRequest(f"node {unlock.uid} has no such hook")
        elif request is Request.REMOVE_ALL_HOOKS:
            hooks.remove_all()
        elif request is Request.DISABLE_ALL_HOOKS:
            hooks.disable_all()
        else:
            return json.dumps(hooks.dump()).encode()
        return None

    def _require_node(self, uid: int) -> None:
        if not 1 <= uid <= len(self._layout):
            raise WrongRequest(f"there is no node {uid}; the tree has the nodes 1 to {len(self._layout)}")

    def _values(self, scopes: Sequence[str]) -> bytes:
        board = self._blackboard()
        shown: dict[str, Any] = {scope: dict(board[scope]) for scope in scopes if scope in board}
        return cast(bytes, msgpack.packb(shown, default=str, unicode_errors="replace"))

    def _toggle(self, payload: bytes) -> bytes | None:
        if payload not in (b"start", b"stop"):
            raise WrongRequest("expected 'start' or 'stop'")
        self._transitions.clear()
        if payload == b"stop":
            self._recording_from_us = None
            return None
        self._recording_from_us = self._now_us
        return str(time.time_ns() // 1000).encode()
