"""The help of every command fits a terminal of 80 columns."""

from importlib.metadata import distribution

import pytest

from bt_robot.cli.arm.main import COMMANDS as ARM_COMMANDS

SCRIPTS = {each.name: each for each in distribution("bt-robot").entry_points if each.group == "console_scripts"}
COMMANDS = [*([name] for name in sorted(SCRIPTS)), *(["bt-arm", command.name] for command in ARM_COMMANDS)]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_fits_80_columns_and_tells_the_exit_codes(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    name, *more = command
    with pytest.raises(SystemExit) as ended:
        SCRIPTS[name].load()([*more, "--help"])
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert any("exit codes: 0" in line for line in lines)
