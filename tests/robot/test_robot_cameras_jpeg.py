"""JPEG pictures from a cable: the picture, or the damage named."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.robot.cameras.jpeg import decode
from bt_robot.robot.cameras.sources import CorruptFrame
from tests.robot.camera_kit import jpeg_of, picture

DATA = jpeg_of(picture(3))


def decoded(data, said=""):
    answers = iter(["left over", said])
    return decode(np.frombuffer(data, np.uint8), lambda: next(answers))


def test_a_good_picture_is_rgb():
    image = decoded(DATA)
    assert image.shape == (48, 64, 3)
    assert np.abs(image.astype(int) - picture(3).astype(int)).mean() < 5
    assert image[18, 14, 0] > 180  # the mark is red
    assert image[18, 14, 2] < 90


def test_a_row_of_bytes_with_padding_is_what_a_driver_gives():
    image = decode(np.frombuffer(DATA + bytes(100), np.uint8)[None, :], lambda: "")
    assert image.shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no JPEG begins here"),
        (bytes(50), "no JPEG begins here"),
        (DATA[2:], "no JPEG begins here"),
        (DATA[: len(DATA) // 2], "the JPEG ends too early"),
        (DATA[:-2], "the JPEG ends too early"),
        (b"\xff\xd8\xff\xd9", "the JPEG can't be decoded"),
        (DATA[:100] + DATA[-2:], "the JPEG can't be decoded"),
    ],
)
def test_damage_is_named(data, words):
    with pytest.raises(CorruptFrame, match=words):
        decoded(data)


@pytest.mark.parametrize(
    "said",
    [
        "Corrupt JPEG data: premature end of data segment\n",
        "Corrupt JPEG data: 40 extraneous bytes before marker 0xd9\n",
        "Premature end of JPEG file\n",
        "Corrupt JPEG data: bad Huffman code\n",
    ],
)
def test_what_the_decoder_only_complains_about_is_damage(said):
    with pytest.raises(CorruptFrame, match="the JPEG is damaged inside"):
        decoded(DATA, said)


@pytest.mark.parametrize("said", ["", "Corrupt JPEG data: 2 extraneous bytes before marker 0xd9\n", "something else"])
def test_what_many_webcams_do_is_no_damage(said):
    assert decoded(DATA, said).shape == (48, 64, 3)


def test_the_decoders_complaints_are_caught_in_a_process_of_its_own():
    code = (
        "import sys, numpy as np; from bt_robot.robot.cameras.jpeg import StderrPipe, decode\n"
        "from bt_robot.robot.cameras.sources import CorruptFrame\n"
        "pipe = StderrPipe(); data = sys.stdin.buffer.read()\n"
        "try: decode(np.frombuffer(data, np.uint8), pipe)\n"
        "except CorruptFrame as damage: sys.stdout.write(str(damage))\n"
        "import os; os.write(2, b'x' * 1000); assert pipe() == 'x' * 1000; assert pipe() == ''\n"
        "try:\n"
        "    while True: os.write(2, b'y' * 4096)\n"
        "except BlockingIOError: sys.stdout.write('; bounded')\n"
    )
    half = DATA[: len(DATA) * 3 // 4] + DATA[-2:]
    said = subprocess.run([sys.executable, "-c", code], input=half, capture_output=True, check=True, env=os.environ)
    assert said.stdout.decode() == "the JPEG is damaged inside; bounded"


@given(st.lists(st.tuples(st.integers(0, len(DATA) - 1), st.integers(0, 255)), max_size=8), st.integers(0, len(DATA)))
def test_whatever_arrives_is_a_picture_or_damage(changes, length):
    data = bytearray(DATA)
    for place, value in changes:
        data[place] = value
    try:
        image = decode(np.frombuffer(bytes(data[:length]), np.uint8), lambda: "")
    except CorruptFrame:
        return
    assert image.dtype == np.uint8
    assert image.ndim == 3
