"""XML elements as values, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bt_robot.config.problems import Mark

_WIDTH = 120
_NOWHERE = Mark("")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}
_SPECIAL = re.compile('[&<>"\n\t\r]')
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Element:
    """One XML element.

    Attributes:
        tag: Its name.
        attributes: Its attributes, in order.
        children: The elements in it, in order.
        text: The text in it.
        before: Comments on lines of their own before it.
        beside: A comment behind it on its line.
        within: Comments after its last child.
        mark: Where it begins; only if it was read.
        places: Where each attribute is written; only if it was read.
    """

    tag: str
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    children: tuple[Element, ...] = ()
    text: str = ""
    before: tuple[str, ...] = ()
    beside: str = ""
    within: tuple[str, ...] = ()
    mark: Mark = _NOWHERE
    places: Mapping[str, Mark] = field(default_factory=dict[str, Mark])

    def place(self, attribute: str) -> Mark:
        """Return where an attribute is written, or else where the element begins."""
        return self.places.get(attribute, self.mark)

    def infoset(self) -> tuple[object, ...]:
        """Return what the element says: neither places nor comments nor the order of attributes count."""
        children = tuple(child.infoset() for child in self.children)
        return (self.tag, tuple(sorted(self.attributes.items())), self.text, children)


def can_be_written(text: str) -> bool:
    """Whether XML can hold a text at all."""
    return not _NOT_XML.search(text)


def document(root: Element) -> str:
    """Return a whole XML document."""
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', *_lines(root, ""), ""])


def _lines(element: Element, indent: str) -> Iterator[str]:
    head = f"{indent}<{element.tag}"
    attributes = [f'{name}="{_escaped(value)}"' for name, value in element.attributes.items()]
    inside = bool(element.children or element.within)
    end = ">" if inside else f">{_escaped(element.text)}</{element.tag}>" if element.text else "/>"
    whole = " ".join([head, *attributes]) + end
    one_line = len(whole) <= _WIDTH or len(attributes) < 2
    # Behind a tag of several lines a comment would not be seen to belong to it.
    before, beside = (element.before, element.beside) if one_line else ((*element.before, element.beside), "")
    yield from (f"{indent}<!-- {_comment(comment)} -->" for comment in before if comment)
    if one_line:
        yield f"{whole} <!-- {_comment(beside)} -->" if beside else whole
    else:
        yield f"{head} {attributes[0]}"
        yield from (f"{indent}    {attribute}" for attribute in attributes[1:-1])
        yield f"{indent}    {attributes[-1]}{end}"
    for child in element.children:
        yield from _lines(child, indent + "  ")
    for comment in element.within:
        yield f"{indent}  <!-- {_comment(comment)} -->"
    if inside:
        yield f"{indent}</{element.tag}>"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], text)


def _comment(text: str) -> str:
    """Return a comment without the `--` that XML does not allow in one."""
    return re.sub("-(?=-)", r"-\\", _NOT_XML.sub("�", text))


def comment_text(written: str) -> str:
    """Return a comment as it was before it was written."""
    return re.sub(r"-\\(?=-)", "-", " ".join(written.split("\n")).strip())
