"""The table of the joints fits a terminal, whatever a server answers and however joints are called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.cli.checking.report import grouped
from bt_robot.cli.checking.table import table
from bt_robot.policy.inspection.judgement import JointReading

NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)


def reading(name="elbow", state=1.5, low=-1.0, high=2.0, **more):
    return JointReading(name, state, 1.0, 0.25, low, high, -3.0, 3.0, **more)


def rows(*joints):
    return list(table(joints, lambda severity: f"{severity:<4}", 80))


@given(st.lists(st.tuples(st.text("abc_", min_size=1, max_size=40), *[NUMBERS] * 7), min_size=1, max_size=9), NUMBERS)
def test_no_row_is_wider_than_80_columns(values, speed):
    joints = [
        JointReading(name, state, first or 0.0, step, low or 0.0, high or 0.0, lower, upper, speed=speed)
        for name, state, first, step, low, high, lower, upper in values
    ]
    lines = rows(*joints)
    assert len(lines) == len(joints) + 1
    assert len({len(line) for line in lines}) <= 2
    assert max(map(len, lines)) <= 80


def test_a_row_reads_from_left_to_right():
    header, row = rows(reading(severity="FAIL"))
    assert header.split() == ["joint", "state", "first", "step", "chunk", "limits"]
    assert row == "  FAIL  elbow   1.50   1.00  0.250  -1.0 … 2.0  -3.0 … 3.0"


def test_increments_have_speeds_where_targets_have_limits():
    header, row = rows(reading(speed=0.5, most_speed=4.0))
    assert header.split()[-2:] == ["fastest", "most"]
    assert row.split()[-2:] == ["0.50", "4.00"]


def test_a_long_name_keeps_both_its_ends_where_numbers_leave_no_room():
    name = "left_" + "very_" * 12 + "rotate"
    _, row = rows(reading(name))
    assert row[8:].startswith("left_very")
    assert "…" in row[8:45]
    assert "rotate " in row


@pytest.mark.parametrize(
    ("value", "shown"), [(-0.0, "0.00"), (1234.5, "1234.5"), (12345.0, "1e+04"), (-1e308, "-1e+308"), (None, "-")]
)
def test_numbers_are_short(value, shown):
    assert rows(reading(state=value))[1].split()[-9] == shown


def test_joints_with_the_same_fault_share_a_line():
    bad = {"severity": "FAIL", "why": "far outside its range"}
    assert [*grouped((reading("a", **bad), reading("b"), reading("c", **bad)), "FAIL")] == [
        "a, c: far outside its range"
    ]
    assert [*grouped((reading("a", **bad), reading("b", **bad)), "FAIL")] == ["every joint: far outside its range"]
