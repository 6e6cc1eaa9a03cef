"""The emulated SO-101 as a process of its own, which ends when its parent does, seen from that parent."""

from __future__ import annotations

import dataclasses
import json
import shutil
import socket
from pathlib import Path
from typing import Any, Final, Literal, Self

from bt_robot.child import Child
from bt_robot.errors import RobotError, RobotRefused
from bt_robot.robot.emulator.log import PacketLog
from bt_robot.robot.sim.settings import SimSettings

_ANSWER_TIMEOUT_S: Final = 10.0
_NAME: Final = "the emulated servo bus"


class EmulatorProcess:
    """Starts the emulator on entering, ends it on leaving.

    Entering does not wait: the first look at `port` does, so that other parts can start meanwhile.
    """

    def __init__(
        self,
        *,
        settings: SimSettings | None = None,
        seed: int = 0,
        physics: Literal["mujoco", "lag"] = "mujoco",
        link_path: str = "",
        frame_s: float = 0.0,
    ) -> None:
        """Prepare; `start` or a `with` block starts it.

        Args:
            settings: The work cell behind the servos.
            seed: Where things stand that the settings leave open.
            physics: The simulation, or joints that follow with a lag.
            link_path: A path that leads to the tty; empty for none.
            frame_s: Replies arrive at multiples of this time, as by USB [s]; 0 for at once.
        """
        cell = json.dumps(dataclasses.asdict(settings or SimSettings()))
        arguments = [
            *("--json", "--physics", physics, "--seed", str(seed), f"--sim={cell}"),
            *(f"--link={link_path}", "--frame-ms", repr(frame_s * 1000.0)),
        ]
        self._child = Child(_NAME, "bt_robot.robot.emulator", arguments, RobotRefused)
        self._folder = ""
        self._port = ""

    def start(self) -> None:
        """Start the process and return at once.

        Raises:
            RobotRefused: It could not be started.
        """
        self._folder = self._port = ""
        self._child.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id; only while it runs."""
        return self._child.pid

    @property
    def port(self) -> str:
        """The tty to open; waits until it is served.

        Raises:
            RobotRefused: It did not come up.
        """
        return self._port or str(self._listening()["port"])

    @property
    def state_path(self) -> str:
        """Where it tells the simulation's state, for `MirrorWorld`; empty without a simulation.

        Raises:
            RobotRefused: It did not come up.
        """
        return str(self._listening()["state"])

    @property
    def calibration_path(self) -> str:
        """The arm's calibration, in LeRobot's format.

        Raises:
            RobotRefused: It did not come up.
        """
        return str(self._listening()["calibration"])

    def log(self) -> PacketLog:
        """Return everything that was on the line so far.

        Raises:
            RobotError: It does not answer.
        """
        self._command("flush")
        return PacketLog.from_lines(Path(self._listening()["log"]).read_text(encoding="utf-8"))

    def inject(self, fault: str, **arguments: Any) -> None:
        """Let something go wrong.

        Args:
            fault: A method of `Faults`.
            arguments: Its arguments.

        Raises:
            RobotError: There is no such fault, an argument is wrong, or it does not answer.
        """
        self._command("inject", fault=fault, **arguments)

    def vanish(self) -> None:
        """Pull the cable.

        Raises:
            RobotError: It does not answer.
        """
        self._command("vanish")

    def reappear(self) -> None:
        """Plug the cable in again; `port` may be another one, unless there is a link.

        Raises:
            RobotError: It does not answer.
        """
        self._port = str(self._command("reappear")["port"])

    def jam(self, on: bool = True) -> None:
        """Let the host's writes block, or not any more.

        Raises:
            RobotError: It does not answer.
        """
        self._command("jam", on=on)

    def registers(self, servo_id: int) -> dict[str, int]:
        """Return a servo's registers by name.

        Raises:
            RobotError: There is no such servo, or it does not answer.
        """
        return self._command("registers", servo_id=servo_id)

    def angles_rad(self) -> list[float]:
        """Return where the joints really are, the gripper's as an angle [rad].

        Raises:
            RobotError: It does not answer.
        """
        return self._command("angles")["angles_rad"]

    def disturb(self, colour: str, x_m: float, y_m: float, yaw_rad: float = 0.0) -> None:
        """Teleport a block onto the table.

        Args:
            colour: Which block.
            x_m: Forward of the base.
            y_m: To the left of the base.
            yaw_rad: How it is turned.

        Raises:
            RobotError: There is no such block, or it does not answer.
        """
        self._command("disturb", colour=colour, x_m=x_m, y_m=y_m, yaw_rad=yaw_rad)

    def stderr(self) -> str:
        """Return the end of what the process wrote to stderr."""
        return self._child.stderr()

    def kill(self) -> None:
        """End the process as a crash would."""
        self._child.kill()

    def stop(self) -> None:
        """End the process; allowed at any time, any number of times."""
        self._child.stop()
        if self._folder:  # if it could not remove it itself
            shutil.rmtree(self._folder, ignore_errors=True)

    def _command(self, what: str, **arguments: Any) -> dict[str, Any]:
        path = self._listening()["control"]
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(_ANSWER_TIMEOUT_S)
                client.connect(path)
                client.sendall(json.dumps({"do": what, **arguments}).encode() + b"\n")
                with client.makefile("rb") as answers:
                    line = answers.readline()
        except OSError as error:
            raise RobotError(f"the emulated servo bus does not answer: {error}") from error
        if not line.endswith(b"\n"):
            raise RobotError(f"the emulated servo bus has ended: {self.stderr() or 'it said nothing'}")
        answer = json.loads(line)
        if "error" in answer:
            raise RobotError(f"the emulated servo bus can't {what}: {answer['error']}")
        return answer["ok"]

    def _listening(self) -> dict[str, Any]:
        said = self._child.greeting
        self._folder = said["folder"]
        return said
