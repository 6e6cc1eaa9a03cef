"""The blocks of a recording, a second each: unpacked when they are asked for, and the latest ones kept."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from mcap.records import Message

from bt_robot.telemetry.recorder.index import Index, unpack
from bt_robot.telemetry.recorder.messages import TICK, TREE, picture_topic

_KEPT: Final = 4


@dataclass(slots=True)
class Block:
    """What is in a block.

    Attributes:
        ticks: The messages of each tick, by topic.
        pictures: The pictures by topic, each with the time of its tick [ns since 1970].
        trees: The trees that took over, with the times of their ticks.
    """

    ticks: list[Mapping[str, bytes]] = field(default_factory=list[Mapping[str, bytes]])
    pictures: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict[str, list[tuple[int, bytes]]])
    trees: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])


class Blocks:
    """Reads blocks from a file; may be asked from several threads.

    Attributes:
        damage: What was found to be missing or damaged so far, in words.
    """

    def __init__(self, file: BinaryIO, index: Index, start_ns: int) -> None:
        """Read the first block, which names the topics.

        Args:
            file: The file.
            index: What is where in it.
            start_ns: When the run's clock showed 0 [ns since 1970].
        """
        self.damage: list[str] = []
        self._file = file
        self._places = index.chunks
        self._starts = [place.first_ns for place in index.chunks]
        self._start_ns = start_ns
        self._lock = threading.RLock()
        self._kept: OrderedDict[int, Block] = OrderedDict()
        self._topics: dict[int, str] = {}
        if self._places:
            self.block(0)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._places)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()

    def at(self, time_ns: int) -> int:
        """Return the number of the block that holds a time [ns since 1970], or is the last before it; -1 before all."""
        return bisect_right(self._starts, time_ns) - 1

    def begins_after(self, i: int, time_ns: int) -> bool:
        """Whether all of a block is later than a time [ns since 1970]."""
        return self._starts[i] > time_ns

    def block(self, i: int) -> Block:
        """Return a block; without anything in it if it is damaged."""
        with self._lock:
            if i in self._kept:
                self._kept.move_to_end(i)
                return self._kept[i]
            try:
                channels, messages = unpack(self._file, self._places[i])
            except ValueError as error:
                self.note(i, error)
                channels, messages = [], []
            self._topics |= {channel.id: channel.topic for channel in channels}
            self._kept[i] = self._sorted(messages)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return self._kept[i]

    def trees(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield the trees that took over: the number of their block, the time [ns since 1970], the message."""
        for i in range(len(self)):
            if self._may_hold(i, TREE):
                yield from ((i, time_ns, data) for time_ns, data in self.block(i).trees)

    def picture(self, topic: str, until_ns: int) -> bytes | None:
        """Return the newest picture of a topic whose tick was at or before a time [ns since 1970]; None without one."""
        for i in range(self.at(until_ns), -1, -1):
            if self._may_hold(i, topic):
                pictures = self.block(i).pictures.get(topic, [])
                k = bisect_right([time_ns for time_ns, _ in pictures], until_ns)
                if k:
                    return pictures[k - 1][1]
        return None

    def note(self, i: int, error: Exception) -> None:
        """Take note that a block is damaged."""
        first_s = (self._places[i].first_ns - self._start_ns) / 1e9
        words = f"the recording is damaged at {first_s:.1f} s: {error}"
        if words not in self.damage:
            self.damage.append(words)

    def _may_hold(self, i: int, topic: str) -> bool:
        channels = self._places[i].channels
        return channels is None or any(self._topics.get(channel) == topic for channel in channels)

    def _sorted(self, messages: list[Message]) -> Block:
        block, open_tick, step = Block(), dict[str, bytes](), -1
        for message in messages:
            if message.sequence != step:
                open_tick, step = {}, message.sequence
            topic = self._topics.get(message.channel_id, "")
            if topic == TREE:
                block.trees.append((message.log_time, message.data))
            elif topic.startswith(picture_topic("")):
                block.pictures.setdefault(topic, []).append((message.log_time, message.data))
            else:
                open_tick[topic] = message.data
            if topic == TICK:
                block.ticks.append(open_tick)
        return block
