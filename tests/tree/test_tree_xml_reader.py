"""XML is read with its places, and never with what makes XML dangerous."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.config.problems import Problems
from bt_robot.tree.formats.element import Element, document
from bt_robot.tree.formats.xml_reader import MAX_DEPTH, MAX_ELEMENTS, parse_xml

LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 20))


def read(text):
    problems = Problems()
    root = parse_xml(text.encode() if isinstance(text, str) else text, "t.xml", problems)
    return root, [str(problem) for problem in problems.found]


def test_elements_and_attributes_know_their_places():
    root, _ = read("<root>\n  <A x='1'\n     y = \"2\"/><B\tz='ü'   w='3'/>\n</root>")
    a, b = root.children
    assert (a.mark.line, a.mark.column) == (2, 3)
    assert {name: (mark.line, mark.column) for name, mark in a.places.items()} == {"x": (2, 6), "y": (3, 6)}
    assert {name: (mark.line, mark.column) for name, mark in b.places.items()} == {"z": (3, 18), "w": (3, 26)}
    assert b.attributes == {"z": "ü", "w": "3"}


def test_comments_belong_to_what_they_stand_above_or_behind():
    root, _ = read("<root> <!-- r -->\n<!-- a1 -->\n<!-- a2 -->\n<A/> <!-- behind a -->\n<B/>\n<!-- last -->\n</root>")
    a, b = root.children
    assert (root.beside, a.before, a.beside, b.before, root.within) == ("r", ("a1", "a2"), "behind a", (), ("last",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]><r>&l19;</r>',
            "a document type; expected an XML file without <!DOCTYPE>",
        ),
        ('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>', ": a document type"),
        ('<!DOCTYPE r SYSTEM "http://localhost/x.dtd"><r/>', ": a document type"),
        ("<r>&x;</r>", "t.xml:1:4: not XML: undefined entity"),
        ("<r>\n<?php echo ?></r>", "t.xml:2:1: a processing instruction '<?php'"),
        ("<r>\n  <a>\n</r>", "t.xml:3:3: not XML: mismatched tag"),
        ("<r a='1' a='2'/>", "t.xml:1:10: not XML: duplicate attribute"),
        ("", "t.xml:1:1: not XML: no element found"),
        ("<r/><r/>", "t.xml:1:5: not XML: junk after document element"),
        (b"<r>\xff</r>", "t.xml: byte 3 is not UTF-8"),
        ("<r>" * (MAX_DEPTH + 1), f"nested deeper than {MAX_DEPTH} levels"),
        ("<r>" + "<a/>" * MAX_ELEMENTS + "</r>", f"the file has more than {MAX_ELEMENTS} elements"),
        ("<r>" + " " * 1_000_000 + "</r>", "t.xml: the file has more than 1000000 bytes"),
    ],
)
def test_what_is_refused(text, message):
    root, problems = read(text)
    assert root is None
    assert len(problems) == 1
    assert message in problems[0]


def test_a_hostile_megabyte_is_refused_at_once():
    start = time.process_time()
    read("<r " + " ".join(f"a{i}=''" for i in range(120_000)) + "/>")
    read("<r>" + "<a b='" + "x" * 900_000 + "'/></r>")
    assert time.process_time() - start < 5.0


NOT_XML = "".join(map(chr, range(32))) + "\ufffe\uffff"
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=NOT_XML), max_size=20)
elements = st.recursive(
    st.builds(Element, st.sampled_from(["A", "b-1"]), st.dictionaries(st.sampled_from("xyz"), texts)),
    lambda kids: st.builds(
        Element,
        st.sampled_from(["A", "b-1"]),
        st.dictionaries(st.sampled_from(["x", "_y"]), st.one_of(texts, st.just("a\n\tb\r"))),
        st.lists(kids, max_size=3).map(tuple),
        before=st.lists(texts.map(str.strip).filter(bool), max_size=2).map(tuple),
    ),
    max_leaves=8,
)


@given(elements)
def test_what_is_written_is_read(element):
    root, problems = read(document(element))
    assert problems == []
    assert root.infoset() == element.infoset()


@given(st.text(st.sampled_from("-\\ a>"), max_size=8).map(str.strip).filter(bool))
def test_a_comment_may_hold_anything(text):
    root, problems = read(document(Element("r", before=(text,))))
    assert problems == []
    assert root.before == (text,) or "-\\" in text
