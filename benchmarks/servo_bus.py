"""What the servo bus costs, and what a fault on it costs: `python -m benchmarks.servo_bus [--quick] [--record FILE]`.

Our packet layer beside feetech-servo-sdk, and beside reads as LeRobot makes them with that SDK: one register after the
other, a time-out of 50 ms, two retries. All of them speak to the same emulated bus on a tty, in a process of its own,
which sends at 1 Mbps, in turns in the same run; figures are medians over the turns. "Bare" is no client: the bytes of
our cycle, ready-made, and nothing but the system calls; what it takes beyond the time on the wire is the emulator's and
the machine's. Ends with exit code 1 when a bound is missed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.servo_bus_clients import (
    HEALTH,
    HERE_TICKS,
    IDS,
    POSITION,
    Bare,
    Client,
    LeRobot,
    Ours,
    PositionOnly,
    Sdk,
)
from bt_robot.robot.emulator.process import EmulatorProcess
from bt_robot.robot.priority import GUARDIAN, before_others
from bt_robot.robot.so101.wire import packets
from bt_robot.robot.so101.wire.registers import BLOCK_LENGTH, GOAL_POSITION, TICKS_PER_TURN

BYTE_S = 1e-5
TURNAROUND_S = 30e-6
SLOT_GAP_BYTES = 3

PACE_HZ, FRAME_S = 100.0, 0.001
TURN_TICKS = 40
"""How far a hand turns a joint between two reads, so that an old position can be told from a new one."""

LATE_S, LATE_READS, LATE_SERVO = 0.075, 20, 5


def read_s(length: int) -> float:
    """Return what a read of six servos takes on the wire: the request, the turn-around, and the servos' slots [s]."""
    reply = length + packets.REPLY_OVERHEAD
    slots = (len(IDS) - 1) * (reply + SLOT_GAP_BYTES) + reply
    return (len(packets.sync_read(0, length, IDS)) + slots) * BYTE_S + TURNAROUND_S


def write_s() -> float:
    """Return what the goals of six servos take on the wire [s]."""
    return len(packets.sync_write(GOAL_POSITION.address, dict.fromkeys(IDS, bytes(2)))) * BYTE_S


WIRE_S = read_s(BLOCK_LENGTH) + write_s()


Maker = Callable[[str], Client]
RIVALS: Mapping[str, Maker] = {"ours": Ours, "SDK": Sdk, "LeRobot": LeRobot}
LOOPS: Mapping[str, Maker] = {"ours": Ours, "SDK": Sdk, "LeRobot": PositionOnly}
"""Whom a fault hits: LeRobot's control loop reads positions only."""


@dataclass(frozen=True, slots=True)
class Cycles:
    """What reading and writing took.

    Attributes:
        median_s: Median time of a cycle, one following the other at once [s].
        p95_s: Its 95th percentile [s].
        least_s: The quickest 5 % took at most this [s].
        cpu_s: CPU time of a cycle [s].
        incomplete: Cycles that did not bring all servos, because the machine was busy elsewhere.
    """

    median_s: float
    p95_s: float
    least_s: float
    cpu_s: float
    incomplete: int


def cycles(client: Client, count: int) -> Cycles:
    """Run a client as fast as the line lets it."""
    for _ in range(20):
        client.read(), client.write()
    times_s, incomplete, cpu_s = [], 0, time.thread_time()
    for _ in range(count):
        began_s = time.perf_counter()
        positions = client.read()
        client.write()
        times_s.append(time.perf_counter() - began_s)
        incomplete += len(positions) < len(IDS)
    cpu_s = (time.thread_time() - cpu_s) / count
    least_s, median_s, p95_s = np.percentile(times_s, (5, 50, 95))
    return Cycles(float(median_s), float(p95_s), float(least_s), cpu_s, incomplete)


def middle(found: Sequence[Cycles]) -> Cycles:
    """Return the median over turns of each figure."""
    rows = [asdict(turn) for turn in found]
    figures = {key: float(np.median([row[key] for row in rows])) for key in rows[0] if key != "incomplete"}
    return Cycles(**figures, incomplete=sum(turn.incomplete for turn in found))


def fast(path: str, turns: int, count: int) -> dict[str, Cycles]:
    """Let everybody drive the arm in turns."""
    makers = {**RIVALS, "position": PositionOnly, "bare": Bare}
    found: dict[str, list[Cycles]] = {name: [] for name in makers}
    for _ in range(turns):
        for name, make in makers.items():
            client = make(path)
            found[name].append(cycles(client, count))
            client.close()
    return {name: middle(turns) for name, turns in found.items()}


def share(client: Client, duration_s: float) -> float:
    """Return the share of a core that a client takes at 100 Hz."""
    count = round(duration_s * PACE_HZ)
    client.read(), client.write()
    start_s, cpu_s = time.monotonic(), time.thread_time()
    for i in range(count):
        client.read(), client.write()
        time.sleep(max(0.0, start_s + (i + 1) / PACE_HZ - time.monotonic()))
    return (time.thread_time() - cpu_s) / (time.monotonic() - start_s)


def paced(path: str, turns: int, duration_s: float) -> dict[str, float]:
    """Return each rival's share of a core at 100 Hz, median over turns."""
    found: dict[str, list[float]] = {name: [] for name in RIVALS}
    for _ in range(turns):
        for name, make in RIVALS.items():
            client = make(path)
            found[name].append(share(client, duration_s))
            client.close()
    return {name: float(np.median(shares)) for name, shares in found.items()}


@dataclass(frozen=True, slots=True)
class Hit:
    """A read that a fault hits.

    Attributes:
        worst_s: Its time, median over turns, with the servo for which it is longest [s].
        kept: How many positions it brought, median over turns, with the servo for which they are fewest.
    """

    worst_s: float
    kept: int


def hits(make: Maker, emulator: EmulatorProcess, turns: int, fault: Callable[[int], None]) -> Hit:
    """Let a fault hit each servo in turn, and see what a read makes of it."""
    times_s: dict[int, list[float]] = {servo_id: [] for servo_id in IDS}
    kept: dict[int, list[int]] = {servo_id: [] for servo_id in IDS}
    for _ in range(turns):
        client = make(emulator.port)
        for servo_id in IDS:
            client.read()
            fault(servo_id)
            began_s = time.perf_counter()
            kept[servo_id].append(len(client.read()))
            times_s[servo_id].append(time.perf_counter() - began_s)
            emulator.inject("clear")
            time.sleep(0.01)
        client.close()
    medians = [float(np.median(times)) for times in times_s.values()]
    return Hit(max(medians), round(min(np.median(counts) for counts in kept.values())))


def stale(make: Maker, emulator: EmulatorProcess, turns: int) -> float:
    """Return the share of reads, after six replies came late once, that show where a joint was before."""
    old = total = 0
    for _ in range(turns):
        client = make(emulator.port)
        client.read()
        for servo_id in IDS:
            emulator.inject("delay", servo_id=servo_id, late_s=LATE_S)
        start_s = time.monotonic()
        for i in range(LATE_READS):
            turned_ticks = TURN_TICKS * (i - LATE_READS // 2)
            emulator.inject("place", servo_id=LATE_SERVO, position_rad=turned_ticks * 2.0 * math.pi / TICKS_PER_TURN)
            shown = client.read().get(LATE_SERVO)
            if shown is not None:
                total += 1
                old += abs(shown - HERE_TICKS - turned_ticks) > TURN_TICKS / 2
            periods = np.ceil((time.monotonic() - start_s) * PACE_HZ)
            time.sleep(max(0.0, start_s + periods / PACE_HZ - time.monotonic()))
        client.close()
        emulator.inject("clear")
    return old / max(1, total)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table.

    Attributes:
        what: What was measured.
        cells: The figure of each rival.
        bound: What has to hold, in words; empty where nothing has to.
        kept: Whether it does.
    """

    what: str
    cells: tuple[str, str, str]
    bound: str = ""
    kept: bool = True

    def __str__(self) -> str:
        verdict = "" if not self.bound else "kept" if self.kept else "**missed**"
        return f"| {self.what} | {' | '.join(self.cells)} | {self.bound} | {verdict} |"


def fast_rows(found: Mapping[str, Cycles]) -> list[Row]:
    """Return what cycles in a row took."""
    ours, sdk, lerobot, position, bare = (found[name] for name in ("ours", "SDK", "LeRobot", "position", "bare"))
    wire, cpu = ours.median_s / WIRE_S, ours.cpu_s / sdk.cpu_s
    position_wire_s = read_s(POSITION[1]) + write_s()
    health_wire_s = sum(read_s(length) for _, length in HEALTH) + write_s()
    return [
        Row(
            f"read 15 B and write, 6 servos; on the wire {ms(WIRE_S)}, LeRobot's 5 reads {ms(health_wire_s)}",
            (ms(ours.median_s), ms(sdk.median_s), ms(lerobot.median_s)),
            f"1.05 × the wire; ours {wire:.3f} ×",
            wire <= 1.05,
        ),
        Row("… its 95th percentile", (ms(ours.p95_s), ms(sdk.p95_s), ms(lerobot.p95_s))),
        Row(f"… bare, no client: {ms(bare.median_s)}, {bare.median_s / WIRE_S:.3f} × the wire", ("", "", "")),
        Row(
            "… never quicker than the wire: the quickest 5 %",
            (ms(ours.least_s), ms(sdk.least_s), ms(lerobot.least_s)),
            "0.98 × the wire",
            ours.least_s >= 0.98 * WIRE_S,
        ),
        Row(
            "… CPU per cycle",
            (ms(ours.cpu_s), ms(sdk.cpu_s), ms(lerobot.cpu_s)),
            f"0.1 × the SDK's; ours {cpu:.3f} ×",
            cpu <= 0.1,
        ),
        Row(
            f"LeRobot's own loop, positions alone; on the wire {ms(position_wire_s)}",
            ("", "", f"{ms(position.median_s)}, CPU {ms(position.cpu_s)}"),
        ),
    ]


def fault_rows(emulator: EmulatorProcess, turns: int) -> list[Row]:
    """Measure what faults do."""

    def all_of(fault: Callable[[int], None]) -> list[Hit]:
        return [hits(make, emulator, turns, fault) for make in LOOPS.values()]

    def cells(found: Sequence[Hit]) -> tuple[str, str, str]:
        ours, sdk, lerobot = (f"{ms(hit.worst_s)}, {hit.kept} kept" for hit in found)
        return ours, sdk, lerobot

    silent = all_of(lambda servo_id: emulator.inject("silence", servo_id=servo_id))
    spoilt = all_of(lambda servo_id: emulator.inject("corrupt_checksum", servo_id=servo_id))
    length_byte = BLOCK_LENGTH + packets.REPLY_OVERHEAD
    turned = all_of(lambda servo_id: emulator.inject("flip", byte=(servo_id - 1) * length_byte + 3, bit=7))
    old = [stale(make, emulator, turns) for make in LOOPS.values()]
    mine = silent[0]
    return [
        Row(
            "one servo silent, the worst of the six",
            cells(silent),
            "6 ms, 5 kept",
            mine.worst_s <= 6e-3 and mine.kept == 5,
        ),
        Row("one checksum wrong", cells(spoilt), "5 kept", spoilt[0].kept == 5),
        Row("one bit of a length byte wrong", cells(turned), "5 kept", turned[0].kept == 5),
        Row(
            f"six replies {ms(LATE_S, 0)} late, once: old positions taken for new in the next {LATE_READS} reads",
            (f"{100 * old[0]:.0f} %", f"{100 * old[1]:.0f} %", f"{100 * old[2]:.0f} %"),
            "none",
            old[0] == 0.0,
        ),
    ]


def ms(time_s: float, digits: int = 2) -> str:
    """Return a time in words."""
    return f"{1e3 * time_s:.{digits}f} ms"


def apart(emulator: EmulatorProcess) -> None:
    """Give the servos a core of their own, if there is one: they don't take the host's in real life either."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(emulator.pid, cores[1:])
        os.sched_setaffinity(0, cores[:1])


def measure(*, quick: bool) -> tuple[list[Row], dict[str, Any]]:
    """Return the table, and the figures behind it."""
    turns, count = (3, 150) if quick else (9, 300)
    with EmulatorProcess(physics="lag") as emulator:
        apart(emulator)
        found = fast(emulator.port, turns, count)
    with EmulatorProcess(physics="lag", frame_s=FRAME_S) as emulator:
        apart(emulator)
        shares = paced(emulator.port, 1 if quick else 3, 1.0 if quick else 3.0)
    with EmulatorProcess(physics="lag") as emulator:
        apart(emulator)
        faults = fault_rows(emulator, 1 if quick else 5)
    at_pace = Row(
        f"share of a core at {PACE_HZ:.0f} Hz, replies in USB frames of {ms(FRAME_S, 0)}",
        (f"{100 * shares['ours']:.1f} %", f"{100 * shares['SDK']:.1f} %", f"{100 * shares['LeRobot']:.1f} %"),
    )
    figures = {"cycles": {name: asdict(turn) for name, turn in found.items()}, "share_at_100_hz": shares}
    return [*fast_rows(found), at_pace, *faults], figures


def main() -> int:
    """Print the table; return 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer turns: coarse, and over in 15 s")
    parser.add_argument("--record", type=Path, metavar="FILE", help="also write it, as JSON")
    arguments = parser.parse_args()
    before_others(GUARDIAN)  # as the guardian is, and here whoever is measured
    rows, figures = measure(quick=arguments.quick)
    print("| what | ours | SDK | LeRobot | bound | |")
    print("|---|---|---|---|---|---|")
    print("\n".join(map(str, rows)))
    if figures["cycles"]["bare"]["median_s"] > 1.05 * WIRE_S:
        print("\nThe machine is busy: even without a client a cycle takes longer than the bound. Try again later.")
    if arguments.record:
        machine = {"python": platform.python_version(), "cores": len(os.sched_getaffinity(os.getppid()))}
        record = {"machine": machine, "rows": [asdict(row) for row in rows], **figures}
        arguments.record.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if all(row.kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
