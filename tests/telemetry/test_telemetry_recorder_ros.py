"""Joints, pictures and log lines are encoded as ROS 2 does it, byte by byte."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from mcap.records import Schema
from mcap_ros2.decoder import DecoderFactory

from bt_robot.telemetry.recorder import ros

TIME_NS = 1_795_656_441_407_095_001
names = st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=9), max_size=7)
arrays = st_numpy.arrays(np.float64, st.integers(1, 7), elements=st.floats(allow_nan=True))


def decoded(name, data):
    """What the reference decoder finds."""
    schema = Schema(id=1, data=ros.DEFINITIONS[name].encode(), encoding=ros.SCHEMA_ENCODING, name=name)
    return DecoderFactory().decoder_for(ros.ENCODING, schema)(data)


@given(names, arrays, st.none() | arrays, st.none() | arrays)
def test_joints_are_read_by_the_reference_decoder_and_by_ours(joints, position, velocity, effort):
    data = ros.joint_state(TIME_NS, joints, position, velocity, effort)
    message = decoded(ros.JOINT_STATE, data)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == divmod(TIME_NS, 10**9)
    assert list(message.name) == joints
    ours = ros.read_joint_state(data)
    for given_values, theirs, own in zip(
        (position, velocity, effort), (message.position, message.velocity, message.effort), ours, strict=True
    ):
        expected = [] if given_values is None else given_values
        np.testing.assert_array_equal(list(theirs), expected)
        assert (own is None) == (given_values is None)
        np.testing.assert_array_equal([] if own is None else own, expected)


@pytest.mark.parametrize(
    ("time_ns", "told"),
    [(-1, (-1, 999_999_999)), (1 << 80, ((1 << 31) - 1, (1 << 80) % 10**9)), (-(1 << 80), (-(1 << 31), None))],
)
def test_a_time_that_ros_can_not_say_costs_no_message(time_ns, told):
    stamp = decoded(ros.JOINT_STATE, ros.joint_state(time_ns, [])).header.stamp
    assert stamp.sec == told[0]
    assert told[1] in (None, stamp.nanosec)


@given(st.binary(max_size=50))
def test_pictures_are_read_by_the_reference_decoder_and_by_ours(jpeg):
    data = ros.compressed_image(TIME_NS, "front", jpeg)
    message = decoded(ros.COMPRESSED_IMAGE, data)
    assert (message.header.frame_id, message.format, bytes(message.data)) == ("front", "jpeg", jpeg)
    assert ros.read_compressed_image(data) == (TIME_NS, jpeg)


def test_log_lines_are_read_by_the_reference_decoder():
    message = decoded(ros.LOG, ros.log_line(TIME_NS, ros.WARN, "t/pick", "größer\nals \x1b[31m"))
    assert (message.level, message.name, message.msg, message.line) == (30, "t/pick", "größer\nals \x1b[31m", 0)


def test_the_bytes_of_a_joint_state():
    data = ros.joint_state(2_000_000_003, ["a", "bcde"], np.array([1.0, -2.0]))
    assert data == (
        b"\x00\x01\x00\x00"  # CDR, little-endian
        + struct.pack("<iI", 2, 3)
        + struct.pack("<I", 1) + b"\0"  # frame_id
        + b"\0\0\0" + struct.pack("<I", 2)  # two names
        + struct.pack("<I", 2) + b"a\0"
        + b"\0\0" + struct.pack("<I", 5) + b"bcde\0"
        + b"\0\0\0" + struct.pack("<I", 2)  # two positions, at a multiple of 8
        + b"\0\0\0\0" + struct.pack("<dd", 1.0, -2.0)
        + struct.pack("<II", 0, 0)  # no velocities, no efforts
    )  # fmt: skip


@pytest.mark.parametrize("read", [ros.read_joint_state, ros.read_compressed_image])
@pytest.mark.parametrize("data", [b"", b"\x00\x00\x00\x00", b"\x00\x01\x00\x00", b"\x00\x01\x00\x00" + b"\xff" * 40])
def test_what_is_no_such_message_is_refused(read, data):
    with pytest.raises((ValueError, struct.error)):
        read(data)
