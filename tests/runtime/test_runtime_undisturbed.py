"""What else the process does is kept out of the loop's way, and only as long as the loop runs."""

import gc
import sys

import pytest

from bt_robot.runtime.undisturbed import SWITCH_S, undisturbed


def test_other_threads_take_short_turns():
    before_s = sys.getswitchinterval()
    with undisturbed():
        assert sys.getswitchinterval() == pytest.approx(SWITCH_S)
    assert sys.getswitchinterval() == before_s


def test_what_is_there_already_is_kept_out_of_garbage_collections():
    kept = [[]]
    with undisturbed():
        assert gc.get_freeze_count() > 0
        assert all(each is not kept for each in gc.get_objects())
    assert any(each is kept for each in gc.get_objects())


def test_everything_is_as_before_when_the_loop_fails():
    before_s = sys.getswitchinterval()
    with pytest.raises(RuntimeError), undisturbed():
        raise RuntimeError
    assert sys.getswitchinterval() == before_s
    assert gc.get_freeze_count() == 0
