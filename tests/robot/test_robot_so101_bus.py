"""One transaction on the servo bus: bounded, whoever answers is kept, and nothing old is taken for new."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.robot.emulator.arm import emulated_servos
from bt_robot.robot.emulator.line import Line
from bt_robot.robot.emulator.plant import FirstOrderPlant
from bt_robot.robot.so101.bus import LATENCY_S, Bus
from bt_robot.robot.so101.port import PortLost
from bt_robot.robot.so101.wire import packets
from bt_robot.robot.so101.wire.registers import (
    BLOCK_ADDRESS,
    BLOCK_LENGTH,
    GOAL_POSITION,
    GOAL_TIME,
    ID,
    LOCK,
    MODEL,
    REGISTERS,
    TORQUE_LIMIT,
)
from tests.robot.so101_kit import IDS, START_S, VirtualPort

BLOCK_WIRE_S = (14 + 5 * 24 + 21) * 10e-6 + 30e-6
"""A block of six servos: the request, five slots, the last reply, and the turn-around."""

ONE_SILENT_S = 0.006


class Servos:
    """Six emulated servos and a bus."""

    def __init__(self, baud=1_000_000, **values):
        self.line = Line(emulated_servos(), FirstOrderPlant(), baud=baud)
        for servo in self.line.servos:
            servo.memory.keep(REGISTERS["baud_rate"], {1_000_000: 0, 115_200: 4}[baud])
        self.port = VirtualPort(self.line)
        self.bus = Bus(self.port, baud=baud, **values)
        self.faults = self.line.faults

    def mark(self, value):
        """Have every servo say something new from now on."""
        for servo in self.line.servos:
            servo.memory.put(GOAL_TIME, value)

    def marks(self, **values):
        """Ask all of them for it; return what each said."""
        found = self.bus.sync_read(GOAL_TIME.address, 2, IDS, **values)
        return {i: int.from_bytes(reply.data, "little") for i, reply in found.replies.items()}

    def block(self):
        return self.bus.sync_read(BLOCK_ADDRESS, BLOCK_LENGTH, IDS)

    def wait(self, seconds):
        self.port.wait_until(self.port.time_s + seconds)


class ScriptedPort:
    """A port at which bytes arrive at told times after each request, whatever was sent."""

    def __init__(self, *arrivals):
        self.time_s = START_S
        self.sent = []
        self.asked = 0
        self._arrivals = list(arrivals)
        self._coming = []

    def now_s(self):
        return self.time_s

    def send(self, data):
        self.sent.append(data)
        self._coming = [(self.time_s + after_s, data) for after_s, data in self._arrivals.pop(0)]

    def receive(self, deadline_s, due_s=0.0):
        self.asked += 1
        self.time_s = max(self.time_s, min(due_s, deadline_s))
        if not any(at_s <= self.time_s for at_s, _ in self._coming):
            self.time_s = min([deadline_s, *(at_s for at_s, _ in self._coming)])
        data = b"".join(data for at_s, data in self._coming if at_s <= self.time_s)
        self._coming = [(at_s, data) for at_s, data in self._coming if at_s > self.time_s]
        return data

    def drop_input(self):
        return 0

    def close(self):
        pass


def replies(value, ids=IDS):
    return b"".join(packets.status_packet(i, 0, value.to_bytes(2, "little")) for i in ids)


# what is asked is answered --------------------------------------------------------------------------------------


def test_a_sync_read_brings_the_same_bytes_of_every_servo():
    servos = Servos()
    found = servos.bus.sync_read(MODEL.address, 3, IDS)
    assert {i: reply.data for i, reply in found.replies.items()} == {i: b"\x09\x03" + bytes([i]) for i in IDS}
    assert (found.foreign, found.bad_bytes, found.echoed, found.sent_s) == (0, 0, False, START_S)


def test_a_read_asks_one_servo():
    found = Servos().bus.read(4, ID.address, 1)
    assert {i: reply.data for i, reply in found.replies.items()} == {4: b"\x04"}


def test_a_write_is_acknowledged_with_the_status():
    servos = Servos()
    servos.faults.report(3, 33)
    found = servos.bus.write(3, TORQUE_LIMIT, 321)
    assert found.replies[3].error == 33
    assert found.replies[3].data == b""
    assert servos.line.servo(3).memory.get(TORQUE_LIMIT) == 321


def test_a_write_that_nobody_acknowledges_is_told():
    servos = Servos()
    servos.faults.silence(3)
    assert servos.bus.write(3, TORQUE_LIMIT, 321).replies == {}


def test_a_sync_write_reaches_all_at_once_and_waits_for_nobody():
    servos = Servos()
    servos.bus.sync_write(GOAL_POSITION, {i: 2000 + i for i in IDS})
    assert servos.port.time_s == START_S
    servos.wait(0.001)
    assert servos.line.log.goal_writes() == [(pytest.approx(START_S + 26e-5), i, 2000 + i) for i in IDS]


@pytest.mark.parametrize("value", [-1, 65536])
def test_a_value_that_does_not_fit_is_not_sent(value):
    servos = Servos()
    for write in (
        lambda: servos.bus.write(1, TORQUE_LIMIT, value),
        lambda: servos.bus.sync_write(LOCK, {1: 0, 2: value}),
    ):
        with pytest.raises(ValueError, match=r"(torque_limit|lock) can't be"):
            write()
    servos.wait(0.01)
    assert len(servos.line.log) == 0
    assert not servos.bus.history


@given(st.lists(st.sampled_from(IDS), min_size=1, max_size=6, unique=True), st.integers(1, 40), st.integers(0, 48))
def test_any_servos_in_any_order_answer_any_place(ids, length, address):
    servos = Servos()
    found = servos.bus.sync_read(address, length, ids)
    assert set(found.replies) == set(ids)
    for i in ids:
        assert found.replies[i].data == servos.line.servo(i).memory.read(address, length)


# time -----------------------------------------------------------------------------------------------------------


def test_a_whole_answer_costs_its_time_on_the_wire():
    servos = Servos()
    servos.block()
    assert servos.bus.history[-1].took_s == pytest.approx(BLOCK_WIRE_S, rel=0.02)


def test_a_burst_costs_two_looks_and_not_one_per_servo(monkeypatch):
    servos, looks = Servos(), []
    receive = servos.port.receive
    monkeypatch.setattr(servos.port, "receive", lambda *times: looks.append(times) or receive(*times))
    assert len(servos.block().replies) == len(IDS)
    assert len(looks) <= 2


def test_a_read_behind_a_write_waits_for_the_write_to_leave():
    servos = Servos()
    servos.bus.sync_write(GOAL_POSITION, dict.fromkeys(IDS, 2047))
    servos.block()
    assert servos.bus.history[-1].took_s == pytest.approx(26 * 10e-6 + BLOCK_WIRE_S, rel=0.02)


@pytest.mark.parametrize("silent", IDS)
def test_a_silent_servo_costs_a_deadline_and_nobody_else(silent):
    servos = Servos()
    servos.faults.silence(silent)
    found = servos.block()
    assert set(found.replies) == set(IDS) - {silent}
    assert servos.bus.history[-1].missing == (silent,)
    assert servos.bus.history[-1].took_s <= ONE_SILENT_S


def test_only_a_silent_last_servo_is_waited_for():
    """The servos answer in time slots: when the last one has answered, the others have had theirs."""
    servos = Servos()
    servos.faults.silence(2)
    servos.block()
    assert servos.bus.history[-1].took_s == pytest.approx(BLOCK_WIRE_S, rel=0.02)


def test_a_bus_without_servos_costs_one_deadline():
    servos = Servos()
    servos.faults.power(False)
    assert servos.block().replies == {}
    assert servos.bus.history[-1].missing == IDS
    assert servos.port.time_s - START_S <= BLOCK_WIRE_S + LATENCY_S + 0.0002


def test_a_slow_line_gets_more_time():
    servos = Servos(baud=115_200)
    assert set(servos.block().replies) == set(IDS)
    assert servos.bus.history[-1].took_s == pytest.approx(BLOCK_WIRE_S * 1e6 / 115_200, rel=0.02)


def test_a_request_behind_a_long_write_gets_the_writes_time_too():
    servos = Servos()
    for _ in range(20):
        servos.bus.sync_write(GOAL_POSITION, dict.fromkeys(IDS, 2000))
    assert set(servos.block().replies) == set(IDS)


# what is old is not taken for new -------------------------------------------------------------------------------


def test_stale_bytes_are_thrown_away_before_a_request_and_counted():
    servos = Servos()
    servos.faults.delay(6, 0.007)
    servos.mark(1)
    assert set(servos.marks()) == {1, 2, 3, 4, 5}
    servos.wait(0.005)
    servos.mark(2)
    assert servos.marks() == dict.fromkeys(IDS, 2)
    assert servos.bus.dropped == servos.bus.history[-1].dropped == 8


@given(st.sampled_from(IDS), st.floats(0.0, 0.03), st.lists(st.floats(0.0, 0.012), min_size=3, max_size=8))
def test_however_late_a_reply_is_no_old_value_is_believed(servo_id, late_s, pauses_s):
    servos = Servos()
    servos.faults.delay(servo_id, late_s)
    for number, pause_s in enumerate(pauses_s, 1):
        servos.mark(number)
        told = servos.marks()
        assert set(told.values()) <= {number}
        servos.wait(pause_s)


def on_the_wire(value):
    """The replies of six servos, each when its slot is over."""
    return [(0.00017 + 0.00011 * rank + 0.00008, replies(value, [i])) for rank, i in enumerate(IDS)]


@given(st.lists(st.sampled_from(IDS), min_size=1, max_size=6, unique=True).map(sorted), st.floats(0.0, 0.0002))
def test_what_the_adapter_held_back_is_not_taken_for_the_answer(late, after_s):
    """The USB hands over the rest of the last answer just after the next request: in front of everything fresh."""
    port = ScriptedPort([(after_s, replies(1, late)), *on_the_wire(2)])
    found = Bus(port).sync_read(GOAL_TIME.address, 2, IDS)
    assert {int.from_bytes(reply.data, "little") for reply in found.replies.values()} <= {2}
    assert set(IDS) - set(late) <= set(found.replies)
    assert port.time_s - START_S <= ONE_SILENT_S


def test_a_reply_of_another_register_is_foreign():
    servos = Servos()
    servos.faults.delay(2, 0.006)
    servos.bus.read(2, BLOCK_ADDRESS, BLOCK_LENGTH)
    found = servos.bus.read(2, ID.address, 1)
    assert found.replies[2].data == b"\x02"


# what is damaged costs itself -----------------------------------------------------------------------------------


@pytest.mark.parametrize("hit", IDS)
def test_a_damaged_reply_costs_only_itself(hit):
    servos = Servos()
    servos.faults.corrupt_checksum(hit)
    found = servos.block()
    assert set(found.replies) == set(IDS) - {hit}
    assert found.bad_bytes == 21


@pytest.mark.parametrize("length", [0, 1, 20, 21, 22, 60, 125, 126])
def test_the_replies_before_a_cut_are_kept(length):
    servos = Servos()
    servos.faults.cut(length)
    assert set(servos.block().replies) == set(IDS[: length // 21])


@pytest.mark.parametrize("garbage", ["ff", "ffff", "ffff01", "ffffff", "ffff0111", "00" * 30, "ff" * 30])
def test_garbage_in_front_costs_nothing(garbage):
    servos = Servos()
    servos.faults.precede(garbage)
    found = servos.block()
    assert set(found.replies) == set(IDS)
    assert found.bad_bytes == len(garbage) // 2


def test_a_servo_that_answers_under_another_ones_id_is_not_believed():
    servos = Servos()
    servos.faults.pose(3, as_id=4)
    found = servos.block()
    assert 3 not in found.replies
    assert 4 not in found.replies


def test_a_servo_that_answers_with_too_much_is_not_believed():
    servos = Servos()
    servos.faults.resize(3, 1)
    assert set(servos.block().replies) == set(IDS) - {3}


# an adapter that hears itself, and a line that babbles ----------------------------------------------------------


def test_an_adapter_that_hears_itself_is_noticed_and_its_echo_is_no_reply():
    servos = Servos()
    servos.faults.hear_itself()
    found = servos.block()
    assert found.echoed
    assert set(found.replies) == set(IDS)
    assert found.bad_bytes == 0


def test_an_echo_in_pieces_is_an_echo_too():
    request = packets.sync_read(GOAL_TIME.address, 2, IDS)
    pieces = [(0.0001 * n, request[n : n + 1]) for n in range(len(request))]
    found = Bus(ScriptedPort([*pieces, (0.003, replies(5))])).sync_read(GOAL_TIME.address, 2, IDS)
    assert found.echoed
    assert set(found.replies) == set(IDS)


@given(st.integers(1, 13))
def test_half_an_echo_is_no_echo(length):
    request = packets.sync_read(GOAL_TIME.address, 2, IDS)
    found = Bus(ScriptedPort([(0.0, request[:length]), (0.001, replies(5))])).sync_read(GOAL_TIME.address, 2, IDS)
    assert not found.echoed
    assert set(found.replies) == set(IDS)


@pytest.mark.parametrize("rate", [1000, 20_000, 100_000])
def test_a_babbling_line_costs_no_more_than_a_deadline(rate):
    servos = Servos()
    servos.faults.babble(rate)
    for _ in range(20):
        began_s = servos.port.time_s
        servos.block()
        assert servos.port.time_s - began_s <= BLOCK_WIRE_S + LATENCY_S + 0.001


def test_a_flood_is_not_listened_to_until_the_deadline():
    flood = [(0.0001 * n, bytes(400)) for n in range(200)]
    port = ScriptedPort(flood)
    found = Bus(port).sync_read(GOAL_TIME.address, 2, IDS)
    assert found.replies == {}
    assert port.asked < 10
    assert port.time_s - START_S < 0.004


@given(st.binary(max_size=400), st.booleans())
def test_whatever_arrives_there_is_an_answer_and_an_end(noise, behind):
    whole = replies(9)
    data = noise + whole if behind else noise
    port = ScriptedPort([(0.0005, data)])
    found = Bus(port).sync_read(GOAL_TIME.address, 2, IDS)
    assert set(found.replies) <= set(IDS)
    assert port.time_s - START_S <= 0.006


@given(st.lists(st.integers(1, 60), max_size=8), st.floats(0.0, 0.0008))
def test_the_pieces_in_which_bytes_arrive_do_not_matter(cuts, gap_s):
    data, pieces = replies(9), []
    for number, size in enumerate(cuts):
        pieces.append((gap_s * number, data[:size]))
        data = data[size:]
    pieces.append((gap_s * len(cuts), data))
    found = Bus(ScriptedPort(pieces)).sync_read(GOAL_TIME.address, 2, IDS)
    if gap_s * len(cuts) < LATENCY_S:
        assert set(found.replies) == set(IDS)


# the record and the end -----------------------------------------------------------------------------------------


def test_every_transaction_is_remembered_as_it_was_on_the_wire():
    servos = Servos()
    servos.faults.silence(5)
    servos.bus.sync_read(ID.address, 1, IDS)
    servos.bus.sync_write(LOCK, {1: 1})
    read, write = servos.bus.history
    assert read.request == packets.sync_read(5, 1, IDS)
    assert read.received == b"".join(packets.status_packet(i, 0, bytes([i])) for i in IDS if i != 5)
    assert (read.time_s, read.missing, read.dropped) == (START_S, (5,), 0)
    assert write.request == packets.sync_write(55, {1: b"\x01"})
    assert (write.received, write.missing) == (b"", ())


def test_only_the_last_transactions_are_remembered():
    servos = Servos(history=7)
    for _ in range(20):
        servos.block()
    assert len(servos.bus.history) == 7


@pytest.mark.parametrize(
    "use",
    [
        Servos.block,
        lambda servos: servos.bus.read(1, ID.address, 1),
        lambda servos: servos.bus.write(1, LOCK, 1),
        lambda servos: servos.bus.sync_write(LOCK, {1: 1}),
    ],
)
def test_a_port_that_is_gone_is_told_at_once(use):
    servos = Servos()
    servos.port.gone = "/dev/ttyACM0 has vanished"
    with pytest.raises(PortLost, match="has vanished"):
        use(servos)
    assert servos.port.time_s == START_S


def test_closing_the_bus_closes_the_port():
    closed = []
    port = ScriptedPort()
    port.close = lambda: closed.append(True)
    Bus(port).close()
    assert closed == [True]
