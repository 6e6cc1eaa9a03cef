"""Commands to a running emulator from another process: JSON lines on a unix socket, each answered by one."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from bt_robot.errors import BtRobotError
from bt_robot.robot.emulator.log_file import LogFile
from bt_robot.robot.emulator.physics import MujocoPlant
from bt_robot.robot.emulator.plant import Plant
from bt_robot.robot.emulator.server import PtyServer, Watched
from bt_robot.robot.so101.wire.registers import REGISTERS

_RECEIVED: Final = 65536


class Control:
    """Takes commands while the server runs, on the server's thread."""

    def __init__(self, path: str, server: PtyServer, plant: Plant, log: LogFile) -> None:
        """Listen.

        Args:
            path: The socket's place.
            server: What is commanded.
            plant: Its mechanics.
            log: The packet log's file.

        Raises:
            OSError: The socket can't be made.
        """
        self._path = path
        self._server = server
        self._plant = plant
        self._log = log
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        self._clients: dict[int, socket.socket] = {}
        self._received: dict[int, bytearray] = {}

    def watched(self) -> Watched:
        """Return what to do when the socket or a client can be read."""
        files: dict[int, Callable[[], None]] = {self._listener.fileno(): self._accept}
        for fd in self._clients:
            files[fd] = lambda fd=fd: self._read(fd)
        return files

    def close(self) -> None:
        """Hang up."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        self._listener.close()
        with suppress(OSError):
            os.unlink(self._path)

    def do(self, command: dict[str, Any]) -> dict[str, Any]:
        """Do a command.

        Args:
            command: `do` says what, the rest are its arguments.

        Raises:
            ValueError: There is no such command, or an argument is wrong.
            BtRobotError: It can't be done.
        """
        line, arguments = self._server.line, {**command}
        what = arguments.pop("do", None)
        match what:
            case "inject":
                line.faults.inject(**arguments)
                line.advance(line.now_s)  # what is to be done is done when this is answered
            case "vanish":
                self._server.vanish()
            case "reappear":
                self._server.reappear()
            case "jam":
                self._server.jam(bool(arguments["on"]))
            case "flush":
                self._log.write_all()
            case "registers":
                servo = line.servo(arguments["servo_id"])
                servo.read(0, 0)  # so that what is measured is measured now
                return {register.name: servo.memory.get(register) for register in REGISTERS.values()}
            case "angles":
                return {"angles_rad": [servo.motion.position_rad for servo in line.servos]}
            case "disturb":
                if not isinstance(self._plant, MujocoPlant):
                    raise ValueError("there are no blocks without physics: mujoco")
                self._plant.world.disturb(**arguments)
            case _:
                raise ValueError(f"there is no command {what!r}")
        return {"port": self._server.path}

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        self._clients[client.fileno()] = client
        self._received[client.fileno()] = bytearray()

    def _read(self, fd: int) -> None:
        client, received = self._clients[fd], self._received[fd]
        try:
            data = client.recv(_RECEIVED)
        except OSError:
            data = b""
        received += data
        while b"\n" in received:
            line, _, rest = received.partition(b"\n")
            received[:] = rest
            with suppress(OSError):
                client.sendall(json.dumps(self._answer(bytes(line))).encode() + b"\n")
        if not data:
            del self._clients[fd], self._received[fd]
            client.close()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            with self._server.lock:
                return {"ok": self.do(json.loads(line))}
        except (ValueError, TypeError, KeyError, OSError, BtRobotError) as error:
            return {"error": f"{error}"}
