"""A client of Groot2's protocol, in a few lines."""

from __future__ import annotations

import json
import socket

import zmq


def free_port() -> int:
    """A port that is free, and the next one, too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


class Client:
    """What Groot2 does, in a few lines."""

    def __init__(self, port: int) -> None:
        self.context = zmq.Context()
        self.requests = self.context.socket(zmq.REQ)
        self.requests.connect(f"tcp://127.0.0.1:{port}")
        self.news = self.context.socket(zmq.SUB)
        self.news.subscribe(b"")
        self.news.connect(f"tcp://127.0.0.1:{port + 1}")

    def ask_raw(self, *parts: bytes) -> list[bytes]:
        self.requests.send_multipart(parts)
        assert self.requests.poll(10_000), "no answer"
        return self.requests.recv_multipart()

    def ask(self, kind: str, payload: object = None, number: int = 77) -> bytes | None:
        header = b"\x02" + kind.encode() + number.to_bytes(4, "little")
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        reply = self.ask_raw(header, *([] if payload is None else [data]))
        if reply[0] == b"error":
            raise AssertionError(reply[1].decode())
        assert reply[0][:6] == header
        self.tree_id = reply[0][6:]
        assert len(self.tree_id) == 16
        return reply[1] if len(reply) > 1 else None
