"""A condition counts from when it began to hold without a break."""

from bt_robot.nodes.dwell import Dwell


def test_time_adds_up_while_the_condition_holds_and_starts_anew_after_a_break():
    dwell = Dwell()
    assert [dwell.update(t, True) for t in (1.0, 1.1, 1.2)] == [0.0, 1.1 - 1.0, 1.2 - 1.0]
    assert dwell.update(1.3, False) == 0.0
    assert dwell.update(1.4, True) == 0.0


def test_a_node_that_was_not_ticked_for_a_while_starts_anew():
    dwell = Dwell()
    dwell.update(0.0, True)
    assert dwell.update(5.0, True) == 0.0
