"""A run or its witness dies, whole processes on both sides: the other one ends, or goes on, and says what is lost."""

import os
import re
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from bt_robot.telemetry.recorder import read_run
from tests.faults.process_kit import Program, await_true
from tests.telemetry.view_kit import looking

NAP = "tree: nap\nroot: {wait: {duration_s: 600}}\n"
SHORT = "tree: nap\nroot: {wait: {duration_s: 0.2}}\n"
BT_RUN = Path(sys.executable).parent / "bt-run"


class Viewed(Program):
    """`bt-run --view` of the arm that is not there."""

    def __init__(self, folder, *flags, tree=NAP, **options):
        (folder / "tree.yaml").write_text(tree)
        arguments = [BT_RUN, folder / "tree.yaml", "--config", "fake", "--view", "0", "--control", *flags]
        super().__init__(folder / "program", arguments, **options)
        self.hear("view: http")
        port, self.token = re.search(r":(\d+)/#token=([\w-]+)", self.err).groups()
        self.port = int(port)

    def looking(self):
        return looking(self.port, self.token)

    @property
    def witness(self):
        """The id of its witness's process."""
        (pid,) = (pid for pid in children_of(self.pid) if b"telemetry.witness" in read(pid, "cmdline"))
        return pid

    def records(self):
        (path,) = self._place.glob("runs/*/run.mcap")
        with read_run(path) as run:
            return list(run.records()), run.ending


def read(pid, name):
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def children_of(pid):
    processes = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
    return [each for each in processes if read(each, "stat").rpartition(b")")[2].split()[1:2] == [b"%d" % pid]]


def has_ended(pid):
    """Whether a process is over; nobody may have taken note of it yet."""
    return read(pid, "stat").rpartition(b")")[2].split()[:1] in ([], [b"Z"])


def listens(port):
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@pytest.fixture
def start(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    programs = []

    def start(*flags, **options):
        programs.append(Viewed(tmp_path, *flags, **options))
        return programs[-1]

    yield start
    for program in programs:
        program.close()


@pytest.mark.parametrize("kill", [os.kill, os.killpg])
def test_a_run_that_is_killed_leaves_every_tick_and_no_process(start, kill):
    run = start()
    witness = run.witness
    with run.looking() as page:
        step = page.reach(40)["step"]
    kill(run.pid, signal.SIGKILL)  # the run leads a group of its own
    await_true(lambda: has_ended(witness), "the witness's end")
    assert not listens(run.port)
    records, ending = run.records()
    assert [record.step for record in records] == list(range(len(records)))
    assert records[-1].step >= step
    assert ending is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whatever_ends_the_run_in_order_is_no_matter_of_the_witness(start, number):
    run = start("--view-exit")
    witness = run.witness
    with run.looking() as page:
        page.reach(5)
        os.kill(witness, number)
        os.killpg(run.pid, number)
        assert page.until("ended")["status"] == "INTERRUPTED"
    assert run.end()[0] == 130
    assert has_ended(witness)
    records, ending = run.records()
    assert [record.step for record in records] == list(range(len(records)))
    assert ending.status == "INTERRUPTED"


def test_two_interrupts_end_everything_at_once(start):
    run = start()
    witness = run.witness
    with run.looking() as page:
        page.reach(5)
    run.send(signal.SIGINT, signal.SIGINT)
    assert run.end()[0] == 130
    await_true(lambda: has_ended(witness), "the witness's end")
    assert "Traceback" not in run.err


def test_a_run_that_is_held_when_its_page_dies_says_so_and_ends_with_ctrl_c(start):
    run = start()
    with run.looking() as page:
        page.until("state")
        page.steer("hold")
        page.until("tick", mode="held")
        os.kill(run.witness, signal.SIGKILL)
        run.hear("the process that records the run has ended", "its page is gone: a run that is held waits for Ctrl-C")
    assert run.process.poll() is None
    run.send(signal.SIGINT)
    assert run.end()[0] == 130
    assert "the page stays" not in run.err


def test_a_page_that_stays_after_the_run_and_dies_ends_the_command(start):
    run = start(tree=SHORT)
    run.hear("the page stays until Ctrl-C")
    os.kill(run.witness, signal.SIGKILL)
    assert run.end()[0] == 0


def test_d9_a_full_disk_costs_the_files_and_not_the_page(start):
    run = start("--json", terminal=True, full_disk=True)
    with run.looking() as page:
        page.reach(40)
        run.hear("the view can't go back to the pictures")
    run.send(signal.SIGINT)
    code, result = run.end()
    assert (code, result["status"]) == (130, "INTERRUPTED")
    said = " ".join(run.err.split())
    assert said.count("run.mcap could not be written: [Errno 27] File too large") == 1
    assert said.count("the view can't go back to the pictures") == 1
    assert "Traceback" not in said
    assert [path for path in run._place.glob("runs/*/*") if path.suffix in (".mcap", ".btlog")] == []
