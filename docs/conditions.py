"""Draws what the completion conditions say during a run of the main job. Called by `make docs`.

Everything is real: the simulated arm, the stand-in policy, the conditions. They stand beside the task in one tree and
are asked in every tick; that is also how to find their numbers on another arm.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bt_robot.arm import workcell
from bt_robot.cli.session import Job, open_session
from bt_robot.cli.settings import load_settings
from bt_robot.cli.task import load_task, policy_server
from bt_robot.config.builtin import builtin_folder
from bt_robot.messages import Blob, Image, Status, TickRecord
from bt_robot.robot.sim.robot import SimRobot
from bt_robot.sight.finding import find_in

CONTAINER_M = (0.14, 0.14)


def _region() -> tuple[float, float, float, float]:
    """Return what the container spans in the front camera's picture."""
    (x, y), half, size = CONTAINER_M, workcell.CONTAINER_OUTER_HALF_M, 1000
    corners = [(x + sx * half, y + sy * half, z) for sx in (-1, 1) for sy in (-1, 1) for z in (0.0, 0.04)]
    pixels = workcell.FRONT.project(np.array(corners), size, size) / size
    (left, top), (right, bottom) = pixels.min(axis=0).round(2), pixels.max(axis=0).round(2)
    return float(left), float(top), float(right), float(bottom)


REGION = _region()

PICK, PLACE = "pick up the red block", "place it in the container"

WATCHED = {
    "holding_object": "holding_object: {min_load: 0.2}",
    "released_object": "released_object: {}",
    "arm_still": "arm_still: {for_s: 0.3}",
    "in_region": "in_region: {z_m: [0.05, 0.4]}",
    "object_in_region": f"object_in_region: {{camera: front, colour: red, region: {list(REGION)}}}",
    "chunk_idle": f"chunk_idle: {{prompt: {PLACE}}}",
    "chunks_disagree": f"chunks_disagree: {{prompt: {PLACE}}}",
    "no_progress": f"no_progress: {{prompt: {PLACE}}}",
}

TREE = """
tree: watched
include: [skills/vla_skill.yaml]
root:
  reactive_sequence:
{watched}
    - sequence:
        - vla_skill: {{name: pick, prompt: {pick}, done: {{holding_object: {{}}}}}}
        - vla_skill:
            name: place
            prompt: {place}
            done:
              sequence: [released_object, {{object_in_region: {{camera: front, colour: red, region: {region}}}}}]
        - move_to: {{pose: rest, speed: 0.5}}
"""

_YES, _NO, _TRUTH = "#009e73", "#cccccc", "#0072b2"  # Okabe & Ito's palette


@dataclass
class Story:
    """What each condition said in each tick, what was true of the work cell, and where the skills ended."""

    robot: SimRobot
    times_s: list[float] = field(default_factory=list)
    said: dict[str, list[tuple[bool, float]]] = field(default_factory=lambda: {name: [] for name in WATCHED})
    truth: dict[str, list[bool]] = field(default_factory=lambda: {"red block held": [], "in the container": []})
    ends_s: dict[str, float] = field(default_factory=dict)
    placed: Image | None = None

    def publish(self, record: TickRecord) -> None:
        """Take note of one tick."""
        self.times_s.append(record.time_s)
        self.truth["red block held"].append(self.robot.touches_jaws("red"))
        self.truth["in the container"].append(self.robot.in_container("red"))
        for info, state in zip(record.layout, record.nodes, strict=True):
            if info.name.startswith("watched_"):
                yes = state.status is Status.SUCCESS
                self.said[info.name.removeprefix("watched_")].append((yes, state.confidence or 0.5))
            if info.kind == "subtree" and state.status is Status.SUCCESS and state.ticked:
                self.ends_s.setdefault(info.name, record.time_s)
        self.placed = record.observation.frames["front"].image


def _run() -> Story:
    lines: list[str] = []
    for name, words in WATCHED.items():
        named = words.replace("{", f"{{name: watched_{name}, ", 1).replace(", }", "}")
        lines.append(f"    - force_success: {{child: {{{named}}}}}")
    watched = "\n".join(lines)
    text = TREE.format(watched=watched, pick=PICK, place=PLACE, region=list(REGION))
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(builtin_folder("trees") / "skills", Path(folder) / "skills")
        path = Path(folder) / "watched.yaml"
        path.write_text(text, encoding="utf-8")
        spec = load_task(str(path))
    sets = [f"robot.container={list(CONTAINER_M)}", "robot.image_width=448", "robot.image_height=448"]
    settings = load_settings("sim", sets)
    with (
        policy_server(settings, spec) as urls,
        open_session(Job(settings, spec, urls, seed=1, fast=True, max_time_s=30.0)) as session,
    ):
        assert isinstance(session.robot, SimRobot)
        story = Story(session.robot)
        ending = session.run([story])
    if ending.status is not Status.SUCCESS:
        raise SystemExit(ending.reason)
    return story


def _draw_timeline(story: Story, path: Path) -> None:
    figure = Figure(figsize=(9.0, 3.9), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    rows = [*story.truth, *story.said]
    period_s = story.times_s[1] - story.times_s[0]
    for row, values in enumerate(story.truth.values()):
        _bars(axes, row, story.times_s, values, [1.0] * len(values), _TRUTH, period_s)
    for row, said in enumerate(story.said.values(), start=len(story.truth)):
        _bars(axes, row, story.times_s, [yes for yes, _ in said], [sure for _, sure in said], _YES, period_s)
    for name, end_s in story.ends_s.items():
        axes.axvline(end_s, color="black", linewidth=0.8, linestyle=":")
        axes.text(end_s, -0.75, f"{name} ends", ha="center", va="bottom", fontsize=8)
    axes.set_yticks(range(len(rows)), rows)
    axes.invert_yaxis()
    axes.set_xlim(0.0, story.times_s[-1])
    axes.set_xlabel("time [s]")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=110)


def _bars(
    axes: object, row: int, times_s: list[float], yes: list[bool], sure: list[float], colour: str, period_s: float
) -> None:
    """Draw a row: full where the answer is yes, the darker the more confident; a thin line elsewhere."""
    axes.hlines(row, times_s[0], times_s[-1], color=_NO, linewidth=1.0, zorder=0)  # type: ignore[attr-defined]
    for time_s, holds, confidence in zip(times_s, yes, sure, strict=True):
        if holds:
            shade = 0.35 + 0.65 * max(0.0, 2.0 * confidence - 1.0)
            bar = [(time_s, period_s)]
            axes.broken_barh(bar, (row - 0.32, 0.64), color=colour, alpha=shade, linewidth=0, antialiased=False)  # type: ignore[attr-defined]


def _draw_region(story: Story, path: Path) -> None:
    assert story.placed is not None
    image = story.placed.copy()
    height, width = image.shape[:2]

    def corners(box: tuple[float, float, float, float]) -> tuple[tuple[int, int], tuple[int, int]]:
        left, top, right, bottom = box
        return (round(left * width), round(top * height)), (round(right * width), round(bottom * height))

    cv2.rectangle(image, *corners(REGION), (0, 158, 115), 2)
    cv2.putText(image, "region", (corners(REGION)[0][0], corners(REGION)[0][1] - 8), 0, 0.6, (0, 110, 80), 2)
    for spot in find_in(Blob((342.0, 16.0), 0.4, 0.16, 0.0005), story.placed):
        cv2.rectangle(image, *corners(spot.box), (255, 255, 255), 1)
        middle = (round(spot.x * width), round(spot.y * height))
        cv2.drawMarker(image, middle, (255, 255, 255), cv2.MARKER_CROSS, 12, 2)
        words = f"red at {spot.x:.2f}, {spot.y:.2f}"
        cv2.putText(image, words, (middle[0] - 60, middle[1] + 34), 0, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    cv2.imwrite(str(path), image[..., ::-1])


def write_pictures(folder: Path) -> None:
    """Write `conditions.png` and `object_in_region.png` into a folder."""
    story = _run()
    _draw_timeline(story, folder / "conditions.png")
    _draw_region(story, folder / "object_in_region.png")


if __name__ == "__main__":
    write_pictures(Path(__file__).parent / "images")
