"""What must hold on the servo bus whatever happens: laws that are checked on the packets of every bus cycle."""

import math

from bt_robot.robot.emulator.log import REPLY, PacketLog
from bt_robot.robot.so101.guardian.messages import State, pack_report, unpack
from bt_robot.robot.so101.wire.registers import GOAL_POSITION, TORQUE_ENABLE
from tests.robot.so101_kit import IDS

ROUNDING = 1.0
LONGEST_CYCLE_S = 0.0085
"""Reading, when nobody answers, and all that is ever written in one cycle."""

BRAKING_CYCLES = 12
RELIEF_CYCLES = 80
PARKING_CYCLES = 400
NEAR_TICKS = 80.0
"""How far a joint may be from where the guardian takes it to be: two cycles of its top speed."""

SILENT_STATES = (State.DISARMED, State.RELEASED)


class HostLog(PacketLog):
    """A log of what the host sent; what the servos say to it is not kept."""

    def __init__(self):
        super().__init__(limit=300)
        self.fresh = []

    def add(self, packet):
        if packet.kind != REPLY:
            super().add(packet)
            self.fresh.append(packet)


class BrokenLaw(AssertionError):
    pass


class Laws:
    """Watches an arm and the guardians that follow one another on it.

    Attributes:
        source_s: When the controller last sent a goal that was fresh and well-formed, or the arm was armed [s].
        doubtful: Servos whose position is not what the guardian can know, and until when.
    """

    def __init__(self, line):
        self._line = line
        self._report = None
        self._ticks = 0
        self._sent = {}  # the last goal of each servo
        self._starts = {}  # where a first goal may be, and how far from there
        self._missed = {}  # how many replies each servo has lost in a row
        self._off = set()  # servos that were switched off, and not armed since
        self._was_off = set()  # servos that had no torque when the cycle began
        self.source_s = -math.inf
        self.doubtful = {}

    def begin(self, arm, rescues):
        """Another guardian begins; if it adopts the arm, it goes on where the servos' goals are."""
        for joint, servo_id in enumerate(IDS):
            goal = self._line.servos[joint].memory.get(GOAL_POSITION)
            self._starts[servo_id] = (goal, arm.plan.joints[joint].envelope.velocity * arm.plan.cycle_s)
        self._late = self._leaving = self._latched = 0
        self._last = State.DISARMED
        self._losses = dict.fromkeys(IDS, 0.0)
        self._missed = dict.fromkeys(IDS, 3)
        self._gone = self._owns = False
        if rescues:  # what is still on is taken over; the rest has to be armed
            self._off -= {i for i, servo in zip(IDS, self._line.servos, strict=True) if servo.torque}

    def resumed(self, arm):
        """It follows again after a stop, from where the joints are."""
        self._gone = False
        for joint in arm.plan.joints:
            self._starts[joint.servo_id] = (arm.seen(joint.servo_id), joint.envelope.velocity * arm.plan.cycle_s)

    def before(self, arm):
        """Note how things stand before a cycle."""
        self._state, self._began_s = arm.state, arm.now_s
        self._finished = arm.core.finished
        self._was_off = {i for i, servo in zip(IDS, self._line.servos, strict=True) if servo.torque != 1}

    def after(self, arm, due_s):
        """Check what a cycle brought."""
        self._require(arm.now_s - max(due_s, self._began_s) <= LONGEST_CYCLE_S, "the cycle took too long")
        self._report = arm.report
        self._ticks += 1
        self._count_misses()
        goals = False
        for packet in arm.log.fresh:
            if packet.address == GOAL_POSITION.address and packet.kind != "sync_read":
                goals = True
                for servo_id in packet.values:
                    self._check_goal(arm, servo_id, packet.value(GOAL_POSITION, servo_id))
            elif packet.address == TORQUE_ENABLE.address and packet.kind != "sync_read":
                self._require(set(packet.values.values()) == {b"\0"}, "torque is only ever switched off by itself")
                self._off.update(packet.values)
        arm.log.fresh.clear()
        if self._state is State.ARMING and arm.state is State.ARMED:
            self.source_s = arm.now_s
        if arm.state is State.ARMING and self._last is not State.ARMING:  # the cycle that looks where the joints are
            self._starts = {i: (joint.position, 0.0) for i, joint in zip(IDS, self._report.joints, strict=True)}
        self._gone = bool(arm.port.gone) or (self._gone and arm.state is State.STOPPED)
        self._last = arm.state
        self._check_end(arm)
        self._check_age(arm, goals)
        self._check_report(arm)

    def _count_misses(self):
        for servo_id, joint in zip(IDS, self._report.joints, strict=True):
            lost = joint.losses > self._losses[servo_id]
            self._missed[servo_id] = self._missed[servo_id] + 1 if lost else 0
            self._losses[servo_id] = joint.losses

    def _check_goal(self, arm, servo_id, ticks):
        envelope = arm.plan.joints[servo_id - 1].envelope
        step = envelope.velocity * arm.plan.cycle_s
        arming = self._state is State.ARMING
        self._require(self._state not in SILENT_STATES and not self._finished, f"a goal while {self._state.name}")
        self._require(
            arming or servo_id not in self._off, f"a goal for id {servo_id} after its torque was switched off"
        )
        known = self._report.joints[servo_id - 1].age_s == 0.0
        energises = servo_id in self._was_off and known and not arming and self._line.powered
        self._require(not energises, f"a goal switched id {servo_id} on")
        self._require(arming or self._missed[servo_id] < 3, f"a goal for id {servo_id}, which has long been silent")
        self._require(
            not self._gone or arm.state is not State.STOPPED, "a goal after the port was back, and nobody asked"
        )
        start, reach = self._starts.pop(servo_id, (None, step))
        before = self._sent.get(servo_id) if start is None else start
        self._require(before is not None, f"id {servo_id} was moved from nowhere")
        self._require(abs(ticks - before) <= reach + ROUNDING, f"id {servo_id} was sent from {before:.1f} to {ticks}")
        outside = abs(ticks - envelope.clamp(ticks))
        was = abs(before - envelope.clamp(before))
        self._require(outside <= max(was, 0.0) + ROUNDING, f"id {servo_id} was sent {outside:.1f} ticks outside")
        self._sent[servo_id] = ticks
        if arming:
            self._off.discard(servo_id)

    def _check_end(self, arm):
        """Whoever switched an arm on, or took it over, leaves no servo energised without a word."""
        self._owns = self._owns or arm.state in (State.ARMING, State.LEAVING)
        if arm.core.finished and self._owns:
            left = {i for i, servo in zip(IDS, self._line.servos, strict=True) if servo.torque}
            self._require(left <= set(arm.core.stuck), f"ids {left} were left energised")

    def _check_age(self, arm, goals):
        leaving = arm.state is State.LEAVING
        self._leaving = self._leaving + 1 if leaving else 0
        if not goals:
            self._late = 0
            return
        halted = self._report.latched and arm.state is State.STOPPED
        self._latched = self._latched + 1 if halted else 0
        self._require(self._leaving <= PARKING_CYCLES, "the arm is parked for too long")
        freshest_s = self.source_s + arm.plan.stop_after_s + arm.plan.cycle_s + LONGEST_CYCLE_S
        late = arm.now_s > freshest_s and not leaving and State.ARMING not in (self._state, arm.state)
        self._late = self._late + 1 if late else 0
        most = RELIEF_CYCLES if self._report.strain or arm.core._limbs._reliefs else BRAKING_CYCLES
        self._require(self._latched <= most, "goals although it latched")
        self._require(self._late <= most, f"goals {arm.now_s - self.source_s:.2f} s after the last fresh one")

    def _check_report(self, arm):
        report = self._report
        self._require(not (report.latched and report.state is State.ARMED), "armed although it latched")
        self._require(not report.latched or report.reason, "latched without a reason")
        for servo_id, joint in zip(IDS, report.joints, strict=True):
            fresh = joint.age_s == 0.0 and report.time_s > self._began_s - 1e-6
            if fresh and arm.now_s > self.doubtful.get(servo_id, -math.inf):
                away = abs(joint.position - arm.truth(servo_id))
                self._require(away <= NEAR_TICKS, f"id {servo_id} is {away:.0f} ticks from where it was told to be")
        if self._ticks % 20 == 0:
            packed = pack_report(report)
            self._require(pack_report(unpack(packed, len(IDS))) == packed, "a report does not survive the pipe")

    @staticmethod
    def _require(holds, law):
        if not holds:
            raise BrokenLaw(law)
