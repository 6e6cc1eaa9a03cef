"""Whatever a text holds, it takes one line and commands no terminal."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bt_robot.telemetry.one_line import middle, one_line, start, tail


@given(st.text())
def test_no_control_character_gets_through_and_nothing_moves(text):
    line = one_line(text)
    assert len(line) == len(text)
    assert line.isprintable()
    assert all(after in (before, " ") for before, after in zip(text, line, strict=True))


def test_what_can_be_printed_stays():
    assert one_line("π₀.₅: “ok” …\n\x1b[2Jgone") == "π₀.₅: “ok” …  [2Jgone"


def test_a_long_path_keeps_its_end_and_a_long_reason_its_beginning():
    assert tail("pick/place/wait", 15) == start("pick/place/wait", 15) == "pick/place/wait"
    assert tail("pick/place/wait", 8) == "…ce/wait"
    assert start("pick/place/wait", 8) == "pick/pl…"


@given(st.text("abc/", max_size=40), st.integers(1, 50))
def test_a_name_that_is_too_wide_keeps_both_ends(name, width):
    shown = middle(name, width)
    assert len(shown) == min(len(name), width)
    if len(name) > width:
        left, right = shown.split("…")
        assert name.startswith(left)
        assert name.endswith(right)
        assert 0 <= len(right) - len(left) <= 1


def test_characters_that_take_two_cells_count_as_two():
    assert tail("抓手/没有", 10) == "抓手/没有"
    assert tail("抓手/没有", 8) == "…手/没有"
    assert tail("抓手/没有", 5) == "…没有"
    assert start("抓手没有", 6) == start("抓手没有", 5) == "抓手…"
    assert middle("抓手没有抓住", 8) == "抓…抓住"


@given(st.text("ab漢字", max_size=20), st.integers(1, 30), st.sampled_from([start, tail, middle]))
def test_what_is_cut_fits(text, width, cut):
    assert cell_len(cut(text, width)) <= width
