"""YAML is read more strictly than YAML allows; every refusal has its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.config.problems import MAX_PROBLEMS, Mark, Problems
from bt_robot.config.source import MAX_BYTES, ListNode, MapNode, ScalarNode, parse, read_file


def problems_of(text):
    problems = Problems()
    parse(text, "x.yaml", problems)
    return [str(problem) for problem in problems.found]


def test_nodes_know_their_place_and_whether_they_were_quoted():
    root = parse("a: 1\nb: ['x', y]\n", "x.yaml", Problems())
    assert isinstance(root, MapNode)
    items = root.get("b")
    assert isinstance(items, ListNode)
    quoted, plain = items.items
    assert isinstance(quoted, ScalarNode)
    assert isinstance(plain, ScalarNode)
    assert (quoted.text, quoted.plain, quoted.mark.line, quoted.mark.column) == ("x", False, 2, 5)
    assert (plain.text, plain.plain, plain.mark.column) == ("y", True, 10)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x 1", "x.yaml:1:4: anchor '&x'; expected no anchors and aliases; use a subtree"),
        ("a: *x", "x.yaml:1:4: alias '*x'; expected no anchors and aliases; use a subtree"),
        (
            "a: !!python/object:os.system x",
            "x.yaml:1:4: tag '!!python/object:os.system'; expected plain data without tags",
        ),
        ("a: 1\nb: 2\na: 3", "x.yaml:3:1: duplicate key 'a' (first on line 1)"),
        ("[1]: 2", "x.yaml:1:1: a key that is a list or a mapping; expected a word"),
        ("a: 1\n---\nb: 2", "x.yaml:2:1: a second document begins here; expected one document a file"),
        ("", "x.yaml: the file is empty"),
        (
            "a: [1\n",
            "x.yaml:2:1: not YAML: did not find expected ',' or ']' "
            "(a bracket that is opened on line 1 is not closed, or a ',' is missing)",
        ),
        (
            "a: b: c",
            "x.yaml:1:5: not YAML: mapping values are not allowed in this context "
            "(quote text that has ': ' in it, or look at the indentation)",
        ),
        (
            "a: @b",
            "x.yaml:1:4: not YAML: found character that cannot start any token (quote text that begins with @)",
        ),
        (
            "a: [1,\n\t2: 3: 4]",
            "x.yaml:2:6: not YAML: did not find expected ',' or ']' "
            "(a bracket that is opened on line 1 is not closed, or a ',' is missing)",
        ),
        (
            "a:\n  b: 1\n c: 2",
            "x.yaml:3:2: not YAML: did not find expected key "
            "(this does not stand where the mapping that begins on line 1 does: look at the indentation)",
        ),
        (
            "a: 1\nb: 'c\nd: 2",
            "x.yaml:2:4: not YAML: found unexpected end of stream (the quotation that begins on line 2 does not end)",
        ),
        ("a: 1\nb\nc: 2", "x.yaml:2:1: not YAML: could not find expected ':' (a key has a ':' and a space behind it)"),
        (
            "- a\nb: c",
            "x.yaml:2:1: not YAML: did not find expected '-' indicator "
            "(the list that begins on line 1 goes on with '- ')",
        ),
        ("a: b\x07", "x.yaml:1:5: a control character (U+0007); expected printable text"),
        ("a: b\n  \ud800", "x.yaml:2:3: a control character (U+D800); expected printable text"),
    ],
)
def test_what_is_refused_and_in_which_words(text, message):
    assert problems_of(text) == [message]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("\ta: 1", "1:1"),
        ("a:\n\tb: 1", "2:1"),
        ("ä: 🙂\r\nb:\r\n\tc: 1", "3:1"),
        ("a:\n  b: 1\n\tc: 2", "3:1"),
        ("a:\n  b: 1\n  \tc: 2", "3:3"),
        ("a:\n  - b\n\t- c", "3:1"),
        ("a: |\n\tb", "2:1"),
        ("-\t- a", "1:2"),
    ],
)
def test_a_tab_that_indents_is_called_a_tab(text, place):
    assert problems_of(text) == [f"x.yaml:{place}: a tab character; expected spaces for indentation"]


@pytest.mark.parametrize("text", ["a: \t1", "a: 1\t# b", "a: [1,\n\t2]", "a: 'x\n\ty'"])
def test_a_tab_that_does_not_indent_is_no_problem(text):
    assert problems_of(text) == []


def test_a_problem_is_told_once_however_often_it_is_noted():
    problems = Problems()
    for _ in range(3):
        problems.add(Mark("x.yaml", 1, 2), "wrong")
    assert [str(problem) for problem in problems.found] == ["x.yaml:1:2: wrong"]
    assert problems.noted == 3


def test_problems_are_told_up_to_a_bound_and_the_rest_is_owned_up_to():
    problems = Problems()
    for line in range(1, MAX_PROBLEMS + 1):
        problems.add(Mark("x.yaml", line, 1), "wrong")
    assert not problems.full
    assert str(problems.found[-1]) == f"x.yaml:{MAX_PROBLEMS}:1: wrong"
    for line in range(MAX_PROBLEMS + 1, 2 * MAX_PROBLEMS):
        problems.unknown(Mark("x.yaml", line, 1), "word", "b", ["a", "c"])
    assert problems.full
    assert len(problems.found) == MAX_PROBLEMS + 1
    assert str(problems.found[-1]) == f"x.yaml: more than {MAX_PROBLEMS} problems; the rest is not checked"


def test_a_hint_of_its_own_comes_before_the_nearest_word():
    problems = Problems()
    problems.unknown(Mark("x.yaml", 1, 1), "word", "aa", ["ab"], hint="look it up")
    assert [str(p) for p in problems.found] == ["x.yaml:1:1: unknown word 'aa'; expected one of ab (look it up)"]


def test_an_anchor_does_not_hide_what_else_is_wrong():
    assert problems_of("a: &x [*x]\nb: 1\nb: 2") == [
        "x.yaml:1:4: anchor '&x'; expected no anchors and aliases; use a subtree",
        "x.yaml:1:8: alias '*x'; expected no anchors and aliases; use a subtree",
        "x.yaml:3:1: duplicate key 'b' (first on line 2)",
    ]


def test_deep_and_large_files_are_refused():
    assert problems_of("[" * 5000 + "]" * 5000) == [
        "x.yaml:1:102: nested deeper than 100 levels; expected a flatter file"
    ]
    assert "more than 50000 values" in problems_of("[" + "a, " * 300_000 + "]")[0]


def test_a_file_over_the_size_limit_is_not_read(tmp_path):
    path = tmp_path / "big.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    problems = Problems()
    assert read_file(path, problems, shown="big.yaml") is None
    assert [str(p) for p in problems.found] == [
        "big.yaml: the file has more than 1000000 bytes; expected a smaller file"
    ]


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: \xff")
    problems = Problems()
    assert read_file(path, problems, shown="x.yaml") is None
    assert [str(p) for p in problems.found] == ["x.yaml:1:4: byte 3 is not UTF-8; expected UTF-8 text"]


def test_a_missing_file_says_so(tmp_path):
    problems = Problems()
    assert read_file(tmp_path / "no.yaml", problems, shown="no.yaml") is None
    assert str(problems.found[0]) == "no.yaml: can't be read: No such file or directory; expected a YAML file"


@given(st.text(max_size=200))
def test_any_text_gives_nodes_or_problems_and_never_an_exception(text):
    problems = Problems()
    root = parse(text, "x.yaml", problems)
    assert root is not None or problems.found
