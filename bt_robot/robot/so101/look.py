"""A look at the servos before anything is written: who is there, at which rate, and what each says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bt_robot.robot.so101.bus import Bus
from bt_robot.robot.so101.identity import Expected, Findings, examine
from bt_robot.robot.so101.port import BAUD, SerialPort
from bt_robot.robot.so101.wire.registers import BAUD_RATES, ID, MEMORY_SIZE

_TRIES: Final = 3
_HALF: Final = MEMORY_SIZE // 2


def look_at(bus: Bus, port: SerialPort | None, expected: Expected) -> Findings:
    """Read every expected servo's memory and compare.

    Args:
        bus: The bus.
        port: Its port, to look for servos at other rates when none answers; None where there is only one rate.
        expected: What the servos should say.

    Raises:
        PortLost: The port is gone.
    """
    ids = [servo.servo_id for servo in expected.servos]
    memories, doubled, echoed = read_memories(bus, ids)
    if echoed:
        text = "the adapter hears itself (it echoes what it sends); its jumper or firmware is set for another bus"
        return Findings((text,))
    if not memories and port is not None:
        found = find_rate(bus, port, ids)
        if found is not None:
            fix = "`bt-arm setup-id` sets a servo's rate"
            return Findings((f"no servo answers at {BAUD} bit/s, but they do at {found}; {fix}",))
    return examine(expected, memories, doubled)


def read_memories(bus: Bus, ids: Sequence[int]) -> tuple[dict[int, bytes], list[int], bool]:
    """Read the whole memory of each servo.

    Returns:
        The memories by id, the ids that several servos answer to, and whether the adapter echoes.

    Raises:
        PortLost: The port is gone.
    """
    memories: dict[int, bytes] = {}
    doubled: list[int] = []
    echoed = False
    for servo_id in ids:
        halves = [_read(bus, servo_id, start) for start in (0, _HALF)]
        if all(half is not None for half, _, _ in halves):
            memories[servo_id] = b"".join(half for half, _, _ in halves if half is not None)
        if any(double for _, double, _ in halves):
            doubled.append(servo_id)
        echoed = echoed or any(echo for _, _, echo in halves)
    return memories, doubled, echoed


def _read(bus: Bus, servo_id: int, address: int) -> tuple[bytes | None, bool, bool]:
    data, spoilt, echoed = None, 0, False
    for _ in range(_TRIES):
        before = bus.dropped
        found = bus.read(servo_id, address, _HALF)
        echoed = echoed or found.echoed
        # A second servo's reply arrives behind the first one's, or into it.
        late = len(bus.port.receive(bus.port.now_s() + 0.002))
        if found.foreign or found.bad_bytes or late or bus.dropped > before:
            spoilt += 1
        if servo_id in found.replies:
            data = found.replies[servo_id].data
            if not spoilt:
                break
    return data, spoilt == _TRIES and not echoed, echoed


def find_rate(bus: Bus, port: SerialPort, ids: Sequence[int]) -> int | None:
    """Return another line rate [bit/s] at which a servo answers; None if there is none. The rate is set back.

    Raises:
        PortLost: The port is gone.
    """
    try:
        for rate in BAUD_RATES[1:]:
            try:
                port.set_baud(rate)
            except ValueError:
                continue
            slow = Bus(port, baud=rate)
            if any(slow.read(servo_id, ID.address, ID.width).replies for servo_id in ids):
                return rate
        return None
    finally:
        port.set_baud(BAUD)
