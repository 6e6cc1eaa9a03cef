"""Ticks as what the Rerun viewer shows: lines, pictures, lanes of states, a log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np

from bt_robot.messages import ActionChunk, JointLimits, NodeInfo, NodeState, Status, TickRecord
from bt_robot.telemetry.explained import words_of
from bt_robot.telemetry.recorder import RecordedEnding
from bt_robot.telemetry.rerun.library import load_rerun

TIME: Final = "run"
"""The timeline of the run's clock."""

STEP: Final = "step"
"""The timeline of control steps."""

LINES: Final = ("measured", "commanded", "lower", "upper")
"""The lines of a joint; an arm that is never told to leave its limits stays between the last two."""

_COLORS: Final[Mapping[str, int]] = {
    "RUNNING": 0x3B82F6FF,
    "SUCCESS": 0x22A565FF,
    "FAILURE": 0xD6453DFF,
    "IDLE": 0x88888833,
}
_LINE_COLORS: Final = (0x3B82F6FF, 0xE8A33DFF, 0x88888888, 0x88888888)

_LEVELS: Final = {"SUCCESS": "INFO", "INTERRUPTED": "WARN", "FAILURE": "ERROR"}

Pictures = Callable[[TickRecord], Iterable[tuple[str, bytes]]]
"""Returns the pictures of a tick that are to be shown: the camera's name, and a JPEG."""


class RerunLog:
    """A slow sink that tells a Rerun stream of every tick; put it behind a `Background`.

    Nodes are told of when their status changes, everything else that is a word when it changes.

    Attributes:
        ending: How the run ended, once that is known; the last thing it tells.
    """

    def __init__(self, stream: Any, limits: JointLimits, pictures: Pictures) -> None:
        """Begin with nothing told.

        Args:
            stream: A `rerun.RecordingStream` that leads somewhere.
            limits: The safety envelope.
            pictures: Chooses the pictures.
        """
        self._rr = load_rerun()
        self._stream = stream
        self._limits = limits
        self._pictures = pictures
        self._layout: tuple[NodeInfo, ...] | None = None
        self._nodes: tuple[NodeState, ...] = ()
        self._words: dict[str, str] = {}
        self.ending: RecordedEnding | None = None
        self._tell_once()

    def publish(self, record: TickRecord) -> None:
        """Tell of a tick."""
        self._stream.set_time(STEP, sequence=record.step)
        self._stream.set_time(TIME, duration=record.time_s)
        self._tell_joints(record)
        self._tell_nodes(record)
        self._tell_policy(record)
        self._tell_words(record)
        for camera, jpeg in self._pictures(record):
            self._log(["cameras", camera], self._rr.EncodedImage(contents=jpeg, media_type="image/jpeg"))

    def close(self) -> None:
        """Tell how the run ended, if that is known, and send what is not sent yet."""
        try:
            if self.ending is not None:
                self._tell_the_end(self.ending)
        finally:
            self._stream.disconnect()

    def _tell_the_end(self, ending: RecordedEnding) -> None:
        for act in ending.acts:
            self._say(f"person: {act}", "INFO")
        words = f"the run ended: {ending.status}" + (f": {ending.reason}" if ending.reason else "")
        self._say(words, _LEVELS[ending.status])
        for each in ending.unmet:
            self._say(f"not as expected: {each}", "WARN")

    def _log(self, path: list[str], what: Any, *, static: bool = False) -> None:
        self._stream.log(path, what, static=static)

    def _tell_once(self) -> None:
        for name in self._limits.names:
            self._log(
                ["joints", name],
                self._rr.SeriesLines(names=LINES, colors=np.array(_LINE_COLORS, np.uint32)),
                static=True,
            )
        for name in ("chunk_age_steps", "planned_steps", "latency_s"):
            self._log(["policy", name], self._rr.SeriesLines(names=name), static=True)

    def _tell_joints(self, record: TickRecord) -> None:
        measured, commanded = record.observation.joints, record.command.positions
        values = np.stack([measured, commanded, self._limits.lower, self._limits.upper])
        for i, name in enumerate(self._limits.names):
            self._log(["joints", name], self._rr.Scalars(values[:, i]))

    def _tell_nodes(self, record: TickRecord) -> None:
        if record.layout is not self._layout:
            self._layout, self._nodes = record.layout, tuple(NodeState(Status.IDLE) for _ in record.layout)
            colors = np.array(list(_COLORS.values()), np.uint32)
            states = self._rr.StateConfiguration(values=list(_COLORS), labels=list(_COLORS), colors=colors)
            for node in record.layout:
                self._log(node_path(node), states, static=True)
        for i, (node, before, state) in enumerate(zip(record.layout, self._nodes, record.nodes, strict=True)):
            if before.status is state.status:
                continue
            self._log(node_path(node), self._rr.StateChange(state=state.status.value))
            if state.status is Status.FAILURE:
                self._say(f"{node.path} failed: {words_of(record.layout, record.nodes, i)}", "WARN")
        self._nodes = record.nodes

    def _tell_policy(self, record: TickRecord) -> None:
        if record.chunk_age_steps is not None:
            self._log(["policy", "chunk_age_steps"], self._rr.Scalars(record.chunk_age_steps))
        self._log(["policy", "planned_steps"], self._rr.Scalars(record.planned_steps))
        if record.chunk is not None:
            self._tell_chunk(record.chunk)
            if record.splice is not None and not record.splice.accepted:
                self._say(f"chunk {record.splice.outcome}", "INFO")

    def _tell_chunk(self, chunk: ActionChunk) -> None:
        self._log(["policy", "latency_s"], self._rr.Scalars(chunk.latency_s))
        self._log(["policy", "chunk"], self._rr.Tensor(chunk.actions, dim_names=["step", "joint"]))

    def _tell_words(self, record: TickRecord) -> None:
        verdict, link = record.verdict, record.link
        governor = verdict.refused or ", ".join(verdict.clamped) or ("holds" if verdict.held else "passes")
        words = {
            "prompt": record.prompt,
            "skill": record.skill,
            "mode": record.mode,
            "governor": governor,
            "link": "available" if link.available else f"unavailable: {link.reason}",
        }
        for name, text in words.items():
            if self._words.get(name) != text:
                self._words[name] = text
                self._log(["run", name], self._rr.StateChange(state=text or "–"))
        for text in record.events:
            self._say(text, "INFO")
        for written in record.written:
            self._log(["blackboard"], self._rr.TextLog(f"{written.scope}: {written.key} = {written.value}"))

    def _say(self, text: str, level: str) -> None:
        self._log(["events"], self._rr.TextLog(text, level=level))


def node_path(node: NodeInfo) -> list[str]:
    """Return where the viewer shows a node."""
    return ["tree", *node.path.split("/")]
