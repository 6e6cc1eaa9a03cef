"""Source nodes as YAML text: on one line, or as a file that a person would have written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bt_robot.config.problems import Mark, Problems
from bt_robot.config.source import ListNode, MapNode, ScalarNode, SourceNode
from bt_robot.config.values import INVALID, is_null, read_value

_WIDTH = 100
_PLAIN = re.compile(r"(?:[A-Za-z0-9_$/.]|[-+](?=[0-9.]))(?:[A-Za-z0-9_$/.+'()=*-]| (?=[^ ]))*\Z")
"""Text that means itself without quotes, on one line and in brackets, too."""
_PLAIN_ALONE = re.compile(r"[A-Za-z](?:[A-Za-z0-9_$/.+'()=*,;!?`%&<>|~^@\"-]| (?=[^ #]))*\Z")
"""Text that means itself without quotes where it has its line to itself."""
_ESCAPED = re.compile('["\\\\\x00-\x1f\x7f-\xa0\xad\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]')


@dataclass(frozen=True, slots=True)
class Remarks:
    """The comments of a file.

    Attributes:
        top: Those before everything.
        before: Those on lines of their own before what stands at a place.
        beside: The one behind what stands at a place.
        bottom: Those after everything.
    """

    top: tuple[str, ...] = ()
    before: Mapping[Mark, tuple[str, ...]] = field(default_factory=dict[Mark, "tuple[str, ...]"])
    beside: Mapping[Mark, str] = field(default_factory=dict[Mark, str])
    bottom: tuple[str, ...] = ()


def flow(node: SourceNode, quote: str = '"') -> str:
    """Return a node as YAML on one line.

    Args:
        node: The node.
        quote: The quotes to use where both kinds are possible.
    """
    if isinstance(node, ListNode):
        return f"[{', '.join(flow(item, quote) for item in node.items)}]"
    if isinstance(node, MapNode):
        return f"{{{', '.join(f'{_scalar(key, quote)}: {flow(value, quote)}' for key, value in node.entries)}}}"
    return _scalar(node, quote)


def file_text(head: MapNode, remarks: Remarks) -> str:
    """Return a tree file.

    Args:
        head: The file's mapping; what stands under `root` and `parameters` gets lines of its own.
        remarks: The comments, by the places of the nodes' words.
    """
    lines = [_remark(comment) for comment in remarks.top]
    for key, value in head.entries:
        if key.text == "parameters" and isinstance(value, MapNode) and value.entries:
            lines += [f"{key.text}:", *(f"  {_scalar(name)}: {flow(declared)}" for name, declared in value.entries)]
        elif key.text == "root" and not isinstance(value, ScalarNode) and _below(value):
            lines += [f"{key.text}:", *_block(value, "  ", remarks)]
        elif key.text == "root":
            lines += [f"# {comment}" for comment in remarks.before.get(value.mark, ())]
            lines.append(_with_remark(f"root: {flow(value)}", remarks.beside.get(value.mark)))
        else:
            lines.append(f"{key.text}: {_alone(value)}")
    lines += [_remark(comment) for comment in remarks.bottom]
    return "\n".join(lines) + "\n"


def _block(node: SourceNode, indent: str, remarks: Remarks) -> Iterator[str]:
    if isinstance(node, MapNode):
        for key, value in node.entries:
            yield from _above(key, value, indent, remarks)
            yield from _entry(f"{indent}{_scalar(key)}:", key.mark, value, indent + "  ", remarks)
    elif isinstance(node, ListNode):
        for item in node.items:
            yield from _item(item, indent, remarks)
    else:
        yield f"{indent}{flow(node)}"


def _above(key: ScalarNode, value: SourceNode, indent: str, remarks: Remarks) -> Iterator[str]:
    """Return the comments above an entry; a word behind its key has no line of its own to have them above."""
    marks = {key.mark, value.mark} if isinstance(value, ScalarNode) else {key.mark}
    for mark in sorted(marks, key=lambda mark: mark.column):
        yield from (f"{indent}{_remark(comment)}" for comment in remarks.before.get(mark, ()))


def _entry(head: str, mark: Mark, value: SourceNode, indent: str, remarks: Remarks) -> Iterator[str]:
    short = f"{head} {_alone(value)}"
    beside = remarks.beside.get(mark)
    if isinstance(value, ScalarNode):
        yield _with_remark(head if is_null(value) else short, beside or remarks.beside.get(value.mark))
    elif len(short) <= _WIDTH and _is_simple(value, remarks):
        yield _with_remark(short, beside)
    else:
        yield _with_remark(head, beside)
        yield from _block(value, indent, remarks)


def _item(item: SourceNode, indent: str, remarks: Remarks) -> Iterator[str]:
    first = item.entries[0][0] if isinstance(item, MapNode) and item.entries else item
    yield from (f"{indent}{_remark(comment)}" for comment in remarks.before.get(first.mark, ()))
    if isinstance(item, MapNode) and item.entries and not (len(item.entries) > 1 and _is_simple(item, remarks)):
        for index, (key, value) in enumerate(item.entries):
            if index:
                yield from _above(key, value, indent + "  ", remarks)
            lead = "  " if index else "- "
            yield from _entry(f"{indent}{lead}{_scalar(key)}:", key.mark, value, indent + "    ", remarks)
    else:
        yield _with_remark(f"{indent}- {flow(item)}", remarks.beside.get(first.mark))


def _is_simple(node: SourceNode, remarks: Remarks) -> bool:
    """Whether a node reads well on one line: no comment in it, and not more than one level below it."""
    if isinstance(node, ScalarNode):
        return True
    # A comment at its own place stands above or behind the whole of it.
    if any(mark != node.mark and (mark in remarks.before or mark in remarks.beside) for mark in _marks(node)):
        return False
    flat = all(isinstance(value, ScalarNode) or _is_flat(value) for value in _below(node))
    return flat and len(flow(node)) <= _WIDTH // 2


def _is_flat(node: ListNode | MapNode) -> bool:
    return all(isinstance(value, ScalarNode) for value in _below(node))


def _below(node: ListNode | MapNode) -> list[SourceNode]:
    return [value for _, value in node.entries] if isinstance(node, MapNode) else list(node.items)


def _marks(node: SourceNode) -> Iterator[Mark]:
    yield node.mark
    if isinstance(node, MapNode):
        for key, value in node.entries:
            yield key.mark
            yield from _marks(value)
    elif isinstance(node, ListNode):
        for item in node.items:
            yield from _marks(item)


def _remark(text: str) -> str:
    return f"# {text}".rstrip()


def _with_remark(line: str, remark: str | None) -> str:
    return line if remark is None else f"{line}  {_remark(remark)}"


def _alone(node: SourceNode) -> str:
    """Return a node that is followed by nothing on its line."""
    if isinstance(node, ScalarNode) and _PLAIN_ALONE.match(node.text) and not is_null(node):
        return node.text if node.plain or _reads_as_text(node.text) else flow(node)
    return flow(node)


def _scalar(node: ScalarNode, quote: str = '"') -> str:
    text = node.text
    if is_null(node):
        return "null"
    if _PLAIN.match(text) and (node.plain or _reads_as_text(text)):
        return text
    if _ESCAPED.search(text.replace('"', "")):
        return f'"{_ESCAPED.sub(_escape, text)}"'
    if '"' in text or (quote == "'" and "'" not in text):
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'


def _reads_as_text(text: str) -> bool:
    return read_value(ScalarNode(text, plain=True, mark=Mark("")), str, Problems()) is not INVALID


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char)
    return short or (f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}")
