"""A tree as a self-contained SVG picture: an indented outline, one row a node.

An outline stays readable from five nodes to a hundred, has room for the words beside each node, and
needs no measuring of text beyond its length. Status is told by shape, sign and colour together (the
colours are Okabe and Ito's, which colour-blind people tell apart).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import takewhile

from bt_robot.messages import NodeInfo, NodeState, Status
from bt_robot.tree.drawing.labels import COLOURS

_SHAPE = {
    Status.SUCCESS: '<circle r="8" fill="{c}"/><path d="M-3.6 .3 -1.1 3 3.8 -2.8" class="m"/>',
    Status.FAILURE: '<rect x="-7.2" y="-7.2" width="14.4" height="14.4" transform="rotate(45)" fill="{c}"/>'
    '<path d="M-3 -3 3 3 M3 -3 -3 3" class="m"/>',
    Status.RUNNING: '<rect x="-8" y="-8" width="16" height="16" rx="3.5" fill="{c}"/>'
    '<path d="M-2.6 -4 4.2 0 -2.6 4Z" fill="#fff"/>',
    Status.IDLE: '<circle r="6.5" fill="#fff" stroke="{c}" stroke-width="1.6"/>',
}
_KINDS = {
    "composite": '<rect x="-6.5" y="-6.5" width="13" height="13" rx="2" class="k"/>',
    "decorator": '<path d="M0 -8 8 0 0 8 -8 0Z" class="k"/>',
    "subtree": '<path d="M-7 -5h5l2 2h7v9h-14Z" class="k"/>',
    "action": '<rect x="-7.5" y="-5" width="15" height="10" rx="5" class="k s"/>',
    "condition": '<circle r="6.5" class="k"/>',
}
"""The sign for each kind of node, where nothing was run."""
_STYLE = (
    "text{font-family:system-ui,'Segoe UI','DejaVu Sans',Helvetica,Arial,sans-serif;font-size:13px;fill:#1d2430}"
    ".n{font-weight:600}.i{fill:#667080;font-weight:400}.t{fill:#667080;font-size:12px}"
    ".d{fill:#667080;font-size:11px;font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace}"
    ".p{fill:#5b3f8c;font-size:12px;font-style:italic}.h{font-size:17px;font-weight:600}"
    ".l{fill:none;stroke:#c3c9d2;stroke-width:1.4}.f{stroke:#c14f00;stroke-width:2}"
    ".k{fill:#fff;stroke:#566070;stroke-width:1.6}.s{fill:#566070}.b{fill:#8b919b;fill-opacity:.07;stroke:#d5dae1}"
    ".m{fill:none;stroke:#fff;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}"
)
_NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LEFT, _TOP, _INDENT, _LINE = 28.0, 66.0, 24.0, 17.0
_GAP = 28.0
_WRAP = 62
_MAX_LINES = 4


@dataclass(slots=True)
class _Row:
    """One node with its words, cut to fit, and its place."""

    node: NodeInfo
    state: NodeState | None
    hidden: int
    prompt: str
    reason: list[str]
    x: float
    y: float = 0.0

    @property
    def height(self) -> float:
        left = 2 if self.prompt else 1
        return max(left, len(self.reason)) * _LINE + 9.0

    @property
    def status(self) -> Status:
        """Its status; IDLE where nothing was run."""
        return self.state.status if self.state else Status.IDLE

    @property
    def sign(self) -> str:
        """The sign before it: of its status, or else of its kind."""
        if self.state is None:
            return _KINDS.get(self.node.kind, _KINDS["composite"])
        return _SHAPE[self.state.status].format(c=COLOURS[self.state.status])

    @property
    def width(self) -> float:
        """Estimate how wide the words beside the sign are."""
        type_length = len(self.node.type) + 1 if self.node.type != self.node.name else 0
        folded = 9.0 * len(str(self.hidden)) + 22.0 if self.hidden else 0.0
        first = 7.9 * len(self.node.name) + 6.9 * type_length + 6.9 * (len(_detail(self.node)) + 1) + folded
        return 18.0 + max(first, 6.6 * (len(self.prompt) + 2))


def draw_svg(nodes: Sequence[NodeInfo], states: Sequence[NodeState], title: str, hidden: Sequence[int] = ()) -> str:
    """Draw a tree with the status of every node.

    Args:
        nodes: The tree's nodes, from the root down (`Tree.nodes`).
        states: A state per node (`Tree.states()`); without them the nodes' kinds are shown.
        title: What stands above it.
        hidden: For each node how many nodes below it are folded up; none by default.

    Returns:
        An SVG document that needs no other file.
    """
    rows = _rows(nodes, states, hidden)
    words_x = max(row.x + row.width for row in rows) + _GAP
    reason_width = max((6.9 * len(line) for row in rows for line in row.reason), default=0.0)
    width = max(words_x + reason_width + _LEFT, 10.5 * len(title) + 170.0, 590.0 if not states else 470.0)
    height = rows[-1].y + rows[-1].height + 48.0
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
        f"<title>{_text(title)}</title><style>{_STYLE}</style>",
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fff"/>',
        _heading(title, rows[0].status if states else None, width),
        *_frames(rows, width),
        *_lines(rows),
        *(_row(row, words_x) for row in rows),
        _legend(height - 22.0) if states else _kinds_legend(height - 22.0),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _rows(nodes: Sequence[NodeInfo], states: Sequence[NodeState], hidden: Sequence[int]) -> list[_Row]:
    rows: list[_Row] = []
    y = _TOP
    for index, node in enumerate(nodes):
        state = states[index] if states else None
        above = nodes[node.parent].prompt if node.parent >= 0 else ""
        prompt = _shortened(node.prompt, 70) if node.prompt != above else ""
        reason = _wrapped(state.reason) if state else []
        row = _Row(node, state, hidden[index] if hidden else 0, prompt, reason, _LEFT + _INDENT * node.depth, y)
        rows.append(row)
        y += row.height
    return rows


def _frames(rows: Sequence[_Row], width: float) -> Iterator[str]:
    """Frame each subtree that has anything below it, with everything that belongs to it."""
    for index, row in enumerate(rows):
        if row.node.kind == "subtree":
            below = takewhile(lambda other: other.node.depth > row.node.depth, rows[index + 1 :])  # noqa: B023
            *_, last = (row, *below)
            if last is not row:
                left, depth = row.x - 14.0, row.node.depth
                right = width - 12.0 - 4.0 * depth
                height = last.y + last.height - row.y - 3.0
                yield (
                    f'<rect class="b" x="{left:.0f}" y="{row.y - 1:.1f}" width="{right - left:.0f}" '
                    f'height="{height:.1f}" rx="7"/>'
                )


def _heading(title: str, status: Status | None, width: float) -> str:
    sign = (
        f'<g transform="translate({width - 118:.0f} 28)">{_SHAPE[status].format(c=COLOURS[status])}</g>'
        f'<text x="{width - 104:.0f}" y="33" style="fill:{COLOURS[status]}" class="n">{status}</text>'
        if status
        else ""
    )
    return (
        f'<text class="h" x="{_LEFT - 8:.0f}" y="34">{_text(title)}</text>{sign}'
        f'<path d="M{_LEFT - 8:.0f} 47H{width - 20:.0f}" stroke="#e3e7ec"/>'
    )


def _lines(rows: Sequence[_Row]) -> list[str]:
    """Connect each node with its parent; the ways to what failed are drawn last, on top."""
    plain: list[str] = []
    failed: list[str] = []
    for row in rows:
        if row.node.parent >= 0:
            parent = rows[row.node.parent]
            path = f"M{parent.x:.0f} {_middle(parent) + 11:.1f}V{_middle(row):.1f}H{row.x - 11:.0f}"
            both = row.status is parent.status is Status.FAILURE
            (failed if both else plain).append(f'<path class="l{" f" if both else ""}" d="{path}"/>')
    return plain + failed


def _middle(row: _Row) -> float:
    return row.y + 12.0


def _row(row: _Row, words_x: float) -> str:
    node, reason = row.node, row.state.reason if row.state else ""
    colour = COLOURS[row.status]
    base = _middle(row) + 4.5
    idle = " i" if row.state and row.status is Status.IDLE else ""
    type_ = f' <tspan class="t" dx="2">{_text(node.type)}</tspan>' if node.type != node.name else ""
    folded = f' <tspan class="t" dx="5">+{row.hidden} nodes</tspan>' if row.hidden else ""
    detail = f'<tspan class="d" dx="7">{_text(_detail(node))}</tspan>' if node.detail else ""
    hover = "\n".join(line for line in (node.path, node.detail, node.prompt, reason) if line)
    parts = [
        f"<g><title>{_text(hover)}</title>",
        f'<g transform="translate({row.x:.0f} {_middle(row):.1f})">{row.sign}</g>',
        f'<text x="{row.x + 16:.0f}" y="{base:.1f}">'
        f'<tspan class="n{idle}">{_text(node.name)}</tspan>{type_}{folded}{detail}</text>',
    ]
    if row.prompt:
        parts.append(f'<text class="p" x="{row.x + 16:.0f}" y="{base + _LINE - 1:.1f}">“{_text(row.prompt)}”</text>')
    if row.reason:
        lead = row.x + row.width + 6.0
        if words_x - lead > 20.0:
            dots = f'd="M{lead:.0f} {_middle(row):.1f}H{words_x - 8:.0f}" stroke="#c3c9d2" stroke-dasharray="1 5"'
            parts.append(f"<path {dots}/>")
        style = f"fill:{colour if row.status is not Status.IDLE else '#667080'}"
        for number, line in enumerate(row.reason):
            y = base + number * _LINE
            parts.append(f'<text x="{words_x:.0f}" y="{y:.1f}" style="{style}">{_text(line)}</text>')
    return "".join([*parts, "</g>"])


def _kinds_legend(y: float) -> str:
    parts: list[str] = []
    for number, (kind, sign) in enumerate(_KINDS.items()):
        x = _LEFT + 108.0 * number
        parts.append(f'<g transform="translate({x:.0f} {y:.0f}) scale(.8)">{sign}</g>')
        parts.append(f'<text class="t" x="{x + 13:.0f}" y="{y + 4:.0f}">{kind}</text>')
    return "".join(parts)


def _legend(y: float) -> str:
    parts: list[str] = []
    x = _LEFT
    for status in (Status.SUCCESS, Status.FAILURE, Status.RUNNING, Status.IDLE):
        sign = _SHAPE[status].format(c=COLOURS[status])
        parts.append(f'<g transform="translate({x:.0f} {y:.0f}) scale(.8)">{sign}</g>')
        parts.append(f'<text class="t" x="{x + 13:.0f}" y="{y + 4:.0f}">{status}</text>')
        x += 100.0
    return "".join(parts)


def _detail(node: NodeInfo) -> str:
    return _shortened(node.detail, 48)


def _wrapped(reason: str) -> list[str]:
    lines = textwrap.wrap(reason, _WRAP)
    if len(lines) <= _MAX_LINES:
        return lines
    return [*lines[: _MAX_LINES - 1], _shortened(" ".join(lines[_MAX_LINES - 1 :]), _WRAP)]


def _shortened(text: str, length: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"


def _text(text: str) -> str:
    """Escape text for XML, without the control characters that XML can't hold."""
    return escape(_NOT_XML.sub("�", text))
