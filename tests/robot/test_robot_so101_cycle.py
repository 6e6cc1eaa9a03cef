"""One bus cycle: what is asked, what the core is told of it, and what is written then."""

import pytest

from bt_robot.robot.so101.bus import Bus
from bt_robot.robot.so101.guardian.core import FULL_READ_EVERY
from bt_robot.robot.so101.guardian.cycle import BusCycle
from bt_robot.robot.so101.guardian.limbs import Write
from bt_robot.robot.so101.port import PortLost
from bt_robot.robot.so101.wire.registers import GOAL_POSITION, LOCK, TORQUE_LIMIT, ServoSettings, ServoState
from tests.robot.so101_kit import IDS, Arm


class Told:
    """A core that wants what a test says, and keeps what it is told."""

    def __init__(self):
        self.wants_settings = False
        self.writes = []
        self.calls = []

    def cycle(self, now_s, states, settings):
        self.calls.append((now_s, states, settings))
        return self.writes


@pytest.fixture
def arm():
    found = Arm()
    found.core = Told()
    found.cycle = BusCycle(found.core, found.bus, found.plan)
    return found


def told(arm):
    arm.cycle.run()
    return arm.core.calls[-1]


def requests(arm):
    return [(p.kind, p.address, p.length, p.ids) for p in arm.log if p.kind != "reply"]


def test_the_state_of_all_servos_is_asked_for_in_one_go(arm):
    began_s = arm.now_s
    now_s, states, settings = told(arm)
    assert requests(arm) == [("sync_read", 56, 15, IDS)]
    assert now_s == began_s
    assert settings is None
    assert list(states) == list(IDS)
    assert all(isinstance(state, ServoState) and state.servo_id == i for i, state in states.items())


def test_the_settings_are_asked_for_with_it_where_they_are_wanted(arm):
    arm.core.wants_settings = True
    _, states, settings = told(arm)
    assert requests(arm) == [("sync_read", 40, 31, IDS)]
    assert set(states) == set(settings) == set(IDS)
    assert settings[1] == ServoSettings(0, 0, 0, 0, 0, 1000, 1)
    assert settings[6].torque_limit == 500


@pytest.mark.parametrize("wants_settings", [False, True])
def test_both_ways_of_asking_bring_the_same_state(arm, wants_settings):
    arm.faults.report(2, 5)
    arm.core.wants_settings = wants_settings
    _, states, _ = told(arm)
    assert states[2].status == 5
    assert states[2].voltage_v == pytest.approx(12.0, abs=0.2)
    assert states[2].position == round(arm.line.servo(2).present_ticks())


@pytest.mark.parametrize("wants_settings", [False, True])
def test_whoever_does_not_answer_is_told_as_nobody(arm, wants_settings):
    arm.faults.silence(4)
    arm.core.wants_settings = wants_settings
    _, states, settings = told(arm)
    assert [i for i, state in states.items() if state is None] == [4]
    assert settings is None or set(settings) == set(IDS) - {4}


def test_when_nobody_answers_the_core_is_told_so(arm):
    arm.faults.power(False)
    _, states, _ = told(arm)
    assert states == dict.fromkeys(IDS)


def test_what_the_core_decides_is_written_in_its_order(arm):
    arm.core.writes = [Write(TORQUE_LIMIT, {1: 200, 2: 300}), Write(GOAL_POSITION, {3: 2000}), Write(LOCK, {6: 1})]
    told(arm)
    arm.port.wait_until(arm.now_s + 0.01)
    assert [(p.address, p.ids) for p in arm.log.kinds("sync_write")] == [(48, (1, 2)), (42, (3,)), (55, (6,))]


def test_writes_come_after_the_answers_of_the_same_cycle(arm):
    arm.core.writes = [Write(GOAL_POSITION, {3: 2000})]
    told(arm)
    arm.port.wait_until(arm.now_s + 0.01)
    kinds = [p.kind for p in arm.log]
    assert kinds == ["sync_read", *["reply"] * 6, "sync_write"]


def test_without_a_decision_nothing_is_written(arm):
    for _ in range(5):
        told(arm)
    assert {kind for kind, *_ in requests(arm)} == {"sync_read"}


def test_a_lost_port_is_told_and_the_core_is_not(arm):
    arm.port.gone = "/dev/ttyACM0 has vanished"
    with pytest.raises(PortLost):
        arm.cycle.run()
    assert arm.core.calls == []


def test_a_port_that_is_lost_while_writing_is_told(arm):
    arm.core.writes = [Write(GOAL_POSITION, {3: 2000})]
    send = arm.port.send

    def jam(data):
        if data[4] == 0x83:
            raise PortLost("/dev/ttyACM0 has taken no bytes for 20 ms")
        send(data)

    arm.port.send = jam
    with pytest.raises(PortLost, match="taken no bytes"):
        arm.cycle.run()
    assert len(arm.core.calls) == 1


def test_a_cycle_of_a_real_core_reads_before_it_writes_and_has_an_end():
    arm = Arm()
    arm.arm()
    for silent in (None, 1, 6):
        if silent:
            arm.faults.silence(silent, 1)
        began_s = arm.now_s
        arm.cycle.run()
        assert arm.now_s - began_s < 0.0075


def test_a_real_core_wants_settings_in_every_tenth_cycle():
    arm = Arm()
    for _ in range(3 * FULL_READ_EVERY):
        arm.tick()
    lengths = [p.length for p in arm.log.kinds("sync_read")]
    assert lengths == ([31] + [15] * (FULL_READ_EVERY - 1)) * 3


def test_a_new_bus_can_take_over_after_a_port_came_back():
    arm = Arm()
    arm.arm()
    arm.port.gone = "gone"
    arm.tick()
    arm.port.gone = ""
    arm.bus = Bus(arm.port)
    arm.cycle = BusCycle(arm.core, arm.bus, arm.plan)
    arm.run(0.1)
    assert arm.report.joints[0].age_s == 0.0
