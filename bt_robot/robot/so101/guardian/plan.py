"""What the guardian is told once, before it opens the port: limits, times, and what to do at the end. Values only."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from bt_robot.robot.so101.guardian.motion import JointEnvelope
from bt_robot.robot.so101.health import HealthLimits

_SPEED_RESERVE: Final = 1.25

Exit = Literal["park", "release", "hold"]


@dataclass(frozen=True, slots=True)
class GuardedJoint:
    """One joint as the guardian knows it.

    Attributes:
        servo_id: Its servo.
        name: Its name, for messages.
        envelope: What its goal may do.
        park: Where it rests [ticks].
        torque: Torque limit in normal operation [0.1 %].
        grips: Whether something between the jaws is no fault.
        middle: Of its calibrated range: readings are brought into the turn around it [ticks].
    """

    servo_id: int
    name: str
    envelope: JointEnvelope
    park: float
    torque: int = 1000
    grips: bool = False
    middle: float = 2047.5


@dataclass(frozen=True, slots=True)
class GuardianPlan:
    """Everything that decides what the guardian does.

    Attributes:
        joints: The joints in the robot's order.
        cycle_s: The bus cycle [s].
        latency_s: Granted for an answer beside the time on the wire [s].
        hold_after_s: Without a fresh goal for this long, the arm brakes and holds [s].
        stop_after_s: Then it is stopped: it holds with reduced torque [s].
        orphan_after_s: Then it is brought to rest as if its controller had died [s].
        arm_torque: Torque limit while the arm is armed [0.1 %].
        stop_torque: Torque limit while the arm is stopped [0.1 %]; it has to carry the arm.
        ramp_s: How long the torque takes from one to the other [s].
        park_speed: How fast the arm is parked [ticks/s].
        park_s: Parking never takes longer [s].
        exit: At the end: `park` and release, `release` where it stands, or `hold` for `linger_s` and release.
        linger_s: How long it is held after an emergency stop, or by `hold`, before it is let go softly [s].
        resync: After a stop, a goal must be this near to the measured position [ticks].
        grip_margin: How far the gripper's goal is held beyond contact [ticks].
        acceleration: The servos' own acceleration limit, register 41 [100 ticks/s²]; 0 for none.
        health: When a servo is unwell.
    """

    joints: tuple[GuardedJoint, ...]
    cycle_s: float = 0.01
    latency_s: float = 0.004
    hold_after_s: float = 0.05
    stop_after_s: float = 0.25
    orphan_after_s: float = 10.0
    arm_torque: int = 200
    stop_torque: int = 600
    ramp_s: float = 0.4
    park_speed: float = 500.0
    park_s: float = 3.0
    exit: Exit = "park"
    linger_s: float = 60.0
    resync: float = 60.0
    grip_margin: float = 60.0
    acceleration: int = 0
    health: HealthLimits = field(default_factory=HealthLimits)

    @property
    def ids(self) -> tuple[int, ...]:
        """The servos in the robot's order."""
        return tuple(joint.servo_id for joint in self.joints)

    @property
    def goal_speeds(self) -> Mapping[int, int]:
        """The servos' own speed limits [ticks/s]: above the guardian's, so that they never shape a motion."""
        return {joint.servo_id: round(_SPEED_RESERVE * joint.envelope.velocity) for joint in self.joints}

    @property
    def names(self) -> Mapping[int, str]:
        """What each servo moves."""
        return {joint.servo_id: joint.name for joint in self.joints}


def plan_as_json(plan: GuardianPlan) -> str:
    """Return a plan as one line of JSON."""
    return json.dumps(dataclasses.asdict(plan), allow_nan=False)


def plan_from_json(text: str) -> GuardianPlan:
    """Return the plan that `plan_as_json` wrote.

    Raises:
        ValueError: It is none.
    """
    try:
        values: dict[str, Any] = json.loads(text)
        for joint in values["joints"]:
            joint["envelope"] = JointEnvelope(**joint["envelope"])
        values["joints"] = tuple(GuardedJoint(**joint) for joint in values["joints"])
        values["health"] = HealthLimits(**values["health"])
        return GuardianPlan(**values)
    except (KeyError, TypeError) as error:
        raise ValueError(f"no plan of a guardian: {text[:80]!r} ({error})") from error
