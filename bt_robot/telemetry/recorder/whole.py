"""A recording written again with the end that it lacks, for programs that refuse a file without one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mcap.records import Channel, Message, Schema
from mcap.writer import CompressionType, Writer

from bt_robot.telemetry.recorder.index import Index, index_of, records_of
from bt_robot.telemetry.recorder.reader import RecordedRun
from bt_robot.telemetry.recorder.writer import NEVER


def write_whole(run: RecordedRun, path: Path, progress: Callable[[float], None]) -> None:
    """Write everything of a recording that can be read into another one, message by message, as it is.

    Args:
        run: The recording.
        path: The other one; it is replaced.
        progress: Told the time on the run's clock [s] that is written.

    Raises:
        OSError: It can't be written.
    """
    with run.path.open("rb") as file, path.open("wb") as out:
        index = index_of(file) or Index()
        writer = Writer(out, chunk_size=NEVER, compression=CompressionType.ZSTD)
        writer.start(profile="", library="bt_robot")
        for name, words in index.metadata.items():
            writer.add_metadata(name, dict(words))
        schemas: dict[int, int] = {}
        channels: dict[int, int] = {}
        for place in index.chunks:
            try:
                records = records_of(file, place)
            except ValueError:  # damaged: the rest is worth having, and whoever reads a recording is told
                continue
            for record in records:
                if isinstance(record, Schema):
                    schemas[record.id] = writer.register_schema(record.name, record.encoding, record.data)
                elif isinstance(record, Channel):
                    channels[record.id] = writer.register_channel(
                        record.topic, record.message_encoding, schemas.get(record.schema_id, 0), record.metadata
                    )
                elif isinstance(record, Message) and record.channel_id in channels:
                    number = channels[record.channel_id]
                    writer.add_message(number, record.log_time, record.data, record.publish_time, record.sequence)
            writer.flush()
            progress(run.seconds(place.last_ns))
        writer.finish()
