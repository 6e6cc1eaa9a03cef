"""A real-time priority is taken where it is permitted, and done without elsewhere."""

import os
import subprocess
import sys

from bt_robot.robot.priority import GUARDIAN, before_others

_PROGRAM = (
    "import os, sys; from bt_robot.robot.priority import GUARDIAN, before_others;"
    "given = before_others(GUARDIAN);"
    "sys.stdout.write(f'{given} {os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO}')"
)


def test_what_it_says_is_so():
    said = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True).stdout
    assert said in ("True True", "False False")


def test_it_is_done_without_where_it_is_not_permitted(monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert not before_others(GUARDIAN)
