"""The layout for Foxglove in docs/ names what a recording has: topics and fields of the kind each panel shows."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
from mcap import decoder
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory

from bt_robot.cli.run import main as run_main

LAYOUT = json.loads((Path(__file__).parents[2] / "docs" / "foxglove.json").read_text())
PLOTTED = ("number", "integer", "float64")
STATES = ("string", "boolean", "integer")


def paths_of(panel):
    return [each["value"] for each in LAYOUT["configById"][panel]["paths"]]


def panels(kind):
    return [panel for panel in LAYOUT["configById"] if panel.startswith(f"{kind}!")]


def shown(layout):
    """The panels that the layout has a place for."""
    return {layout} if isinstance(layout, str) else shown(layout["first"]) | shown(layout["second"])


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """The recording of a simulated run."""
    out = tmp_path_factory.mktemp("runs")
    assert run_main(["pick_place", "--fast", "--max-time", "0.3", "--out", str(out)]) == 1
    return next(out.glob("*/run.mcap"))


@pytest.fixture(scope="module")
def schemas(path):
    """The schema of each topic, as the library of the format reads it."""
    with path.open("rb") as file:
        summary = make_reader(file).get_summary()
    return {channel.topic: summary.schemas[channel.schema_id] for channel in summary.channels.values()}


def kind_at(schema, fields):
    """The type of what a message path leads to."""
    if schema.encoding == "ros2msg":
        (field,) = fields
        name, index = re.fullmatch(r"(\w+)(\[\d\])?", field).groups()
        kind = re.search(rf"^(\S+) {name}$", schema.data.decode(), re.MULTILINE)[1]
        return kind.removesuffix("[]") if index else kind
    rules = json.loads(schema.data)
    for field in fields:
        rules = rules["properties"][field]
    return rules["type"]


def kinds(schemas, panel):
    for path in paths_of(panel):
        topic, *fields = path.split(".")
        yield kind_at(schemas[topic], fields)


def test_every_message_of_a_run_is_what_its_schema_says_for_decoders_that_are_not_ours(path):
    seen = set()
    with path.open("rb") as file:
        reader = make_reader(file, validate_crcs=True, decoder_factories=[DecoderFactory(), JsonFactory()])
        for schema, channel, _, message in reader.iter_decoded_messages():
            seen.add(channel.topic)
            if schema.encoding == "jsonschema":
                jsonschema.validate(message, json.loads(schema.data))
            elif channel.topic.startswith("/joints/"):
                assert len(message.name) == 6
                assert {len(message.position), len(message.velocity), len(message.effort)} <= {0, 6}
    assert {"/tick", "/tree", "/tree/changes", "/log", "/joints/load", "/cameras/front", "/cameras/wrist"} <= seen


class JsonFactory(decoder.DecoderFactory):
    """Decodes JSON."""

    def decoder_for(self, message_encoding, schema):
        return json.loads if message_encoding == "json" else None


def test_every_panel_has_its_place():
    assert shown(LAYOUT["layout"]) == set(LAYOUT["configById"])


def test_plots_show_numbers_and_transitions_show_states(schemas):
    plotted = [kind for panel in panels("Plot") for kind in kinds(schemas, panel)]
    assert plotted
    assert set(plotted) <= set(PLOTTED)
    states = [kind for panel in panels("StateTransitions") for kind in kinds(schemas, panel)]
    assert states
    assert set(states) <= set(STATES)


def test_pictures_log_and_table_have_topics_of_their_kind(schemas):
    configs = LAYOUT["configById"]
    for panel in panels("Image"):
        assert schemas[configs[panel]["imageMode"]["imageTopic"]].name == "sensor_msgs/msg/CompressedImage"
    (log,), (table,) = panels("RosOut"), panels("Table")
    assert schemas[configs[log]["topicToRender"]].name == "rcl_interfaces/msg/Log"
    topic, *fields = configs[table]["topicPath"].split(".")
    assert kind_at(schemas[topic], fields) == "array"
