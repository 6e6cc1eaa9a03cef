"""Pictures as JSON numbers: valid, and the very pixels when they are read."""

from __future__ import annotations

import json

import hypothesis.extra.numpy as hnp
import numpy as np
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.policy.wire.json_pixels import HOLE, filled
from tests.scale import examples

PICTURES = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=5))


def text(picture):
    return filled(orjson.dumps(HOLE), [picture])


def test_every_pixel_is_seven_digits_wide():
    assert text(np.array([[[0, 1, 128, 255]]], np.uint8)) == "[[[0.00000,0.00392,0.50196,1.00000]]]"


def test_rows_are_lists_in_lists():
    picture = np.array([[[0, 255], [255, 0]], [[255, 255], [0, 0]]], np.uint8)
    assert text(picture) == ("[[[0.00000,1.00000],[1.00000,0.00000]],[[1.00000,1.00000],[0.00000,0.00000]]]")


def test_every_pixel_reads_back_from_either_layout():
    picture = np.arange(256, dtype=np.uint8).reshape(8, 8, 4)
    for layout in (picture, picture.transpose(2, 0, 1), np.ascontiguousarray(picture.transpose(2, 0, 1))):
        np.testing.assert_array_equal(np.rint(np.array(json.loads(text(layout))) * 255), layout)


def test_a_document_without_holes_stays_as_it_is():
    assert filled(b'{"a":1}', []) == '{"a":1}'


@settings(max_examples=examples(100))
@given(st.lists(PICTURES, max_size=3), st.text(max_size=10))
def test_pictures_stand_in_their_places_among_any_text(pictures, words):
    document = orjson.dumps({"words": words, "pictures": [HOLE] * len(pictures), "end": words})
    read = json.loads(filled(document, pictures))
    assert read["words"] == read["end"] == words
    assert len(read["pictures"]) == len(pictures)
    for written, picture in zip(read["pictures"], pictures, strict=True):
        np.testing.assert_array_equal(np.rint(np.array(written) * 255), picture)
