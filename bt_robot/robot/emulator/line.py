"""The emulated bus without any I/O: the host's bytes go in, the servos' bytes come out, each at its own time.

All times are told by the caller, on any clock that only goes forward. A request sent at `t` is understood when its last
bit has been on the line, and answered 30 µs later; the servos of a sync read answer in slots, which don't depend on
whether the servo before is there. The mechanics go on in equal steps whatever is asked when.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bt_robot.robot.emulator.faults import Event, Faults
from bt_robot.robot.emulator.log import REPLY, Packet, PacketLog
from bt_robot.robot.emulator.outbox import Chunk, Outbox
from bt_robot.robot.emulator.plant import Plant
from bt_robot.robot.emulator.requests import Request, RequestParser
from bt_robot.robot.emulator.servo import Servo
from bt_robot.robot.so101.wire import packets
from bt_robot.robot.so101.wire.registers import REGISTERS

BITS_PER_BYTE: Final = 10
TURNAROUND_S: Final = 30e-6
"""From a request's last bit to the first of its answer, with a return delay of 0 [s]."""

SLOT_GAP_BYTES: Final = 3
"""Byte times between one servo's slot and the next."""

STEP_S: Final = 0.005
SUPPLY_V: Final = 12.0
_SAG_OHM = 0.15
_BABBLE_S = 0.001
_WRITING = ("write", "reg_write", "sync_write", "action")
_SLACK_S = 1e-9


class Line:
    """Servos on one wire, what moves their shafts, and what goes wrong.

    It does nothing by itself: `receive` hands in what the host sends, `transmit` hands out what has come.

    Attributes:
        servos: The servos; the plant's joints are in their order.
        faults: What goes wrong.
        log: Everything that was on the line.
        baud: The host's line rate [bit/s]; servos with another one hear nothing.
        powered: Whether the servos have a supply.
        step_s: The mechanics' step [s].
        now_s: Up to when everything has happened [s].
    """

    def __init__(
        self,
        servos: Sequence[Servo],
        plant: Plant,
        faults: Faults | None = None,
        log: PacketLog | None = None,
        baud: int = 1_000_000,
        *,
        step_s: float = STEP_S,
    ) -> None:
        """Put servos on a wire.

        Args:
            servos: The servos.
            plant: What their shafts move, joint by joint.
            faults: What goes wrong.
            log: Where everything is noted.
            baud: The host's line rate [bit/s].
            step_s: The mechanics' step [s].
        """
        self.servos = list(servos)
        self.faults = faults if faults is not None else Faults()
        self.log = log if log is not None else PacketLog()
        self.baud = baud
        self.powered = True
        self.now_s = 0.0
        self._plant = plant
        self.step_s = step_s
        self._stepped_s: float | None = None
        self._free_s = 0.0
        self._babbled_s = 0.0
        self._parser = RequestParser()
        self._requests: deque[Request] = deque()
        self._outbox = Outbox()
        self._out = bytearray()
        self._random = random.Random(0)  # noqa: S311 (noise, no secret)
        self._move(0.0)
        for servo in self.servos:
            servo.boot()

    def receive(self, data: bytes, now_s: float) -> None:
        """Take bytes that the host hands over for sending; they go out as soon as the line is free.

        Args:
            data: The bytes.
            now_s: When it does [s].
        """
        self.advance(now_s)
        byte_s = self._byte_s()
        start_s = max(now_s, self._free_s, self._outbox.busy_until_s(now_s))
        self._free_s = start_s + len(data) * byte_s
        if self.faults.echo:
            self._outbox.add(Chunk(start_s, data, byte_s))
        self._requests.extend(self._parser.feed(data, start_s, byte_s))

    def transmit(self, now_s: float) -> bytes:
        """Return the bytes that have reached the host since the last call.

        Args:
            now_s: The present [s].
        """
        self.advance(now_s)
        return self.collect(now_s)

    def collect(self, now_s: float) -> bytes:
        """Return what `transmit` would, but only of what is on its way: nothing else happens.

        Args:
            now_s: The present [s].
        """
        next_request_s = self.next_request_s
        self._flush(now_s if next_request_s is None else min(now_s, next_request_s))
        data = bytes(self._out)
        self._out.clear()
        return data

    @property
    def next_due_s(self) -> float | None:
        """When the next request or reply will have arrived whole [s]; None while the line is quiet."""
        times = [self._outbox.next_s, self._requests[0].time_s if self._requests else None]
        if self.faults.babble_bytes_s > 0.0:
            times.append(self._babbled_s + _BABBLE_S)
        return min((time_s for time_s in times if time_s is not None), default=None)

    @property
    def next_request_s(self) -> float | None:
        """When the next request will have reached the servos [s]; None if there is none."""
        return self._requests[0].time_s if self._requests else None

    @property
    def next_step_s(self) -> float | None:
        """When the mechanics' next step is due [s]; None before the first call told what time it is."""
        return None if self._stepped_s is None else self._stepped_s + self.step_s

    def advance(self, now_s: float) -> None:
        """Let everything happen up to a time, in its order.

        Args:
            now_s: The present [s]; a time before the last one is taken for that.
        """
        if self._stepped_s is None:
            self._stepped_s = self._babbled_s = self.now_s = now_s
        now_s = max(now_s, self.now_s)
        self._happen()
        while self._requests and self._requests[0].time_s <= now_s + _SLACK_S:
            request = self._requests.popleft()
            self._pass(max(request.time_s, self.now_s))
            self._handle(request)
        self._pass(now_s)

    def skip(self, now_s: float) -> None:
        """Let a time pass in which nothing moves, such as one in which this process stood still.

        Args:
            now_s: The present [s].
        """
        if self._stepped_s is not None and now_s - self._stepped_s > self.step_s:
            self._stepped_s = now_s - self.step_s

    def servo(self, servo_id: int) -> Servo:
        """Return the first servo with an id.

        Raises:
            ValueError: There is none.
        """
        for servo in self.servos:
            if servo.servo_id == servo_id:
                return servo
        raise ValueError(f"there is no servo with id {servo_id}")

    def _byte_s(self) -> float:
        return BITS_PER_BYTE / self.baud

    def _pass(self, until_s: float) -> None:
        """Let the mechanics and the outgoing bytes come up to a time."""
        assert self._stepped_s is not None
        while self._stepped_s + self.step_s <= until_s + _SLACK_S:
            self._stepped_s += self.step_s
            self._move(self.step_s)
        if self.faults.babble_bytes_s > 0.0:
            self._babble(until_s)
        else:
            self._babbled_s = until_s
        self.now_s = until_s
        self._flush(until_s)

    def _flush(self, until_s: float) -> None:
        data, complete = self._outbox.flush(until_s)
        self._out += data
        for chunk in complete:
            if chunk.reply is not None:
                i, said = chunk.reply
                self.log.add(Packet(chunk.end_s, REPLY, i, chunk.data, length=len(said), ids=(i,), values={i: said}))

    def _move(self, dt_s: float) -> None:
        faults = self.faults
        drives = [servo.drive(blocked=servo.servo_id in faults.frozen) for servo in self.servos]
        if not self.powered:
            drives = [replace(drive, torque=0.0) for drive in drives]
        motions = self._plant.step(dt_s, drives)
        supply_v = SUPPLY_V - _SAG_OHM * sum(motion.current_ma for motion in motions) / 1000.0
        for servo, motion in zip(self.servos, motions, strict=True):
            i = servo.servo_id
            volts = faults.voltage_v.get(i, supply_v)
            servo.moved(motion, dt_s, volts, faults.temperature_c.get(i), faults.current_ma.get(i))

    def _babble(self, until_s: float) -> None:
        byte_s = self._byte_s()
        while self._babbled_s + _BABBLE_S <= until_s + _SLACK_S:
            wanted = min(self.faults.babble_bytes_s * _BABBLE_S, _BABBLE_S / byte_s)
            count = int(wanted) + (self._random.random() < wanted % 1.0)
            self._outbox.add(Chunk(self._babbled_s, self._random.randbytes(count), byte_s))
            self._babbled_s += _BABBLE_S

    def _happen(self) -> None:
        while self.faults.events:
            self._do(self.faults.events.popleft())

    def _do(self, event: Event) -> None:
        if event.what == "power":
            if event.value and not self.powered:
                for servo in self.servos:
                    servo.boot()
            self.powered = bool(event.value)
            return
        for joint, servo in enumerate(self.servos):
            if servo.servo_id != event.servo_id:
                continue
            if event.what == "reboot":
                servo.boot()
            elif event.what == "place":
                self._plant.place(joint, event.value)
                servo.motion = replace(servo.motion, position_rad=event.value, speed_rad_s=0.0)
            else:
                register = REGISTERS[event.name]
                (servo.memory.keep if register.eeprom else servo.memory.put)(register, int(event.value))
            return

    def _handle(self, request: Request) -> None:
        self._happen()
        lost = self.faults.take_swallowed(write=request.kind in _WRITING)
        servos = [] if lost or not self.powered else [servo for servo in self.servos if servo.baud == self.baud]
        packet = Packet(
            request.time_s,
            request.kind,
            request.servo_id,
            request.raw,
            request.address,
            request.length,
            request.ids,
            request.values,
            heard=bool(servos),
        )
        self.log.add(packet)
        burst: list[Chunk] = []
        if request.kind in ("ping", "read", "sync_read"):
            burst = self._answers(request, servos)
        elif request.kind != "other":
            burst = self._do_writes(request, servos)
        self._spoil(burst)
        for chunk in burst:
            self._outbox.add(chunk)

    def _answers(self, request: Request, servos: Sequence[Servo]) -> list[Chunk]:
        slot = (request.length + packets.REPLY_OVERHEAD + SLOT_GAP_BYTES) * self._byte_s()
        burst: list[Chunk] = []
        for servo in servos:
            i = servo.servo_id
            if request.kind == "sync_read":
                if i not in request.ids:
                    continue
                rank = request.ids.index(i)
            elif request.servo_id == packets.BROADCAST:
                rank = i
            elif request.servo_id == i:
                rank = 0
            else:
                continue
            data = b""
            if request.kind != "ping":
                jump = self.faults.take_jump_ticks(i)
                ahead_s = self.now_s - (self._stepped_s or self.now_s)
                data = servo.read(request.address, request.length, ahead_s, jump)
            burst += self._reply(servo, i, data, request.time_s + rank * slot)
        return sorted(burst, key=lambda chunk: chunk.start_s)

    def _do_writes(self, request: Request, servos: Sequence[Servo]) -> list[Chunk]:
        burst: list[Chunk] = []
        for servo in servos:
            i = servo.servo_id
            everybody = request.servo_id == packets.BROADCAST
            data = request.values.get(i, request.values.get(packets.BROADCAST))
            if request.kind == "action":
                if everybody or i == request.servo_id:
                    self._act(servo, request.time_s)
            elif data is None:
                continue
            elif request.kind == "reg_write":
                servo.announce(request.address, data)
            else:
                servo.write(request.address, data, deaf_to_torque_off=i in self.faults.deaf_to_torque_off)
            if request.servo_id == i and servo.answers_writes:
                burst += self._reply(servo, i, b"", request.time_s)
        return burst

    def _act(self, servo: Servo, time_s: float) -> None:
        i = servo.servo_id
        done = servo.act()
        if done is not None:
            address, data = done
            self.log.add(Packet(time_s, "acted", i, b"", address, len(data), (i,), {i: data}))

    def _reply(self, servo: Servo, servo_id: int, data: bytes, asked_s: float) -> list[Chunk]:
        """Return a servo's reply, as the faults leave it.

        Args:
            servo: Who answers.
            servo_id: The id by which it was asked; a write may have given it another.
            data: What it says.
            asked_s: When its turn-around begins [s].
        """
        faults = self.faults
        if faults.take_silent(servo_id):
            return []
        extra = faults.extra_bytes.get(servo_id, 0)
        data = data[: len(data) + extra] if extra < 0 else data + bytes(extra)
        error = servo.status | faults.status.get(servo_id, 0)
        raw = packets.status_packet(faults.posed_as.get(servo_id, servo_id), error, data)
        if faults.take_corrupt(servo_id):
            raw = raw[:-1] + bytes((raw[-1] ^ 0x55,))
        start_s = asked_s + TURNAROUND_S + servo.return_delay_s + faults.take_late_s(servo_id)
        return [Chunk(start_s, raw, self._byte_s(), (servo_id, data))]

    def _spoil(self, burst: list[Chunk]) -> None:
        """Do to a burst of replies, in the order of time, what the faults say."""
        faults = self.faults
        if not burst:
            return
        if faults.flips:
            for at, bit in faults.flips:
                _flip(burst, at, bit)
            faults.flips = []
        if faults.truncate is not None:
            left, faults.truncate = faults.truncate, None
            for chunk in burst:
                chunk.data = chunk.data[: max(0, left)]
                left -= len(chunk.data)
        if faults.garbage:
            garbage = faults.garbage.popleft()
            byte_s = self._byte_s()
            self._outbox.add(Chunk(burst[0].start_s, garbage, byte_s))
            for chunk in burst:
                chunk.start_s += len(garbage) * byte_s


def _flip(burst: Sequence[Chunk], at: int, bit: int) -> None:
    for chunk in burst:
        if at < len(chunk.data):
            data = bytearray(chunk.data)
            data[at] ^= 1 << bit
            chunk.data = bytes(data)
            return
        at -= len(chunk.data)
