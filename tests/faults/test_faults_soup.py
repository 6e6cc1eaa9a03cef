"""The fault soup: laws of the servo bus that hold whatever happens, at random, for a long time.

100 000 bus cycles in the suite, a hundred times as many in `make soak`, and any number of them by
`python -m tests.faults.soup_kit --seed 3 --ticks 1000000`.
"""

import os
from unittest import mock

import pytest

from bt_robot.robot.so101.guardian.core import Core
from bt_robot.robot.so101.guardian.limbs import Limbs
from bt_robot.robot.so101.guardian.messages import State
from bt_robot.robot.so101.guardian.motion import JointMotion
from tests.faults.soup_kit import FAULTS, MOODS, Soup

SOAK = bool(os.environ.get("BT_SOAK"))
SEEDS, TICKS = (40, 250_000) if SOAK else (4, 25_000)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_mixture_of_faults_goals_and_orders_breaks_a_law_of_the_bus(seed):
    soup = Soup(seed)
    soup.run(TICKS)
    assert sum(soup.states.values()) == TICKS
    assert min(soup.states[state] for state in State) > 0
    assert soup.states[State.ARMED] > 0.1 * TICKS  # it was an arm at work, not one that lay on the table
    assert set(FAULTS) <= set(soup.happened)
    assert len(MOODS) * 5 < soup.happened["controller"]
    assert soup.happened["kill"] > 0


def unlimited(motion, velocity, dt_s):
    motion.position, motion.velocity = motion.position + velocity * dt_s, velocity


BROKEN = {
    "goals outside the limits": (JointMotion, "_move", unlimited),
    "goals too far apart": (JointMotion, "_limited", lambda motion, velocity, change: velocity),
    "goals for ever": (Core, "_watch_the_clock", lambda core, now_s: None),
    "goals for servos that are forbidden": (Core, "_no_goals", property(lambda core: frozenset())),
    "a latch that stops nothing": (Core, "_latch", lambda core, text: setattr(core, "latched", core.latched or text)),
    "a resumption from somewhere else": (
        Limbs,
        "start_here",
        lambda limbs: [motion.start(motion.position) for motion in limbs.motions.values()],
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_laws_notice_a_guardian_that_breaks_them(name):
    owner, method, wrong = BROKEN[name]
    with mock.patch.object(owner, method, wrong), pytest.raises(AssertionError, match="what happened:"):
        cook(seeds=range(5), ticks=20_000)


def cook(seeds, ticks):
    for seed in seeds:
        Soup(seed).run(ticks)


def test_a_soup_is_the_same_again_with_the_same_seed():
    one, other = Soup(7), Soup(7)
    one.run(1500)
    other.run(1500)
    assert list(one.trail) == list(other.trail)
    assert one.arm.log.to_lines() == other.arm.log.to_lines()
