"""A picture survives as JPEG with its colours where they were."""

import numpy as np
import pytest

from bt_robot.telemetry.jpeg import decode_jpeg, encode_jpeg


def test_red_stays_red():
    red = np.zeros((16, 24, 3), np.uint8)
    red[..., 0] = 200
    again = decode_jpeg(encode_jpeg(red))
    assert again.shape == red.shape
    assert np.abs(again.astype(int) - red).max() <= 3


@pytest.mark.parametrize("shape", [(0, 8, 3), (8, 8), (8, 8, 4)])
def test_what_is_no_picture_is_refused(shape):
    with pytest.raises(ValueError, match=r"can't be made a JPEG; expected \(height, width, 3\)"):
        encode_jpeg(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("data", [b"", b"GIF89a"])
def test_what_is_no_jpeg_is_refused(data):
    with pytest.raises(ValueError, match="can't be decoded"):
        decode_jpeg(data)
