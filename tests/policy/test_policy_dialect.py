"""Observations to requests and replies to actions, with every check that actions must pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.arm.so101 import JOINT_NAMES, LIMITS, LOWER, REST, UPPER
from bt_robot.errors import ChunkRefused, PolicyError
from bt_robot.messages import Frame
from bt_robot.policy.dialect import Dialect
from bt_robot.policy.profile import load_profile
from tests.policy import policy_kit as kit
from tests.scale import examples

STANDIN = Dialect(kit.PROFILE, LIMITS)
UNCHECKED_JUMP = replace(kit.PROFILE, max_first_jump_rad=7.0)
IN_RANGE = st.lists(st.floats(0.0, 1.0), min_size=6, max_size=6).map(
    lambda part: LOWER + np.array(part) * (UPPER - LOWER)
)


def test_a_request_holds_pictures_the_state_in_the_wires_units_and_the_prompt():
    fields = STANDIN.request(kit.observation(), "go")
    assert list(fields) == ["observation.images.front", "observation.images.wrist", "observation.state", "prompt"]
    assert fields["observation.images.front"].shape == (224, 224, 3)
    state = fields["observation.state"]
    assert state.dtype == np.float32
    np.testing.assert_allclose(state, [*np.rad2deg(REST[:5]), REST[5] * 100], rtol=1e-6)
    assert fields["prompt"] == "go"


def test_a_key_per_joint_holds_a_number_each():
    fields = Dialect(load_profile("so101_json"), LIMITS).request(kit.observation(), "go")
    assert fields["observation.state.gripper.pos"] == pytest.approx(REST[5] * 100)
    assert isinstance(fields["observation.state.shoulder_pan.pos"], float)


def test_pictures_are_resized_and_laid_out_as_the_profile_says():
    dialect = Dialect(
        replace(kit.PROFILE, images={"front": "i"}, image_height=48, image_width=64, image_layout="chw"), LIMITS
    )
    image = dialect.request(kit.observation(), "go")["i"]
    assert image.shape == (3, 48, 64)
    assert image.flags.c_contiguous


def test_a_missing_camera_is_named_with_those_there_are():
    with pytest.raises(PolicyError) as refused:
        STANDIN.request(kit.observation(cameras=("top", "front")), "go")
    assert str(refused.value) == "the profile wants the camera 'wrist'; the robot has: front, top"


def test_pictures_nobody_wants_are_never_made():
    seen = kit.observation()
    unwanted = Frame("top", 0.0, lambda: pytest.fail("rendered"))
    STANDIN.request(replace(seen, frames={**seen.frames, "top": unwanted}), "go")


def test_joints_are_matched_by_name_not_by_place():
    reverse = Dialect(replace(kit.PROFILE, joints=JOINT_NAMES[::-1]), LIMITS)
    wire = reverse.request(kit.observation(), "go")["observation.state"]
    np.testing.assert_allclose(wire, STANDIN.request(kit.observation(), "go")["observation.state"][::-1])
    np.testing.assert_allclose(reverse.actions(kit.still()[:, ::-1], REST), np.tile(REST, (50, 1)), atol=1e-9)


def test_other_joints_than_the_robots_are_refused():
    with pytest.raises(ValueError, match="the profile's joints are a, b, the robot's are shoulder_pan, "):
        Dialect(replace(kit.PROFILE, joints=("a", "b")), LIMITS)


@given(IN_RANGE, st.permutations(JOINT_NAMES), st.sampled_from(["degrees", "radians"]))
def test_what_a_perfect_server_echoes_comes_back_in_our_units(joints, order, unit):
    profile = replace(UNCHECKED_JUMP, joints=tuple(order), joint_unit=unit)
    dialect = Dialect(profile, LIMITS)
    state = dialect.request(kit.observation(joints=joints), "go")["observation.state"]
    echoed = dialect.actions(np.tile(state.astype(np.float64), (50, 1)), joints)
    np.testing.assert_allclose(echoed, np.tile(joints, (50, 1)), atol=1e-5)


@pytest.mark.parametrize("shape", [(49, 6), (50, 7), (50, 5), (6, 50)])
def test_another_shape_than_declared_is_refused(shape):
    with pytest.raises(ChunkRefused) as refused:
        STANDIN.actions(np.zeros(shape), REST)
    assert str(refused.value) == (
        f"the actions have shape {shape}, expected (50, 6) (horizon, joints): wrong model or profile"
    )


@pytest.mark.parametrize("value", [1e30, -1e30, 150.0])
def test_a_target_far_out_of_range_is_refused(value):
    raw = kit.still()
    raw[7, 0] = value
    with pytest.raises(ChunkRefused) as refused:
        STANDIN.actions(raw, REST)
    shown = f"{np.deg2rad(value):.3g}"
    assert str(refused.value) == (f"action 7 puts shoulder_pan at {shown}, outside -1.92 … 1.92: wrong units?")


def test_a_little_overshoot_of_a_limit_is_left_to_the_governor():
    raw = kit.still()
    raw[-1, 0] = np.rad2deg(UPPER[0]) + 10.0
    assert STANDIN.actions(raw, REST)[-1, 0] > UPPER[0]


def test_radians_taken_for_degrees_jump_and_are_refused():
    with pytest.raises(ChunkRefused) as refused:
        STANDIN.actions(np.tile(REST, (50, 1)), REST)
    assert str(refused.value) == (
        "the first action moves shoulder_lift by 1.57 rad from where it is, at most 0.6 are allowed: "
        "wrong units, joint order or action kind?"
    )


def test_a_gripper_may_be_shut_in_one_action():
    raw = kit.still()
    raw[:, 5] = 100.0
    np.testing.assert_allclose(STANDIN.actions(raw, REST)[:, 5], 1.0)


@settings(max_examples=examples(200))
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=12, max_size=12))
def test_whatever_passes_is_near_the_range_and_begins_near_the_arm(values):
    dialect = Dialect(replace(kit.PROFILE, horizon=2, execute_steps=1), LIMITS)
    try:
        actions = dialect.actions(np.array(values).reshape(2, 6), REST)
    except ChunkRefused:
        return
    assert (actions > LOWER - 0.36).all()
    assert (actions < UPPER + 0.36).all()
    assert (np.abs(actions[0] - REST)[:5] <= kit.PROFILE.max_first_jump_rad).all()
