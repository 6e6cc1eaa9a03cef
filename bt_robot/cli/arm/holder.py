"""Who has an arm: the guardian of a run, another `bt-arm`, or nobody."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bt_robot.errors import RobotRefused
from bt_robot.robot.so101.guardian.lock import ArmLock, holder_of
from bt_robot.robot.so101.port import SerialPort

_GUARDIAN: Final = "bt_robot.robot.so101.guardian.process"
_INTERPRETERS: Final = ("python",)


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has an arm.

    Attributes:
        pid: Its process id.
        guards: Whether it is a guardian, which understands signals.
        program: The program that it works for; empty if that has ended.
        program_pid: That program's process id; 0 if it has ended.
    """

    pid: int
    guards: bool
    program: str
    program_pid: int

    @property
    def words(self) -> str:
        """Who that is, for a person."""
        if not self.guards:
            return f"{self.program or 'a program'} (process {self.pid})"
        if not self.program_pid:
            return f"the guardian (process {self.pid}) of a program that has ended"
        return f"{self.program or 'a program'} (process {self.program_pid}) with its guardian (process {self.pid})"


def holder(port: str, proc: Path = Path("/proc")) -> Holder | None:
    """Return who has the arm on a port; None if nobody has.

    Args:
        port: The port's path.
        proc: Where the machine's processes are told.
    """
    pid = holder_of(port)
    if pid is None:
        return None
    line = _command_line(proc, pid)
    if _GUARDIAN not in line:
        return Holder(pid, False, _program(line), pid)
    parent = _parent(proc, pid)
    program = _command_line(proc, parent)
    # When its program ends, a guardian gets another parent, which is no Python.
    alive = bool(program) and Path(program[0]).name.startswith(_INTERPRETERS)
    return Holder(pid, True, _program(program) if alive else "", parent if alive else 0)


def _command_line(proc: Path, pid: int) -> list[str]:
    try:
        text = (proc / str(pid) / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return []
    return [part for part in text.split("\0") if part]


def _parent(proc: Path, pid: int) -> int:
    try:
        text = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[1])  # the name before it may hold anything


def _program(line: list[str]) -> str:
    """Return what a person calls a program: `bt-run` for `python /usr/bin/bt-run trees/x.yaml`."""
    names = [Path(part).name for part in line if not part.startswith("-")]
    script = next((name for name in names if not name.startswith(_INTERPRETERS)), names[0] if names else "")
    at = names.index(script) + 1 if script else 0
    return f"{script} {names[at]}" if script == "bt-arm" and at < len(names) else script


def require_free(port: str) -> None:
    """Refuse an arm that somebody has.

    Raises:
        RobotRefused: Somebody has it.
    """
    found = holder(port)
    if found is None:
        return
    way = "end that first, or have the arm let go with `bt-arm release`" if found.guards else "end that first"
    raise RobotRefused(f"{found.words} has the arm on {port}; {way}")


@contextmanager
def own_port(path: str) -> Generator[SerialPort]:
    """Inside, have a port for ourselves: no guardian can take the arm meanwhile.

    Raises:
        RobotRefused: It is absent, not permitted, or somebody has it.
    """
    require_free(path)
    port = SerialPort(path)
    try:
        lock = ArmLock(path)
        try:
            yield port
        finally:
            lock.close()
    finally:
        port.close()
