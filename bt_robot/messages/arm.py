"""The arm: what is measured, what it may do, what it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Joints = NDArray[np.float64]  # (n,) rad; gripper 0.0 … 1.0
Image = NDArray[np.uint8]  # (height, width, 3), RGB


class Frame:
    """A camera frame whose picture is made when it is first looked at.

    A simulated camera renders on the thread that looks, so the control loop pays nothing for
    pictures nobody uses; a real camera hands over a picture it has already decoded.

    Attributes:
        camera: The camera's name.
        captured_s: Capture time [s] on the run's clock.
    """

    __slots__ = ("_image", "_load", "_lock", "camera", "captured_s")

    def __init__(self, camera: str, captured_s: float, load: Callable[[], Image]) -> None:
        """Keep how to make the picture; `load` is called at most once."""
        self.camera = camera
        self.captured_s = captured_s
        self._load = load
        self._image: Image | None = None
        self._lock = threading.Lock()

    @property
    def image(self) -> Image:
        """The picture, (height, width, 3) uint8 RGB."""
        with self._lock:
            if self._image is None:
                self._image = self._load()
            return self._image


@dataclass(frozen=True, slots=True)
class Health:
    """How far a robot can be relied on; all empty while nothing is wrong.

    Attributes:
        stopped: Why it does not follow commands now, though it may again by itself.
        doubts: What makes its measurements doubtful now, e.g. a camera without new pictures.
        strain: What a joint suffers from while the others go on, e.g. that it pushes against something.
        notes: What a person should read, each thing once.
    """

    stopped: str = ""
    doubts: tuple[str, ...] = ()
    strain: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard the joints' motors work, one entry per joint; NaN for a joint that did not say.

    Attributes:
        load: Share of the full voltage that drives the motor, (n,), 0 … 1; None where the robot does not tell it.
        current_a: Through the motor, (n,) [A]; None where the robot does not tell it.
    """

    load: Joints | None = None
    current_a: Joints | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What the robot measured for one control step.

    Attributes:
        step: The control step it was taken for.
        time_s: Capture time of the joint positions [s].
        joints: Measured positions, (n,) rad, gripper 0 … 1.
        frames: The newest frame of each camera, by camera name.
        health: How far the robot can be relied on.
        effort: How hard its motors work, measured together with the positions.
    """

    step: int
    time_s: float
    joints: Joints
    frames: Mapping[str, Frame] = field(default_factory=dict[str, Frame])
    health: Health = field(default_factory=Health)
    effort: Effort = field(default_factory=Effort)


@dataclass(frozen=True, slots=True)
class JointLimits:
    """The safety envelope, one entry per joint.

    Attributes:
        names: Joint names in the robot's order.
        lower: Lowest commanded position, (n,) rad, gripper 0 … 1.
        upper: Highest commanded position, (n,) rad, gripper 0 … 1.
        velocity: Greatest speed, (n,) rad/s, gripper 1/s.
        acceleration: Greatest acceleration, (n,) rad/s², gripper 1/s².
    """

    names: tuple[str, ...]
    lower: Joints
    upper: Joints
    velocity: Joints
    acceleration: Joints


class Kinematics(Protocol):
    """Where the hand is, from where the joints are."""

    def tip(self, joints: Joints) -> NDArray[np.float64]:
        """Return the point between the fingertips in the base frame, (3,) m, for a joint vector, (n,)."""
        ...


@dataclass(frozen=True, slots=True)
class Body:
    """What is known of a robot besides its joints, before it moves.

    Attributes:
        kinematics: Where its hand is; None where nobody knows.
        load: Whether its observations tell the motors' load.
        current: Whether they tell the motors' current.
    """

    kinematics: Kinematics | None = None
    load: bool = False
    current: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """What the governor lets through to the robot.

    Attributes:
        step: The control step it is for.
        positions: Joint targets, (n,) rad, gripper 0 … 1.
        velocities: Speed from the previous command to this one, (n,) rad/s, gripper 1/s.
    """

    step: int
    positions: Joints
    velocities: Joints


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the governor did to a proposal.

    Attributes:
        clamped: A `joint: what` per limit that changed the proposal, e.g. `gripper: velocity`.
        refused: Why the whole proposal was refused, or empty.
        held: True when no proposal was executed and the arm brakes or holds.
    """

    clamped: tuple[str, ...] = ()
    refused: str = ""
    held: bool = False
