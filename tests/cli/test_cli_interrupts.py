"""Ctrl-C, as a person presses it: a real process, real signals."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bt_robot.cli.interrupts import interrupts_in_order

BT_RUN = Path(sys.executable).parent / "bt-run"


def test_the_first_signal_asks_and_the_second_insists():
    with interrupts_in_order() as interrupt, interrupt.asked_politely():
        assert not interrupt()
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_where_nobody_looks_the_first_signal_already_ends_it():
    with interrupts_in_order(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_that_is_ignored_stays_ignored_as_under_nohup():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts_in_order():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def started(tmp_path, *flags):
    """Start an endless run and return the process once the tree ticks."""
    tree = tmp_path / "endless.yaml"
    tree.write_text("tree: endless\nroot: hold_position\n")
    process = subprocess.Popen(
        [BT_RUN, tree, "--config", "fake", "--json", "--out", tmp_path / "runs", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "endless RUNNING" in process.stderr.readline()
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_once_ends_the_run_in_order_with_a_summary_and_130(tmp_path, number):
    process = started(tmp_path)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    result = json.loads(out.splitlines()[-1])
    assert (process.returncode, result["status"], result["reason"]) == (130, "INTERRUPTED", "interrupted")
    assert Path(result["artifacts"]).is_dir()


def test_twice_ends_it_at_once_with_130_and_no_traceback(tmp_path):
    process = started(tmp_path)
    process.send_signal(signal.SIGSTOP)  # both signals wait for it, so that the second finds the first unhandled
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_a_stderr_that_nobody_reads_neither_stalls_a_run_nor_keeps_it_from_ending(tmp_path):
    tree = tmp_path / "chatty.yaml"
    tree.write_text("tree: chatty\nroot:\n  repeat: {times: 1000000, child: {wait: {duration_s: 0}}}\n")
    reader, writer = os.pipe()
    flags = ["--config", "fake", "--fast", "--json", "--no-artifacts", "-vv", "--max-time", "2000"]
    process = subprocess.Popen([BT_RUN, tree, *flags], stdout=subprocess.PIPE, stderr=writer, text=True)
    os.set_blocking(writer, False)
    try:
        while True:  # fill the pipe, so that the run's own words find no room
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
    out, _ = process.communicate(timeout=120)
    os.close(reader)
    os.close(writer)
    assert json.loads(out.splitlines()[-1])["reason"].startswith("the time limit of 2000 s is over")


def test_a_reader_of_stdout_that_has_gone_is_no_error(tmp_path):
    tree = tmp_path / "nap.yaml"
    tree.write_text("tree: nap\nroot: {wait: {duration_s: 0.1}}\n")
    reader, writer = os.pipe()
    os.close(reader)
    run = [BT_RUN, tree, "--config", "fake", "--fast", "--no-artifacts"]
    done = subprocess.run(run, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(writer)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_a_terminal_that_is_paused_does_not_keep_a_run_from_ending(tmp_path):
    tree = tmp_path / "endless.yaml"
    tree.write_text("tree: endless\nroot: hold_position\n")
    ours, theirs = pty.openpty()  # nobody reads our end: to the program it is as after Ctrl-S
    flags = ["--config", "fake", "--no-artifacts", "--max-time", "4"]
    environment = {**os.environ, "TERM": "xterm"}
    process = subprocess.Popen(
        [BT_RUN, tree, *flags], stdout=subprocess.PIPE, stderr=theirs, stdin=theirs, text=True, env=environment
    )
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 1
    assert "the time limit of 4 s is over" in out


def test_ctrl_c_while_nobody_reads_what_is_said_last_still_ends(tmp_path):
    process = started(tmp_path, "--no-artifacts")
    for _ in range(4):
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert len(out.splitlines()) == 1
