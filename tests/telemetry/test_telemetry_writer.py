"""A stream that nobody reads costs its writer nothing."""

import io
import os

from bt_robot.telemetry.writer import MAX_WAITING, BackgroundWriter


def test_text_arrives_in_order():
    stream = io.StringIO()
    writer = BackgroundWriter(stream)
    for i in range(100):
        writer.write(f"{i}\n")
    writer.finish()
    assert stream.getvalue().split() == [str(i) for i in range(100)]


def test_a_pipe_that_nobody_reads_blocks_nobody_and_what_is_too_much_is_dropped():
    reader, descriptor = os.pipe()
    with os.fdopen(descriptor, "w") as stream:
        writer = BackgroundWriter(stream)
        for _ in range(3 * MAX_WAITING):
            writer.write("x" * 1000 + "\n")
        writer.finish()  # returns although the pipe is full
        os.close(reader)  # lets the thread go: writing now fails


def test_a_reader_that_has_gone_is_no_error():
    reader, descriptor = os.pipe()
    os.close(reader)
    with os.fdopen(descriptor, "w") as stream:
        writer = BackgroundWriter(stream)
        writer.write("to nobody\n")
        writer.finish()


def test_text_that_is_no_utf8_is_shown_escaped(tmp_path):
    with (tmp_path / "log").open("w") as stream:
        writer = BackgroundWriter(stream)
        writer.write("bad \udcff byte\n")
        writer.finish()
    assert (tmp_path / "log").read_text() == "bad \\udcff byte\n"
