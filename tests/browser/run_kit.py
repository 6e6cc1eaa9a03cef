"""Runs as a person starts them: `bt-run --view` and `bt-view` as processes, and the link that they print."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from bt_robot.telemetry.recorder import read_run
from tests.browser.browser_kit import LONGEST_S, await_true

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

COUNTING = """\
tree: counting
description: Changes a node's status a few times a second, and keeps the arm in motion beside it.
root:
  parallel:
    success_count: 2
    children:
      - repeat:
          name: beat
          times: 100000
          child:
            sequence:
              - wait: {name: tick, duration_s: 0.3}
              - wait: {name: tock, duration_s: 0.3}
      - repeat:
          name: sway
          times: 100000
          child:
            sequence:
              - force_success: {child: {move_to: {name: there, joints: [0.8, -1.55, 1.35, 1.2, 0.05, 0.3], speed: 0.1}}}
              - force_success: {child: {move_to: {name: back, joints: [-0.8, -1.55, 1.35, 1.2, 0.05, 0.3], speed: 0.1}}}
"""
"""Of a robot that needs no policy; ends when it is ended."""


class Viewed:
    """A process that serves the page, and what it said."""

    def __init__(self, folder, *arguments):
        """Start a command; wait for the link to its page.

        Args:
            folder: Where it runs and leaves its files.
            arguments: The command line; the first word is the command's name.
        """
        self.folder = folder
        self._err = folder / "err.txt"
        self._out = folder / "out.txt"
        command, *others = map(str, arguments)
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [BIN / command, *others],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"},
            )
        self.link = await_true(self._find_link, "the link")

    def _find_link(self):
        assert self.process.poll() is None, self.said
        found = re.search(r"http://\S+", self.said)
        return found and found[0]

    @property
    def said(self):
        """What it wrote to both of its streams."""
        return self._out.read_text() + self._err.read_text()

    @property
    def url(self):
        """The link without its token."""
        return self.link.partition("#")[0]

    @property
    def port(self):
        return int(re.search(r":(\d+)/", self.link)[1])

    @property
    def token(self):
        return self.link.partition("#token=")[2]

    def hear(self, words):
        """Wait until it has said some words."""
        await_true(lambda: words in self.said, f"{words!r} in {self.said}")

    def interrupt(self):
        """Press Ctrl-C."""
        os.kill(self.process.pid, signal.SIGINT)

    def end(self):
        """Press Ctrl-C if it goes on, and wait for its end; return the exit code."""
        if self.process.poll() is None:
            self.interrupt()
        return self.process.wait(LONGEST_S)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def recording(self):
        """The path of what the run recorded."""
        (path,) = self.folder.glob("runs/*/run.mcap")
        return path

    def records(self):
        """All ticks of the run, which has to be over."""
        with read_run(self.recording()) as run:
            return list(run.records())


def run_in(folder, *flags, tree=COUNTING, config="fake", view=("--view", "0")):
    """Start `bt-run --view` of a tree."""
    path = folder / "tree.yaml"
    path.write_text(tree)
    return Viewed(folder, "bt-run", path, "--config", config, *view, *flags)


def recording_in(folder, *flags, tree=None, config="sim"):
    """Run a tree, the main task if none is given, to its end as fast as it goes; return the path of its recording."""
    path = ROOT / "trees" / "pick_place.yaml"
    if tree:
        path = folder / "tree.yaml"
        path.write_text(tree)
    command = [BIN / "bt-run", path, "--config", config, "--fast", "--json", *flags]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=4 * LONGEST_S, check=False)
    result = json.loads(done.stdout.splitlines()[-1])
    return folder / result["artifacts"] / "run.mcap"
