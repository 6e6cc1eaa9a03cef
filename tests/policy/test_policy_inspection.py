"""Units are judged from numbers alone: a right answer raises no suspicion, each wrong profile its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.arm.so101 import LIMITS, LOWER, REST, UPPER
from bt_robot.policy.dialect.profile import load_profile
from bt_robot.policy.dialect.units import GripperScale, JointScale
from bt_robot.policy.inspection.judgement import Evidence, read_joints, same
from bt_robot.policy.inspection.suspicions import suspect

PROFILES = {name: load_profile(f"so101_{name}") for name in ("degrees", "radians", "relative", "delta", "velocity")}
PROFILES["range_100"] = replace(PROFILES["degrees"], joint_unit="range_100")
RIGHT = ("degrees", "radians", "range_100")
AWAY = np.array([0.9, -0.7, 0.4, 0.8, 0.3, 0.9])


def scale_of(profile):
    return JointScale(profile.joint_unit, profile.gripper, profile.grippers, LOWER, UPPER)


def plan(start=REST, end=AWAY, steps=50):
    """A way from one pose to another, (steps, 6) rad."""
    shares = np.linspace(0.02, 1.0, steps)[:, None]
    return start + shares * (np.asarray(end) - start)


def evidence(profile, wire, state=REST, **more):
    return Evidence(profile, scale_of(profile), np.asarray(state), np.asarray(wire), LIMITS, **more)


def answered(server, client, targets=None, **more):
    """What a policy of one profile answers, judged under another."""
    wire = scale_of(PROFILES[server]).to_wire(plan() if targets is None else targets)
    return evidence(PROFILES[client], wire, **more)


def severe(found):
    return [finding.key for finding in found if finding.severity in ("warn", "FAIL")]


def words(found, key):
    (finding,) = [finding for finding in found if finding.key == key]
    return finding.words


@pytest.mark.parametrize("profile", RIGHT)
def test_a_right_profile_raises_no_suspicion(profile):
    right = answered(profile, profile)
    assert severe(suspect(right)) == []
    assert {joint.severity for joint in read_joints(right)} == {"ok"}


@given(
    st.sampled_from(RIGHT),
    st.lists(st.floats(0.05, 0.95), min_size=6, max_size=6),
    st.lists(st.floats(0.05, 0.95), min_size=6, max_size=6),
)
def test_no_way_inside_the_range_under_its_own_profile_is_suspected_of_anything_but_a_gripper(profile, one, other):
    start, end = (LOWER + np.array(shares) * (UPPER - LOWER) for shares in (one, other))
    targets = plan(start, end)
    targets[:, 5] = np.clip(targets[:, 5], 0.1, 1.0)
    found = suspect(answered(profile, profile, targets, state=start))
    assert set(severe(found)) <= {"gripper_direction"}


@pytest.mark.parametrize(
    ("server", "client", "key", "advice"),
    [
        ("degrees", "radians", "degrees", "try joint_unit: degrees"),
        ("radians", "degrees", "radians", "try joint_unit: radians"),
        ("range_100", "degrees", "range_100", "try joint_unit: range_100"),
        ("range_100", "radians", "range_100", "try joint_unit: range_100"),
        ("degrees", "range_100", "degrees", "try joint_unit: degrees"),
        ("degrees", "relative", "targets", "try action_kind: absolute"),
        ("degrees", "delta", "targets", "try action_kind: absolute"),
    ],
)
def test_another_profiles_answer_is_recognised(server, client, key, advice):
    start = np.array([0.2, -1.6, 1.35, 1.2, 2.5, 0.25])  # at most poses of an SO-101, -100 … 100 are nearly degrees
    found = suspect(answered(server, client, plan(start), state=start))
    assert advice in words(found, key)


@pytest.mark.parametrize(("server", "client"), [("radians", "degrees"), ("radians", "range_100")])
def test_a_reading_that_puts_every_joint_on_its_place_is_the_only_one_told(server, client):
    found = suspect(answered(server, client))
    assert [key for key in severe(found) if not key.startswith("gripper")] == ["radians"]


def test_offsets_under_a_profile_of_targets_are_recognised():
    profile = PROFILES["degrees"]
    offsets = plan() - REST
    offsets[:, 5] = 0.5
    found = suspect(evidence(profile, scale_of(profile).differences_to_wire(offsets)))
    assert "try action_kind: relative or delta" in words(found, "offsets")


def test_a_server_in_radians_that_goes_on_from_the_degrees_it_is_sent_gives_itself_away_by_crawling():
    profile = PROFILES["degrees"]
    wire = scale_of(profile).to_wire(np.tile(REST, (50, 1)))
    wire[:, :5] += np.linspace(0.0, 3.0, 50)[:, None]
    wire[:, 5] = 0.57
    found = suspect(evidence(profile, wire))
    assert "moves no joint by more than 3° in 1.7 s and the gripper is within 0 … 1" in words(found, "radians")


def test_an_arm_that_waits_is_noted_but_no_failure():
    found = suspect(answered("degrees", "degrees", np.tile(REST, (50, 1))))
    assert severe(found) == []
    assert "right for a policy that waits" in words(found, "crawling")


def test_normalised_values_are_recognised():
    wire = np.linspace(-0.9, 0.8, 300).reshape(50, 6)
    found = suspect(evidence(PROFILES["degrees"], wire, state=AWAY))
    assert "does the server apply its norm_stats" in words(found, "normalised")


@pytest.mark.parametrize("order", [[1, 0, 2, 3, 4, 5], [5, 0, 1, 2, 3, 4], [2, 1, 0, 3, 4, 5]])
def test_another_order_of_the_joints_is_found_and_spelled_out(order):
    profile = PROFILES["degrees"]
    state = np.array([0.9, -1.5, 0.2, 1.4, -0.6, 0.75])
    wire = scale_of(profile).to_wire(plan(state, state * 0.8))
    found = suspect(evidence(profile, wire[:, order], state))
    joints = ", ".join(profile.joints[i] for i in order)
    assert f"try joints: [{joints}]" in words(found, "order")


def test_two_swapped_joints_are_found_among_many():
    joints = (*(f"joint_{i}" for i in range(11)), "gripper")
    profile = replace(PROFILES["degrees"], joints=joints)
    scale = JointScale("degrees", profile.gripper, profile.grippers)
    state = np.linspace(-2.7, 2.8, 12)
    state[-1] = 0.5
    wire = scale.to_wire(np.tile(state, (50, 1)))
    wire[:, [0, 7]] = wire[:, [7, 0]]
    found = suspect(Evidence(profile, scale, state, wire))
    assert "joints: [joint_7, joint_1," in words(found, "order")


def test_a_joint_that_turns_the_other_way_is_named():
    targets = plan()
    targets[:, 1] *= -1
    assert words(suspect(answered("degrees", "degrees", targets)), "sign").startswith("shoulder_lift: ")


def test_a_joint_whose_zero_is_elsewhere_is_named_with_the_angle():
    state = AWAY
    targets = plan(state, state * 0.9)
    targets[:, 1] -= np.pi / 2
    found = suspect(answered("degrees", "degrees", targets, state=state))
    assert words(found, "offset").startswith("shoulder_lift: the actions are off by -90°")


@pytest.mark.parametrize(
    ("scale", "values", "severity", "advice"),
    [
        (GripperScale(0.0, 100.0), 0.6, "warn", "or try gripper: {closed: 0, open: 1} or {closed: 1, open: 0}"),
        (GripperScale(100.0, 0.0), 0.6, "warn", "or try gripper: {closed: 0, open: 1} or {closed: 1, open: 0}"),
        (GripperScale(0.0, 1.0), 60.0, "FAIL", "try gripper: {closed: 0, open: 100}"),
        (GripperScale(1.0, 0.0), 60.0, "FAIL", "try gripper: {closed: 0, open: 100} or {closed: 100, open: 0}"),
    ],
)
def test_a_grippers_other_scale_is_recognised(scale, values, severity, advice):
    profile = replace(PROFILES["degrees"], gripper=scale)
    wire = scale_of(profile).to_wire(plan())
    wire[:, 5] = values
    (finding,) = [one for one in suspect(evidence(profile, wire)) if one.key.startswith("gripper")]
    assert (finding.key, finding.severity) == ("gripper_scale", severity)
    assert advice in finding.words


def test_a_gripper_that_starts_at_the_mirrored_opening_may_be_reversed():
    state, targets = REST.copy(), plan()
    state[5], targets[:, 5] = 0.9, 0.1
    assert "direction may be reversed" in words(suspect(answered("degrees", "degrees", targets, state=state)),
                                                "gripper_direction")  # fmt: skip


def test_a_grippers_direction_is_said_to_be_unknown_otherwise():
    assert "can't be told" in words(suspect(answered("degrees", "degrees")), "gripper_direction")


def test_a_made_up_state_makes_suspicions_warnings():
    found = suspect(answered("degrees", "radians", made_up=True))
    assert {one.severity for one in found if one.key == "degrees"} == {"warn"}


def test_raw_units_and_a_state_that_is_not_known_are_not_judged():
    raw = load_profile("pi05_libero")
    scale = JointScale("raw", raw.gripper, raw.grippers)
    unknown = Evidence(raw, scale, np.full(7, np.nan), np.full((10, 7), 300.0))
    assert suspect(unknown) == ()
    readings = read_joints(unknown)
    assert [(one.state, one.step, one.severity) for one in readings[:2]] == [(None, 300.0, "ok")] * 2


def test_the_table_tells_wire_values_the_step_in_radians_and_the_limits_on_the_wire():
    row = read_joints(answered("degrees", "degrees"))[1]
    assert row.joint == "shoulder_lift"
    assert row.state == pytest.approx(np.rad2deg(-1.6))
    assert row.first == pytest.approx(np.rad2deg(-1.6 + 0.02 * 0.9))
    assert row.step == pytest.approx(0.02 * 0.9)
    assert (row.low, row.high) == pytest.approx((row.first, np.rad2deg(-0.7)))
    assert (row.lower, row.upper) == pytest.approx((-100.0, 100.0), abs=0.01)


def test_reversed_grippers_have_their_limits_in_order():
    row = read_joints(answered("radians", "radians"))[5]
    assert (row.lower, row.upper) == (0.0, 1.0)


def test_joints_that_jump_leave_their_limits_or_their_range_are_marked():
    targets = plan()
    targets[:, 0] += 1.0
    targets[-1, 1] = UPPER[1] + 0.1
    targets[-1, 2] = UPPER[2] + 1.0
    rows = read_joints(answered("degrees", "degrees", targets))
    assert [row.severity for row in rows] == ["FAIL", "warn", "FAIL", "ok", "ok", "ok"]
    assert rows[0].why == "begins more than 0.5 rad away"
    assert rows[1].why == "leaves its limits, will be clamped"
    assert rows[2].why == "far outside its range"


def test_increments_are_judged_by_their_speed():
    steps = np.zeros((50, 6))
    steps[:, 0], steps[:, 1], steps[:, 5] = 0.05, 1.0, 0.5
    profile = PROFILES["delta"]
    rows = read_joints(evidence(profile, scale_of(profile).differences_to_wire(steps)))
    assert [row.severity for row in rows] == ["ok", "FAIL", "ok", "ok", "ok", "ok"]
    assert rows[1].why == "faster than 9 rad/s, which can't be meant"
    assert (rows[1].speed, rows[1].most_speed) == pytest.approx((30.0, 3.0))
    assert rows[5].speed is None
    assert rows[0].step == pytest.approx(0.05)
    assert rows[5].step == pytest.approx(0.5 - REST[5])


@given(
    st.sampled_from([*PROFILES]),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=6, max_size=12),
)
def test_no_finite_numbers_upset_the_judgement(profile, values):
    wire = np.resize(np.array(values), (50, 6))
    one = evidence(PROFILES[profile], wire)
    assert len(read_joints(one)) == 6
    assert all(len(finding.words) < 300 for finding in suspect(one))


def test_chunks_are_the_same_up_to_what_nobody_can_execute():
    rows = plan()
    assert same(rows, rows + 1e-7)
    assert not same(rows, rows + 1e-3)
    assert not same(rows, rows[:-1])
