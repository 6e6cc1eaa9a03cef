"""A hop between client and server that does to the bytes what networks do."""

from __future__ import annotations

import contextlib
import queue
import socket
import struct
import threading

CUT = object()
"""Among the pieces of a frame: reset the connection here."""

_PING, _CLOSE = 0x9, 0x8


def duplicated(frame):
    """Let a frame arrive twice."""
    return [frame + frame]


def cut_in_the_middle(frame):
    """Let half of a frame arrive, and reset the connection."""
    return [frame[: len(frame) // 2], CUT]


def dripping(over):
    """Let a frame arrive byte by byte, with a pause after each, until an event happens."""

    def drip(frame):
        for i in range(len(frame)):
            if over.wait(0.2):
                return
            yield frame[i : i + 1]

    return drip


class Proxy:
    """Passes bytes on, unless told what to do with the server's next frames.

    Attributes:
        todo: What to do with the next frames of the server: functions from a frame to the pieces that are sent.
        asked: The bytes that clients have sent, HTTP and all, one item per connection.
    """

    def __init__(self, port):
        """Listen on a free port, and pass on to another."""
        self.todo = queue.SimpleQueue()
        self.asked = []
        self._to = port
        self._swallows = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = []
        self._threads = []
        self._start(self._accept)

    @property
    def url(self):
        return f"ws://127.0.0.1:{self._listener.getsockname()[1]}"

    def swallow(self):
        """Drop every byte of both directions and say nothing, as a pulled cable does."""
        self._swallows.set()

    def restore(self):
        """Pass on again what comes from now on; what was dropped is gone, and so are its connections."""
        self._swallows.clear()

    def cut(self):
        """Reset every connection."""
        for one in list(self._open):
            self._reset(one)

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(20.0)

    def client_opcodes(self):
        """Return the opcodes of all frames that clients have sent."""
        return [opcode for sent in self.asked for opcode in _opcodes(bytes(sent))]

    def _start(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                self._reset(client)
                continue
            self._open += [client, server]
            sent = bytearray()
            self.asked.append(sent)
            self._start(self._to_server, client, server, sent)
            self._start(self._to_client, server, client)

    @staticmethod
    def _reset(one):
        with contextlib.suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.shutdown(socket.SHUT_RD)  # wakes the thread that reads from it
        one.close()

    def _to_server(self, client, server, sent):
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if not self._swallows.is_set():
                    sent += data
                    server.sendall(data)
        if not self._swallows.is_set():
            self._reset(server)

    def _to_client(self, server, client):
        waiting, greeted = b"", False
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if self._swallows.is_set():
                    continue
                waiting += data
                if not greeted and b"\r\n\r\n" in waiting:
                    end = waiting.index(b"\r\n\r\n") + 4
                    client.sendall(waiting[:end])
                    waiting, greeted = waiting[end:], True
                while greeted and (size := _frame_size(waiting)) is not None:
                    frame, waiting = waiting[:size], waiting[size:]
                    self._pass(frame, client)
        if not self._swallows.is_set():
            self._reset(client)

    def _pass(self, frame, client):
        opcode = frame[0] & 0x0F
        change = self.todo.get() if opcode < _CLOSE and not self.todo.empty() else lambda whole: [whole]
        for piece in change(frame):
            if piece is CUT:
                self._reset(client)
                return
            if not self._swallows.is_set():
                client.sendall(piece)


def _frame_size(data):
    """Return how long the first frame is, RFC 6455, 5.2; None if it is not all there."""
    if len(data) < 2:
        return None
    size, header = data[1] & 0x7F, 2 + (4 if data[1] & 0x80 else 0)
    if size >= 126:
        width = 2 if size == 126 else 8
        if len(data) < 2 + width:
            return None
        size, header = int.from_bytes(data[2 : 2 + width], "big"), header + width
    return header + size if len(data) >= header + size else None


def _opcodes(sent):
    rest = sent[sent.index(b"\r\n\r\n") + 4 :] if b"\r\n\r\n" in sent else b""
    while (size := _frame_size(rest)) is not None:
        yield rest[0] & 0x0F
        rest = rest[size:]
