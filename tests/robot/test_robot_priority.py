"""A real-time priority is taken where it is permitted, and done without elsewhere."""

import os
import subprocess
import sys
import threading

from bt_robot.robot.priority import GUARDIAN, before_others, threads_before_others, threads_like_others

_PROGRAM = (
    "import os, sys; from bt_robot.robot.priority import GUARDIAN, before_others;"
    "given = before_others(GUARDIAN);"
    "sys.stdout.write(f'{given} {os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO}')"
)


def test_what_it_says_is_so():
    said = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True).stdout
    assert said in ("True True", "False False")


_NOT_ROOT = (
    "import os, sys, threading; from bt_robot.robot import priority;"
    "over = threading.Event(); beside = threading.Thread(target=over.wait); beside.start();"
    "first = priority.before_others(2); changed = priority.threads_before_others(1);"
    "os.geteuid() or os.setuid(65534);"
    "priority.threads_like_others(changed); first and priority.like_others();"
    "policies = [os.sched_getscheduler(thread) & ~os.SCHED_RESET_ON_FORK for thread in (0, beside.native_id)];"
    "sys.stdout.write(str(policies == [os.SCHED_OTHER] * 2)); over.set()"
)


def test_who_is_not_root_gives_it_back_as_well():
    assert (
        subprocess.run([sys.executable, "-c", _NOT_ROOT], capture_output=True, text=True, check=True).stdout == "True"
    )


def test_a_thread_keeps_a_real_time_priority_of_its_own():
    begun, over = threading.Event(), threading.Event()
    own: list[bool] = []

    def drive():
        own.append(before_others(3))
        begun.set()
        over.wait()

    thread = threading.Thread(target=drive)
    thread.start()
    try:
        assert begun.wait(10.0)
        policy = os.sched_getscheduler(thread.native_id)
        changed = threads_before_others(1)
        try:
            if own[0]:
                assert thread.native_id not in changed
                assert os.sched_getscheduler(thread.native_id) == policy
        finally:
            threads_like_others(changed)
        assert os.sched_getscheduler(thread.native_id) == policy
    finally:
        over.set()
        thread.join()


def test_a_thread_that_has_ended_leaves_its_number_to_others():
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    changed = threads_before_others(1)
    over.set()
    thread.join()
    # In place of another process that has got the number meanwhile.
    stranger = subprocess.Popen(
        [sys.executable, "-c", f"{_PROGRAM};sys.stdout.flush();sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert stranger.stdout.read(1) in "TF"  # it has the priority by now, where that is permitted
        before = os.sched_getscheduler(stranger.pid)
        threads_like_others([*changed, stranger.pid])
        assert os.sched_getscheduler(stranger.pid) == before
    finally:
        stranger.communicate("")


def test_it_is_done_without_where_it_is_not_permitted(monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert not before_others(GUARDIAN)
