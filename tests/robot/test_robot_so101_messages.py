"""What travels between the controller and its guardian: nothing is lost on the way, and no bytes do any harm."""

import json
import math
import re
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.robot.so101.guardian.messages import (
    Goal,
    JointReport,
    Report,
    State,
    Word,
    pack_goal,
    pack_report,
    pack_word,
    unpack,
    words_for,
)

JOINTS = 6
MESSAGE_BYTES = 65536

floats = st.floats(allow_nan=False)
uints = st.integers(0, 2**32 - 1)
goals = st.builds(Goal, uints, floats, floats, st.tuples(*[floats] * JOINTS))
joints = st.builds(JointReport, *[floats] * 9, st.integers(0, 255))
texts = st.text(max_size=300)
reports = st.builds(
    Report, uints, floats, st.sampled_from(State), st.booleans(), uints, st.tuples(*[joints] * JOINTS), texts, texts
)

GOAL = Goal(7, 1234.5, 0.02, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0))
JOINT = JointReport(2047.0, 2048.0, -3.0, 0.25, 12.1, 31.0, 130.0, 0.01, 2.0, 32)
REPORT = Report(9, 1234.5, State.STOPPED, True, 7, (JOINT,) * JOINTS, "why", "what it suffers from")


# nothing is lost ------------------------------------------------------------------------------------------------


@given(goals)
def test_a_goal_arrives_as_it_was_sent(goal):
    assert unpack(pack_goal(goal), JOINTS) == goal


@given(reports)
def test_a_report_arrives_as_it_was_sent(report):
    assert unpack(pack_report(report), JOINTS) == report


@given(st.text(min_size=1, max_size=20), texts, st.integers(), st.lists(texts, max_size=3))
def test_a_word_arrives_with_everything_in_it(kind, text, number, warnings):
    word = unpack(pack_word(kind, text=text, pid=number, warnings=warnings), JOINTS)
    assert word == Word(kind, text, {"kind": kind, "text": text, "pid": number, "warnings": warnings})


def test_a_word_without_a_text_says_nothing():
    assert unpack(pack_word("alive"), JOINTS) == Word("alive", "", {"kind": "alive"})


@given(st.sampled_from([math.nan, math.inf, -math.inf]))
def test_what_was_never_measured_stays_no_number(value):
    joint = replace(JOINT, position=value, goal=math.nan, age_s=math.inf)
    arrived = unpack(pack_report(replace(REPORT, joints=(joint,) * JOINTS)), JOINTS)
    assert isinstance(arrived, Report)
    assert arrived.joints[0].position == pytest.approx(value, nan_ok=True)
    assert math.isnan(arrived.joints[0].goal)
    assert arrived.joints[0].age_s == math.inf


def test_a_goal_of_six_joints_has_69_bytes():
    assert len(pack_goal(GOAL)) == 1 + 4 + 8 + 8 + 6 * 8


def test_a_report_fits_into_a_message_however_much_it_says():
    joint = replace(JOINT, status=255)
    assert len(pack_report(replace(REPORT, joints=(joint,) * JOINTS, reason="x" * 4000))) < MESSAGE_BYTES


# no bytes do any harm -------------------------------------------------------------------------------------------


@given(st.binary(max_size=600))
def test_any_bytes_are_a_message_or_a_value_error(data):
    try:
        unpack(data, JOINTS)
    except ValueError:
        return


@given(st.sampled_from([pack_goal(GOAL), pack_report(REPORT), pack_word("stop", text="why")]), st.data())
def test_a_message_that_was_damaged_is_a_message_or_a_value_error(message, data):
    at = data.draw(st.integers(0, len(message) - 1))
    damaged = message[:at] + data.draw(st.binary(max_size=4)) + message[at + data.draw(st.integers(0, 4)) :]
    try:
        unpack(damaged, JOINTS)
    except ValueError:
        return


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_any_json_is_a_word_or_a_value_error(value):
    try:
        word = unpack(b"W" + json.dumps(value).encode(), JOINTS)
    except ValueError:
        return
    assert isinstance(word, Word)
    assert isinstance(word.kind, str)
    assert isinstance(word.text, str)


@given(json_values)
def test_any_json_behind_a_report_is_its_words_or_a_value_error(value):
    whole = pack_report(REPORT)
    numbers = whole[: -len(json.dumps([REPORT.reason, REPORT.strain]))]
    try:
        report = unpack(numbers + json.dumps(value).encode(), JOINTS)
    except ValueError:
        return
    assert isinstance(report, Report)
    assert isinstance(report.reason, str)


@pytest.mark.parametrize("bracket", [b"[", b'{"a":'])
def test_a_word_of_brackets_only_is_a_value_error(bracket):
    """The standard library's parser gives up on deep nesting in its own way."""
    with pytest.raises(ValueError, match="no message between controller and guardian"):
        unpack(b"W" + bracket * 10_000, JOINTS)


@given(st.integers(0, 12).filter(lambda count: count != JOINTS))
def test_a_goal_for_another_number_of_joints_is_refused(count):
    with pytest.raises(ValueError, match="no message between controller and guardian"):
        unpack(pack_goal(replace(GOAL, positions=(0.0,) * count)), JOINTS)


def test_a_report_of_another_number_of_joints_is_refused():
    with pytest.raises(ValueError, match=r"^a report of 5 joints; expected 6$"):
        unpack(pack_report(replace(REPORT, joints=(JOINT,) * 5)), JOINTS)


def test_a_report_of_an_unknown_state_is_refused():
    data = bytearray(pack_report(REPORT))
    data[struct.calcsize("<cId")] = 6
    with pytest.raises(ValueError, match="6"):
        unpack(bytes(data), JOINTS)


def test_what_is_no_message_is_named_and_cut_short():
    words = f"no message between controller and guardian: {b'?' + bytes(39)!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        unpack(b"?" + bytes(1000), JOINTS)


def test_an_empty_message_is_refused():
    with pytest.raises(ValueError, match="no message"):
        unpack(b"", JOINTS)


# words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["elbow_flex"], "elbow_flex"),
        (["elbow_flex", "gripper"], "elbow_flex and gripper"),
        (["shoulder_pan", "elbow_flex", "gripper"], "shoulder_pan, elbow_flex and gripper"),
    ],
)
def test_names_are_listed_as_a_person_lists_them(names, text):
    assert words_for(names) == text
