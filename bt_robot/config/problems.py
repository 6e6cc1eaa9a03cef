"""What is wrong with files: noted one by one with its place and its line, and told all at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bt_robot.errors import Code, LoadError, Problem, nearest

MAX_PROBLEMS = 300

LONGEST_LINE = 200
"""What is kept of a line to show a place in it."""
_LONGEST_TEXT = 600
"""What is kept of a message."""
_LONGEST_WORD = 60
LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What ends a line in YAML."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file.

    Attributes:
        file: The file as called in messages.
        line: Line number, from 1; 0 for the whole file.
        column: Column number in characters, from 1.
        end_column: The column after the word that begins here; 0 where it is not known, or in another line.
    """

    file: str
    line: int = 0
    column: int = 0
    end_column: int = 0


class Problems:
    """Collects problems, so that all of them are reported at once.

    Attributes:
        found: The problems, each once; the last of too many says that there are more.
        noted: How often a problem was noted, repeated and left out ones too.
    """

    def __init__(self) -> None:
        """Start with none."""
        self.found: list[Problem] = []
        self.noted = 0
        self._seen: set[Problem] = set()
        self._texts: dict[str, str] = {}
        self._lines: dict[str, list[str]] = {}

    @property
    def full(self) -> bool:
        """Whether there are so many problems that no more are told."""
        return len(self.found) > MAX_PROBLEMS

    def show(self, name: str, text: str) -> None:
        """Keep the text of a file, so that problems can show the line they are in."""
        self._texts[name] = text
        self._lines.pop(name, None)

    def add(self, mark: Mark, message: str, *, expected: str = "", hint: str = "", code: Code = Code.INVALID) -> None:
        """Note a problem at a place."""
        self.noted += 1
        if self.full:
            return
        line, offset = self._line(mark)
        words = (_clean(message), _clean(expected), _clean(hint))
        problem = Problem(mark.file, mark.line, mark.column, *words, code, mark.end_column, line, offset)
        if problem in self._seen:
            return
        if len(self.found) == MAX_PROBLEMS:
            message = f"more than {MAX_PROBLEMS} problems; the rest is not checked"
            problem = Problem(mark.file, 0, 0, message, code=Code.TOO_LARGE)
        self._seen.add(problem)
        self.found.append(problem)

    def unknown(
        self,
        mark: Mark,
        what: str,
        word: str,
        choices: Iterable[str],
        *,
        expected: str = "",
        hint: str = "",
        code: Code = Code.UNKNOWN_CHOICE,
    ) -> str:
        """Note a word that is none of the choices; return the choice that was meant, most likely, or an empty string.

        Args:
            mark: Where it is.
            what: What it should be a name of.
            word: The word.
            choices: What there is.
            expected: What there is, in other words than all the choices.
            hint: What to do; the nearest choice by default.
            code: The kind of the problem.
        """
        known = [] if self.full else sorted(choices)
        expected = expected or (f"one of {', '.join(known)}" if known else "nothing here")
        near = nearest(word, known)
        hint = hint or (f"did you mean '{near}'?" if near else "")
        self.add(mark, f"unknown {what} '{cut(word)}'", expected=expected, hint=hint, code=code)
        return near

    def _line(self, mark: Mark) -> tuple[str, int]:
        """Return the line of a place, or the part of it around the place, and where that begins."""
        if mark.line == 0 or mark.file not in self._texts:
            return "", 0
        if mark.file not in self._lines:
            self._lines[mark.file] = LINE_BREAK.split(self._texts[mark.file])
        lines = self._lines[mark.file]
        line = lines[mark.line - 1] if mark.line <= len(lines) else ""
        offset = 0 if len(line) <= LONGEST_LINE else max(0, mark.column - 1 - LONGEST_LINE // 2)
        return line[offset : offset + LONGEST_LINE], offset

    def raise_if_any(self) -> None:
        """Raise what was found.

        Raises:
            LoadError: At least one problem was noted.
        """
        if self.found:
            raise LoadError(self.found)


def cut(word: str) -> str:
    """Return a word as it is shown in a message: an overlong one is cut off."""
    return word if len(word) <= _LONGEST_WORD else word[: _LONGEST_WORD - 1] + "…"


def _clean(text: str) -> str:
    """Return a message on one line that does no harm to a terminal, bounded in length."""
    if len(text) > _LONGEST_TEXT:
        text = text[: _LONGEST_TEXT - 1] + "…"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
