"""The joints as they are driven: what is written, to whom, with how much torque."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.robot.so101.guardian.limbs import Limbs, Write
from bt_robot.robot.so101.wire.registers import GOAL_POSITION, TORQUE_ENABLE, TORQUE_LIMIT, ServoSettings
from tests.robot.so101_kit import GRIPPER, IDS, PERIOD_S, Arm

PLAN = Arm().plan
DT_S = PLAN.cycle_s
NOBODY = frozenset()
HERE = {joint.servo_id: (joint.envelope.lower + joint.envelope.upper) // 2 + 1.0 for joint in PLAN.joints}
SETTINGS = ServoSettings(
    torque_enable=1, acceleration=0, goal_position=0, goal_time=0, goal_speed=0, torque_limit=1000, lock=1
)


@pytest.fixture
def limbs():
    """Six joints in the middle of their ranges, all of them switched on."""
    return standing()


def standing():
    found = Limbs(PLAN)
    found.measured = dict(HERE)
    found.start_here()
    found.energised = set(IDS)
    return found


def follow(limbs, seconds=0.5, **offsets):
    """Follow goals that are away from the middles by some ticks; `joint1=50`."""
    goals = tuple(HERE[i] + offsets.get(f"joint{i}", 0.0) for i in IDS)
    for _ in range(round(seconds / DT_S)):
        limbs.follow(goals, PERIOD_S, DT_S, PERIOD_S)
    return goals


def goals_of(limbs, forbidden=NOBODY):
    writes = limbs.write_goals(forbidden)
    assert all(write.register is GOAL_POSITION for write in writes)
    return dict(writes[0].values) if writes else {}


# goals ----------------------------------------------------------------------------------------------------------


def test_nothing_is_sent_to_servos_that_nobody_switched_on():
    limbs = Limbs(PLAN)
    limbs.measured = dict(HERE)
    limbs.start_here()
    assert limbs.write_goals(NOBODY) == []
    assert limbs.goals == dict.fromkeys(IDS)


@given(st.frozensets(st.sampled_from(IDS)), st.frozensets(st.sampled_from(IDS)))
def test_goals_go_only_to_who_is_energised_and_may_have_one(energised, forbidden):
    limbs = standing()
    limbs.energised = set(energised)
    assert set(goals_of(limbs, forbidden)) == energised - forbidden
    assert {i for i, goal in limbs.goals.items() if goal is not None} == energised - forbidden


def test_the_first_goals_are_where_the_joints_are(limbs):
    assert goals_of(limbs) == {i: round(HERE[i]) for i in IDS}
    assert limbs.at_rest


def test_goals_are_followed_and_rounded_to_ticks(limbs):
    follow(limbs, joint1=50.4, joint6=-20.0)
    sent = goals_of(limbs)
    assert sent[1] == pytest.approx(HERE[1] + 50.4, abs=0.5 + 1e-6)
    assert sent[6] == HERE[6] - 20
    assert limbs.goals[1] == pytest.approx(HERE[1] + 50.4)


def test_braking_brings_all_joints_to_rest(limbs):
    follow(limbs, 0.1, joint1=400.0, joint3=-400.0)
    assert not limbs.at_rest
    for _ in range(50):
        limbs.brake(DT_S)
    assert limbs.at_rest


def test_the_distance_of_goals_is_that_of_the_farthest_joint(limbs):
    goals = tuple(HERE[i] + offset for i, offset in zip(IDS, (1.0, -30.0, 2.0, 0.0, 20.0, 3.0), strict=True))
    assert limbs.nearest(goals) == 30.0


def test_a_silenced_servo_gets_no_goal_any_more(limbs):
    goals_of(limbs)
    limbs.silence(frozenset({2}))
    assert limbs.goals[2] is None
    assert set(goals_of(limbs)) == set(IDS) - {2}


def test_a_servo_that_gets_no_goal_for_a_while_goes_on_from_the_last_one(limbs):
    """Whatever it was told meanwhile it did not hear, so nothing else is within its limits."""
    follow(limbs, 0.1, joint1=300.0)
    last = goals_of(limbs)[1]
    for _ in range(20):
        follow(limbs, 0.05, joint1=300.0)
        assert 1 not in goals_of(limbs, frozenset({1}))
    follow(limbs, DT_S, joint1=300.0)
    assert abs(goals_of(limbs)[1] - last) <= PLAN.joints[0].envelope.velocity * DT_S + 1.0


def test_goals_that_can_not_be_sent_stay_where_they_are(limbs):
    follow(limbs, 0.1, joint1=400.0)
    limbs.stand_still()
    assert limbs.at_rest
    before = limbs.motions[1].position
    limbs.brake(DT_S)
    assert limbs.motions[1].position == before


def test_release_tells_all_servos_at_once_and_no_goal_follows(limbs):
    goals_of(limbs)
    assert limbs.write_release() == [Write(TORQUE_ENABLE, dict.fromkeys(IDS, 0))]
    assert limbs.energised == set()
    assert limbs.goals == dict.fromkeys(IDS)
    assert limbs.write_goals(NOBODY) == []


def test_release_reaches_those_that_were_silenced_too(limbs):
    limbs.silence(frozenset({2, 3}))
    assert set(limbs.write_release()[0].values) == set(IDS)


# relief ---------------------------------------------------------------------------------------------------------


def pushing(limbs, servo_id=1, ticks=100.0):
    """A joint that stays where it is while its goal goes on."""
    follow(limbs, **{f"joint{servo_id}": ticks})
    limbs.relieve(servo_id, "it pushes against something")
    return limbs


def test_a_joint_that_pushes_gets_its_goal_back_to_where_it_is(limbs):
    pushing(limbs)
    follow(limbs, joint1=200.0, joint2=40.0)
    assert goals_of(limbs)[1] == HERE[1]
    assert goals_of(limbs)[2] == HERE[2] + 40
    assert limbs.strain == "it pushes against something"


def test_it_comes_back_within_its_limits(limbs):
    follow(limbs, joint1=300.0)
    limbs.relieve(1, "blocked")
    before = goals_of(limbs)[1]
    for _ in range(200):
        limbs.follow(tuple(HERE[i] + (300.0 if i == 1 else 0.0) for i in IDS), PERIOD_S, DT_S, PERIOD_S)
        after = goals_of(limbs)[1]
        assert abs(after - before) <= PLAN.joints[0].envelope.velocity * DT_S + 1.0
        before = after
    assert before == HERE[1]


def test_it_is_not_moved_while_the_goal_is_still_beyond(limbs):
    pushing(limbs)
    follow(limbs, joint1=60.0)
    assert goals_of(limbs)[1] == HERE[1]


@pytest.mark.parametrize("ticks", [40.0, 0.0, -200.0])
def test_it_follows_again_when_the_goal_comes_back(limbs, ticks):
    pushing(limbs)
    follow(limbs, joint1=ticks)
    assert limbs.strain == ""
    assert goals_of(limbs)[1] == HERE[1] + ticks


def test_what_pushes_the_other_way_is_relieved_the_other_way(limbs):
    pushing(limbs, ticks=-100.0)
    follow(limbs, joint1=-150.0)
    assert goals_of(limbs)[1] == HERE[1]
    follow(limbs, joint1=150.0)
    assert goals_of(limbs)[1] == HERE[1] + 150


def test_the_first_reason_is_kept(limbs):
    pushing(limbs)
    limbs.relieve(1, "another reason")
    assert limbs.strain == "it pushes against something"


def test_all_that_suffers_is_told(limbs):
    follow(limbs, joint1=100.0, joint4=100.0)
    limbs.relieve(1, "one")
    limbs.relieve(4, "the other")
    assert limbs.strain == "one; the other"


def test_a_gripper_goes_on_gripping_a_little_and_that_is_no_strain(limbs):
    pushing(limbs, GRIPPER, -300.0)
    follow(limbs, joint6=-300.0)
    assert goals_of(limbs)[GRIPPER] == round(HERE[GRIPPER] - PLAN.grip_margin)
    assert limbs.strain == ""


def test_a_gripper_opens_again(limbs):
    pushing(limbs, GRIPPER, -300.0)
    follow(limbs, joint6=100.0)
    assert goals_of(limbs)[GRIPPER] == HERE[GRIPPER] + 100


def test_a_gripper_that_hardly_pushes_is_not_pushed_further(limbs):
    pushing(limbs, GRIPPER, -10.0)
    follow(limbs, joint6=-300.0)
    assert goals_of(limbs)[GRIPPER] == HERE[GRIPPER] - 10


def test_a_joint_stays_relieved_while_the_arm_brakes(limbs):
    pushing(limbs)
    for _ in range(50):
        limbs.brake(DT_S)
    assert goals_of(limbs)[1] == HERE[1]
    assert limbs.at_rest
    assert limbs.strain


def test_a_joint_in_trouble_without_an_error_follows_again_when_the_trouble_is_over(limbs):
    """Its load came from elsewhere, a hand for instance: there is no goal that could come back."""
    goals_of(limbs)
    for _ in range(10):
        limbs.relieve(1, "overload")
        follow(limbs, DT_S)
        assert limbs.strain == "overload"
    follow(limbs, 5 * DT_S)
    assert limbs.strain == ""
    follow(limbs, joint1=80.0)
    assert goals_of(limbs)[1] == HERE[1] + 80


def test_starting_anew_forgets_what_was_relieved(limbs):
    pushing(limbs)
    limbs.start_here()
    assert limbs.strain == ""
    follow(limbs, joint1=200.0)
    assert goals_of(limbs)[1] == HERE[1] + 200


# torque ---------------------------------------------------------------------------------------------------------


def torques(limbs, settings=None):
    writes = limbs.write_torque(DT_S, settings)
    assert all(write.register is TORQUE_LIMIT for write in writes)
    return dict(writes[0].values) if writes else {}


def settle(limbs, most=1000):
    """Write torque limits until nothing changes any more; return the writes."""
    written = []
    for _ in range(most):
        written.append(torques(limbs))
        if limbs.torque_settled:
            return written
    raise AssertionError("the torque does not settle")


def test_no_torque_limit_is_sent_before_somebody_decides(limbs):
    assert torques(limbs) == {}
    assert limbs.torque_limits() == {}


def test_a_torque_limit_is_there_at_once_when_it_should_be(limbs):
    limbs.set_torque(200, 0.0)
    assert torques(limbs) == dict.fromkeys(IDS, 200)
    assert limbs.torque_settled
    assert torques(limbs) == {}


def test_a_torque_limit_comes_up_gradually_to_each_joints_own(limbs):
    limbs.set_torque(200, 0.0)
    torques(limbs)
    limbs.set_torque(None, 0.4)
    written = settle(limbs)
    assert written[0] == dict.fromkeys(IDS, 225)
    assert [write.get(1) for write in written] == list(range(225, 1001, 25))
    assert limbs.torque_limits() == {**dict.fromkeys(IDS, 1000), GRIPPER: 500}


def test_a_torque_limit_is_never_above_a_joints_own(limbs):
    limbs.set_torque(900, 0.0)
    assert torques(limbs) == {**dict.fromkeys(IDS, 900), GRIPPER: 500}


def test_one_servos_torque_can_be_changed_alone(limbs):
    limbs.set_torque(1000, 0.0)
    torques(limbs)
    limbs.set_torque(600, 0.0, only=3)
    assert torques(limbs) == {3: 600}


@given(st.lists(st.tuples(st.none() | st.integers(0, 1000), st.floats(0.05, 2.0)), min_size=1, max_size=10))
def test_torque_never_changes_faster_than_its_ramp(orders):
    limbs = standing()
    limbs.set_torque(200, 0.0)
    torques(limbs)
    for limit, ramp_s in orders:
        limbs.set_torque(limit, ramp_s)
        for _ in range(5):
            before = limbs.torque_limits()
            for servo_id, value in torques(limbs).items():
                assert abs(value - before[servo_id]) <= 1000.0 * DT_S / ramp_s + 1.0
                assert 0 <= value <= 1000


def test_a_torque_limit_that_a_servo_does_not_have_is_sent_again(limbs):
    limbs.set_torque(600, 0.0)
    torques(limbs)
    told = {i: replace(SETTINGS, torque_limit=600 if i < 6 else 500) for i in IDS}
    assert torques(limbs, told) == {}
    told[4] = replace(SETTINGS, torque_limit=1000)
    assert torques(limbs, told) == {4: 600}


def test_torque_limits_of_servos_that_did_not_say_theirs_are_not_sent_again(limbs):
    limbs.set_torque(600, 0.0)
    torques(limbs)
    assert torques(limbs, {}) == {}


def test_a_relieved_joint_gets_its_torque_back_when_it_follows_again(limbs):
    limbs.set_torque(None, 0.0)
    torques(limbs)
    pushing(limbs)
    limbs.set_torque(600, 0.0, only=1)
    assert torques(limbs) == {1: 600}
    follow(limbs, joint1=-100.0)
    assert torques(limbs) == {1: 1000}


def test_whoever_comes_next_finds_the_whole_torque(limbs):
    limbs.set_torque(0, 0.0)
    torques(limbs)
    limbs.forget_torque()
    assert torques(limbs) == {**dict.fromkeys(IDS, 1000), GRIPPER: 500}


def test_nothing_that_is_written_is_no_number():
    limbs = standing()
    follow(limbs, joint1=math.pi * 100)
    limbs.set_torque(123.4, 0.0)
    for write in [*limbs.write_goals(NOBODY), *limbs.write_torque(DT_S)]:
        assert all(isinstance(value, int) for value in write.values.values())
