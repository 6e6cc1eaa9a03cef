"""What the fault tests of the servo bus share: an arm under way in virtual time, and laws of its packet log."""

from itertools import pairwise

import numpy as np

from bt_robot.robot.so101.guardian.messages import State
from bt_robot.robot.so101.wire.registers import TORQUE_ENABLE, TORQUE_LIMIT
from tests.robot.so101_kit import GRIPPER, IDS, PERIOD_S, Arm

CYCLE_S = 0.01
SLACK_S = 1e-6
BRAKING_S = 0.06
"""What braking from the speeds of these tests takes, and a cycle more [s]."""

READ_S = 0.0025
"""What a bus cycle takes at most when everybody answers."""

WRITES_S = 0.0013
"""Until what a bus cycle has written has reached the servos; a fault that is injected then hits the next cycle."""

UNDER_WAY_S = 0.55
"""How long an arm of `under_way` has been moving; no settings are read in the next cycle."""


WRITING = ("write", "reg_write", "sync_write", "action")
"""Packets that change something in a servo."""


class Flight(Arm):
    """An arm whose controller sends goals along a path, whatever else a test does meanwhile."""

    path = None

    def fly(self, path=None):
        """Send `path(seconds since now)` at the control rate from now on; without a path, the present pose."""
        joints = self.joints
        self.path = path or (lambda _: joints)
        self._began_s = self._next_s = self.now_s

    def sweep(self, joint, rate_rad_s):
        """Move one joint at a constant rate from now on."""
        start, step = self.joints, np.zeros(len(IDS))
        step[joint] = rate_rad_s
        self.fly(lambda time_s: start + step * time_s)

    def fall_silent(self):
        """Let the controller send nothing from now on."""
        self.path = None

    def tick(self):
        if self.path is not None and self.now_s >= self._next_s - 1e-9:
            self.send(self.path(self._next_s - self._began_s))
            self._next_s += PERIOD_S
        super().tick()
        self.port.wait_until(self.now_s + WRITES_S)

    @property
    def due_s(self):
        """When the next bus cycle is due [s]."""
        return self._due_s

    def heard(self, *parts):
        """The first event that holds all of these words; fails if there is none."""
        found = [words for words in self.words if all(part in words for part in parts)]
        assert found, f"{parts} not in {self.words}"
        return found[0]

    def quiet(self):
        """Forget what was said, to see what is said from now on."""
        self.words.clear()
        return self

    def until(self, holds, within_s):
        """Run until something holds; return how long that took [s]."""
        began_s = self.now_s
        while not holds():
            assert self.now_s - began_s <= within_s, f"not within {within_s} s: {self.state.name}, {self.words}"
            self.tick()
        return self.now_s - began_s

    def truth(self, servo_id):
        """Where a joint really is, in its calibrated turn [ticks]."""
        joint = IDS.index(servo_id)
        servo = self.line.servos[joint]
        reading = servo.motion.position_rad / (2 * np.pi) * 4096 + servo.mount_ticks
        return reading - self.calibration.joints[joint].homing_offset

    def seen(self, servo_id):
        """Where the guardian takes a joint to be [ticks]."""
        return self.report.joints[IDS.index(servo_id)].position

    def memory(self, servo_id, register):
        return self.line.servos[IDS.index(servo_id)].memory.get(register)

    @property
    def torques(self):
        return [servo.torque for servo in self.line.servos]


def under_way(joint=0, rate_rad_s=0.5, **values):
    """An arm that has been moving a joint for a while, and has nothing to tell."""
    arm = Flight(**values)
    arm.arm()
    arm.sweep(joint, rate_rad_s)
    arm.run(UNDER_WAY_S)
    assert arm.state is State.ARMED
    return arm.quiet()


def standing(**values):
    """An armed arm that is sent the same pose again and again."""
    arm = Flight(**values)
    arm.arm()
    arm.fly()
    arm.run(UNDER_WAY_S)
    return arm.quiet()


def left(arm):
    """Let an arm be brought to rest for good."""
    arm.fall_silent()
    arm.core.leave(arm.now_s)
    arm.until(lambda: arm.core.finished, 90.0)
    return arm


def armed_again(arm):
    """What a person does who has looked: the guardian ends, another one arms the same servos."""
    left(arm)
    again = Flight(line=arm.line, start_s=arm.now_s)
    again.arm()
    again.fly()
    again.run(0.3)
    assert again.state is State.ARMED
    assert again.torques == [1] * len(IDS)
    return again


def goals_between(arm, from_s, to_s, servo_id=None):
    return [write for write in arm.log.goal_writes(servo_id) if from_s < write[0] <= to_s]


def goals_of_last_cycle(arm):
    return {servo_id for _, servo_id, _ in goals_between(arm, arm.now_s - 0.9 * CYCLE_S, arm.now_s)}


def assert_lawful(arm, since_s=0.0):
    """No goal outside the envelope, and none further from the one before than the speed limit allows."""
    for joint in arm.plan.joints:
        writes = [write for write in arm.log.goal_writes(joint.servo_id) if write[0] >= since_s]
        envelope = joint.envelope
        for _, _, ticks in writes:
            assert envelope.lower - 1 <= ticks <= envelope.upper + 1
        for (_, _, before), (_, _, after) in pairwise(writes):
            assert abs(after - before) <= envelope.velocity * arm.plan.cycle_s + 1


def assert_stood_still_from(arm, time_s, servo_ids=IDS):
    """From some time on no goal of these servos differed from the one before."""
    for servo_id in servo_ids:
        ticks = {write[2] for write in arm.goals_after(time_s, servo_id)}
        assert len(ticks) <= 1, f"id {servo_id} was still moved: {sorted(ticks)}"


def last_goal(arm, servo_id):
    return arm.log.goal_writes(servo_id)[-1][2]


def stops(arm, within_s):
    """Wait until the arm is stopped; return when it was [s]."""
    arm.until(lambda: arm.state is State.STOPPED, within_s)
    return arm.now_s


def assert_held_weakly(arm, stopped_s, servo_ids=IDS):
    """The arm braked, stands, and is held with the reduced torque."""
    arm.run(0.5)
    assert_stood_still_from(arm, stopped_s + BRAKING_S)
    for servo_id in servo_ids:
        assert arm.memory(servo_id, TORQUE_LIMIT) == (500 if servo_id == GRIPPER else 600)
        assert arm.memory(servo_id, TORQUE_ENABLE) == 1
    assert_lawful(arm)


def assert_latched(arm):
    """Goals change nothing until a person has reset it."""
    since_s = arm.now_s
    arm.fly()
    arm.run(0.5)
    assert arm.state is State.STOPPED
    assert arm.report.latched
    assert arm.goals_after(since_s) == []
    assert arm.core.arm(arm.now_s).endswith("; reset it first")


def assert_follows_after_a_reset(arm):
    arm.core.reset()
    arm.fly()
    arm.run(0.6)
    arm.heard("reset by a person")
    assert arm.state is State.ARMED
    assert arm.report.reason == ""
    assert goals_of_last_cycle(arm) == set(IDS)
    assert_lawful(arm)


def losses(arm):
    return [int(joint.losses) for joint in arm.report.joints]


def assert_nothing_is_mixed_up(arm):
    """Every joint is where it really is; no two joints of the pose are near to one another."""
    for servo_id in IDS:
        assert abs(arm.seen(servo_id) - arm.truth(servo_id)) <= 4
