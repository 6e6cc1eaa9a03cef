"""A process of our own: it greets, it can be ended in every way, and what went wrong is told in its words."""

import sys

import psutil
import pytest

from bt_robot import child
from bt_robot.child import Child
from bt_robot.errors import PolicyRefused, RobotRefused


@pytest.fixture
def make(tmp_path, monkeypatch):
    """A function that makes a child of a program's text."""
    made = []

    def make(text, refused=RobotRefused):
        (tmp_path / "program.py").write_text(text)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        made.append(Child("the helper", "program", ["--word", "hello"], refused))
        return made[-1]

    yield make
    for each in made:
        each.stop()


GREETING = (
    "import sys\nsys.stdout.write('{\"word\": \"' + sys.argv[2] + '\"}\\n')\nsys.stdout.flush()\nsys.stdin.read()\n"
)


def test_it_says_what_it_was_asked_to_and_ends_when_its_input_does(make):
    helper = make(GREETING)
    helper.start()
    assert helper.greeting == {"word": "hello"}
    process = psutil.Process(helper.pid)
    assert process.environ()["OPENBLAS_NUM_THREADS"] == "1"
    for _ in range(2):
        helper.stop()
    assert not process.is_running()


def test_it_can_be_started_again(make):
    helper = make(GREETING)
    for _ in range(2):
        helper.start()
        assert helper.greeting == {"word": "hello"}
        helper.stop()


@pytest.mark.parametrize("refused", [RobotRefused, PolicyRefused])
def test_one_that_fails_is_refused_with_its_last_words(make, refused):
    helper = make("raise SystemExit('no such device')", refused)
    helper.start()
    with pytest.raises(refused, match=r"^the helper did not start: no such device$"):
        _ = helper.greeting


def test_one_that_says_nothing_is_refused_when_the_time_is_over(make, monkeypatch):
    monkeypatch.setattr(child, "START_TIMEOUT_S", 0.5)
    helper = make("import time\ntime.sleep(600)")
    helper.start()
    with pytest.raises(RobotRefused, match=r"^the helper did not start: it said nothing$"):
        _ = helper.greeting


def test_one_that_can_not_be_started_is_refused(make, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(RobotRefused, match=r"the helper could not be started: .*No such file"):
        make(GREETING).start()


def test_one_that_does_not_want_to_end_is_killed(make, monkeypatch):
    monkeypatch.setattr(child, "_END_TIMEOUT_S", 0.2)
    helper = make(
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "sys.stdout.write('{\"stubborn\": true}\\n')\nsys.stdout.flush()\ntime.sleep(600)\n"
    )
    helper.start()
    assert helper.greeting == {"stubborn": True}
    process = psutil.Process(helper.pid)
    helper.stop()
    assert not process.is_running()


def test_a_killed_one_is_gone_at_once(make):
    helper = make(GREETING)
    helper.start()
    process = psutil.Process(helper.pid)
    helper.kill()
    assert not process.is_running()
