"""The person at the terminal: asked a question, or waited for while something goes on."""

from __future__ import annotations

import os
import select
import sys
from typing import TextIO

from bt_robot.cli.arm.words import paragraph
from bt_robot.errors import RobotRefused


class Person:
    """Reads whole lines from stdin, and tells on stderr, so that stdout stays what was asked for."""

    def __init__(self, stream: TextIO) -> None:
        """Talk to whoever is there.

        Args:
            stream: Where to tell.
        """
        self._stream = stream
        self._heard = b""
        try:
            self._fd = sys.stdin.fileno()
        except (AttributeError, ValueError, OSError):  # no stdin, or none with a descriptor
            self._fd = -1

    @property
    def at_terminal(self) -> bool:
        """Whether there is a terminal on both sides."""
        return self._fd >= 0 and os.isatty(self._fd) and sys.stderr.isatty()

    def tell(self, text: str) -> None:
        """Say something, in lines that fit."""
        self._stream.write(paragraph(text))

    def ask(self, text: str) -> str:
        """Say something and wait for a line; return it in small letters.

        Raises:
            RobotRefused: Nobody can answer.
        """
        self.tell(text)
        answer = None
        while answer is None:
            answer = self.line(3600.0)
        return answer

    def agrees(self, question: str, *, yes: bool) -> bool:
        """Return whether the person says yes; `yes` says it beforehand.

        Raises:
            RobotRefused: Nobody can answer.
        """
        return yes or self.ask(f"{question} [y/N]") in ("y", "yes")

    def line(self, wait_s: float) -> str | None:
        """Return the next line in small letters, without the spaces around it; None if there is none in time.

        Args:
            wait_s: How long to wait for it [s].

        Raises:
            RobotRefused: The input has ended.
        """
        if b"\n" not in self._heard:
            if self._fd < 0:
                raise RobotRefused("nobody can answer: there is no input; run it in a terminal")
            if not select.select([self._fd], [], [], wait_s)[0]:
                return None
            part = os.read(self._fd, 4096)
            if not part:
                raise RobotRefused("nobody answers: the input has ended; run it in a terminal")
            self._heard += part
        line, newline, rest = self._heard.partition(b"\n")
        if not newline:
            return None
        self._heard = rest
        return line.decode(errors="replace").strip().lower()
