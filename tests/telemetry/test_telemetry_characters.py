"""A terminal of few characters shows as much as it can, in as many cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bt_robot.telemetry.characters import STAND_INS, encoded
from bt_robot.telemetry.tree_view import LOOKS


def test_statuses_stay_apart_in_ascii():
    glyphs = {encoded(glyph, "ascii") for glyph, _ in LOOKS.values()}
    assert len(glyphs) == len(LOOKS)
    assert b"?" not in glyphs


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("ascii", b"x t  1 ????~"), ("latin-1", b"x t  1 ????~"), ("utf-8", "✗ t  1 漢字…".encode())],
)
def test_what_is_known_stays_and_the_rest_is_as_wide_as_it_was(encoding, shown):
    assert encoded("✗ t  1 漢字…", encoding) == shown


def test_a_character_of_the_encoding_is_not_replaced():
    assert encoded("für · …", "latin-1") == "für · ~".encode("latin-1")


def test_a_byte_that_was_no_text_is_escaped():
    assert encoded("bad \udcff", "utf-8") == encoded("bad \udcff", "ascii") == b"bad \\udcff"


@given(st.text(st.sampled_from([*STAND_INS, "a", "漢", "é", "́"])))
def test_no_column_moves(text):
    assert len(encoded(text, "ascii")) == sum(cell_len(character) for character in text)
