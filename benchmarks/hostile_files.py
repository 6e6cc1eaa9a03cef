"""Files made to hurt: every way that a megabyte or less has been known to hang, swell or crash a loader of YAML."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MEGABYTE: Final = 1_000_000


def filled(head: str, piece: str, tail: str = "", size: int = MEGABYTE) -> bytes:
    """Return a text of just under a size: a head, as many pieces as fit, and a tail."""
    count = (size - len(head.encode()) - len(tail.encode())) // len(piece.encode())
    return f"{head}{piece * count}{tail}".encode()


def numbered(head: str, piece: str, tail: str = "", size: int = MEGABYTE) -> bytes:
    """Return a text of just under a size in which every piece has a number of its own."""
    parts, left, number = [head], size - len(head) - len(tail), 0
    while left > 40 + len(piece):
        parts.append(piece.format(number))
        left -= len(parts[-1].encode())
        number += 1
    return ("".join(parts) + tail).encode()


def bomb(levels: int = 30) -> bytes:
    """Return a text in which every list holds nine times the one before."""
    lines = ["tree: t", "a0: &a0 [observe]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return ("\n".join(lines) + f"\nroot: *a{levels - 1}\n").encode()


_SEQUENCE = "tree: t\nroot:\n  sequence:\n"

HOSTILE: Mapping[str, tuple[bytes, str]] = MappingProxyType(
    {
        "brackets, never closed": (filled("tree: t\nroot: ", "["), "nested deeper than 100 levels"),
        "brackets, all closed": (
            b"tree: t\nroot: " + b"[" * 490_000 + b"]" * 490_000,
            "nested deeper than 100 levels",
        ),
        "mappings in each other": (filled("tree: t\nroot: ", "{a: "), "nested deeper than 100 levels"),
        "decorators in each other": (filled("tree: t\nroot: ", "{inverter: {child: "), "nested deeper than 100 levels"),
        "indented ever deeper": (
            "\n".join(["tree: t", "root:", *(" " * i + "a:" for i in range(1, 1390))]).encode(),
            "nested deeper than 100 levels",
        ),
        "an alias bomb": (bomb(), "anchor '&a0'"),
        "aliases by the thousand": (
            filled("tree: t\nb: &b x\na: [", "*b, ", "]\nroot: observe\n"),
            "more than 50000 values",
        ),
        "anchors by the thousand": (numbered("tree: t\na: [", "&a{} x, ", "]\nroot: observe\n"), "anchor '&a0'"),
        "tags by the thousand": (
            filled("tree: t\na: [", "!!python/name:os x, ", "]\nroot: observe\n"),
            "tag '!!python/name:os'",
        ),
        "one number of a megabyte": (
            filled("tree: t\nroot: {wait: {duration_s: ", "9", "}}"),
            "wait.duration_s: '9999",
        ),
        "one word of a megabyte": (filled("tree: t\nroot: ", "x"), "unknown node type 'xxx"),
        "one name of a megabyte": (filled("tree: ", "x", "\nroot: observe\n"), "tree: 'xxx"),
        "one key of a megabyte": (
            filled("tree: t\nroot: {observe: {? ", "x", " : 1}}"),
            "unknown parameter of 'observe': 'xxx",
        ),
        "one reference of a megabyte": (filled("tree: t\nroot: $", "x"), "unknown parameter '$xxx"),
        "one quotation of a megabyte": (filled('tree: t\nroot: "', "\\u0041", '"'), "unknown node type 'AAA"),
        "escapes by the thousand": (filled('tree: t\nroot: "', "\\e[2J", '"'), "unknown node type '\\x1b[2J"),
        "keys by the thousand": (numbered("tree: t\nroot: {observe: {", "k{}: 1, ", "}}"), "more than 50000 values"),
        "one key by the thousand": (filled("tree: t\nroot: {observe: {", "a: 1, ", "}}"), "duplicate key 'a'"),
        "keys that nearly are": (
            numbered("tree: t\nroot: {wait: {", "duration_s{}: 1, ", "}}", 400_000),
            "unknown parameter of 'wait'",
        ),
        "nodes by the thousand": (filled(_SEQUENCE, "    - observe\n"), "more than 50000 values"),
        "nodes just below the limit": (
            _SEQUENCE.encode() + b"    - observe\n" * 49_000,
            "the tree has more than 10000 nodes",
        ),
        "mistakes by the thousand": (filled(_SEQUENCE, "    - obsreve\n"), "more than 50000 values"),
        "as many mistakes as values": (_SEQUENCE.encode() + b"    - obsreve\n" * 49_000, "more than 300 problems"),
        "mistakes in one line": (
            filled("tree: t\nroot: {sequence: [", "obsreve, ", "]}", 400_000),
            "more than 300 problems",
        ),
        "keys that nothing writes": (
            numbered(_SEQUENCE, '    - wait: {{duration_s: "{{k{}}}"}}\n', size=350_000),
            "is read here, but never written",
        ),
        "words that nearly are keys": (
            numbered(
                _SEQUENCE
                + "".join(f'    - set_blackboard: {{key: "{{colour{i}}}", value: red}}\n' for i in range(3000)),
                '    - log: {{message: "a {{colr{0}}} and a {{culour{0}}}"}}\n',
                size=400_000,
            ),
            "in the middle of a text",
        ),
        "includes by the thousand": (
            numbered("tree: t\nroot: observe\ninclude: [", "x{}.yaml, ", "]", 500_000),
            "no such file",
        ),
        "one include of a megabyte": (filled("tree: t\nroot: observe\ninclude: [", "x/", "y.yaml]"), "include 'x/x/"),
        "expectations by the thousand": (
            numbered("tree: t\nroot: observe\nexpects: {", "a{}: [[x]], ", "}", 150_000),
            "expects.a0[0]: a list of 1",
        ),
        "parameters by the thousand": (
            numbered("subtree: t\nroot: observe\nparameters: {", "p{}: {{type: float}}, ", "}", 200_000),
            "expected at most 64",
        ),
        "comments only": (filled("", "# x\n"), "the file is empty"),
        "empty lines only": (b"\n" * MEGABYTE, "the file is empty"),
        "spaces only": (b" " * MEGABYTE, "the file is empty"),
        "documents by the thousand": (filled("tree: t\nroot: observe\n", "---\na\n"), "a second document begins here"),
        "tabs": (filled("tree: t\nroot:\n", "\t"), "a tab character"),
        "null bytes": (b"\0" * MEGABYTE, "a control character (U+0000)"),
        "a null byte at the end": (filled(_SEQUENCE, "    - observe\n")[:-1] + b"\0", "a control character (U+0000)"),
        "byte order marks": (("\ufeff" * 330_000).encode(), "the file is '\\ufeff"),
        "a byte order mark in the middle": ("tree: t\nroot: obs\ufefferve\n".encode(), "unknown node type 'obs"),
        "bytes that are no text": (b"\xff" * MEGABYTE, "byte 0 is not UTF-8"),
        "UTF-16": (("tree: t\nroot: observe\n" * 20_000).encode("utf-16"), "byte 0 is not UTF-8"),
        "half a character at the end": (b"tree: t\nroot: observe\n#" + b"\xc3", "is not UTF-8"),
        "line breaks of every kind": (
            filled(_SEQUENCE, "    - a\r\n    - b\r    - c\x85    - d\u2028", size=250_000),
            "more than 300 problems",
        ),
        "a file that is too large": (b"#" * (MEGABYTE + 1), "more than 1000000 bytes"),
    }
)
"""What is in the file, and a part of what is said of it."""
