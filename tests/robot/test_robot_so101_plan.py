"""What the guardian is told at its start arrives as it was meant, and what is no plan is refused."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.robot.so101.guardian.motion import JointEnvelope
from bt_robot.robot.so101.guardian.plan import GuardedJoint, GuardianPlan, plan_as_json, plan_from_json
from bt_robot.robot.so101.guardian.process import MESSAGE_BYTES
from bt_robot.robot.so101.guardian.setup import GuardianSetup, setup_from_json
from bt_robot.robot.so101.health import HealthLimits
from bt_robot.robot.so101.identity import Expected, ExpectedServo
from tests.robot.so101_kit import Arm

seconds = st.floats(0.001, 1e4)
ticks = st.floats(-5000.0, 5000.0)


@st.composite
def plans(draw):
    """Any plan, of any number of joints."""
    joints = []
    for servo_id in draw(st.lists(st.integers(0, 253), min_size=1, max_size=7, unique=True)):
        lower = draw(ticks)
        envelope = JointEnvelope(lower, lower + draw(st.floats(1.0, 5000.0)), draw(seconds), draw(seconds))
        torque = draw(st.integers(1, 1000))
        joints.append(GuardedJoint(servo_id, draw(st.text()), envelope, draw(ticks), torque, draw(st.booleans())))
    health = HealthLimits(
        stop_voltage_v=draw(st.none() | st.floats(3.0, 12.0)),
        max_current_ma=draw(st.none() | st.floats(50.0, 3000.0)),
        stall_s=draw(seconds),
        lost_cycles=draw(st.integers(1, 100)),
    )
    return GuardianPlan(
        tuple(joints),
        cycle_s=draw(seconds),
        hold_after_s=draw(seconds),
        arm_torque=draw(st.integers(1, 1000)),
        exit=draw(st.sampled_from(["park", "release", "hold"])),
        linger_s=draw(seconds),
        acceleration=draw(st.integers(0, 254)),
        health=health,
    )


servos = st.builds(
    ExpectedServo,
    st.integers(0, 253),
    st.text(),
    st.integers(-2047, 2047),
    st.integers(0, 4095),
    st.integers(0, 4095),
)
setups = st.builds(
    GuardianSetup,
    st.text(),
    plans(),
    st.builds(Expected, st.lists(servos, max_size=7).map(tuple), st.text()),
    st.text(),
    st.booleans(),
)


@given(plans())
def test_a_plan_survives_its_way_to_the_guardian(plan):
    assert plan_from_json(plan_as_json(plan)) == plan


@given(setups)
def test_a_setup_survives_its_way_to_the_guardian(setup):
    assert setup_from_json(setup.as_json()) == setup


@given(plans())
def test_a_plan_is_one_line(plan):
    assert "\n" not in plan_as_json(plan)


def test_the_setup_of_a_real_arm_fits_into_a_message():
    arm = Arm()
    path = "/dev/serial/by-id/" + "x" * 200
    expected = Expected(tuple(ExpectedServo(i, "shoulder_lift", -2047, 4095, 4095) for i in range(6)), path)
    setup = GuardianSetup(path, arm.plan, expected, "/home/somebody/" + "x" * 200)
    assert len(setup.as_json().encode()) < MESSAGE_BYTES / 4


def test_a_plan_that_is_no_number_is_not_written():
    plan = replace(Arm().plan, hold_after_s=float("nan"))
    with pytest.raises(ValueError, match="not JSON compliant"):
        plan_as_json(plan)


def test_ids_names_and_speeds_are_in_the_robots_order():
    plan = Arm().plan
    assert plan.ids == (1, 2, 3, 4, 5, 6)
    assert list(plan.names.values()) == [
        "shoulder_pan",
        "shoulder_lift",
        "elbow_flex",
        "wrist_flex",
        "wrist_roll",
        "gripper",
    ]
    for joint in plan.joints:
        assert plan.goal_speeds[joint.servo_id] == round(1.25 * joint.envelope.velocity)


# what is none ---------------------------------------------------------------------------------------------------


def whole():
    return json.loads(plan_as_json(Arm().plan))


@pytest.mark.parametrize("text", ["", "[", "[]", "1", "null", "{}", '"plan"', '{"joints": 3, "health": {}}'])
def test_what_is_no_plan_is_a_value_error(text):
    with pytest.raises(ValueError):  # noqa: PT011 (the words are JSON's, or checked below)
        plan_from_json(text)


@pytest.mark.parametrize("name", ["joints", "health"])
def test_a_plan_without_its_joints_or_limits_is_a_value_error(name):
    values = whole()
    del values[name]
    with pytest.raises(ValueError, match=f"no plan of a guardian: .*{name}"):
        plan_from_json(json.dumps(values))


def test_a_plan_with_an_unknown_word_is_a_value_error():
    with pytest.raises(ValueError, match=r"no plan of a guardian: .*parking"):
        plan_from_json(json.dumps({**whole(), "parking": True}))


def test_a_joint_without_room_is_a_value_error():
    values = whole()
    values["joints"][2]["envelope"]["upper"] = values["joints"][2]["envelope"]["lower"]
    with pytest.raises(ValueError, match="leaves the joint no room"):
        plan_from_json(json.dumps(values))


def test_a_limit_that_is_no_number_is_a_value_error():
    values = whole()
    values["joints"][2]["envelope"]["upper"] = float("nan")
    with pytest.raises(ValueError, match="expected finite numbers"):
        plan_from_json(json.dumps(values))


@pytest.mark.parametrize("text", ["", "[]", "3", "{}", '{"plan": "{}", "expected": {}}', '{"plan": 1}'])
def test_what_is_no_setup_is_a_value_error(text):
    with pytest.raises(ValueError):  # noqa: PT011 (the words are JSON's, or checked below)
        setup_from_json(text)


def test_a_setup_with_an_unknown_word_is_a_value_error():
    setup = GuardianSetup("/dev/x", Arm().plan, Expected(()))
    values = {**json.loads(setup.as_json()), "speed": 3}
    with pytest.raises(ValueError, match=r"no setup of a guardian: .*speed"):
        setup_from_json(json.dumps(values))


def test_every_field_of_a_setup_is_written():
    setup = GuardianSetup("/dev/x", Arm().plan, Expected(()))
    assert set(json.loads(setup.as_json())) == {field.name for field in fields(GuardianSetup)}
