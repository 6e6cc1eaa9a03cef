"""A file made to hurt is refused like any other: with its place, in few words, and without growing the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_strategies import KIT, tree_texts

from benchmarks.hostile_files import HOSTILE, MEGABYTE
from bt_robot.config.problems import MAX_PROBLEMS
from bt_robot.errors import LoadError, Problem
from bt_robot.nodes import standard_registry
from bt_robot.tree import load_tree, parse_tree
from tests.scale import examples

LONGEST_PROBLEM = 2_000

JUNK = st.one_of(
    st.sampled_from(
        ["", "{", "}", "[", "]", "- ", ": ", "\n", "  ", '"', "'", "$x", "&a ", "*a", "!!str ", "#", "|", "? "]
    ),
    st.sampled_from(["cases", "default", "child", "children", "condition", "then", "else", "name: a", "prompt: b"]),
    st.sampled_from(
        ["'{k}'", '"{k}"', "{k}", ".nan", "null", "true", "on", "\t", "1e9", "-1", "forever", "all", "<<: "]
    ),
    st.text(max_size=5),
)


def problems_of(text: str) -> tuple[Problem, ...]:
    try:
        parse_tree(text, "t.yaml", KIT)
    except LoadError as error:
        return error.problems
    return ()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_bounded_words(name, tmp_path):
    data, words = HOSTILE[name]
    assert len(data) <= MEGABYTE + 1
    path = tmp_path / "hostile.yaml"
    path.write_bytes(data)
    with pytest.raises(LoadError) as error:
        load_tree(path, standard_registry())
    problems = error.value.problems
    assert words in str(error.value)
    assert len(problems) <= MAX_PROBLEMS + 1
    assert max(len(str(problem)) + len(problem.source_line) for problem in problems) < LONGEST_PROBLEM + len(str(path))
    assert all(str(problem).isprintable() for problem in problems)


def refusal_of(path: Path) -> str:
    with pytest.raises(LoadError) as error:
        load_tree(path, standard_registry())
    return str(error.value)


def test_subtrees_that_double_are_stopped_at_the_limit_of_nodes(tmp_path):
    for i in range(30):
        (tmp_path / f"s{i}.yaml").write_text(f"subtree: s{i}\nroot: {{sequence: [s{i + 1}, s{i + 1}]}}\n")
    (tmp_path / "s30.yaml").write_text("subtree: s30\nroot: observe\n")
    includes = ", ".join(f"s{i}.yaml" for i in range(31))
    (tmp_path / "t.yaml").write_text(f"tree: t\ninclude: [{includes}]\nroot: s0\n")
    assert "the tree has more than 10000 nodes" in refusal_of(tmp_path / "t.yaml")


def test_arguments_that_double_are_stopped_at_the_limit_of_nodes(tmp_path):
    (tmp_path / "twice.yaml").write_text("subtree: twice\nparameters: {x: {type: node}}\nroot: {sequence: [$x, $x]}\n")
    root = "{twice: {x: " * 30 + "observe" + "}}" * 30
    (tmp_path / "t.yaml").write_text(f"tree: t\ninclude: [twice.yaml]\nroot: {root}\n")
    assert "the tree has more than 10000 nodes" in refusal_of(tmp_path / "t.yaml")


def test_a_circle_of_many_subtrees_is_told_in_bounded_words(tmp_path):
    for i in range(150):
        calls = f"s{(i + 1) % 150}, s{(i + 7) % 150}"
        (tmp_path / f"s{i}.yaml").write_text(f"subtree: s{i}\nroot: {{sequence: [{calls}]}}\n")
    includes = ", ".join(f"s{i}.yaml" for i in range(150))
    (tmp_path / "t.yaml").write_text(f"tree: t\ninclude: [{includes}]\nroot: s0\n")
    told = refusal_of(tmp_path / "t.yaml").splitlines()
    assert 1 <= len(told) <= MAX_PROBLEMS
    assert max(map(len, told)) < LONGEST_PROBLEM


LARGEST = (
    "an alias bomb",
    "keys by the thousand",
    "nodes just below the limit",
    "as many mistakes as values",
    "one include of a megabyte",
)
"""Those that take the most memory, says `benchmarks.load`, and one that would."""

GROWTH = """
import sys
from pathlib import Path
from benchmarks.hostile_files import HOSTILE
from bt_robot.errors import LoadError
from bt_robot.nodes import standard_registry
from bt_robot.tree import load_tree

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024

path, registry, before = Path(sys.argv[1]), standard_registry(), peak()
for name in sys.argv[2:]:
    path.write_bytes(HOSTILE[name][0])
    try:
        load_tree(path, registry)
    except LoadError:
        pass
print(peak() - before)
"""


def test_hostile_files_do_not_make_the_process_grow_beyond_a_bound(tmp_path):
    child = [sys.executable, "-c", GROWTH, str(tmp_path / "hostile.yaml"), *LARGEST]
    done = subprocess.run(child, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100  # MB, whatever order the files come in


@settings(max_examples=examples(150), deadline=None)
@given(tree_texts(max_leaves=6), st.data())
def test_a_valid_file_with_something_broken_raises_nothing_but_load_errors(text, data):
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        until = data.draw(st.integers(at, min(at + 12, len(text))))
        text = text[:at] + data.draw(JUNK) + text[until:]
    for problem in problems_of(text):
        assert problem.file == "t.yaml"
        assert problem.message
        str(problem).encode()  # no half characters, which nothing could print


@settings(max_examples=examples(150), deadline=None)
@given(tree_texts(max_leaves=6), st.data())
def test_a_valid_file_with_its_lines_shuffled_raises_nothing_but_load_errors(text, data):
    lines = text.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        line = lines.pop(data.draw(st.integers(0, len(lines) - 1)))
        shift = data.draw(st.integers(-4, 4))
        line = " " * max(0, len(line) - len(line.lstrip()) + shift) + line.lstrip()
        lines.insert(data.draw(st.integers(0, len(lines))), line)
    assert all(problem.line for problem in problems_of("\n".join(lines)))
