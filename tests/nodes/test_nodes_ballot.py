"""Votes with hysteresis, against a model that keeps everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.nodes.ballot import Ballot


@given(
    st.lists(st.floats(0, 1), max_size=30),
    st.integers(1, 7).flatmap(lambda of: st.tuples(st.integers(of // 2 + 1, of), st.just(of))),
)
def test_a_decision_needs_as_many_of_the_last_answers(answers, numbers):
    at_least, of = numbers
    ballot = Ballot(0.7, 0.3, at_least, of)
    verdict = None
    for i, yes in enumerate(answers, 1):
        ballot.count(yes)
        last = answers[max(0, i - of) : i]
        if sum(p >= 0.7 for p in last) >= at_least:
            verdict = True
        elif sum(p <= 0.3 for p in last) >= at_least:
            verdict = False
        assert ballot.verdict is verdict
        assert ballot.mean == pytest.approx(sum(last) / len(last))


def test_what_is_between_the_thresholds_changes_nothing():
    ballot = Ballot(0.7, 0.3, 1, 1)
    for yes, verdict in ((0.5, None), (0.7, True), (0.31, True), (0.3, False), (0.69, False)):
        ballot.count(yes)
        assert ballot.verdict is verdict
    assert ballot.words == "0 yes, 0 no, 1 unsure"


@pytest.mark.parametrize("numbers", [(0.7, 0.3, 1, 2), (0.7, 0.3, 3, 2), (0.3, 0.3, 1, 1)])
def test_numbers_that_contradict_each_other_are_refused(numbers):
    with pytest.raises(ValueError, match="expected"):
        Ballot(*numbers)
