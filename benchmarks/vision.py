"""What `object_in_region` and the other conditions cost: `python -m benchmarks.vision`.

The first table is one look at a picture, in a thread of its own in real time: a table with a block, a marker of each
kind and a camera's noise. The second is what a tick pays for each condition, its look in the background included.
Medians.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np

from bt_robot.arm import so101
from bt_robot.arm.kinematics import So101Kinematics
from bt_robot.messages import ActionChunk, Blob, Body, Effort, Find, Frame, Image, Marker, Observation
from bt_robot.nodes.arm_still import ArmStill
from bt_robot.nodes.chunk_idle import ChunkIdle
from bt_robot.nodes.chunks_disagree import ChunksDisagree
from bt_robot.nodes.holding_object import HoldingObject
from bt_robot.nodes.in_region import InRegion
from bt_robot.nodes.no_progress import NoProgress
from bt_robot.nodes.object_in_region import ObjectInRegion
from bt_robot.nodes.released_object import ReleasedObject
from bt_robot.policy.chunks.plan import Plan
from bt_robot.policy.link.silent import SilentPolicy
from bt_robot.runtime.context import Context
from bt_robot.runtime.governor import rest_at
from bt_robot.sight.background import BackgroundSight
from bt_robot.sight.finding import find_in
from bt_robot.tree import Condition

SIZES = ((640, 480), (1280, 720))
ROUNDS = 60
HZ = 30
PROMPT = "go"

FINDS: dict[str, Find] = {
    "a colour": Blob((342.0, 16.0), 0.4, 0.16, 0.0005),
    "an ArUco marker (4x4_50)": Marker("4x4_50", 7),
    "an AprilTag (april_36h11)": Marker("april_36h11", 7),
}

CONDITIONS: tuple[Condition, ...] = (
    HoldingObject(min_load=0.2),
    ReleasedObject(),
    ArmStill(),
    InRegion(z_m=(0.0, 0.1)),
    ObjectInRegion(camera="front", colour="red"),
    ObjectInRegion(camera="front", marker=7, family="april_36h11"),
    ChunkIdle(prompt=PROMPT),
    ChunksDisagree(prompt=PROMPT),
    NoProgress(prompt=PROMPT),
)


def scene(width: int, height: int) -> Image:
    """Return a picture of a table with a red block and two markers, and the noise of a webcam."""
    image = np.full((height, width, 3), (150, 140, 125), np.uint8)
    side = height // 8
    image[side * 5 : side * 6, side * 6 : side * 7] = (190, 25, 30)
    for place, dictionary in ((1, cv2.aruco.DICT_4X4_50), (3, cv2.aruco.DICT_APRILTAG_36h11)):
        marker = cv2.aruco.generateImageMarker(cv2.aruco.getPredefinedDictionary(dictionary), 7, side)
        paper = np.pad(marker, side // 4, constant_values=255)
        left, top = side * place, side
        image[top : top + paper.shape[0], left : left + paper.shape[1]] = paper[..., None]
    noise = np.random.default_rng(0).normal(0.0, 6.0, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def median_s(work: Callable[[], object]) -> float:
    """Return the median time of a piece of work [s]."""
    work()
    times: list[float] = []
    for _ in range(ROUNDS):
        began_s = time.perf_counter()
        work()
        times.append(time.perf_counter() - began_s)
    return statistics.median(times)


def tick_s(condition: Condition, image: Image) -> float:
    """Return the median time of a condition's tick [s], in real time, so that its looks have the time they need."""
    plan, sight = Plan(50, 25), BackgroundSight()
    context = Context(
        so101.LIMITS, {}, SilentPolicy(), plan, body=Body(So101Kinematics(), load=True, current=True), sight=sight
    )
    last, times = rest_at(so101.REST, -1), list[float]()
    effort = Effort(load=np.full(6, 0.3), current_a=np.full(6, 0.3))
    plan.begin(so101.REST)
    for step in range(ROUNDS):
        now_s = step / HZ
        plan.accept(ActionChunk(np.tile(so101.REST, (50, 1)), step, 0, PROMPT, 0.1), step)
        frames = {"front": Frame("front", now_s, lambda: image)}
        context.begin(now_s, Observation(step, now_s, so101.REST, frames, effort=effort), last)
        began_s = time.perf_counter()
        condition.on_tick(context)
        times.append(time.perf_counter() - began_s)
        plan.action(step)
        plan.end_tick(step)
        time.sleep(1 / HZ)
    sight.close()
    return statistics.median(times)


def main() -> None:
    """Print the tables."""
    print("| a look for |", " | ".join(f"{width} × {height}" for width, height in SIZES), "|")
    print("|---|---|---|")
    for name, wanted in FINDS.items():
        cells: list[str] = []
        for size in SIZES:
            image = scene(*size)
            if len(find_in(wanted, image)) != 1:
                raise SystemExit(f"{name} was not found")
            cells.append(f"{1e3 * median_s(lambda wanted=wanted, image=image: find_in(wanted, image)):.1f} ms")
        print(f"| {name} | {' | '.join(cells)} |")
    print("\n| a tick of | costs |\n|---|---|")
    image = scene(640, 480)
    for condition in CONDITIONS:
        by = " (a marker)" if getattr(condition, "marker", None) is not None else ""
        print(f"| `{condition.type_name}`{by} | {1e6 * tick_s(condition, image):.0f} µs |")


if __name__ == "__main__":
    main()
