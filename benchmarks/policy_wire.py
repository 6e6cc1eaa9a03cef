"""What the wire of the policy link costs: `python -m benchmarks.policy_wire`.

Ours beside PyPI's openpi-client 0.1.2 in an environment of its own (made in `build/` the first time). Both are timed
in turns in the same run, each by its own process, and both on one thread; figures are medians over the turns. Resized
pictures are compared with those that openpi-client makes, which are Pillow's. Exits 1 when a bound is missed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib.cbook import get_sample_data

from benchmarks.openpi_environment import openpi_python
from bt_robot.messages import Image
from bt_robot.policy.dialect.images import picture, resize_with_pad
from bt_robot.policy.wire.json_protocol import JsonProtocol
from bt_robot.policy.wire.msgpack_numpy import pack
from bt_robot.policy.wire.openpi import OpenPi

TURNS, ENCODES, DECODES = 25, 8, 400
SIDE_PX = 224
SIZES = ((480, 640), (720, 1280), (1080, 1920), (480, 848), (120, 160))


def noise(height: int, width: int) -> Image:
    """Return uniform noise, the hardest picture to resize alike."""
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)


def gradient(height: int, width: int) -> Image:
    """Return slow changes, in which a step of one grey level would show."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)]
    return np.stack(planes, axis=-1).astype(np.uint8)


def photograph(height: int, width: int) -> Image:
    """Return the portrait that comes with matplotlib, in a camera's size."""
    with get_sample_data("grace_hopper.jpg") as file:
        decoded = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None, "matplotlib ships the picture"
    rgb = cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table.

    Attributes:
        what: What was measured.
        ours: Our figure, with its unit.
        theirs: openpi-client's; may be empty.
        ratio: Ours over theirs; None where there is nothing to compare.
        bound: What has to hold, in words.
        kept: Whether it does.
    """

    what: str
    ours: str
    theirs: str
    ratio: float | None
    bound: str
    kept: bool

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f} ×"
        verdict = "kept" if self.kept else "**missed**"
        return f"| {self.what} | {self.ours} | {self.theirs} | {ratio} | {self.bound} | {verdict} |"


@contextmanager
def peer(folder: Path) -> Iterator[Callable[[str, Any], Any]]:
    """Run openpi-client in its own environment; yields a function that asks it."""
    script = Path(__file__).with_name("openpi_peer.py")
    process = subprocess.Popen(
        [openpi_python(), script, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def ask(command: str, argument: Any) -> Any:
        stdin.write(json.dumps({command: argument}) + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise SystemExit("openpi-client ended early; what it said is above")
        return json.loads(line)

    try:
        yield ask
    finally:
        stdin.close()
        process.wait()


def times_s(work: Callable[[], object], count: int) -> list[float]:
    """Return how long each of several rounds took [s]."""
    times = []
    for _ in range(count):
        began_s = time.perf_counter()
        work()
        times.append(time.perf_counter() - began_s)
    return times


def in_turns(ours: Callable[[], object], theirs: Callable[[int], list[float]], count: int) -> tuple[float, float]:
    """Return the median time of both [s], each measured `count` times in every turn."""
    theirs(count), times_s(ours, count)  # caches and code are warm for both
    turns = [(times_s(ours, count), theirs(count)) for _ in range(TURNS)]
    mine = float(np.median([time_s for ours_s, _ in turns for time_s in ours_s]))
    other = float(np.median([time_s for _, theirs_s in turns for time_s in theirs_s]))
    return mine, other


def fidelity(ask: Callable[[str, Any], Any], folder: Path) -> Iterator[Row]:
    """Compare our resized pictures with openpi-client's, which are Pillow's."""
    for draw in (noise, gradient, photograph):
        means, greatest = [], []
        for height, width in SIZES:
            image = draw(height, width)
            np.save(folder / "image.npy", image)
            ask("resize", [str(folder / "image.npy"), str(folder / "resized.npy")])
            theirs = np.load(folder / "resized.npy").astype(int)
            difference = np.abs(resize_with_pad(image, SIDE_PX, SIDE_PX) - theirs)
            means.append(float(difference.mean()))
            greatest.append(int(difference.max()))
        figures = f"mean {max(means):.2f}, max {max(greatest)}"
        kept = max(means) <= 1.0 and max(greatest) <= 8
        yield Row(
            f"resize to 224, {draw.__name__}, worst of {len(SIZES)} sizes, off Pillow by",
            figures,
            "",
            None,
            "mean 1, max 8 of 255",
            kept,
        )


def rows(ask: Callable[[str, Any], Any], folder: Path) -> Iterator[Row]:
    """Measure line by line."""
    front, wrist = np.load(folder / "front.npy"), np.load(folder / "wrist.npy")
    state, frame = np.load(folder / "state.npy"), (folder / "reply.msgpack").read_bytes()
    wire, json_wire = OpenPi(), JsonProtocol()

    def observation() -> dict[str, Any]:
        return {
            "observation/image": picture(front, SIDE_PX, SIDE_PX, "hwc"),
            "observation/wrist_image": picture(wrist, SIDE_PX, SIDE_PX, "hwc"),
            "observation/state": state,
            "prompt": "pick up the red block",
        }

    mine, other = in_turns(lambda: wire.request(observation()), lambda n: ask("encode", n), ENCODES)
    what = f"2 camera frames 640 × 480 → 224 → {len(wire.request(observation())):,} bytes"
    yield Row(what, f"{1e3 * mine:.2f} ms", f"{1e3 * other:.2f} ms", mine / other, "0.5 × theirs", mine <= 0.5 * other)
    mine, other = in_turns(lambda: wire.reply(frame), lambda n: ask("decode", n), DECODES)
    what = "decode a chunk of 50 × 32, ours with all checks"
    yield Row(what, f"{1e6 * mine:.1f} µs", f"{1e6 * other:.1f} µs", mine / other, "30 µs", mine <= 30e-6)
    resized = observation()
    taken = float(np.median(times_s(lambda: json_wire.request(resized), TURNS * ENCODES)))
    yield Row("JSON, 2 pictures of 224 × 224", f"{1e3 * taken:.2f} ms", "", None, "10 ms", taken <= 0.010)
    yield from fidelity(ask, folder)


def prepare(folder: Path) -> None:
    """Write what both sides work on."""
    rng = np.random.default_rng(0)
    np.save(folder / "front.npy", photograph(480, 640))
    np.save(folder / "wrist.npy", noise(480, 640))
    np.save(folder / "state.npy", rng.normal(size=6).astype(np.float32))
    timing = {"infer_ms": 81.5, "prev_total_ms": 950.0}
    reply = {"actions": rng.normal(size=(50, 32)).astype(np.float32), "server_timing": timing}
    (folder / "reply.msgpack").write_bytes(pack(reply))


def main() -> int:
    """Print the table; return 1 when a bound is missed."""
    cv2.setNumThreads(1)
    all_kept = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        with peer(folder) as ask:
            print("| what | ours | openpi-client | ratio | bound | |")
            print("|---|---|---|---|---|---|")
            for row in rows(ask, folder):
                print(row, flush=True)
                all_kept = all_kept and row.kept
    return 0 if all_kept else 1


if __name__ == "__main__":
    sys.exit(main())
