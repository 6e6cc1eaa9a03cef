"""The table of skills fits a terminal of 80 columns, whatever the skills are called and however much happened."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from bt_robot.cli.numbers import as_json
from bt_robot.cli.skill_table import skill_table
from bt_robot.telemetry.skill_numbers import (
    ActionCounts,
    Chunks,
    Delay,
    Disagreement,
    JerkRms,
    Latency,
    PartLatencies,
    SeamJumps,
    SkillNumbers,
)
from tests.scale import examples


def skill(chunks, *, visits=1, time_s=4.5, stalls=0, latency_s=0.1, delay=3.0, seam_rad=0.12, jerk=117.3, clamped=10):
    """A skill's numbers as in summary.json."""
    parts = PartLatencies(*(Latency() for _ in range(5)))
    seam = SeamJumps(seam_rad, seam_rad, seam_rad and 0.001, seam_rad and 0.001)
    numbers = SkillNumbers(
        visits=visits,
        ticks=100,
        duration_s=time_s,
        wait_ticks=3,
        stall_ticks=stalls,
        longest_stall_s=0.0,
        hold_ticks=0,
        clamped_ticks=clamped,
        refused_ticks=0,
        latency=Latency(latency_s, latency_s, latency_s),
        parts=parts,
        delay=Delay(delay, delay, delay, delay),
        chunks=chunks,
        actions=ActionCounts(),
        seam=seam,
        disagreement=Disagreement(),
        jerk=JerkRms(jerk, jerk, jerk),
    )
    return as_json(numbers)


def test_a_row_tells_the_numbers_of_a_skill_and_how_many_chunks_were_guided():
    assert skill_table({"t/pick": skill(Chunks(6, 5)), "t/place": skill(Chunks(3))}, "t", 78) == [
        "skill   time  stalls  p50/p95 ms    d       chunks    seam°  jerk  gov.",
        "pick   4.5 s       0     100/100  3.0  6, 5 guided  6.9→0.1   117   10%",
        "place  4.5 s       0     100/100  3.0            3  6.9→0.1   117   10%",
    ]


def test_what_was_not_measured_is_a_dash():
    silent = skill(Chunks(), latency_s=None, delay=None, seam_rad=None, jerk=None)
    assert skill_table({"t": silent}, "t", 78)[1] == "t      4.5 s       0           –  –       0      –     –   10%"


def test_a_skill_without_a_policy_has_no_row_and_a_run_without_one_no_table():
    still = skill(Chunks()) | {"wait_ticks": 0}
    assert skill_table({"t": still}, "t", 78) == []
    assert len(skill_table({"t": still, "t/pick": skill(Chunks(1))}, "t", 78)) == 2


def test_chunks_that_came_to_nothing_are_told_below_where_a_row_has_no_room():
    table = skill_table({"t/red/vla_skill": skill(Chunks(6, 5, 1, 2, 3), visits=2)}, "t", 78)
    assert table[1].startswith("red/v…ill ×2  4.5 s")
    assert "  6, 5 guided  " in table[1]
    assert table[2:] == ["red/vla_skill ×2: 1 late, 2 rejected, 3 dropped"]


def test_a_long_name_keeps_both_ends():
    (_, row) = skill_table({"t/" + "a" * 30 + "b" * 30: skill(Chunks(6))}, "t", 78)
    assert row.split()[0] == "aaaaaaaa…bbbbbbbb"


def test_names_that_look_the_same_have_a_row_each():
    assert len(skill_table({"t/a\n": skill(Chunks(1)), "t/a\r": skill(Chunks(2))}, "t", 78)) == 3


def test_the_widest_numbers_leave_a_name_some_room():
    widest = {"time_s": 1e9, "stalls": 10**9, "latency_s": 99.9, "delay": 99_999, "seam_rad": 99.9 / 57.3, "jerk": 1e9}
    table = skill_table({"t/pick_the_block": skill(Chunks(99_999, 99_999, 1), **widest)}, "t", 78)
    assert table[1].startswith("pick…block  1e+09 s   1e+09  99900/99900  99999   99999  99.9→0.1  1e+09   10%")
    assert table[2:] == ["pick_the_block: 99999 guided, 1 late"]


def test_a_name_in_wide_characters_moves_no_column():
    skills = {f"t/{name}": skill(Chunks(3)) for name in ("pick", "抓手抓住积木")}
    table = skill_table(skills, "t", 78)
    assert "抓手抓住积木" in table[2]
    assert len({cell_len(line[: line.index("0%")]) for line in table[1:]}) == 1


COUNTS = st.integers(0, 10**6)
LARGE = st.none() | st.floats(0, 1e9)
SKILLS = st.builds(
    skill,
    st.builds(Chunks, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS),
    visits=st.integers(1, 10**6),
    time_s=st.floats(0, 1e9),
    stalls=st.integers(0, 10**9),
    latency_s=LARGE,
    delay=LARGE,
    seam_rad=st.none() | st.floats(0, math.pi * 100),
    jerk=LARGE,
    clamped=st.integers(0, 100),
)


@settings(max_examples=examples(150))
@given(st.dictionaries(st.text(max_size=60).map("t/{}".format), SKILLS, min_size=1, max_size=4))
def test_no_line_is_too_long(skills):
    table = skill_table(skills, "t", 78)
    assert max(map(cell_len, table)) <= 78
    assert all(line.isprintable() for line in table)
    told = skill_table(skills, "t", 400)
    assert sum(" rejected" in line for line in table) == sum(" rejected" in line for line in told)
