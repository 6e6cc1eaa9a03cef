"""A tick context whose world is set by hand, and a way to tick one leaf in it."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from bt_robot.errors import ProposalError
from bt_robot.messages import Body, Command, Effort, Health, JointLimits, Judgement, LinkState, Observation
from bt_robot.runtime.people import Board
from bt_robot.sight.inline import InlineSight

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
        self.age = None
        self.disagreement = None

    def chunk_age(self, step):
        return self.age

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


class FakeJudge:
    """A judge that answers when and what it is told to."""

    def __init__(self):
        self.questions = []
        self.answers = {}
        self.forgotten = []
        self.busy = False

    def ask(self, question, now_s):
        if self.busy:
            return None
        self.questions.append((now_s, question))
        return len(self.questions)

    def poll(self, ticket, now_s):
        return self.answers.pop(ticket, None)

    def forget(self, ticket):
        self.forgotten.append(ticket)

    def answer(self, yes, **more):
        """Answer the newest question."""
        _, question = self.questions[-1]
        seen_s = min(frame.captured_s for frame in question.now)
        self.answers[len(self.questions)] = Judgement(yes, **{"graded": True, "seen_s": seen_s, **more})


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
    effort: Effort = field(default_factory=Effort)
    body: Body = field(default_factory=Body)
    sight: InlineSight = field(default_factory=InlineSight)
    limits: JointLimits = LIMITS
    poses: dict = field(default_factory=lambda: {"rest": np.array([0.5, -0.5, 0.2])})
    judge: FakeJudge = field(default_factory=FakeJudge)
    people: Board = field(default_factory=Board)
    unbroken: int = 1
    path: str = "t/leaf"
    told: list = field(default_factory=list)
    policy: FakeLink = field(default_factory=FakeLink)
    plan: FakePlan = field(default_factory=FakePlan)
    proposal: np.ndarray | None = None

    @property
    def observation(self):
        measured_s = self.now_s if self.measured_s is None else self.measured_s
        return Observation(self.step, measured_s, self.joints, self.frames, self.health, self.effort)

    @property
    def last_command(self):
        return Command(self.step - 1, self.commanded, np.zeros(3))

    def tell(self, words):
        self.told.append(words)

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
