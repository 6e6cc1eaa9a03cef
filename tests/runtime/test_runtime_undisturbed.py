"""What else the process does is kept out of the loop's way, and only as long as the loop runs."""

import gc
import os
import sys
import threading

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


def test_the_threads_beside_the_loop_go_before_other_processes_where_that_is_permitted():
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()

    def real_time():
        return os.sched_getscheduler(thread.native_id) & ~os.SCHED_RESET_ON_FORK == os.SCHED_RR

    try:
        with undisturbed():
            permitted = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO
            assert real_time() == permitted
            if permitted:
                beside, loop = os.sched_getparam(thread.native_id), os.sched_getparam(0)
                assert beside.sched_priority < loop.sched_priority
        assert not real_time()
    finally:
        over.set()
        thread.join()


def test_everything_is_as_before_when_the_loop_fails():
    before_s = sys.getswitchinterval()
    with pytest.raises(RuntimeError), undisturbed():
        raise RuntimeError
    assert sys.getswitchinterval() == before_s
    assert gc.get_freeze_count() == 0
