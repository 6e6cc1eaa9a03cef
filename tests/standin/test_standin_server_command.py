"""The command bt-serve."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys

import pytest

from bt_robot.cli.serve import main

WAIT_S = 20.0


def serve(*flags, **settings):
    command = [sys.executable, "-m", "bt_robot.standin", *flags]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings)


def end(process, how):
    process.send_signal(how)
    process.communicate(timeout=WAIT_S)
    return process.returncode


def test_help_shows_examples_and_exit_codes(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    assert "bt-serve --port 9000 --latency-ms 300" in text
    assert "exit codes: 0 ended, 2 bad flag, 3 can't listen, 130 interrupted (Ctrl-C)" in text
    assert "with-parent" not in text


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--port", "65536"], "argument --port: '65536'; expected a whole number from 0 to 65535"),
        (["--port", "-1"], "argument --port: '-1'; expected a whole number from 0 to 65535"),
        (["--horizon", "0"], "argument --horizon: '0'; expected a whole number from 1 to 1000"),
        (["--latency-ms", "nan"], "argument --latency-ms: 'nan'; expected a number from 0 to 600000"),
        (["--latency-ms", "fast"], "argument --latency-ms: 'fast'; expected a number from 0 to 600000"),
        (["--prot", "1"], "unrecognized arguments: --prot 1"),
    ],
)
def test_a_bad_flag_is_told_and_exits_with_2(flags, words, capsys):
    with pytest.raises(SystemExit) as left:
        main(flags)
    assert left.value.code == 2
    assert words in capsys.readouterr().err


def test_a_taken_port_is_told_and_exits_with_3(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 3
    words = f"bt-serve: can't listen on 127.0.0.1:{port}: Address already in use; try another --port, or 0\n"
    assert capsys.readouterr().err == words


def test_it_says_where_it_listens_in_words_and_ctrl_c_exits_with_130():
    with serve("--port", "0") as process:
        line = process.stdout.readline()
        assert line.startswith("serving the stand-in policy at ws://127.0.0.1:")
        assert line.endswith("/json); end with Ctrl-C\n")
        assert end(process, signal.SIGINT) == 130


def test_it_says_where_it_listens_as_json_and_does_not_mind_a_closed_input():
    with serve("--port", "0", "--json", "--horizon", "7", stdin=subprocess.DEVNULL) as process:
        said = json.loads(process.stdout.readline())
        assert said == {
            "url": said["url"],
            "json_url": said["url"] + "/json",
            "pid": process.pid,
            "horizon": 7,
        }
        assert process.poll() is None
        assert end(process, signal.SIGTERM) == 0
