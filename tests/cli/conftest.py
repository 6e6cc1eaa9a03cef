"""Runs a command in this process."""

import json
import logging
from dataclasses import dataclass

import pytest

from bt_robot.robot.emulator.arm import emulated_calibration


@dataclass
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out.splitlines()[-1])


@pytest.fixture
def command(capsys):
    """A function that runs a command's main with arguments; the log's handlers are put back afterwards."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level

    def run(main, *arguments):
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    yield run
    root.handlers[:], root.level = before, level


@pytest.fixture
def emulated_calibration_file(tmp_path):
    """The emulated arm's calibration as LeRobot would have written it."""
    path = tmp_path / "emulated.json"
    path.write_text(json.dumps(emulated_calibration()), encoding="utf-8")
    return path
