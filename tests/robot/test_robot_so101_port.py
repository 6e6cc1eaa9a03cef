"""A real tty: one owner, an end to every wait, and plain words when it is not there, not allowed or gone."""

import errno
import os
import threading
import time

import pytest
import serial

from bt_robot.errors import RobotError, RobotRefused
from bt_robot.robot.emulator.pty import Pty
from bt_robot.robot.so101.port import BAUD, WRITE_TIMEOUT_S, PortLost, SerialPort
from bt_robot.robot.so101.wire.registers import BAUD_RATES

PATIENCE_S = 5.0
"""For what comes at once, on however slow a machine."""


class Cable:
    """A pseudo-terminal whose far end can be unplugged."""

    def __init__(self):
        self.pty = Pty()
        self.plugged = True

    @property
    def path(self):
        return self.pty.path

    @property
    def fd(self):
        return self.pty.fd

    def unplug(self):
        self.plugged = False
        self.pty.close()


@pytest.fixture
def cable():
    far = Cable()
    yield far
    if far.plugged:
        far.unplug()


@pytest.fixture
def port(cable):
    opened = SerialPort(cable.path)
    yield opened
    opened.close()


def far_end(cable, count):
    """Read what has come out of the port."""
    data = b""
    while len(data) < count:
        try:
            data += os.read(cable.fd, 4096)
        except BlockingIOError:
            time.sleep(0.001)
    return data


def jammed(port):
    """Send until the port takes nothing more; return why, and how long the last try took [s]."""
    for _ in range(10_000):
        began_s = time.monotonic()
        try:
            port.send(bytes(1000))
        except PortLost as lost:
            return lost, time.monotonic() - began_s
    raise AssertionError("it takes everything")


# opening --------------------------------------------------------------------------------------------------------


def test_a_port_that_is_absent_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(RobotRefused) as refusal:
        SerialPort(str(tmp_path / "ttyACM7"))
    assert str(refusal.value) == (
        f"there is no port {tmp_path}/ttyACM7; is the USB cable in? `bt-arm ports` lists what there is"
    )


def test_a_port_has_one_owner(cable, port):
    with pytest.raises(RobotRefused) as refusal:
        SerialPort(cable.path)
    assert str(refusal.value) == f"{cable.path} is in use by another program; end that one first"


def test_a_refused_owner_does_not_disturb_the_first(cable, port):
    with pytest.raises(RobotRefused):
        SerialPort(cable.path)
    port.send(b"still mine")
    assert far_end(cable, 10) == b"still mine"


def test_a_port_that_was_let_go_can_be_opened_again(cable):
    for _ in range(3):
        SerialPort(cable.path).close()


@pytest.fixture
def forbidden(cable):
    """A port that nobody may open; root may, so where the tests run as root, another user tries it."""
    os.chmod(cable.path, 0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield cable.path
    if user == 0:
        os.seteuid(user)


def test_a_port_without_permission_is_refused(forbidden):
    with pytest.raises(RobotRefused) as refusal:
        SerialPort(forbidden)
    assert str(refusal.value) == (
        f"no permission to open {forbidden}; run `sudo usermod -aG dialout $USER`, log out and in again"
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            serial.SerialException(errno.EACCES, "could not open port: Permission denied"),
            "no permission to open /dev/x; run `sudo usermod -aG dialout $USER`, log out and in again",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied"),
            "no permission to open /dev/x; run `sudo usermod -aG dialout $USER`, log out and in again",
        ),
        (
            serial.SerialException(errno.EBUSY, "could not open port: Device or resource busy"),
            "/dev/x is in use by another program; end that one first",
        ),
        (
            serial.SerialException(errno.ENXIO, "could not open port: No such device or address"),
            "there is no port /dev/x; is the USB cable in? `bt-arm ports` lists what there is",
        ),
        (
            serial.SerialException("Could not configure port: (5, 'Input/output error')"),
            "/dev/x can't be opened as a serial port: Could not configure port: (5, 'Input/output error')",
        ),
        (
            ValueError("Not a valid baudrate: 3"),
            "/dev/x can't be opened as a serial port: Not a valid baudrate: 3",
        ),
    ],
)
def test_why_a_port_can_not_be_opened_is_said_in_plain_words(monkeypatch, error, words):
    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(RobotRefused) as refusal:
        SerialPort("/dev/x")
    assert str(refusal.value) == words


def test_a_file_is_no_serial_port(tmp_path):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(RobotRefused, match="can't be opened as a serial port"):
        SerialPort(str(path))


def test_nothing_is_written_by_opening_and_closing(cable):
    SerialPort(cable.path).close()
    assert cable.pty.read() == b""


# sending and receiving ------------------------------------------------------------------------------------------


def test_every_byte_passes_as_it_is_both_ways(cable, port):
    """No line discipline may take a control character for its own."""
    data = bytes(range(256))
    port.send(data)
    assert far_end(cable, 256) == data
    os.write(cable.fd, data)
    received = b""
    while len(received) < 256:
        received += port.receive(port.now_s() + PATIENCE_S)
    assert received == data


def test_what_has_arrived_is_handed_over_at_once(cable, port):
    os.write(cable.fd, b"abc")
    began_s = port.now_s()
    assert port.receive(began_s + 60.0) == b"abc"
    assert port.now_s() - began_s < 30.0


def test_when_nothing_comes_the_deadline_ends_the_wait(port):
    began_s = port.now_s()
    assert port.receive(began_s + 0.02) == b""
    assert port.now_s() >= began_s + 0.02


def test_a_deadline_that_is_over_does_not_wait_but_looks(cable, port):
    assert port.receive(port.now_s() - 1.0) == b""
    os.write(cable.fd, b"abc")
    assert port.receive(port.now_s() - 1.0) == b"abc"


def test_nobody_looks_before_a_burst_is_due(cable, port):
    os.write(cable.fd, b"abc")
    due_s = port.now_s() + 0.02
    assert port.receive(due_s + PATIENCE_S, due_s) == b"abc"
    assert port.now_s() >= due_s


def test_the_first_byte_ends_the_wait(cable, port):
    timer = threading.Timer(0.02, os.write, (cable.fd, b"x"))
    timer.start()
    try:
        assert port.receive(port.now_s() + 60.0) == b"x"
    finally:
        timer.join()


def test_what_arrived_unasked_for_is_thrown_away_and_counted(cable, port):
    os.write(cable.fd, bytes(300))
    assert port.drop_input() == 300
    assert port.drop_input() == 0
    assert port.receive(port.now_s()) == b""


def test_the_clock_is_the_monotonic_one(port):
    before_s = time.monotonic()
    assert before_s <= port.now_s() <= time.monotonic()


def test_a_long_message_is_sent_in_the_pieces_that_are_taken(cable, port):
    data = os.urandom(200_000)
    read = []
    reader = threading.Thread(target=lambda: read.append(far_end(cable, len(data))))
    reader.start()
    for at in range(0, len(data), 1000):
        port.send(data[at : at + 1000])
    reader.join(PATIENCE_S)
    assert read == [data]


# jammed, and gone -----------------------------------------------------------------------------------------------


def test_a_port_that_takes_nothing_is_lost_after_the_write_timeout(cable, port):
    lost, took_s = jammed(port)
    assert str(lost) == f"{cable.path} has taken no bytes for 20 ms; unplug the USB cable and plug it in again"
    assert WRITE_TIMEOUT_S - 0.002 <= took_s < 1.0


def test_a_jammed_port_can_be_let_go(cable, port):
    jammed(port)
    port.close()
    SerialPort(cable.path).close()


USES = {
    "send": lambda port: port.send(b"x"),
    "receive": lambda port: port.receive(port.now_s() + PATIENCE_S),
    "drop_input": lambda port: port.drop_input(),
    "set_baud": lambda port: port.set_baud(500_000),
    "set_baud_custom": lambda port: port.set_baud(250_000),
}


@pytest.mark.parametrize("use", USES)
def test_a_port_that_vanished_is_lost_whatever_is_done_with_it(cable, port, use):
    cable.unplug()
    with pytest.raises(PortLost) as lost:
        USES[use](port)
    words = str(lost.value)
    assert words.startswith(f"{cable.path} has vanished")
    assert words.endswith("; is the USB cable in?")


def test_a_port_that_vanishes_ends_a_wait(cable, port):
    timer = threading.Timer(0.02, cable.unplug)
    timer.start()
    try:
        with pytest.raises(PortLost):
            port.receive(port.now_s() + 60.0)
    finally:
        timer.join()


def test_a_jammed_port_that_vanishes_is_lost(cable, port):
    jammed(port)
    cable.unplug()
    with pytest.raises(PortLost):
        port.send(b"x")


def test_letting_go_never_fails(cable, port):
    cable.unplug()
    for _ in range(3):
        port.close()


def test_losing_a_port_is_an_error_of_a_run():
    assert issubclass(PortLost, RobotError)
    assert not issubclass(PortLost, RobotRefused)


# the line rate --------------------------------------------------------------------------------------------------


def test_a_port_is_opened_at_the_servos_rate(cable, port):
    assert cable.pty.baud() == BAUD == 1_000_000


@pytest.mark.parametrize("rate", BAUD_RATES)
def test_every_rate_of_the_servos_can_be_set(cable, port, rate):
    port.set_baud(rate)
    assert cable.pty.baud() == rate
