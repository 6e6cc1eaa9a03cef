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
from bt_robot.policy.dialect.dialect import Dialect
from bt_robot.policy.dialect.profile import load_profile
from bt_robot.policy.dialect.rtc import Leftover
from bt_robot.policy.dialect.units import GripperScale
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


def dialect(**changes):
    continues = {} if changes.get("action_kind", "absolute") in ("absolute", "relative") else {"rtc": None}
    return Dialect(replace(kit.PROFILE, **continues, **changes), LIMITS)


def columns(value, joint=0, rows=50, width=6):
    """Actions that hold a value in one column and 0 in the others."""
    raw = np.zeros((rows, width))
    raw[:, joint] = value
    return raw


def test_pictures_may_lie_in_a_map_of_their_own_and_all_of_it_in_another():
    fields = dialect(images_under="images", wrap_key="obs").request(kit.observation(), "go")
    assert list(fields) == ["obs"]
    assert list(fields["obs"]) == ["images", "observation.state", "prompt"]
    assert list(fields["obs"]["images"]) == ["observation.images.front", "observation.images.wrist"]


def test_a_picture_may_be_sent_under_several_keys_and_is_made_once():
    made = []
    seen = kit.observation()
    frame = Frame("front", 0.0, lambda: made.append(1) or kit.PICTURE)
    fields = dialect(images={"front": ("a", "b")}).request(replace(seen, frames={"front": frame}), "go")
    np.testing.assert_array_equal(fields["a"], fields["b"])
    assert made == [1]


def test_a_state_may_be_split_over_keys():
    split = dialect(state_key={"arm": JOINT_NAMES[4::-1], "jaw": ("gripper",)})
    fields = split.request(kit.observation(), "go")
    np.testing.assert_allclose(fields["arm"], np.rad2deg(REST[4::-1]), rtol=1e-6)
    np.testing.assert_allclose(fields["jaw"], [REST[5] * 100], rtol=1e-6)


def test_range_100_is_a_share_of_the_robots_range_not_of_the_envelopes():
    envelope = replace(LIMITS, lower=LOWER + 0.1, upper=UPPER - 0.1)
    shares = Dialect(replace(kit.PROFILE, joint_unit="range_100"), envelope, ranges=LIMITS)
    ends = LOWER.copy()
    ends[1] = UPPER[1]
    state = shares.request(kit.observation(joints=ends), "go")["observation.state"]
    np.testing.assert_allclose(state[:3], [-100, 100, -100], atol=1e-4)


def test_relative_actions_are_offsets_to_the_observed_joints_but_the_grippers_are_targets():
    raw = columns(10.0)
    raw[:, 5] = 40.0
    rows = dialect(action_kind="relative").actions(raw, REST)
    np.testing.assert_allclose(rows[:, :5], np.tile([np.deg2rad(10), *REST[1:5]], (50, 1)))
    np.testing.assert_allclose(rows[:, 5], 0.4)


def test_a_relative_action_far_away_is_refused():
    with pytest.raises(ChunkRefused, match=r"the first action moves shoulder_pan by 1\.05 rad from where it is"):
        dialect(action_kind="relative").actions(columns(60.0), REST)


def test_deltas_and_velocities_are_increments_and_the_grippers_are_targets():
    raw = columns(1.0)
    raw[:, 5] = 100.0
    steps = dialect(action_kind="delta").actions(raw, REST)
    np.testing.assert_allclose(steps[:, :5], np.tile(np.deg2rad([1.0, 0, 0, 0, 0]), (50, 1)))
    np.testing.assert_allclose(steps[:, 5], 1.0)
    speeds = dialect(action_kind="velocity", velocity_scale=2.0, rate_hz=20.0).actions(raw, REST)
    np.testing.assert_allclose(speeds[:, 0], np.deg2rad(1.0) * 2.0 / 20.0)
    np.testing.assert_allclose(speeds[:, 5], 1.0)


@pytest.mark.parametrize(
    ("changes", "raw"),
    [
        ({"action_kind": "delta"}, columns(np.rad2deg(10.0 / 30))),
        ({"action_kind": "velocity", "joint_unit": "radians", "velocity_scale": 5.0}, columns(2.0)),
    ],
)
def test_an_increment_faster_than_any_arm_is_refused(changes, raw):
    with pytest.raises(ChunkRefused) as refused:
        dialect(**changes).actions(raw, REST)
    assert str(refused.value) == (
        "action 0 moves shoulder_pan at 10 rad/s, its limit is 3: wrong units, velocity_scale or action kind?"
    )


@given(st.floats(-8.9, 8.9))
def test_a_speed_a_little_above_the_limit_is_left_to_the_governor(speed):
    rows = dialect(action_kind="velocity", joint_unit="radians").actions(columns(speed), REST)
    np.testing.assert_allclose(rows[:, 0], speed / 30)


def test_a_gripper_far_out_of_range_is_refused_in_every_kind():
    for kind in ("absolute", "relative", "delta", "velocity"):
        raw = kit.still() if kind == "absolute" else columns(0.0)
        raw[3, 5] = 200.0
        with pytest.raises(ChunkRefused, match="action 3 puts gripper at 2, outside 0 … 1: wrong units"):
            dialect(action_kind=kind).actions(raw, REST)


def test_columns_beyond_the_joints_are_padding():
    padded = dialect(action_dim=32)
    raw = np.hstack([kit.still(), np.full((50, 26), 1e9)])
    np.testing.assert_allclose(padded.actions(raw, REST), np.tile(REST, (50, 1)), atol=1e-9)
    with pytest.raises(ChunkRefused, match=r"shape \(50, 6\), expected \(50, 32\)"):
        padded.actions(kit.still(), REST)


def test_a_binary_gripper_is_commanded_open_or_shut_but_told_as_it_is():
    droid = dialect(gripper=GripperScale(closed=1.0, open=0.0, binary=True))
    raw = kit.still()
    raw[:, 5] = np.where(np.arange(50) < 25, 0.4, 0.6)
    np.testing.assert_array_equal(droid.actions(raw, REST)[:, 5], np.where(np.arange(50) < 25, 1.0, 0.0))
    state = droid.request(kit.observation(), "go")["observation.state"]
    assert state[5] == pytest.approx(1.0 - REST[5])


def test_pictures_are_jpeg_files_where_both_sides_want_them():
    fields = Dialect(kit.PROFILE, LIMITS, jpeg_quality=90).request(kit.observation(), "go")
    assert fields["observation.images.front"].startswith(b"\xff\xd8\xff")
    with pytest.raises(ValueError, match="the profile does not say that the server takes JPEG; set decodes_jpeg: true"):
        Dialect(replace(kit.PROFILE, decodes_jpeg=False), LIMITS, jpeg_quality=90)


def test_the_gripper_has_to_be_the_robots():
    with pytest.raises(ValueError, match="the robot's gripper is gripper; the profile's gripper_joints say otherwise"):
        dialect(gripper_joints=("wrist_roll",))


def test_a_state_that_names_what_is_no_joint_is_for_a_client_without_a_robot():
    with pytest.raises(ValueError, match="state_key names elbow, which the robot does not have"):
        dialect(state_key={"state": (*JOINT_NAMES, "elbow")})


def test_the_plan_to_continue_is_told_in_the_wires_units_order_and_columns_the_last_action_repeated():
    plan = np.tile(REST, (4, 1))
    plan[:, 0] = [0.0, 0.1, 0.2, 0.3]
    told = dialect(joints=JOINT_NAMES[::-1], action_dim=8).request(kit.observation(), "go", Leftover(plan, 2, 25))
    rtc = told["rtc"]
    assert (rtc["valid_steps"], rtc["inference_delay"], rtc["execution_horizon"]) == (4, 2, 25)
    assert rtc["schedule"] == "exp"
    sent = rtc["prev_actions"]
    assert (sent.shape, sent.dtype) == ((50, 8), np.float32)
    np.testing.assert_allclose(sent[:4, 5], np.rad2deg([0.0, 0.1, 0.2, 0.3]), rtol=1e-5)
    np.testing.assert_array_equal(sent[4:], np.tile(sent[3], (46, 1)))
    np.testing.assert_array_equal(sent[:, 6:], 0.0)


@pytest.mark.parametrize("plan", [None, Leftover(np.empty((0, 0)), 0, 25)])
def test_without_a_plan_nothing_is_told(plan):
    assert "rtc" not in STANDIN.request(kit.observation(), "go", plan)
    assert "rtc" not in dialect(rtc=None).request(kit.observation(), "go", Leftover(np.tile(REST, (4, 1)), 0, 25))
