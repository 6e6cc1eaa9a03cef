"""XML text as elements that know their place, read without anything that makes XML dangerous.

Refused: document types and with them all entities (a billion laughs is a few hundred bytes, an external
entity reads a file), processing instructions, and files that are too large, too deep or have too many elements.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.parsers import expat

from bt_robot.config.problems import Mark, Problems
from bt_robot.config.source import MAX_BYTES
from bt_robot.errors import Code
from bt_robot.tree.formats.element import Element, comment_text

MAX_DEPTH = 110
MAX_ELEMENTS = 25_000

_ATTRIBUTE = re.compile(r"""\s+([^\s=]+)\s*=\s*("[^"]*"|'[^']*')""")


class _Refused(Exception):
    """Reading can't go on after this problem, which is already noted."""


def read_xml(path: Path, problems: Problems) -> Element | None:
    """Read an XML file; None when it could not be read at all (the problem is noted).

    Args:
        path: The file.
        problems: Where problems are noted.
    """
    name = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        problems.add(
            Mark(name), f"can't be read: {error.strerror or error}", expected="an XML file", code=Code.UNREADABLE
        )
        return None
    return parse_xml(data, name, problems)


def parse_xml(data: bytes, name: str, problems: Problems) -> Element | None:
    """Read XML text, in UTF-8; None when it could not be read to its end (the problem is noted).

    Args:
        data: The text.
        name: How it is called in messages.
        problems: Where problems are noted.
    """
    if len(data) > MAX_BYTES:
        problems.add(
            Mark(name), f"the file has more than {MAX_BYTES} bytes", expected="a smaller file", code=Code.TOO_LARGE
        )
        return None
    try:
        problems.show(name, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        problems.add(Mark(name), f"byte {error.start} is not UTF-8", expected="UTF-8 text", code=Code.UNREADABLE)
        return None
    reader = _Reader(data, name, problems)
    try:
        return reader.read()
    except _Refused:
        return None
    except expat.ExpatError as error:
        what = expat.errors.messages.get(error.code, "something is wrong here")
        problems.add(Mark(name, error.lineno, error.offset + 1), f"not XML: {what}", code=Code.UNREADABLE)
        return None


@dataclass(slots=True)
class _Open:
    """An element whose end has not come yet."""

    tag: str
    attributes: dict[str, str]
    mark: Mark
    places: dict[str, Mark]
    before: tuple[str, ...]
    children: list[Element] = field(default_factory=list[Element])
    text: list[str] = field(default_factory=list[str])
    beside: str = ""


class _Reader:
    """Builds elements from the parser's events."""

    def __init__(self, data: bytes, name: str, problems: Problems) -> None:
        self._data = data
        self._name = name
        self._problems = problems
        self._open: list[_Open] = []
        self._comments: list[str] = []
        self._count = 0
        self._root: Element | None = None
        self._last_line = 0
        parser: Any = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.CommentHandler = self._comment
        parser.StartDoctypeDeclHandler = self._doctype
        parser.ProcessingInstructionHandler = self._instruction
        self._parser = parser

    def read(self) -> Element | None:
        self._parser.Parse(self._data, True)
        return self._root

    def _mark(self) -> Mark:
        return Mark(self._name, self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1)

    def _refuse(self, message: str, expected: str, code: Code = Code.INVALID) -> None:
        self._problems.add(self._mark(), message, expected=expected, code=code)
        raise _Refused

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            self._refuse(f"the file has more than {MAX_ELEMENTS} elements", "a smaller file", Code.TOO_LARGE)
        if len(self._open) >= MAX_DEPTH:
            self._refuse(f"nested deeper than {MAX_DEPTH} levels", "a flatter file", Code.TOO_LARGE)
        mark = self._mark()
        places = self._places(tag, mark) if attributes else {}
        self._open.append(_Open(tag, attributes, mark, places, tuple(self._comments)))
        self._comments = []
        self._last_line = mark.line

    def _places(self, tag: str, mark: Mark) -> dict[str, Mark]:
        """Find where the attributes of the tag that begins here are written, which the parser does not tell."""
        at = self._parser.CurrentByteIndex + 1 + len(tag.encode())
        # A start tag is bounded by the file's size; attributes can't hold '<'.
        end = self._data.find(b"<", at)
        text = self._data[at : end if end >= 0 else None].decode("utf-8", "replace")
        places: dict[str, Mark] = {}
        line, column, position, done = mark.line, mark.column + 1 + len(tag), 0, 0
        while found := _ATTRIBUTE.match(text, position):
            passed = text[done : found.start(1)]
            if "\n" in passed:
                line, column = line + passed.count("\n"), len(passed) - passed.rfind("\n")
            else:
                column += len(passed)
            done = found.start(1)
            places[found[1]] = Mark(self._name, line, column)
            position = found.end()
        return places

    def _end(self, tag: str) -> None:
        done = self._open.pop()
        element = Element(
            done.tag,
            done.attributes,
            tuple(done.children),
            "".join(done.text).strip(),
            done.before,
            done.beside,
            tuple(self._comments),
            done.mark,
            done.places,
        )
        self._comments = []
        self._last_line = self._parser.CurrentLineNumber
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element

    def _characters(self, text: str) -> None:
        if self._open:
            self._open[-1].text.append(text)

    def _comment(self, text: str) -> None:
        self._note(comment_text(text), self._parser.CurrentLineNumber)

    def _note(self, text: str, line: int) -> None:
        """Keep a comment for what comes next, or for what stands on the same line."""
        children = self._open[-1].children if self._open else []
        if self._open and line == self._last_line and not self._comments:
            if children:
                last = children[-1]
                if not last.beside:
                    children[-1] = replace(last, beside=text)
                    return
            elif not self._open[-1].beside:
                self._open[-1].beside = text
                return
        self._comments.append(text)

    def _doctype(self, *_: object) -> None:
        self._refuse("a document type", "an XML file without <!DOCTYPE> and entities")

    def _instruction(self, target: str, _: str) -> None:
        self._refuse(f"a processing instruction '<?{target}'", "elements and comments")
