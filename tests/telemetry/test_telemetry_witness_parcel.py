"""A tick arrives at the witness as it was published; of its pictures, those that are wanted."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from bt_robot.messages import Frame, KeyWrite, NodeInfo, NodeState, Observation, Status
from bt_robot.telemetry.jpeg import decode_jpeg
from bt_robot.telemetry.witness.parcel import PARCEL, Packer, Unpacker
from bt_robot.telemetry.witness.words import TreeTold, decode
from tests.scale import examples
from tests.telemetry.record_strategies import JOINTS, runs, told

NODES = (NodeInfo("t", "wait", "t", 0, -1, "action"), NodeInfo("t/b", "wait", "b", 1, 0, "action"))


def tree(layout):
    return TreeTold(layout, "t", (), "<root/>")


class Way:
    """From the run to the witness."""

    def __init__(self, rate_hz=10.0):
        self.packer = Packer(tree, JOINTS, rate_hz)
        self.unpacker = Unpacker()
        self.sizes = []

    def go(self, record):
        for data in self.packer.pack(record):
            if data.startswith(PARCEL):
                self.sizes.append(len(data))
                return self.unpacker.unpack(data)
            self.unpacker.trees.append(decode(data))
        raise AssertionError("no tick")


@settings(max_examples=examples(50), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(runs())
def test_a_tick_arrives_as_it_was_published(records):
    way = Way()
    for record in records:
        assert told(way.go(record)) == told(record)


def test_nodes_that_stay_as_they_are_are_not_told_again(record):
    states = tuple(NodeState(Status.RUNNING, "busy " * 100) for _ in range(200))
    layout = tuple(NodeInfo(f"t/{i}", "wait", str(i), 1, 0, "action") for i in range(200))
    way = Way()
    first = way.go(record(0, layout=layout, nodes=states))
    changed = (NodeState(Status.SUCCESS), *states[1:])
    others = [way.go(record(step, layout=layout, nodes=changed)) for step in (1, 2)]
    assert [each.nodes for each in (first, *others)] == [states, changed, changed]
    assert others[1].nodes is others[0].nodes
    assert way.sizes[1] < way.sizes[0] / 20


def test_the_layout_is_the_same_object_until_another_tree_takes_over(record):
    way = Way()
    states = (NodeState(Status.RUNNING), NodeState(Status.IDLE))
    edited = tuple(dataclasses.replace(node) for node in NODES)
    layouts = [way.go(record(k, layout=each, nodes=states)).layout for k, each in enumerate((NODES, NODES, edited))]
    assert layouts[0] is layouts[1]
    assert layouts[1] is not layouts[2]
    assert layouts[1] == layouts[2]


def test_pictures_come_as_often_as_asked_and_the_others_only_say_when_they_were_captured(record):
    way = Way(rate_hz=10.0)
    arrived = [way.go(record(step, layout=NODES, nodes=(NodeState(Status.RUNNING),) * 2)) for step in range(7)]
    frames = [each.observation.frames["front"] for each in arrived]
    assert [frame.jpeg is not None for frame in frames] == [True, False, False, True, False, False, True]
    assert [frame.captured_s for frame in frames] == [step / 30 for step in range(7)]
    assert decode_jpeg(frames[3].jpeg).mean() == pytest.approx(3, abs=2)


def test_a_camera_that_broke_does_not_cost_the_tick(record):
    def broken():
        raise ValueError("unplugged")

    frames = {"front": Frame("front", 0.0, broken)}
    states = (NodeState(Status.RUNNING),) * 2
    observation = Observation(0, 0.0, np.zeros(3), frames)
    arrived = Way().go(record(0, layout=NODES, nodes=states, observation=observation))
    assert arrived.observation.frames["front"].jpeg is None


def test_odd_values_of_the_blackboard_arrive_in_words(record):
    written = (KeyWrite("t", "k", object), KeyWrite("t", "l", (1, 2.5, ("a", None))))
    arrived = Way().go(record(0, layout=NODES, nodes=(NodeState(Status.RUNNING),) * 2, written=written))
    assert [each.value for each in arrived.written] == ["<class 'object'>", (1, 2.5, ("a", None))]


@pytest.mark.parametrize("data", [PARCEL, PARCEL + b"\x05\x00\x03\x00\x00\x00/tickabc"])
def test_what_is_no_tick_is_refused(data):
    with pytest.raises(ValueError, match=r"a parcel without a tick|unexpected|Expecting"):
        Unpacker().unpack(data)
