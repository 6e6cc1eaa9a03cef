"""A stream that nobody reads costs its writer nothing."""

import io
import os
import threading

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


class SlowStream(io.StringIO):
    """A stream that takes nothing before it may."""

    def __init__(self):
        super().__init__()
        self.may = threading.Event()

    def write(self, text):
        self.may.wait(10.0)
        return super().write(text)


def test_what_comes_after_settling_comes_after_what_was_written_before():
    stream = SlowStream()
    writer = BackgroundWriter(stream)
    writer.write("a frame\n")
    threading.Timer(0.2, stream.may.set).start()
    writer.settle()
    assert stream.getvalue() == "a frame\n"
    writer.finish()


def test_a_stream_that_takes_nothing_is_not_waited_for_for_ever():
    stream = SlowStream()
    writer = BackgroundWriter(stream)
    writer.write("a frame\n")
    writer.settle()
    assert stream.getvalue() == ""
    stream.may.set()
    writer.finish()


def test_it_is_idle_only_when_everything_is_written():
    stream = SlowStream()
    writer = BackgroundWriter(stream)
    assert writer.idle
    writer.write("a frame\n")
    assert not writer.idle
    stream.may.set()
    writer.settle()
    while not writer.idle:  # the thread has still to say that it is done
        pass
    writer.finish()


def test_text_is_written_in_the_characters_of_the_stream(tmp_path):
    with (tmp_path / "log").open("w", encoding="latin-1") as stream:
        writer = BackgroundWriter(stream)
        writer.write("✓ für …\n")
        writer.finish()
    assert (tmp_path / "log").read_bytes() == "+ für ~\n".encode("latin-1")
