"""The fault soup as a state machine whose course hypothesis chooses, and shortens where a law of the bus breaks."""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.faults.soup_kit import FAULTS, Soup
from tests.robot.so101_kit import IDS
from tests.scale import examples

ORDERS = {
    "stop": lambda soup: soup.arm.core.stop("a tree"),
    "emergency": lambda soup: soup.arm.core.emergency("a person"),
    "leave": lambda soup: soup.arm.core.leave(soup.arm.now_s),
    "arm": lambda soup: soup.arm.core.arm(soup.arm.now_s),
    "reset": lambda soup: soup.arm.core.reset(),
    "stand still": lambda soup: soup.arm.core.stand_still(),
    "hurry": lambda soup: soup.arm.core.hurry(),
}


class Cooking(RuleBasedStateMachine):
    """What goes wrong, what is ordered, and time that passes; the laws are checked after every bus cycle."""

    @initialize(seed=st.integers(0, 999))
    def begin(self, seed):
        self.soup = Soup(seed)
        self.soup.run(100)

    @rule(ticks=st.integers(1, 80))
    def time_passes(self, ticks):
        self.soup.run(ticks)

    @rule(name=st.sampled_from(sorted(FAULTS)), servo_id=st.sampled_from(IDS), for_s=st.sampled_from((0.01, 0.1, 0.6)))
    def something_goes_wrong(self, name, servo_id, for_s):
        self.soup.note(name, servo_id)
        end = FAULTS[name](self.soup, servo_id)
        if end is not None:
            self.soup._ends.append((self.soup.arm.now_s + for_s, end))
        self.soup.run(3)

    @precondition(lambda self: not self.soup.arm.core.finished)
    @rule(name=st.sampled_from(sorted(ORDERS)))
    def somebody_orders(self, name):
        self.soup.note(name)
        self.soup.order(lambda: ORDERS[name](self.soup))
        self.soup.run(3)


TestCooking = Cooking.TestCase
TestCooking.settings = settings(
    max_examples=examples(12),
    stateful_step_count=30,
    deadline=None,
    derandomize=not os.environ.get("BT_SOAK"),  # the same course in every suite, another one in every soak
    suppress_health_check=list(HealthCheck),
)
