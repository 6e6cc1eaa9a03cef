"""Any ticks that a run could publish, and a way to say whether two are the same."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from bt_robot.messages import (
    ActionChunk,
    Command,
    Effort,
    Frame,
    Health,
    Heard,
    JointLimits,
    KeyWrite,
    LinkState,
    NodeInfo,
    NodeState,
    Observation,
    PlanStats,
    Splice,
    Status,
    TickRecord,
    Verdict,
)
from bt_robot.messages.steering import Wish
from bt_robot.telemetry.recorder import RunInfo, Source

JOINTS = ("a", "b", "gripper")
CAMERAS = ("front", "wrist")
STARTED = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
PERIOD_S = 1 / 30

floats = st.floats()
whole = st.integers(0, 2**32 - 1)
words = st.text(max_size=12)
joints = st_numpy.arrays(np.float64, len(JOINTS), elements=floats)
st.register_type_strategy(int, whole)
st.register_type_strategy(str, words)
values = st.recursive(
    st.none() | st.booleans() | whole | floats | words, lambda inner: st.lists(inner).map(tuple), max_leaves=4
)


def made(kind, **given):
    """Any value of a dataclass: its fields as annotated, and some as given."""
    return st.builds(kind, **{field.name: ... for field in dataclasses.fields(kind)} | given)


@st.composite
def layouts(draw):
    count = draw(st.integers(1, 5))
    node = made(NodeInfo)
    return tuple(draw(st.lists(node, min_size=count, max_size=count)))


@st.composite
def chunks(draw):
    actions = draw(st_numpy.arrays(np.float64, (draw(st.integers(0, 4)), len(JOINTS)), elements=floats))
    return draw(made(ActionChunk, actions=st.just(actions)))


def frame(camera, captured_s):
    return Frame(camera, captured_s, lambda: np.full((8, 8, 3), int(captured_s * 30) % 255, np.uint8))


@st.composite
def runs(draw, max_ticks=8):
    """A few ticks of a run: steps grow, some are skipped, and edited trees take over."""
    records, step, layout, states = [], 0, draw(layouts()), ()
    for _ in range(draw(st.integers(1, max_ticks))):
        step += 1 + draw(st.sampled_from([0, 0, 0, 1, 40]))
        if records and draw(st.integers(0, 4)) == 0:
            layout, states = draw(layouts()), ()
        states = tuple(
            states[i]
            if states and draw(st.booleans())
            else draw(made(NodeState, cause=st.none() | st.integers(0, len(layout) - 1)))
            for i in range(len(layout))
        )
        chunk = draw(st.none() | chunks())
        captured_s = max(0, step - draw(st.integers(0, 2))) * PERIOD_S
        cameras = draw(st.lists(st.sampled_from(CAMERAS), unique=True))
        observation = Observation(
            draw(whole),
            draw(floats),
            draw(joints),
            {camera: frame(camera, captured_s) for camera in cameras},
            draw(made(Health)),
            draw(made(Effort, load=st.none() | joints, current_a=st.none() | joints)),
        )
        records.append(
            TickRecord(
                step=step,
                time_s=step * PERIOD_S,
                lateness_s=draw(floats),
                skipped=draw(whole),
                observation=observation,
                command=Command(draw(whole), draw(joints), draw(joints)),
                verdict=draw(made(Verdict)),
                status=draw(st.sampled_from(Status)),
                nodes=states,
                link=draw(made(LinkState)),
                prompt=draw(words),
                chunk_age_steps=draw(st.none() | whole),
                planned_steps=draw(whole),
                chunk=chunk,
                stalled=draw(st.booleans()),
                events=tuple(draw(st.lists(words, max_size=3))),
                splice=draw(made(Splice)) if chunk is not None else None,
                plan=draw(made(PlanStats)),
                skill=draw(words),
                proposal=draw(st.none() | joints),
                layout=layout,
                written=tuple(draw(st.lists(made(KeyWrite, value=values), max_size=3))),
                acts=tuple(draw(st.lists(words, max_size=2))),
                wishes=tuple(draw(st.lists(made(Wish), max_size=2))),
                mode=draw(st.sampled_from(["running", "held", "stepping"])),
                heard=draw(st.none() | made(Heard)),
            )
        )
    return records


def run_info(**changes):
    limits = JointLimits(JOINTS, *(np.full(3, x) for x in (-1.0, 1.0, 3.0, 30.0)))
    info = RunInfo(
        tree="t",
        started=STARTED,
        seed=7,
        fast=False,
        prompt="",
        control_hz=30.0,
        limits=limits,
        poses={"rest": np.array([0.1, -0.2, 0.5])},
        cameras=CAMERAS,
        config=Source("configs/sim.yaml", "robot: {type: sim}\n"),
        assignments=("policy.timeout_s=3",),
        profiles=(Source("profiles/standin.yaml", "protocol: openpi\n"),),
        max_time_s=60.0,
        versions={"bt-robot": "0.1.0"},
    )
    return dataclasses.replace(info, **changes)


def told(value):
    """All that a value holds, so that two are the same exactly if this is: types, NaN, arrays and all."""
    if isinstance(value, np.ndarray):
        return f"array {value.dtype} {value.shape} {value.tolist()}"
    if isinstance(value, Frame):
        return f"frame {value.camera} {value.captured_s!r}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {told(each)}" for key, each in value.items()) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(told, value)) + ")"
    if dataclasses.is_dataclass(value):
        fields = ", ".join(f"{each.name}={told(getattr(value, each.name))}" for each in dataclasses.fields(value))
        return f"{type(value).__name__}({fields})"
    return repr(value)
