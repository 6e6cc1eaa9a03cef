"""A recorded run as a film: its cameras side by side, and below what the tree was doing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from bt_robot.messages import Frame, Image, Status, TickRecord
from bt_robot.telemetry.one_line import one_line

FPS: Final = 10
HEIGHT: Final = 360
"""Of the pictures [px]."""

_MARGIN: Final = 10
_LINE: Final = 24
_LEAST_WIDTH: Final = 480
_EVENT_S: Final = 2.0  # how long an event is shown
_BACK, _TEXT, _DIM = (24, 24, 28), (235, 235, 235), (160, 160, 165)
_COLOURS: Final = {Status.RUNNING: (86, 180, 233), Status.SUCCESS: (0, 170, 120), Status.FAILURE: (230, 110, 40)}
_CODECS: Final = {".mp4": ("vp09", "mp4v"), ".webm": ("VP90", "VP80")}
_ASCII: Final = str.maketrans({"…": "...", "→": "->", "°": " deg", "–": "-", "—": "-", "×": "x", "²": "2", "π": "pi"})
_UNICODE: Final = int(cv2.__version__.split(".", maxsplit=1)[0]) >= 5  # older versions draw ? for all but ASCII
_cv2: Any = cv2


@dataclass(frozen=True, slots=True)
class Caption:
    """What is written below the pictures.

    Attributes:
        time_s: The time on the run's clock [s].
        status: The tree's status.
        skill: The skill that is at work.
        prompt: The prompt in force.
        words: The newest event, or what the deepest running node says.
    """

    time_s: float
    status: Status
    skill: str
    prompt: str
    words: str


def write_film(
    records: Iterator[TickRecord], cameras: Sequence[str], path: Path, progress: Callable[[float], None]
) -> int:
    """Write a film of a run, ten pictures per second of the run's clock; return how many there are.

    Args:
        records: Its ticks.
        cameras: The cameras, from left to right.
        path: The film, .mp4 or .webm.
        progress: Told the time on the run's clock [s] that is written.

    Raises:
        OSError: It can't be written.
    """
    writer: Any = None
    count = 0
    try:
        for record, caption in _shots(records):
            image = draw_shot(record, cameras, caption)
            writer = _opened(path, image) if writer is None else writer
            writer.write(image[..., ::-1])
            count += 1
            progress(record.time_s)
    finally:
        if writer is not None:
            writer.release()
    return count


def _opened(path: Path, image: Image) -> Any:
    size = (image.shape[1], image.shape[0])
    for codec in _CODECS[path.suffix]:
        writer = _cv2.VideoWriter(str(path), _cv2.VideoWriter_fourcc(*codec), FPS, size)
        if writer.isOpened():
            return writer
    raise OSError(f"{path} can't be written: is the folder there, and does OpenCV have a codec for {path.suffix}?")


def _shots(records: Iterator[TickRecord]) -> Iterator[tuple[TickRecord, Caption]]:
    """Yield the ticks to be shown, evenly spaced; where ticks are missing, nothing is."""
    next_s, event, event_s = float("-inf"), "", float("-inf")
    for record in records:
        if record.events:
            event, event_s = record.events[-1], record.time_s
        if record.time_s < next_s - 1e-6:
            continue
        next_s = record.time_s + 1 / FPS if next_s < record.time_s - 1 / FPS else next_s + 1 / FPS
        words = event if record.time_s - event_s <= _EVENT_S else _busiest(record)
        yield record, Caption(record.time_s, record.status, record.skill, record.prompt, words)


def _busiest(record: TickRecord) -> str:
    running = [
        (node, state)
        for node, state in zip(record.layout, record.nodes, strict=True)
        if state.ticked and state.status is Status.RUNNING
    ]
    if not running:
        return ""
    node, state = max(running, key=lambda each: each[0].depth)
    return f"{node.name}: {state.reason}" if state.reason else node.name


def draw_shot(record: TickRecord, cameras: Sequence[str], caption: Caption) -> Image:
    """Return the picture of one moment, (h, w, 3) RGB, h and w even."""
    tiles = [_tile(record.observation.frames.get(name), name) for name in cameras]
    row: Image = np.hstack(tiles) if tiles else np.full((2, _LEAST_WIDTH, 3), _BACK, np.uint8)
    width = max(row.shape[1], _LEAST_WIDTH)
    row = np.hstack([row, np.full((row.shape[0], width - row.shape[1], 3), _BACK, np.uint8)])
    strip = np.full((2 * _MARGIN + 3 * _LINE, width, 3), _BACK, np.uint8)
    head = f"{caption.time_s:.1f} s   {caption.status}   {caption.skill}"
    _write(strip, 0, head, _COLOURS.get(caption.status, _TEXT))
    _write(strip, 1, caption.prompt, _TEXT)
    _write(strip, 2, caption.words, _DIM)
    whole = np.vstack([row, strip])
    return np.ascontiguousarray(whole[: whole.shape[0] // 2 * 2, : whole.shape[1] // 2 * 2])


def _tile(frame: Frame | None, name: str) -> Image:
    try:
        image = None if frame is None else frame.image
    except ValueError:
        image = None
    if image is None:
        empty = np.full((HEIGHT, HEIGHT, 3), (40, 40, 44), np.uint8)
        _put(empty, f"no picture of {name}", HEIGHT // 2, _DIM)
        return empty
    width = max(round(image.shape[1] * HEIGHT / image.shape[0]), 2)
    tile: Image = _cv2.resize(image, (width, HEIGHT), interpolation=cv2.INTER_AREA)
    return tile


def _write(strip: Image, line: int, text: str, colour: tuple[int, int, int]) -> None:
    _put(strip, text, _MARGIN + line * _LINE + 17, colour)


def _put(image: Image, text: str, bottom: int, colour: tuple[int, int, int]) -> None:
    plain = one_line(text)
    if not _UNICODE:
        plain = plain.translate(_ASCII).encode("ascii", "replace").decode()
    room = image.shape[1] - 2 * _MARGIN
    while plain and _cv2.getTextSize(plain, cv2.FONT_HERSHEY_SIMPLEX, 0.55, 1)[0][0] > room:
        plain = plain[: len(plain) * 9 // 10]
    _cv2.putText(image, plain, (_MARGIN, bottom), cv2.FONT_HERSHEY_SIMPLEX, 0.55, colour, 1, cv2.LINE_AA)
