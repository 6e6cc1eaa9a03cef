"""The law of every SO-101 profile: what the server reads is what the client meant, what it plans is what comes back."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.arm.so101 import JOINT_NAMES, LIMITS, LOWER, UPPER
from bt_robot.messages import Frame, Observation
from bt_robot.policy.dialect.dialect import Dialect
from bt_robot.policy.dialect.images import resize_with_pad
from bt_robot.policy.dialect.pace import Pace
from bt_robot.policy.dialect.profile import built_in_profiles, load_profile
from bt_robot.policy.dialect.rtc import Leftover
from bt_robot.policy.wire.json_protocol import JsonProtocol
from bt_robot.policy.wire.openpi import OpenPi
from bt_robot.standin.dialect import PLAN_HZ, ServerDialect
from bt_robot.standin.manners import manners
from bt_robot.standin.requests import fitted
from tests.scale import examples

SO101 = [name for name in built_in_profiles() if set(load_profile(name).joints) == set(JOINT_NAMES)]
SIDE_PX = 16  # small pictures: the law is about joints, and JSON writes every pixel as text
PICTURES = {
    camera: np.random.default_rng(i).integers(0, 256, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    for i, camera in enumerate(("front", "wrist", "top", "realsense"))
}
IN_RANGE = st.lists(st.floats(0.0, 1.0), min_size=6, max_size=6).map(
    lambda part: LOWER + np.array(part) * (UPPER - LOWER)
)
OFFSETS = st.lists(st.floats(-1.0, 1.0), min_size=6, max_size=6).map(np.array)
ENDPOINT = {"endpoint": "infer", "session_id": "s"}


@cache
def both_sides(name, **changes):
    """A profile with small pictures, a client for it, a server for it."""
    profile = replace(load_profile(name), image_width=SIDE_PX, image_height=SIDE_PX, **changes)
    return profile, Dialect(profile, LIMITS), ServerDialect(profile)


def observation(joints):
    frames = {camera: Frame(camera, 0.0, lambda camera=camera: PICTURES[camera]) for camera in PICTURES}
    return Observation(0, 0.0, joints, frames)


def wire_of(profile):
    return JsonProtocol() if profile.protocol == "json" else OpenPi(profile.action_key)


def asked(profile, client, server, joints, leftover=None):
    """Send a request through the bytes of both sides; return what the server read."""
    extra = ENDPOINT if profile.protocol in ("roboarena", "vllm_omni") else {}
    frame = wire_of(profile).request({**client.request(observation(joints), "go", leftover), **extra})
    spoken = manners(profile)
    fields = spoken.read(frame)
    assert spoken.aside(fields) is None
    return server.read(fields)


def targets_to(joints, end, horizon):
    """Targets from where the arm is to an end, the gripper's at once."""
    targets = joints + np.linspace(0.0, 1.0, horizon + 1)[1:, None] * (end - joints)
    targets[:, 5] = end[5]
    return targets


@pytest.mark.parametrize("name", SO101)
@settings(max_examples=examples(12))
@given(joints=IN_RANGE, offsets=OFFSETS)
def test_the_server_reads_what_was_meant_and_its_plan_comes_back_as_planned(name, joints, offsets):
    profile, client, server = both_sides(name)
    request = asked(profile, client, server, joints)
    np.testing.assert_allclose(request.question.joints, joints, atol=1e-5)
    camera = "front" if "front" in profile.images else "realsense"
    np.testing.assert_array_equal(request.question.front, fitted(PICTURES[camera]))
    assert request.question.prompt == "go"

    targets = targets_to(joints, np.clip(joints + offsets, LOWER, UPPER), profile.horizon)
    wire = server.write(targets, request.question.joints)
    reply = wire_of(profile).reply(manners(profile).write(wire, 0.0, {}))
    rows = client.actions(reply.actions, joints)
    if profile.incremental:
        rows = np.concatenate([joints[:5] + np.cumsum(rows[:, :5], axis=0), rows[:, 5:]], axis=1)
    np.testing.assert_allclose(rows, targets, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in SO101 if load_profile(name).rtc])
@pytest.mark.parametrize("unit", ["degrees", "range_100"])
@settings(max_examples=examples(12))
@given(joints=IN_RANGE, offsets=OFFSETS, planned=st.integers(1, 60), delay=st.integers(0, 70))
def test_the_server_reads_the_plan_that_it_has_to_continue(name, unit, joints, offsets, planned, delay):
    profile, client, server = both_sides(name, joint_unit=unit, joints=JOINT_NAMES[::-1], action_dim=9)
    plan = targets_to(joints, np.clip(joints + offsets, LOWER, UPPER), planned)
    prefix = asked(profile, client, server, joints, Leftover(plan, delay, 25)).prefix
    valid = min(planned, profile.horizon)
    np.testing.assert_allclose(prefix.actions[:valid], plan[:valid], atol=1e-4)
    np.testing.assert_allclose(
        prefix.actions[valid:], np.tile(plan[valid - 1], (profile.horizon - valid, 1)), atol=1e-4
    )
    if profile.rtc.valid_steps:
        assert prefix.valid == valid
    assert prefix.delay == min(delay, valid, profile.horizon - 25)
    assert prefix.execution_horizon == 25


@pytest.mark.parametrize("name", SO101)
def test_a_plan_at_the_stand_ins_rate_lies_at_the_same_times_at_the_profiles(name):
    profile, _, server = both_sides(name)
    planned = np.linspace(0.0, 1.0, server.plan_steps)[:, None] * np.ones(6)
    rows = server.at_rate(planned)
    assert rows.shape == (profile.horizon, 6)
    times_s = np.arange(profile.horizon) / profile.rate_hz
    np.testing.assert_allclose(rows[:, 0], times_s * PLAN_HZ / (server.plan_steps - 1), atol=1e-6)


@pytest.mark.parametrize("control_hz", [30, 60])
@pytest.mark.parametrize("name", ["so101_velocity", "so101_delta", "so101_pi05_websocket"])
def test_at_another_control_rate_the_plan_ends_in_the_same_place(name, control_hz):
    profile = load_profile(name)
    client = Dialect(profile, LIMITS, pace=Pace.of(profile.rate_hz, control_hz))
    joints = (LOWER + UPPER) / 2
    targets = targets_to(joints, joints + 0.3, profile.horizon)
    rows = client.actions(ServerDialect(profile).write(targets, joints), joints)
    assert len(rows) == round(profile.horizon * control_hz / profile.rate_hz)
    end = joints + rows.sum(axis=0) if profile.incremental else rows[-1]
    np.testing.assert_allclose(end[:5], targets[-1, :5], atol=1e-6)


@pytest.mark.parametrize("name", SO101)
def test_pictures_of_the_cameras_size_arrive_as_the_profile_shows_them(name):
    profile = load_profile(name)
    if profile.protocol == "json":
        profile = replace(profile, image_width=SIDE_PX, image_height=SIDE_PX)
    seen = asked(profile, Dialect(profile, LIMITS), ServerDialect(profile), (LOWER + UPPER) / 2).question.front
    camera = "front" if "front" in profile.images else "realsense"
    shown = resize_with_pad(PICTURES[camera], profile.image_height, profile.image_width)
    np.testing.assert_array_equal(seen, fitted(shown))
