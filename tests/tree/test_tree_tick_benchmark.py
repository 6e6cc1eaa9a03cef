"""The benchmark of a tick runs, and compares trees that do the same."""

from __future__ import annotations

import pytest
from py_trees.common import Status as Oracle

from benchmarks import tick


def test_the_quick_run_prints_both_tables_and_the_goal(capsys):
    assert tick.main(["--quick"]) == 0
    out = capsys.readouterr().out
    for words in (
        "one sequence, all SUCCESS | 10 |",
        "parallel, all RUNNING | 100 |",
        "1,000 levels, mixed | 1,001 nodes |",
    ):
        assert words in out
    assert "With trace: at least " in out
    assert "quoted" in out


@pytest.mark.parametrize("make", [tick.flat, tick.nested, tick.reactive, tick.parallel, tick.chain])
def test_what_is_compared_does_the_same(make):
    shape = make(20)
    ticks = tick.rivals(shape)
    assert len(ticks["trace"]()[1]) == tick.size(shape)
    assert len(ticks["all"]()[1]) == tick.size(shape)
    plain = tick.plain_of(shape)
    assert len(list(plain.tick())) == tick.size(shape)
    assert ticks["alone"]().value == plain.status.value
    assert plain.status is not Oracle.INVALID
