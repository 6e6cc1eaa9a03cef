"""What a run and its witness say to each other arrives as it was said."""

import dataclasses
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bt_robot.messages.steering import Asked, Breakpoint, Wish
from bt_robot.telemetry.view.address import Address
from bt_robot.telemetry.witness import words
from bt_robot.telemetry.witness.words import RecordingOrder, Steered, ViewOrder, Wanted, Words, decode, encode
from tests.scale import examples
from tests.telemetry.record_strategies import made, run_info, told
from tests.telemetry.view_kit import ABOUT

SPECIAL = {
    RecordingOrder: st.just(RecordingOrder("runs/a/run.mcap", run_info(), 10.0, 1_000_000)),
    ViewOrder: made(ViewOrder, about=st.just(ABOUT), address=made(Address)),
    Steered: made(
        Steered,
        breakpoints=st.lists(made(Breakpoint), max_size=2).map(tuple),
        questions=st.lists(made(Asked), max_size=2).map(tuple),
    ),
}


@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.one_of([SPECIAL.get(kind, made(kind)) for kind in get_args(Words)]))
def test_words_arrive_as_they_were_said(said):
    assert told(decode(encode(said))) == told(said)


def test_what_nobody_says_is_refused():
    with pytest.raises(ValueError, match="nobody says b'Eval'"):
        decode(b'Eval\n{"code": "1"}')
    with pytest.raises(ValueError, match="this is no Wanted"):
        decode(b"Wanted\n[1]")


def test_words_are_text_that_a_person_can_read():
    assert encode(Wanted(1, Wish("hold"), "page 1", 1.5)).startswith(b'Wanted\n{"number":1,"wish":{"act":"hold"')


def test_every_kind_of_words_can_be_said():
    kinds = {
        kind for kind in vars(words).values() if dataclasses.is_dataclass(kind) and kind.__module__ == words.__name__
    }
    assert kinds == set(get_args(Words))
