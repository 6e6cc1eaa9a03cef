"""What composites add to py_trees: the choice of the child that explains a failure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bt_robot.tree.engine.composites import final_word
from bt_robot.tree.engine.node import Explanation

EXPLANATIONS = st.lists(
    st.builds(Explanation, st.text("abc", min_size=1), st.just("why"), st.booleans(), st.integers(0, 5)), max_size=6
)


@given(EXPLANATIONS)
def test_a_declined_one_never_explains_when_another_failed_for_real(explanations):
    chosen = final_word([None, *explanations])
    real = [explanation for explanation in explanations if not explanation.declined]
    if real:
        assert chosen is real[-1]
    elif explanations:
        assert chosen is not None
        assert chosen.depth == max(explanation.depth for explanation in explanations)
    else:
        assert chosen is None


def test_the_last_of_equals_is_chosen():
    first, last = Explanation("a", "why", True, 1), Explanation("b", "why", True, 1)
    assert final_word([first, last]) is last
