"""The help of every command: it is there at once, and fits a terminal of 80 columns."""

from importlib.metadata import distribution

import pytest

COMMANDS = [entry for entry in distribution("bt-robot").entry_points if entry.group == "console_scripts"]


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_the_help_fits_80_columns_and_tells_the_exit_codes(entry, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        entry.load()(["--help"])
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert any("exit codes: 0" in line for line in lines)
