"""What a config can say about a real SO-101."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

import numpy as np

from bt_robot.arm import so101
from bt_robot.config.values import Rule, Tagged
from bt_robot.errors import did_you_mean
from bt_robot.messages import JointLimits
from bt_robot.robot.cameras.settings import CAMERA_KINDS, CameraSettings
from bt_robot.robot.sim.settings import SimSettings

EMULATED: Final = "emulated"
"""The port that means: start an emulated servo bus beside the run."""

AUTO: Final = "auto"
"""The port that means: the only servo adapter that is plugged in."""


@dataclass(frozen=True, slots=True)
class TorqueSettings:
    """How strong the servos may be."""

    normal: Annotated[float, Rule(doc="share of the full torque while the arm works", minimum=0.05, maximum=1.0)] = 1.0
    gripper: Annotated[
        float, Rule(doc="the same for the gripper, which grips for ever where it may", minimum=0.05, maximum=1.0)
    ] = 0.5
    arming: Annotated[float, Rule(doc="while the torque comes up", minimum=0.02, maximum=1.0)] = 0.2
    stopped: Annotated[
        float, Rule(doc="while the arm is stopped; it has to carry the arm", minimum=0.05, maximum=1.0)
    ] = 0.6


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """When a servo is unwell."""

    warn_temperature_c: Annotated[float, Rule(doc="tell a person [°C]", minimum=20.0, maximum=90.0)] = 60.0
    stop_temperature_c: Annotated[
        float, Rule(doc="stop; the servo itself gives up at 70 [°C]", minimum=20.0, maximum=90.0)
    ] = 65.0
    resume_temperature_c: Annotated[float, Rule(doc="go on below this [°C]", minimum=10.0, maximum=90.0)] = 55.0
    warn_voltage_v: Annotated[float, Rule(doc="tell a person below this; 10 for 12 V servos [V]", minimum=3.0)] = 6.0
    stop_voltage_v: Annotated[
        float | None, Rule(doc="stop below this; outside the servos' own limits if absent [V]", minimum=3.0)
    ] = None
    max_current_ma: Annotated[
        float | None, Rule(doc="a joint that draws more is relieved [mA]; never if absent", minimum=50.0)
    ] = None
    stall_deg: Annotated[
        float, Rule(doc="a joint this far from its goal, under load, pushes against something", minimum=1.0)
    ] = 5.0
    stall_load: Annotated[float, Rule(doc="… if its load is at least this", minimum=0.05, maximum=1.0)] = 0.6
    stall_s: Annotated[float, Rule(doc="… for this long [s]", minimum=0.05, maximum=10.0)] = 0.3

    def __post_init__(self) -> None:
        """Check the order of the temperatures.

        Raises:
            ValueError: They are in no order.
        """
        if not self.resume_temperature_c < self.warn_temperature_c < self.stop_temperature_c:
            raise ValueError(
                f"temperatures of {self.resume_temperature_c:g} (resume), {self.warn_temperature_c:g} (warn) and"
                f" {self.stop_temperature_c:g} (stop); expected resume < warn < stop"
            )


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """What the guardian does when nobody tells it anything."""

    hold_after_s: Annotated[float, Rule(doc="without a fresh goal: brake and hold [s]", minimum=0.02, maximum=1.0)] = (
        0.05
    )
    stop_after_s: Annotated[float, Rule(doc="… then hold with reduced torque [s]", minimum=0.05, maximum=5.0)] = 0.25
    orphan_after_s: Annotated[
        float, Rule(doc="… then come to rest as if the program had died [s]", minimum=1.0, maximum=600.0)
    ] = 10.0
    exit: Annotated[
        Literal["park", "release", "hold"],
        Rule(doc="at the end: park and release, release where it stands, or hold for linger_s and release"),
    ] = "park"
    park_pose: Annotated[
        tuple[float, ...], Rule(doc="where it is parked [rad, gripper 0 … 1]", length=len(so101.JOINT_NAMES))
    ] = tuple(round(float(value), 4) for value in so101.REST)
    park_speed_rad_s: Annotated[float, Rule(doc="how fast [rad/s]", minimum=0.05, maximum=3.0)] = 0.7
    park_s: Annotated[float, Rule(doc="and for how long at most [s]", minimum=0.5, maximum=30.0)] = 3.0
    linger_s: Annotated[
        float,
        Rule(
            doc="how long it is held after an emergency stop before it is let go softly [s]",
            minimum=0.0,
            maximum=3600.0,
        ),
    ] = 60.0
    record: Annotated[str, Rule(doc="folder for the last bus transactions before a fault; empty for none")] = (
        "runs/faults"
    )

    def __post_init__(self) -> None:
        """Check the order of the times.

        Raises:
            ValueError: They are in no order.
        """
        if not self.hold_after_s <= self.stop_after_s < self.orphan_after_s:
            raise ValueError(
                f"hold_after_s, stop_after_s and orphan_after_s are {self.hold_after_s:g}, {self.stop_after_s:g} and"
                f" {self.orphan_after_s:g}; expected them in this order"
            )


@dataclass(frozen=True, slots=True)
class So101Settings:
    """A real SO-101, or the same driver on an emulated servo bus."""

    port: Annotated[
        str,
        Rule(
            doc=f"the servo adapter, best by its path under /dev/serial/by-id; '{AUTO}' for the only one there is,"
            f" '{EMULATED}' for an emulated bus"
        ),
    ] = AUTO
    calibration: Annotated[
        str, Rule(doc="LeRobot's id of the arm, or the path of its calibration file; an emulated bus brings its own")
    ] = ""
    cameras: Annotated[
        Mapping[str, Annotated[CameraSettings, Tagged("type", CAMERA_KINDS, default="opencv")]],
        Rule(doc="a camera by each name"),
    ] = field(default_factory=dict[str, CameraSettings])
    bus_hz: Annotated[float, Rule(doc="how often the servos are asked and told [Hz]", minimum=20.0, maximum=400.0)] = (
        100.0
    )
    bus_latency_s: Annotated[
        float,
        Rule(
            doc="how long adapter and servos may take for an answer, beside its time on the wire [s]; more for a slow"
            " hub, and a lost reply costs as much",
            minimum=0.001,
            maximum=0.1,
        ),
    ] = 0.004
    ranges: Annotated[
        Mapping[str, tuple[float, ...]],
        Rule(doc="a narrower range for a joint, `elbow_flex: [-1.5, 1.5]` [rad, gripper 0 … 1]"),
    ] = field(default_factory=dict[str, tuple[float, ...]])
    servo_acceleration: Annotated[
        int, Rule(doc="the servos' own acceleration limit [100 ticks/s²]; 0 for none", minimum=0, maximum=254)
    ] = 0
    torque: Annotated[TorqueSettings, Rule(doc="how strong the servos may be")] = field(default_factory=TorqueSettings)
    health: Annotated[HealthSettings, Rule(doc="when a servo is unwell")] = field(default_factory=HealthSettings)
    guard: Annotated[GuardSettings, Rule(doc="holding, parking, releasing")] = field(default_factory=GuardSettings)
    cell: Annotated[SimSettings, Rule(doc="the work cell behind an emulated bus")] = field(default_factory=SimSettings)

    def __post_init__(self) -> None:
        """Check what concerns several keys.

        Raises:
            ValueError: A joint is unknown, a range is none, or a calibration is missing.
        """
        for name, ends in self.ranges.items():
            if name not in so101.JOINT_NAMES:
                hint = did_you_mean(name, so101.JOINT_NAMES)
                known = ", ".join(so101.JOINT_NAMES)
                raise ValueError(f"ranges: unknown joint '{name}'; expected {known}" + (f" ({hint})" if hint else ""))
            if len(ends) != 2 or not ends[0] < ends[1]:
                raise ValueError(f"ranges: {name} is {list(ends)}; expected its lower and its upper end")
        if not self.emulated and not self.calibration:
            raise ValueError(
                "'calibration' is missing; expected the arm's id or its calibration file (`bt-arm calibrate` makes one)"
            )

    @property
    def emulated(self) -> bool:
        """Whether the bus is an emulated one."""
        return self.port == EMULATED

    def narrowed(self, limits: JointLimits) -> JointLimits:
        """Return limits with the ranges of the config."""
        lower, upper = limits.lower.copy(), limits.upper.copy()
        for name, (low, high) in self.ranges.items():
            i = limits.names.index(name)
            lower[i], upper[i] = max(lower[i], low), min(upper[i], high)
            if lower[i] >= upper[i]:
                raise ValueError(f"robot.ranges leaves {name} no room: {low:g} … {high:g}")
        return JointLimits(limits.names, lower, upper, np.array(limits.velocity), np.array(limits.acceleration))
