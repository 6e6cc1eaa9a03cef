from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.robot.so101.wire.packets import status_packet
from bt_robot.robot.so101.wire.replies import Reply, ReplyParser
from tests.scale import examples

IDS = (1, 2, 3, 4, 5, 6)
LENGTH = 15
SIZE = LENGTH + 6


def sent(servo_id, error=0):
    """A reply whose data no other servo has."""
    return Reply(servo_id, error, bytes((servo_id * 16 + i) % 251 for i in range(LENGTH)))


def packet(reply):
    return status_packet(reply.servo_id, reply.error, reply.data)


TRUE = {servo_id: sent(servo_id) for servo_id in IDS}
BURST = b"".join(packet(reply) for reply in TRUE.values())


def parsed(data, ids=IDS, length=LENGTH):
    parser = ReplyParser(ids, length)
    parser.feed(data)
    return parser


def test_a_clean_burst_is_complete():
    parser = parsed(BURST)
    assert parser.replies == TRUE
    assert parser.complete
    assert (parser.bad_bytes, parser.foreign) == (0, 0)


@given(st.lists(st.integers(0, len(BURST)), max_size=20))
def test_it_does_not_matter_in_which_pieces_the_bytes_arrive(cuts):
    parser = ReplyParser(IDS, LENGTH)
    for start, end in pairwise([0, *sorted(cuts), len(BURST)]):
        parser.feed(BURST[start:end])
    assert parser.replies == TRUE
    assert parser.bad_bytes == 0


def test_every_single_byte_error_costs_at_most_the_servo_it_hit():
    """126 bytes, 255 wrong values each: 32 130 bursts."""
    worst = len(IDS)
    for at in range(len(BURST)):
        hit = IDS[at // SIZE]
        for value in range(256):
            if value == BURST[at]:
                continue
            replies = parsed(BURST[:at] + bytes((value,)) + BURST[at + 1 :]).replies
            assert hit not in replies
            assert replies == {servo_id: TRUE[servo_id] for servo_id in IDS if servo_id != hit}
            worst = min(worst, len(replies))
    assert worst == 5


def test_every_lost_byte_costs_at_most_the_servo_it_hit():
    for at in range(len(BURST)):
        hit = IDS[at // SIZE]
        replies = parsed(BURST[:at] + BURST[at + 1 :]).replies
        assert replies.items() <= TRUE.items()
        assert set(IDS) - set(replies) <= {hit}


def test_every_extra_byte_costs_at_most_the_servo_it_hit():
    for at in range(len(BURST)):
        hit = IDS[at // SIZE]
        for value in (0x00, 0x01, 0x11, 0xFE, 0xFF):
            replies = parsed(BURST[:at] + bytes((value,)) + BURST[at:]).replies
            assert replies.items() <= TRUE.items()
            assert set(IDS) - set(replies) <= {hit}


@pytest.mark.parametrize("cut", range(len(BURST)))
def test_of_a_truncated_burst_the_whole_replies_are_kept(cut):
    parser = parsed(BURST[:cut])
    assert parser.replies == {servo_id: TRUE[servo_id] for servo_id in IDS[: cut // SIZE]}
    assert not parser.complete


@pytest.mark.parametrize("silent", IDS)
def test_a_silent_servo_costs_only_itself(silent):
    parser = parsed(b"".join(packet(TRUE[i]) for i in IDS if i != silent))
    assert set(parser.replies) == set(IDS) - {silent}
    assert not parser.complete


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff",
        b"\xff\xff",
        b"\xff" * 40,
        b"\xff\xff\x01\x11",
        b"\xff\xff\x01\x11\x00",
        b"\xff\xff\x02\x11\x00" + bytes(10),
        b"\xff\xff\x06\xfa\x00",
        b"\xff\xff\x03\x02\x00",
        b"\x00\x01\x02",
    ],
)
def test_garbage_and_false_headers_hide_no_reply(garbage):
    for index in range(len(IDS) + 1):
        parser = parsed(BURST[: index * SIZE] + garbage + BURST[index * SIZE :])
        assert parser.replies == TRUE


def test_the_bytes_thrown_away_are_counted():
    assert parsed(b"\x00\x01\x02" + BURST + b"\x05").bad_bytes == 4


# Physical readings never hold two 0xFF in a row, so noise is drawn without a sound packet of its own in it.
NOISE = st.binary(max_size=60) | st.lists(st.sampled_from([0xFF, 0x01, 0x02, 0x06, 0x11, 0x00]), max_size=60).map(bytes)


@settings(max_examples=examples(500))
@given(st.lists(NOISE, min_size=7, max_size=7))
def test_among_noise_every_reply_that_is_believed_is_true(noise):
    data = noise[0] + b"".join(packet(TRUE[i]) + noise[i] for i in IDS)
    for servo_id, reply in parsed(data).replies.items():
        if reply != TRUE[servo_id]:  # only noise that holds a whole sound packet can say something else
            assert packet(reply) in data


@settings(max_examples=examples(500))
@given(st.binary(max_size=400), st.integers(0, 16))
def test_nothing_that_arrives_raises_or_makes_a_reply_that_is_not_there(data, length):
    parser = parsed(data, length=length)
    for reply in parser.replies.values():
        assert packet(reply) in data


@given(st.lists(st.tuples(st.integers(0, len(BURST) - 1), st.integers(1, 255)), max_size=8))
def test_untouched_replies_survive_any_flips_elsewhere(flips):
    data = bytearray(BURST)
    for at, mask in flips:
        data[at] ^= mask
    touched = {IDS[at // SIZE] for at in range(len(BURST)) if data[at] != BURST[at]}
    replies = parsed(bytes(data)).replies
    assert all(replies[i] == TRUE[i] for i in IDS if i not in touched)


def test_a_reply_nobody_asked_for_is_foreign():
    parser = parsed(packet(TRUE[1]) + packet(Reply(9, 0, bytes(LENGTH))) + packet(TRUE[2]), ids=(1, 2))
    assert parser.complete
    assert parser.foreign == 1


def test_a_reply_of_another_length_is_no_reply():
    parser = parsed(status_packet(1, 0, b"ab") + BURST)
    assert parser.replies == TRUE
    assert (parser.bad_bytes, parser.foreign) == (8, 0)


def old(servo_id):
    return Reply(servo_id, 0, bytes(LENGTH))


def test_a_late_reply_before_its_turn_is_not_believed():
    parser = parsed(packet(old(3)) + BURST)
    assert parser.replies == TRUE
    assert parser.foreign == 1


def test_a_late_reply_after_its_turn_is_not_believed():
    data = b"".join(packet(TRUE[i]) for i in (1, 2, 3, 4)) + packet(old(2)) + packet(TRUE[5]) + packet(TRUE[6])
    assert parsed(data).replies == TRUE


def test_a_late_reply_before_its_turn_is_not_believed_even_if_its_own_is_lost():
    data = packet(old(3)) + b"".join(packet(TRUE[i]) for i in (1, 2, 4, 5, 6))
    assert parsed(data).replies == {i: TRUE[i] for i in (1, 2, 4, 5, 6)}


def test_of_two_replies_of_one_servo_in_the_same_place_neither_is_believed():
    data = packet(TRUE[1]) + packet(TRUE[2]) + packet(old(3)) + b"".join(packet(TRUE[i]) for i in (3, 4, 5, 6))
    parser = parsed(data)
    assert parser.replies == {i: TRUE[i] for i in IDS if i != 3}
    assert not parser.complete
    assert parser.foreign == 2


def test_replies_out_of_order_that_could_both_be_late_are_both_dropped():
    data = b"".join(packet(TRUE[i]) for i in (1, 3, 2, 4, 5, 6))
    assert set(parsed(data).replies) == {1, 4, 5, 6}


@given(st.permutations(IDS))
def test_what_is_believed_is_always_in_the_order_asked(order):
    parser = parsed(b"".join(packet(TRUE[i]) for i in order))
    assert list(parser.replies) == sorted(parser.replies)
    assert parser.foreign + len(parser.replies) == len(IDS)


def test_an_acknowledgement_has_no_data():
    parser = parsed(status_packet(4, 0x20), ids=(4,), length=0)
    assert parser.replies == {4: Reply(4, 0x20, b"")}
    assert parser.complete


def test_the_error_byte_comes_with_the_reply():
    assert parsed(packet(sent(2, error=0x24)), ids=(2,)).replies[2].error == 0x24


def test_what_it_holds_back_stays_short_however_much_arrives():
    parser = ReplyParser(IDS, LENGTH)
    for _ in range(1000):
        parser.feed(b"\xff\xff\x01\x11\x00\x00\x00")
    assert len(parser._buffer) < SIZE + 7


@pytest.mark.parametrize(("ids", "length"), [((1, 1), 2), ((254,), 2), ((-1,), 2), ((1,), -1)])
def test_an_impossible_question_is_refused(ids, length):
    with pytest.raises(ValueError, match=r"expected ids|can't have"):
        ReplyParser(ids, length)
