"""The command bt-serve."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from bt_robot.cli.serve import main

WAIT_S = 20.0


@contextmanager
def serve(*flags, **settings):
    command = [sys.executable, "-m", "bt_robot.standin", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings) as process:
        try:
            yield process
        finally:
            process.kill()  # a failed assertion must not wait for a server that nobody ends


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
    assert "exit codes: 0 ended, 2 bad flag or profile, 3 can't listen," in text
    assert "with-parent" not in text


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--port", "65536"], "argument --port: '65536'; expected a whole number from 0 to 65535"),
        (["--port", "-1"], "argument --port: '-1'; expected a whole number from 0 to 65535"),
        (["--horizon", "0"], "argument --horizon: '0'; expected a whole number from 1 to 1000"),
        (["--latency-ms", "nan"], "argument --latency-ms: 'nan'; expected a number from 0 to 600000"),
        (["--latency-ms", "fast"], "argument --latency-ms: 'fast'; expected a number from 0 to 600000"),
        (["--spread-deg", "-1"], "argument --spread-deg: '-1'; expected a number from 0 to 45"),
        (["--jitter-ms", "x"], "argument --jitter-ms: 'x'; expected a number from 0 to 600000"),
        (["--seed", "1.5"], "argument --seed: '1.5'; expected a whole number from 0 to "),
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


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ("standing", "bt-serve: --profile: standing: unknown profile; expected one of "),
        ("pi05_droid", "bt-serve: --profile: the profile's joints are joint_1, joint_2, "),
    ],
)
def test_a_profile_that_cannot_be_played_is_told_and_exits_with_2(profile, words, capsys):
    assert main(["--port", "0", "--profile", profile]) == 2
    assert capsys.readouterr().err.startswith(words)


def test_the_url_has_the_path_on_which_the_family_listens():
    with serve("--port", "0", "--json", "--profile", "so101_vllm_omni", stdin=subprocess.DEVNULL) as process:
        said = json.loads(process.stdout.readline())
        assert said["url"].endswith("/v1/realtime/robot/openpi")
        assert said["json_url"].endswith("/json")
        assert said["profile"] == "so101_vllm_omni"
        assert end(process, signal.SIGTERM) == 0


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
            "profile": "standin",
        }
        assert process.poll() is None
        assert end(process, signal.SIGTERM) == 0
