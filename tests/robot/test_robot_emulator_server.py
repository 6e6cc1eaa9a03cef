"""In real time, on a real tty, with the SDK of the servos' maker as the host; nothing here depends on the speed."""

import errno
import os
import select
import sys
import threading
import time

import pytest
import scservo_sdk as sdk
import serial

from bt_robot.robot.emulator.arm import emulated_servos
from bt_robot.robot.emulator.line import Line
from bt_robot.robot.emulator.plant import FirstOrderPlant
from bt_robot.robot.emulator.server import PtyServer
from bt_robot.robot.so101.wire import packets
from bt_robot.robot.so101.wire import registers as r
from tests.robot.emulator_kit import IDS

PATIENCE_S = 20.0
TRIES = 50
"""The SDK gives a reply 36 ms, which a busy machine may miss now and then."""


def line():
    return Line(emulated_servos(), FirstOrderPlant())


@pytest.fixture
def server():
    with PtyServer(line()) as server:
        yield server


@pytest.fixture
def port(server):
    port = sdk.PortHandler(server.path)
    assert port.openPort()
    yield port
    port.closePort()


@pytest.fixture(scope="module")
def handler():
    return sdk.PacketHandler(0)


def persistently(call):
    """Call until the SDK reports success, which comes second to last or last; return what it returned."""
    for _ in range(TRIES):
        result = call()
        if sdk.COMM_SUCCESS in (result if isinstance(result, int) else result[-2], sdk.COMM_NOT_AVAILABLE):
            return result
        time.sleep(0.05)  # a late reply must not be taken for the next one
    raise AssertionError(f"no success: {result}")


def receive(fd, count):
    """Read as many bytes as are expected, or what has come when patience ends."""
    data, until_s = b"", time.monotonic() + PATIENCE_S
    while len(data) < count and time.monotonic() < until_s:
        if select.select([fd], (), (), 0.1)[0]:
            data += os.read(fd, 4096)
    return data


def until(condition):
    until_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until_s, "it did not happen"
        time.sleep(0.005)


@pytest.fixture
def host(server):
    with serial.Serial(server.path, 1_000_000, timeout=0) as host:
        yield host


def ask(host, request, count):
    host.write(request)
    return receive(host.fileno(), count)


def fill(host):
    """Write more than any buffer holds."""
    for _ in range(10_000):
        os.write(host.fileno(), bytes(1000))


def test_the_sdk_finds_every_servo_and_its_model(port, handler):
    for servo_id in IDS:
        assert persistently(lambda i=servo_id: handler.ping(port, i))[:1] == (r.MODEL_NUMBER,)
    assert handler.ping(port, 9)[1] == sdk.COMM_RX_TIMEOUT


def test_the_sdk_reads_and_writes(port, handler, server):
    assert persistently(lambda: handler.write2ByteTxRx(port, 2, r.TORQUE_LIMIT.address, 321)) == (0, 0)
    assert persistently(lambda: handler.read2ByteTxRx(port, 2, r.TORQUE_LIMIT.address))[0] == 321
    assert server.line.servo(2).memory.get(r.TORQUE_LIMIT) == 321


def test_the_sdk_reads_and_writes_all_at_once(port, handler, server):
    group = sdk.GroupSyncWrite(port, handler, r.GOAL_POSITION.address, 2)
    for servo_id in IDS:
        group.addParam(servo_id, [0xFF, 0x07])
    assert group.txPacket() == sdk.COMM_SUCCESS
    until(lambda: len(server.line.log.goal_writes()) == 6)
    read = sdk.GroupSyncRead(port, handler, r.GOAL_ECHO.address, 2)
    for servo_id in IDS:
        read.addParam(servo_id)
    persistently(read.txRxPacket)
    assert [read.getData(servo_id, r.GOAL_ECHO.address, 2) for servo_id in IDS[:5]] == [2047] * 5


def test_the_sdk_burns_eeprom_when_it_opens_the_lock(port, handler, server):
    for address, value in ((r.LOCK.address, 0), (r.P_GAIN.address, 24), (r.LOCK.address, 1)):
        persistently(lambda a=address, v=value: handler.write1ByteTxRx(port, 1, a, v))
    server.line.faults.reboot(1)
    assert persistently(lambda: handler.read1ByteTxRx(port, 1, r.P_GAIN.address))[0] == 24


@pytest.mark.parametrize("baud", [500_000, 250_000, 38_400])
def test_at_another_line_rate_nobody_answers(port, handler, baud):
    assert port.setBaudRate(baud)
    assert handler.ping(port, 1)[1] == sdk.COMM_RX_TIMEOUT
    assert port.setBaudRate(1_000_000)
    persistently(lambda: handler.ping(port, 1))


def test_a_servo_with_another_rate_is_found_there(port, handler, server):
    server.line.faults.poke(4, "baud_rate", 2)
    assert port.setBaudRate(250_000)
    persistently(lambda: handler.ping(port, 4))


def test_replies_take_at_least_what_the_wire_takes(host):
    begun_s = time.monotonic()
    assert len(ask(host, packets.sync_read(56, 15, IDS), 126)) == 126
    assert time.monotonic() - begun_s >= 0.0015


def test_a_host_may_go_and_another_come(server):
    for _ in range(3):
        with serial.Serial(server.path, 1_000_000, timeout=0) as host:
            assert len(ask(host, packets.ping(1), 6)) == 6


def test_only_one_host_at_a_time_if_they_want_it_so(server):
    with (
        serial.Serial(server.path, 1_000_000, exclusive=True),
        pytest.raises(serial.SerialException, match="exclusively lock"),
    ):
        serial.Serial(server.path, 1_000_000, exclusive=True)


def test_a_link_leads_to_the_tty_and_survives_a_replugged_cable(tmp_path):
    path = str(tmp_path / "arm")
    with PtyServer(line(), path) as server:
        assert server.path == path
        with serial.Serial(path, 1_000_000, timeout=0) as host:
            assert len(ask(host, packets.ping(1), 6)) == 6
        server.vanish()
        assert not os.path.lexists(path)
        server.reappear()
        server.reappear()
        with serial.Serial(path, 1_000_000, timeout=0) as host:
            assert len(ask(host, packets.ping(1), 6)) == 6
    assert not os.path.lexists(path)


def test_a_stale_link_is_replaced_and_a_file_is_not(tmp_path):
    stale = tmp_path / "stale"
    stale.symlink_to("/nowhere")
    PtyServer(line(), str(stale)).stop()
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(FileExistsError):
        PtyServer(line(), str(file))


def fails_to_write(host):
    try:
        os.write(host.fileno(), packets.ping(1))
    except OSError:
        return True
    return False


def test_a_pulled_cable_is_an_error_at_the_host(server, host):
    server.vanish()
    until(lambda: fails_to_write(host))  # the server's thread may still be waiting on its end, which keeps it open
    with pytest.raises(OSError, match="Input/output error") as caught:
        os.write(host.fileno(), packets.ping(1))
    assert caught.value.errno == errno.EIO
    assert os.read(host.fileno(), 10) == b""
    server.vanish()


def test_the_arm_goes_on_by_itself_while_the_cable_is_out(server, host):
    host.write(packets.sync_write(42, {1: b"\xe8\x08"}))
    until(lambda: server.line.log.goal_writes())
    server.vanish()
    until(lambda: abs(server.line.servo(1).present_ticks() - 2280) < 2)


def test_a_jammed_port_takes_no_more_bytes_until_it_is_free_again(server, host):
    server.jam()
    os.set_blocking(host.fileno(), False)
    with pytest.raises(BlockingIOError):
        fill(host)
    server.jam(False)
    host.reset_output_buffer()
    until(lambda: select.select((), [host.fileno()], (), 0.0)[1])


def test_bytes_that_the_host_does_not_fetch_are_lost(server, host):
    server.line.faults.babble(90_000)
    until(lambda: server.lost_bytes > 0)
    server.line.faults.babble(0)


def test_an_adapter_may_hand_bytes_over_in_frames():
    with PtyServer(line(), frame_s=0.02) as server, serial.Serial(server.path, 1_000_000, timeout=0) as host:
        times = []
        for _ in range(3):
            assert len(ask(host, packets.sync_read(56, 15, IDS), 126)) == 126
            times.append(time.monotonic() % 0.02)
        assert all(time_s < 0.02 for time_s in times)


def test_faults_can_be_set_while_it_serves(server, host):
    server.line.faults.silence(3)
    assert len(ask(host, packets.sync_read(56, 2, IDS), 40)) == 40
    with server.lock:
        server.line.faults.clear()
    assert len(ask(host, packets.sync_read(56, 2, IDS), 48)) == 48


def test_other_files_are_watched_too():
    server = PtyServer(line())
    near, far = os.pipe()
    seen = []

    def read():
        seen.append(os.read(near, 10))
        server.end()

    os.write(far, b"hello")
    server.run(lambda: {near: read})
    assert seen == [b"hello"]
    server.stop()
    os.close(near)
    os.close(far)


def test_bytes_for_nobody_are_forgotten():
    server = PtyServer(line())
    server.line.faults.babble(90_000)
    server.vanish()
    until_s = time.monotonic() + 0.05
    while time.monotonic() < until_s:
        server._turn(False)
    server.line.faults.babble(0)
    server.reappear()
    with serial.Serial(server.path, 1_000_000, timeout=0) as host:
        server.start()
        assert len(ask(host, packets.ping(1), 6)) == 6
    server.stop()


@pytest.mark.parametrize("babble", [0, 50_000])
def test_whatever_is_due_was_done_when_it_waits(babble):
    server = PtyServer(line())
    server.line.faults.babble(babble)
    until_s = time.monotonic() + 0.05
    while time.monotonic() < until_s:
        server._turn(False)
        assert server._wait_s(server.line.now_s) > 0.0
    server.stop()


def test_it_can_be_stopped_at_any_time_any_number_of_times():
    server = PtyServer(line())
    server.stop()
    server.stop()
    server = PtyServer(line()).start()
    for _ in range(2):
        server.stop()


@pytest.mark.parametrize("call", range(1, 9))
def test_a_signal_that_asks_for_the_end_may_come_while_the_end_is_asked_for(call):
    server = PtyServer(line())
    calls = []

    def signalled(frame, event, argument):
        """Call `end` again in the midst of `end`, as a signal handler does."""
        calls.append(event)
        if len(calls) == call:
            server.end()

    def ask():
        sys.setprofile(signalled)
        server.end()
        sys.setprofile(None)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    server.stop()
