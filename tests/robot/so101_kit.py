"""An SO-101 in virtual time: the guardian's core and bus on an emulated line, byte for byte, without a wait."""

import math

import numpy as np

from bt_robot.arm import so101
from bt_robot.messages import JointLimits
from bt_robot.robot.emulator.arm import emulated_calibration, emulated_servos
from bt_robot.robot.emulator.line import Line
from bt_robot.robot.emulator.plant import FirstOrderPlant
from bt_robot.robot.so101.assembly import calibration_of
from bt_robot.robot.so101.bus import Bus
from bt_robot.robot.so101.guardian.core import Core
from bt_robot.robot.so101.guardian.cycle import BusCycle
from bt_robot.robot.so101.guardian.messages import Goal, State
from bt_robot.robot.so101.planning import guardian_plan
from bt_robot.robot.so101.port import PortLost
from bt_robot.robot.so101.settings import EMULATED, GuardSettings, So101Settings

CONTROL_HZ = 30.0
PERIOD_S = 1.0 / CONTROL_HZ
START_S = 100.0
IDS = (1, 2, 3, 4, 5, 6)
GRIPPER = 6


class VirtualPort:
    """The port of an emulated line under a clock that only moves when somebody waits."""

    def __init__(self, line, start_s=START_S):
        self.line = line
        self.time_s = start_s
        self.gone = ""
        self._arrived = bytearray()
        line.advance(start_s)

    def now_s(self):
        return self.time_s

    def wait_until(self, time_s):
        self.time_s = max(self.time_s, time_s)
        self._arrived += self.line.transmit(self.time_s)

    def _check(self):
        if self.gone:
            raise PortLost(self.gone)

    def send(self, data):
        self._check()
        self.line.receive(data, self.time_s)

    def receive(self, deadline_s, due_s=0.0):
        self._check()
        self.wait_until(min(due_s, deadline_s))
        self._arrived += self.line.transmit(self.time_s)
        while not self._arrived and self.time_s < deadline_s:
            due_s = self.line.next_due_s
            self.wait_until(min(deadline_s, math.inf if due_s is None else max(due_s, self.time_s + 1e-6)))
        data = bytes(self._arrived)
        self._arrived.clear()
        return data

    def drop_input(self):
        self._check()
        self._arrived += self.line.transmit(self.time_s)
        dropped = len(self._arrived)
        self._arrived.clear()
        return dropped

    def set_baud(self, baud):
        self._check()
        self.line.baud = baud

    def close(self):
        pass


def settings(**values):
    return So101Settings(port=EMULATED, **values)


def safety_of(config, calibration, margin_rad=0.02):
    limits = config.narrowed(calibration.limits(so101.LIMITS))
    margin = np.array([margin_rad] * so101.GRIPPER + [0.0])
    return JointLimits(limits.names, limits.lower + margin, limits.upper - margin, limits.velocity, limits.acceleration)


class Arm:
    """A guardian's core at work on an emulated arm; a new one, or the one behind a line that is there already."""

    def __init__(self, guard=None, *, gravity=False, start_rad=None, line=None, start_s=START_S, **values):
        self.settings = settings(guard=guard or GuardSettings(), **values)
        self.calibration, _ = calibration_of(self.settings)
        self.safety = safety_of(self.settings, self.calibration)
        self.plan = guardian_plan(self.settings, self.calibration, self.safety, CONTROL_HZ)
        self.line = line or Line(emulated_servos(), FirstOrderPlant(start_rad, gravity=gravity))
        self.port = VirtualPort(self.line, start_s)
        self.core = Core(self.plan)
        self.bus = Bus(self.port)
        self.cycle = BusCycle(self.core, self.bus, self.plan)
        self.words = []
        self.number = 0
        self._due_s = self.port.time_s

    @property
    def faults(self):
        return self.line.faults

    @property
    def log(self):
        return self.line.log

    @property
    def now_s(self):
        return self.port.time_s

    @property
    def state(self):
        return self.core.state

    @property
    def report(self):
        return self.core.report()

    @property
    def joints(self):
        return self.calibration.to_joints([joint.position for joint in self.report.joints])

    def tick(self):
        """Run one bus cycle on its grid."""
        self.port.wait_until(self._due_s)
        try:
            self.cycle.run()
        except PortLost as error:
            self.core.port_lost(str(error))
        self._due_s += self.plan.cycle_s * max(1, math.ceil((self.now_s - self._due_s) / self.plan.cycle_s - 1e-9))
        self.words += self.core.take_events()

    def run(self, seconds):
        """Run bus cycles, with nobody sending goals."""
        until_s = self.now_s + seconds
        while self.now_s < until_s and not self.core.finished:
            self.tick()

    def arm(self):
        """Arm, and wait until it is."""
        self.run(0.05)
        assert self.core.arm(self.now_s) == ""
        self.core.heard(self.now_s)
        for _ in range(200):
            self.tick()
            if self.state is State.ARMED:
                return
        raise AssertionError(f"not armed: {self.words}")

    def send(self, joints, sent_s=None):
        """Send one set of goals."""
        self.number += 1
        positions = self.calibration.to_ticks(joints)
        goal = Goal(self.number, self.now_s if sent_s is None else sent_s, PERIOD_S, tuple(positions))
        self.core.heard(self.now_s)
        self.core.goal(goal, self.now_s)

    def follow(self, path, seconds):
        """Send goals at the control rate: `path(time_s)` gives the joints; return when it began."""
        began_s = next_s = self.now_s
        while self.now_s < began_s + seconds and not self.core.finished:
            if self.now_s >= next_s - 1e-9:
                self.send(path(next_s - began_s))
                next_s += PERIOD_S
            self.tick()
        return began_s

    def hold(self, seconds):
        """Send the present pose again and again."""
        joints = self.joints
        return self.follow(lambda _: joints, seconds)

    def wave(self, seconds, joint=0, rate_rad_s=0.5):
        """Move one joint at a constant rate."""
        start = self.joints
        step = np.zeros(6)
        step[joint] = rate_rad_s
        return self.follow(lambda time_s: start + step * time_s, seconds)

    def said(self, *parts):
        """Whether one event holds all of these words."""
        return any(all(part in words for part in parts) for words in self.words)

    def goals_after(self, time_s, servo_id=None):
        return [entry for entry in self.log.goal_writes(servo_id) if entry[0] > time_s]


__all__ = ["Arm", "VirtualPort", "emulated_calibration"]
