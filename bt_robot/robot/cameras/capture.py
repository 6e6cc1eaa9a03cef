"""The process that takes the pictures of one camera: `python -m bt_robot.robot.cameras.capture`.

It writes every picture into memory that it shares with its parent, opens a lost device again once a second, and ends
when its standard input does. Whatever hangs or crashes in a driver or a decoder does so here, beside the control loop.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from bt_robot.messages import Image
from bt_robot.robot.cameras.choice import source_for
from bt_robot.robot.cameras.freshness import Repeats
from bt_robot.robot.cameras.settings import Step, from_json
from bt_robot.robot.cameras.shared_frames import FrameWriter, State
from bt_robot.robot.cameras.sources import CorruptFrame, Source, SourceLost

REOPEN_S: Final = 1.0
"""A lost device is opened again at most once in this time [s]."""
_PART_S: Final = 0.1
_FAREWELL_S: Final = 0.5
_EVERY_PIXEL: Final = 8  # brightness needs no more


class Capture:
    """Takes pictures from a source until it is told to end."""

    def __init__(self, source: Source, writer: FrameWriter, ended: threading.Event) -> None:
        """Prepare.

        Args:
            source: Where pictures come from.
            writer: Where they go.
            ended: Set when it has to end.
        """
        self._source = source
        self._writer = writer
        self._ended = ended
        self._repeats = Repeats()
        self._opened_before = self._complained = False

    def run(self) -> None:
        """Open the source, take its pictures, and begin again when it is lost."""
        while not self._ended.is_set():
            begun_s = time.monotonic()
            try:
                self._take_all()
            except SourceLost as lost:
                self._writer.say(str(lost))
                self._writer.state(State.LOST)
            self._source.close()
            while time.monotonic() < begun_s + REOPEN_S and not self._ended.wait(_PART_S):
                self._beat()

    def _take_all(self) -> None:
        self._beat()
        self._writer.state(State.OPENING)
        self._writer.attempted()
        self._source.open()
        opening = True
        while not self._ended.is_set():
            self._beat()
            try:
                self._take_one()
            except CorruptFrame as damage:
                self._writer.say(f"a picture was dropped: {damage}")
                self._writer.dropped()
                self._complained = True
                self._ended.wait(0.001)  # a device that gives nothing but rubbish at once must not use up a core
                continue
            if self._complained:
                self._complained = False
                self._writer.say("")
            if opening:
                opening = False
                self._begin()

    def _begin(self) -> None:
        """Say that the first picture after an opening is there."""
        if self._opened_before:
            self._writer.reopened()
        self._opened_before = True
        self._writer.say("")
        self._writer.state(State.CAPTURING)

    def _take_one(self) -> None:
        captured = self._source.read()
        height, width = captured.image.shape[:2]
        if self._writer.size is None:
            try:
                self._writer.allocate(width, height, self._source.fps)
            except ValueError as error:
                raise CorruptFrame(str(error)) from error
        if self._writer.size != (width, height):
            raise CorruptFrame(f"it has {width}x{height} pixels")
        sighting = self._repeats.see(captured.content_hash, captured.captured_s, time.monotonic())
        self._writer.put(sighting, captured.image, *_brightness(captured.image))

    def _beat(self) -> None:
        self._writer.beat(time.monotonic())


def _brightness(image: Image) -> tuple[float, float]:
    """Return the mean and the standard deviation of the brightness, 0 … 255."""
    part = image[::_EVERY_PIXEL, ::_EVERY_PIXEL].mean(axis=2)
    return float(part.mean()), float(part.std())


def _lines() -> Iterator[str]:
    """Yield the lines of standard input."""
    rest = b""
    # os.read, not sys.stdin: a daemon thread inside a buffered reader aborts the interpreter's exit.
    while part := os.read(0, 4096):
        *lines, rest = (rest + part).split(b"\n")
        yield from (line.decode() for line in lines)


def _listen(lines: Iterator[str], tell: Callable[[Step], None] | None, ended: threading.Event) -> None:
    """Follow the commands on standard input; end the process when it ends."""
    try:
        for line in lines:
            if tell is not None:
                tell(Step(**json.loads(line)))
    finally:
        ended.set()
        time.sleep(_FAREWELL_S)  # for the main thread to let go of the device; it may hang in there for ever
        os._exit(0)


def main() -> None:
    """Capture what the first line of standard input says, until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m bt_robot.robot.cameras.capture")
    parser.add_argument("--memory", type=int, required=True, help="file descriptor of the shared memory")
    args = parser.parse_args()
    from bt_robot.robot.cameras.jpeg import StderrPipe

    lines = _lines()
    settings = next(lines, "")  # not an argument: a URL may hold a password, and arguments can be read by anybody
    if not settings:
        return
    ended = threading.Event()
    writer = FrameWriter(args.memory)
    source = source_for(from_json(settings), ended.wait, StderrPipe())
    threading.Thread(target=_listen, args=(lines, getattr(source, "tell", None), ended), daemon=True).start()
    try:
        Capture(source, writer, ended).run()
    except Exception as error:
        writer.say(f"the capture process failed: {type(error).__name__}: {error}")
        raise


if __name__ == "__main__":
    main()
