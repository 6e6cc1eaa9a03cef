"""A tick context whose world is set by hand, and a way to tick one leaf in it."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from bt_robot.errors import ProposalError
from bt_robot.messages import Command, Health, JointLimits, LinkState, Observation

LIMITS = JointLimits(
    names=("pan", "lift", "gripper"),
    lower=np.array([-1.0, -1.0, 0.0]),
    upper=np.array([1.0, 1.0, 1.0]),
    velocity=np.array([2.0, 2.0, 4.0]),
    acceleration=np.array([20.0, 20.0, 80.0]),
)


class FakePlan:
    """A plan that holds what it is given."""

    def __init__(self):
        self.prompt = ""
        self.actions = np.empty((0, 3))
        self.more = False

    def action(self, step):
        return self.actions[0] if len(self.actions) else None

    def remaining(self, step):
        return self.actions

    def wants_more(self, step):
        return self.more

    def clear(self):
        self.actions = np.empty((0, 3))


class FakeLink:
    """A link that notes what it is offered."""

    def __init__(self):
        self.state = LinkState(available=True)
        self.offers = []
        self.prompts = []
        self.epochs = 0

    def follow(self, prompt):
        self.prompts.append(prompt)

    def offer(self, observation, prompt):
        self.offers.append((observation.step, prompt))
        return True

    def new_epoch(self):
        self.epochs += 1


@dataclass
class World:
    """Everything a leaf can see, and what it proposed."""

    now_s: float = 0.0
    step: int = 0
    joints: np.ndarray = field(default_factory=lambda: np.array([0.0, 0.0, 0.5]))
    commanded: np.ndarray = field(default_factory=lambda: np.array([0.0, 0.0, 0.5]))
    frames: dict = field(default_factory=dict)
    measured_s: float | None = None
    health: Health = field(default_factory=Health)
    limits: JointLimits = LIMITS
    poses: dict = field(default_factory=lambda: {"rest": np.array([0.5, -0.5, 0.2])})
    policy: FakeLink = field(default_factory=FakeLink)
    plan: FakePlan = field(default_factory=FakePlan)
    proposal: np.ndarray | None = None

    @property
    def observation(self):
        measured_s = self.now_s if self.measured_s is None else self.measured_s
        return Observation(self.step, measured_s, self.joints, self.frames, self.health)

    @property
    def last_command(self):
        return Command(self.step - 1, self.commanded, np.zeros(3))

    def propose(self, positions):
        if self.proposal is not None:
            raise ProposalError("twice")
        self.proposal = positions

    def tick(self, leaf, *, start=False, after_s=1 / 30):
        """Tick a leaf once; time moves on first, unless it starts."""
        if start:
            leaf.on_start(self)
        else:
            self.now_s += after_s
            self.step += 1
        self.proposal = None
        return leaf.on_tick(self)


@pytest.fixture
def world():
    return World()
