"""Pictures get rarer, stop, and then ticks stop, in this order and never back."""

from hypothesis import given
from hypothesis import strategies as st

from bt_robot.telemetry.recorder.room import END_BYTES, INDEX_BYTES, RAREST, Room

LIMIT = 100_000_000
PICTURES = 0.8 * (LIMIT - END_BYTES)


def test_half_of_the_room_is_for_all_pictures_and_half_of_the_rest_for_every_second():
    room = Room(LIMIT)
    shares = (0.0, 0.49, 0.51, 0.74, 0.76, 0.88)
    assert [room.one_picture_in(round(share * PICTURES)) for share in shares] == [1, 1, 2, 2, 4, 8]


def test_in_the_end_there_are_no_pictures_and_ticks_go_on():
    room = Room(LIMIT)
    assert room.one_picture_in(round(0.999 * PICTURES)) is None
    assert room.one_picture_in(LIMIT) is None
    assert room.for_ticks(round(1.1 * PICTURES), 0)


def test_there_is_always_room_for_the_end_and_the_index():
    room = Room(LIMIT)
    assert not room.for_ticks(LIMIT - END_BYTES, 0)
    assert room.for_ticks(LIMIT - END_BYTES - 1, 0)
    assert not room.for_ticks(LIMIT - END_BYTES - 1, 1)
    assert room.for_ticks(LIMIT - END_BYTES - INDEX_BYTES - 1, 1)


@given(st.integers(2_000_000, 10**10), st.data())
def test_the_fuller_the_rarer(limit, data):
    room = Room(limit)
    less, more = sorted(data.draw(st.tuples(st.integers(0, limit), st.integers(0, limit))))
    rare, rarer = (room.one_picture_in(used) or 2 * RAREST for used in (less, more))
    assert 1 <= rare <= rarer
    assert room.for_ticks(less, 0) >= room.for_ticks(more, 0)
    if not room.for_ticks(less, 0):
        assert room.one_picture_in(less) is None
