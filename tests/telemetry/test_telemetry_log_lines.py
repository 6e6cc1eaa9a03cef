"""What is logged while the screen is taken."""

import logging

import pytest

from bt_robot.telemetry import log_lines as module
from bt_robot.telemetry.log_lines import LineStream, LogLines


@pytest.fixture
def logged():
    """A logger that tells nobody else, its handler, and what that one shows."""
    shown = []
    handler = LogLines(shown.append)
    logger = logging.Logger("part")
    logger.addHandler(handler)
    return logger, handler, shown


def test_a_record_is_shown_at_once_and_kept_as_the_formatter_writes_it(logged):
    logger, handler, shown = logged
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logger.warning("%d servos are hot", 2)
    assert shown == ["WARNING 2 servos are hot"]
    assert handler.kept_lines == ("WARNING part: 2 servos are hot",)


def test_a_traceback_is_kept_but_not_shown(logged):
    logger, handler, shown = logged
    try:
        raise ValueError("bad leaf")
    except ValueError:
        logger.exception("a leaf failed")
    assert shown == ["ERROR a leaf failed"]
    assert handler.kept_lines[0].endswith("ValueError: bad leaf")


def test_only_the_newest_lines_are_kept_and_the_others_counted(logged, monkeypatch):
    monkeypatch.setattr(module, "MAX_KEPT", 3)
    handler = LogLines(lambda _: None)
    for i in range(5):
        handler.emit(logging.makeLogRecord({"msg": f"line {i}"}))
    assert handler.kept_lines == ("(2 earlier lines were dropped)", "line 2", "line 3", "line 4")


def test_a_log_call_with_wrong_arguments_is_told_and_raises_nothing(logged, capsys):
    logger, handler, shown = logged
    logger.warning("%d servos", "many")
    assert shown == ["WARNING '%d servos' can't be written with ('many',)"]
    assert handler.kept_lines == ("'%d servos' can't be written with ('many',)",)
    assert capsys.readouterr().err == ""


def test_what_is_written_past_the_log_is_handed_on_by_lines():
    lines = []
    stream = LineStream(lines.append)
    stream.write("Traceback:\n  in a thread\n\nZero")
    assert lines == ["Traceback:", "  in a thread"]
    stream.write("Division")
    stream.finish()
    assert lines[2:] == ["ZeroDivision"]
    stream.finish()
    assert len(lines) == 3


def test_a_line_that_nobody_logged_is_shown_and_kept(logged):
    _, handler, shown = logged
    handler.take("a library's words")
    assert shown == ["a library's words"]
    assert handler.kept_lines == ("a library's words",)
