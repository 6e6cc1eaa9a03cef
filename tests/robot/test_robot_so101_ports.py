"""Which serial ports there are, by the names that survive replugging."""

from types import SimpleNamespace

import pytest
from serial.tools import list_ports

from bt_robot.errors import RobotRefused
from bt_robot.robot.so101.ports import SerialDevice, find_port, serial_devices


@pytest.fixture
def dev(tmp_path, monkeypatch):
    """A machine whose serial ports a test plugs in."""

    class Machine:
        def __init__(self):
            self.folder = tmp_path / "dev"
            self.by_id = self.folder / "serial" / "by-id"
            self.folder.mkdir()
            self.ports = []

        def plug(self, name, vid=0x1A86, link="", **words):
            device = self.folder / name
            device.touch()
            said = {"manufacturer": None, "product": None, "serial_number": None, **words}
            self.ports.append(SimpleNamespace(device=str(device), vid=vid, **said))
            if link:
                self.by_id.mkdir(parents=True, exist_ok=True)
                (self.by_id / link).symlink_to(f"../../{name}")
            return str(device)

    machine = Machine()
    monkeypatch.setattr(list_ports, "comports", lambda: machine.ports)
    return machine


def test_without_ports_there_are_none(dev):
    assert serial_devices(dev.by_id) == []


def test_a_port_is_told_by_the_path_that_survives_replugging(dev):
    device = dev.plug("ttyACM0", link="usb-1a86_USB_Single_Serial_5A46-if00", product="USB Single Serial")
    assert serial_devices(dev.by_id) == [
        SerialDevice(
            path=str(dev.by_id / "usb-1a86_USB_Single_Serial_5A46-if00"),
            device=device,
            words="USB Single Serial WCH (the usual SO-101 adapter)",
            usb=True,
        )
    ]


def test_a_port_without_such_a_path_is_told_by_what_it_is_now(dev):
    device = dev.plug("ttyUSB0", vid=0x0403, manufacturer="FTDI Ltd", serial_number="A1")
    assert serial_devices(dev.by_id) == [SerialDevice(device, device, "FTDI Ltd A1 FTDI", True)]


def test_ports_on_the_usb_come_first(dev):
    onboard, second, first = dev.plug("ttyS0", vid=None), dev.plug("ttyACM1"), dev.plug("ttyACM0")
    assert [port.device for port in serial_devices(dev.by_id)] == [first, second, onboard]
    assert [port.usb for port in serial_devices(dev.by_id)] == [True, True, False]


def test_an_adapter_that_nobody_knows_is_a_port_all_the_same(dev):
    dev.plug("ttyACM0", vid=0x1234)
    assert serial_devices(dev.by_id)[0].words == ""


def test_a_link_to_a_port_that_is_gone_does_no_harm(dev):
    device = dev.plug("ttyACM0", link="usb-here")
    (dev.by_id / "usb-gone").symlink_to("../../ttyACM9")
    assert [port.path for port in serial_devices(dev.by_id)] == [str(dev.by_id / "usb-here")]
    assert serial_devices(dev.by_id)[0].device == device


# the only one there is ------------------------------------------------------------------------------------------


def test_the_only_adapter_is_found(dev):
    dev.plug("ttyS0", vid=None)
    dev.plug("ttyACM0", link="usb-arm")
    assert find_port(dev.by_id) == str(dev.by_id / "usb-arm")


def test_without_an_adapter_it_says_where_to_look(dev):
    dev.plug("ttyS0", vid=None)
    with pytest.raises(RobotRefused) as refusal:
        find_port(dev.by_id)
    assert str(refusal.value) == "no USB serial adapter is plugged in; `bt-arm ports` lists what there is"


def test_of_two_adapters_none_is_guessed_at(dev):
    dev.plug("ttyACM0", link="usb-leader", product="USB Single Serial")
    follower = dev.plug("ttyACM1", vid=0x1234)
    with pytest.raises(RobotRefused) as refusal:
        find_port(dev.by_id)
    assert str(refusal.value) == (
        f"robot.port is auto, and there are 2 USB serial ports: {dev.by_id}/usb-leader (USB Single Serial WCH (the"
        f" usual SO-101 adapter)), {follower} ({follower}); name one of them"
    )
