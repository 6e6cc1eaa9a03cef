import pytest
from hypothesis import given
from hypothesis import strategies as st
from scservo_sdk import GroupSyncRead, GroupSyncWrite, PacketHandler

from bt_robot.robot.so101.wire import packets

SDK_IDS = st.integers(0, 252)
DATA = st.binary(min_size=1, max_size=40)


class RecordingPort:
    """What the SDK takes for its port: keeps the requests and answers none."""

    def __init__(self):
        self.sent = []
        self.is_using = False

    def clearPort(self):  # noqa: N802
        pass

    def writePort(self, packet):  # noqa: N802
        self.sent.append(bytes(packet))
        return len(packet)

    def readPort(self, length):  # noqa: N802
        return b""

    def setPacketTimeout(self, length):  # noqa: N802
        pass

    def isPacketTimeout(self):  # noqa: N802
        return True


@pytest.fixture(scope="module")
def sdk():
    return PacketHandler(0)


@pytest.mark.parametrize(
    ("packet", "golden"),
    [
        (packets.ping(1), "ff ff 01 02 01 fb"),
        (packets.ping(packets.BROADCAST), "ff ff fe 02 01 fe"),
        (packets.read(1, 56, 2), "ff ff 01 04 02 38 02 be"),
        (packets.write(1, 42, b"\x00\x08"), "ff ff 01 05 03 2a 00 08 c4"),
        (packets.reg_write(2, 42, b"\x00\x08"), "ff ff 02 05 04 2a 00 08 c2"),
        (packets.action(), "ff ff fe 02 05 fa"),
        (packets.sync_read(56, 15, range(1, 7)), "ff ff fe 0a 82 38 0f 01 02 03 04 05 06 19"),
        (
            packets.sync_write(42, {1: b"\xff\x07", 2: b"\x00\x08"}),
            "ff ff fe 0a 83 2a 02 01 ff 07 02 00 08 37",
        ),
        (packets.status_packet(1, 0x20, b"\x18\x05"), "ff ff 01 04 20 18 05 bd"),
        (packets.status_packet(1, 0), "ff ff 01 02 00 fc"),
    ],
)
def test_packets_are_these_bytes(packet, golden):
    assert packet.hex(" ") == golden


@given(SDK_IDS)
def test_a_ping_is_the_sdks(sdk, servo_id):
    port = RecordingPort()
    sdk.ping(port, servo_id)
    assert port.sent[0] == packets.ping(servo_id)


@given(SDK_IDS, st.integers(0, 255), st.data())
def test_a_read_is_the_sdks(sdk, servo_id, address, data):
    length = data.draw(st.integers(1, min(255, 256 - address)))
    port = RecordingPort()
    sdk.readTxRx(port, servo_id, address, length)
    assert port.sent == [packets.read(servo_id, address, length)]


@given(SDK_IDS | st.just(packets.BROADCAST), st.integers(0, 200), DATA)
def test_a_write_is_the_sdks(sdk, servo_id, address, data):
    port = RecordingPort()
    sdk.writeTxRx(port, servo_id, address, len(data), list(data))
    sdk.regWriteTxRx(port, servo_id, address, len(data), list(data))
    assert port.sent == [packets.write(servo_id, address, data), packets.reg_write(servo_id, address, data)]


def test_an_action_is_the_sdks(sdk):
    port = RecordingPort()
    sdk.action(port, packets.BROADCAST)
    sdk.action(port, 3)
    assert port.sent == [packets.action(), packets.action(3)]


@given(st.lists(SDK_IDS, min_size=1, max_size=20, unique=True), st.integers(0, 80), st.integers(1, 31))
def test_a_sync_read_is_the_sdks(sdk, ids, address, length):
    port = RecordingPort()
    group = GroupSyncRead(port, sdk, address, length)
    for servo_id in ids:
        group.addParam(servo_id)
    group.txPacket()
    assert port.sent == [packets.sync_read(address, length, ids)]


@given(st.lists(SDK_IDS, min_size=1, max_size=12, unique=True), st.integers(0, 80), st.integers(1, 15), st.data())
def test_a_sync_write_is_the_sdks(sdk, ids, address, length, data):
    values = {servo_id: data.draw(st.binary(min_size=length, max_size=length)) for servo_id in ids}
    port = RecordingPort()
    group = GroupSyncWrite(port, sdk, address, length)
    for servo_id, value in values.items():
        group.addParam(servo_id, list(value))
    group.txPacket()
    assert port.sent == [packets.sync_write(address, values)]


class AnsweringPort(RecordingPort):
    def __init__(self, reply):
        super().__init__()
        self.reply = reply

    def readPort(self, length):  # noqa: N802
        part, self.reply = self.reply[:length], self.reply[length:]
        return part


@given(SDK_IDS, st.integers(0, 0x7F), DATA)
def test_the_sdk_reads_our_replies(sdk, servo_id, error, data):
    port = AnsweringPort(packets.status_packet(servo_id, error, data))
    read, result, seen = sdk.readTxRx(port, servo_id, 0, len(data))
    assert (bytes(read), result, seen) == (data, 0, error)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: packets.ping(-1), "no servo with id -1; expected 0 to 253"),
        (lambda: packets.ping(255), "no servo with id 255"),
        (lambda: packets.read(packets.BROADCAST, 56, 2), "no servo with id 254"),
        (lambda: packets.read(1, 256, 1), "no 1 bytes at address 256"),
        (lambda: packets.read(1, 250, 7), "no 7 bytes at address 250"),
        (lambda: packets.read(1, 0, 0), "no 0 bytes at address 0"),
        (lambda: packets.write(1, 42, b""), "no 0 bytes at address 42"),
        (lambda: packets.write(1, 0, bytes(244)), "would have 251 bytes; expected at most 250"),
        (lambda: packets.sync_read(56, 2, []), "no ids were given"),
        (lambda: packets.sync_read(56, 2, [1, 254]), "no servo with id 254"),
        (lambda: packets.sync_read(56, 2, [1, 2, 1]), "an id comes twice: 1, 2, 1"),
        (lambda: packets.sync_write(42, {}), "no ids were given"),
        (
            lambda: packets.sync_write(42, {1: b"\0\0", 2: b"\0"}),
            "same number of bytes for each id; got id 1: 2, id 2: 1",
        ),
        (lambda: packets.sync_write(42, {1: b""}), "no 0 bytes at address 42"),
        (lambda: packets.status_packet(1, 256), "error byte can't be 256"),
        (lambda: packets.status_packet(254, 0), "no servo with id 254"),
    ],
)
def test_what_makes_no_packet_is_refused_with_its_value(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_nothing_here_can_reset_a_servo_or_start_its_boot_loader():
    named = {value for name, value in vars(packets).items() if name.isupper() and isinstance(value, int)}
    instructions = {packets.PING, packets.READ, packets.WRITE, packets.REG_WRITE, packets.ACTION}
    assert instructions | {packets.SYNC_READ, packets.SYNC_WRITE} <= named
    sent = [packets.ping(1), packets.read(1, 6, 8), packets.write(1, 6, b"\x08"), packets.action()]
    assert {packet[4] for packet in sent} <= instructions
    assert not instructions & {0x06, 0x08, 0x0A, 0x0B}
