"""The fault soup: an arm in virtual time to which everything happens that can, at random, and never the same twice.

A seed gives the same run again: `python -m tests.faults.soup_kit --seed 3 --ticks 1000000`.
"""

import argparse
import math
import random
import sys
import time
from collections import Counter, deque

import numpy as np

from bt_robot.arm.so101 import RANGES_RAD, REST, to_rad
from bt_robot.robot.emulator.arm import emulated_servos
from bt_robot.robot.emulator.line import Line
from bt_robot.robot.emulator.plant import FirstOrderPlant
from bt_robot.robot.so101.guardian.messages import Goal, State
from bt_robot.robot.so101.settings import GuardSettings
from bt_robot.robot.so101.wire.packets import status_packet
from bt_robot.robot.so101.wire.registers import OVERCURRENT_TIME, PROTECTION_TIME
from tests.faults.servo_kit import Flight
from tests.faults.soup_laws import HostLog, Laws
from tests.robot.so101_kit import IDS, PERIOD_S, START_S

STEP_S = 0.01
GUARD = GuardSettings(linger_s=1.0, orphan_after_s=2.0)
FAKE = status_packet(3, 0, bytes(15)).hex()
STATUSES = (1, 2, 4, 8, 32, 44, 255)


class Controller:
    """Sends goals as a controller does, and as none should."""

    def __init__(self, soup):
        self._soup, self._rng = soup, soup.rng
        self._pose = self._rate = None
        self._next_s = 0.0
        self._mood = "wander"
        self._mood_until_s = 0.0

    def start_here(self):
        """Begin where the arm is, as a node does that is started again."""
        joints = self._soup.arm.joints
        self._pose = np.where(np.isfinite(joints), joints, 0.0)

    def turn(self):
        arm, rng = self._soup.arm, self._rng
        if self._pose is None:
            self.start_here()
        if arm.now_s >= self._mood_until_s:
            self._mood = rng.choices(list(MOODS), list(MOODS.values()))[0]
            self._mood_until_s = arm.now_s + rng.choice((0.05, 0.3, 1.0, 2.0))
            self._rate = np.array([rng.uniform(-1.5, 1.5) * rng.choice((0, 0, 1)) for _ in IDS])
            self._soup.note("controller", self._mood)
        if self._mood == "dead":
            return
        if arm.now_s < self._next_s:
            return
        self._next_s = arm.now_s + PERIOD_S * rng.choice((1.0, 1.0, 1.0, 0.2, 2.0))
        arm.core.heard(arm.now_s)
        if self._mood != "silent":
            self._send()

    def _send(self):
        arm, rng, mood = self._soup.arm, self._rng, self._mood
        if mood == "wander":
            low, high = arm.safety.lower, arm.safety.upper
            self._pose = np.clip(self._pose + self._rate * PERIOD_S, low, high)
        positions = list(arm.calibration.to_ticks(self._pose))
        sent_s, period_s, number = arm.now_s, PERIOD_S, arm.number + 1
        if mood == "anywhere":
            positions = [rng.uniform(0.0, 4095.0) for _ in IDS]
        elif mood == "outside":
            positions[rng.randrange(6)] = rng.choice((-1e9, 1e300, 5000.0, -32768.0, 65536.0))
        elif mood == "no numbers":
            positions[rng.randrange(6)] = rng.choice((math.nan, math.inf, -math.inf))
        elif mood == "stale":
            sent_s -= rng.uniform(0.051, 3.0)
        elif mood == "old":
            number = max(0, arm.number - rng.randrange(5))
        elif mood == "odd periods":
            period_s = rng.choice((0.0, -1.0, 1e-12, 10.0, 1e9, math.nan, math.inf))
        arm.number = max(arm.number, number)
        # Only what is well-formed and new keeps the arm moving; whether it is also accepted is the guardian's affair.
        if mood not in ("no numbers", "stale") and period_s > 0.0:
            self._soup.laws.source_s = arm.now_s
        self._soup.order(lambda: arm.core.goal(Goal(number, sent_s, period_s, tuple(positions)), arm.now_s))


MOODS = {
    "wander": 30,
    "stand": 10,
    "anywhere": 4,
    "outside": 2,
    "no numbers": 2,
    "stale": 2,
    "old": 1,
    "odd periods": 2,
    "silent": 4,
    "dead": 3,
}


class Soup:
    """An arm, a controller, a person, and everything that can go wrong.

    Attributes:
        trail: What happened last, for whoever looks for a cause.
        states: How many cycles were spent in each state.
        happened: How often each thing happened.
    """

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.seed = seed
        start = [float(angle) for angle in to_rad(REST)]
        gravity = self.rng.random() < 0.7
        plant = FirstOrderPlant(start, gravity=gravity)
        self.line = Line(emulated_servos(), plant, log=HostLog(), step_s=STEP_S)
        for servo in self.line.servos:  # protections that wait for 2 s would hardly ever be seen
            servo.memory.keep(OVERCURRENT_TIME, 20)
            servo.memory.keep(PROTECTION_TIME, 20)
        self.laws = Laws(self.line)
        self.trail = deque(maxlen=40)
        self.states, self.happened = Counter(), Counter()
        self._doubts = Counter()
        self.ticks = 0
        self._ends = []  # when a fault is over, and what ends it
        self._stormy_until_s = self._calm_until_s = 0.0
        self.arm = None
        self._begin(START_S)

    def note(self, what, which=""):
        self.trail.append(f"{self.arm.now_s:.3f} {self.arm.state.name.lower()}: {what} {which}")
        self.happened[what] += 1

    def _begin(self, start_s, *, rescue=False):
        """Let another guardian take the arm."""
        gone = "" if self.arm is None else self.arm.port.gone
        number = 0 if self.arm is None else self.arm.number
        self.arm = Flight(GUARD, line=self.line, start_s=start_s)
        self.arm.port.gone, self.arm.number = gone, number
        if rescue:
            self.arm.core.rescue()
        self.controller = Controller(self)
        self.laws.begin(self.arm, rescue)
        self.note("rescuing guardian" if rescue else "guardian")

    def order(self, give):
        """Give an order, and note what it begins."""
        before = self.arm.state
        give()
        if before is State.STOPPED and self.arm.state is State.ARMED:
            self.laws.resumed(self.arm)

    def run(self, ticks):
        """Run bus cycles; a law that breaks tells how it came to that."""
        try:
            for _ in range(ticks):
                self._tick()
        except Exception as error:
            said = "\n  ".join(list(self.arm.words)[-10:])
            story = "\n  ".join(self.trail)
            text = (
                f"seed {self.seed}, tick {self.ticks}: {error!r}\nwhat happened:\n  {story}\nwhat was said:\n  {said}"
            )
            raise AssertionError(text) from error

    def _tick(self):
        arm, rng = self.arm, self.rng
        self.ticks += 1
        self._weather()
        self.controller.turn()
        self._person()
        arm = self.arm
        if rng.random() < 0.002:  # the guardian is kept from running, as by a stopped machine
            pause_s = rng.choice((0.02, 0.1, 0.4, 2.0))
            self.note("pause", f"{pause_s} s")
            arm.port.wait_until(arm.now_s + pause_s)
        due_s = arm.due_s
        arm.port.wait_until(due_s)
        self.laws.before(arm)
        arm.tick()
        self.states[arm.state] += 1
        self.laws.after(arm, due_s)
        if len(arm.words) > 200:
            del arm.words[:100]

    # the weather --------------------------------------------------------------------------------------------

    def _weather(self):
        now_s, rng = self.arm.now_s, self.rng
        for entry in [entry for entry in self._ends if entry[0] <= now_s]:
            self._ends.remove(entry)
            entry[1]()
        if now_s < self._calm_until_s:
            return
        if now_s >= self._stormy_until_s:
            self._clear_up()
            self._calm_until_s = now_s + rng.choice((0.3, 1.0, 2.0, 4.0))
            self._stormy_until_s = self._calm_until_s + rng.choice((0.1, 0.5, 1.5))
            return
        if rng.random() < 0.06:
            name, servo_id = rng.choice(list(FAULTS)), rng.choice(IDS)
            self.note(name, servo_id)
            end = FAULTS[name](self, servo_id)
            if end is not None:
                self._ends.append((now_s + rng.choice((0.01, 0.03, 0.1, 0.5, 1.5)), end))

    def _clear_up(self):
        for _, end in self._ends:
            end()
        self._ends.clear()
        self.line.faults.clear()
        self.line.faults.power(True)
        self.arm.port.gone = ""

    def doubt(self, servo_id):
        """Note that for one reason more the guardian can't know where a joint is."""
        self._doubts[servo_id] += 1
        self.laws.doubtful[servo_id] = math.inf

    def believe(self, servo_id, in_s=0.5):
        """Note that one such reason is over in a while."""
        self._doubts[servo_id] -= 1
        if not self._doubts[servo_id]:
            self.laws.doubtful[servo_id] = self.arm.now_s + in_s

    # the person ---------------------------------------------------------------------------------------------

    def _person(self):
        arm, rng, core = self.arm, self.rng, self.arm.core
        if core.finished:
            if rng.random() < 0.1:
                self._begin(arm.now_s)
            return
        chance = rng.random()
        if arm.state is State.DISARMED and chance < 0.05:
            self._switch_on()
        elif core.latched and chance < 0.02:
            self._do("reset", core.reset)
        elif arm.state is State.STOPPED and not core.latched and chance < 0.06:
            self.controller.start_here()
            if rng.random() < 0.2:
                self._do("arm", lambda: core.arm(arm.now_s))
        elif arm.state is State.LEAVING and chance < 0.01:
            self._do(*rng.choice((("stand_still", core.stand_still), ("hurry", core.hurry))))
        elif chance > 0.9975:
            self._interfere()

    def _switch_on(self):
        """Arm, and move a joint inside by hand where that is what is asked for."""
        refusals = []
        self._do("arm", lambda: refusals.append(self.arm.core.arm(self.arm.now_s)))
        if "outside its limits" in refusals[0]:
            servo_id = next(i for i in IDS if f"(id {i})" in refusals[0])
            self._place(servo_id, 0.3)

    def _do(self, name, order):
        self.note(name)
        self.order(order)

    def _interfere(self):
        arm, core = self.arm, self.arm.core
        what = self.rng.choice(("stop", "emergency", "leave", "kill", "kill", "arm", "reset", "gone", "move"))
        if what == "kill":  # the guardian dies, and the servos hold their last goals
            self.note("kill")
            self._begin(arm.now_s, rescue=self.rng.random() < 0.7)
        elif what == "move":
            self._place(self.rng.choice(IDS))
        else:
            orders = {
                "stop": lambda: core.stop("a tree"),
                "emergency": lambda: core.emergency("a person"),
                "leave": lambda: core.leave(arm.now_s),
                "gone": lambda: core.leave(arm.now_s, "the controller is gone"),
                "arm": lambda: core.arm(arm.now_s),
                "reset": core.reset,
            }
            self._do(what, orders[what])

    # what can go wrong --------------------------------------------------------------------------------------

    def _place(self, servo_id, position_rad=None):
        low, high = RANGES_RAD[servo_id - 1]
        self.note("move", servo_id)
        self.doubt(servo_id)
        self.believe(servo_id, 1.0)
        anywhere = self.rng.uniform(low - 0.2, high + 0.2)
        self.line.faults.place(servo_id, anywhere if position_rad is None else position_rad)

    def _silence(self, servo_id):
        faults = self.line.faults
        faults.silence(servo_id, self.rng.choice((1, 2, 3, 5, 60)))
        return lambda: faults.silence(servo_id, 0)

    def _all_silent(self, _):
        for servo_id in IDS:
            self.line.faults.silence(servo_id)
        return lambda: [self.line.faults.silence(servo_id, 0) for servo_id in IDS]

    def _power(self, _):
        self.line.faults.power(False)
        return lambda: self.line.faults.power(True)

    def _port(self, _):
        self.arm.port.gone = "/dev/ttyACM0 has vanished"

        def back():
            self.arm.port.gone = ""

        return back

    def _jump(self, servo_id):
        self.doubt(servo_id)
        ticks = self.rng.choice((100, -300, 800, 2048, 4096))
        self.line.faults.jump(servo_id, ticks, self.rng.choice((1, 2, 3, 10, None)))

        def end():
            self.line.faults.jump(servo_id, 0, 0)
            self.believe(servo_id)

        return end

    def _pose(self, servo_id):
        other = self.rng.choice(IDS)
        self.doubt(other)
        self.line.faults.pose(servo_id, other)

        def end():
            self.line.faults.pose(servo_id, servo_id)
            self.believe(other)

        return end

    def _late(self, servo_id):
        self.doubt(servo_id)
        late_s = self.rng.choice((0.0005, 0.003, 0.0072, 0.0099, 0.0101, 0.02))
        self.line.faults.delay(servo_id, late_s, self.rng.choice((1, 2, 10, None)))

        def end():
            self.line.faults.delay(servo_id, 0.0, 0)
            self.believe(servo_id)

        return end

    def _echo(self, _):
        self.line.faults.hear_itself()
        return lambda: self.line.faults.hear_itself(on=False)

    def _babble(self, _):
        self.line.faults.babble(self.rng.choice((500.0, 5_000.0, 50_000.0, 100_000.0)))
        return lambda: self.line.faults.babble(0.0)

    def _garbage(self, _):
        data = self.rng.choice((FAKE, "ffff0311", "ff", "ffffffff", self.rng.randbytes(30).hex()))
        self.line.faults.precede(data, self.rng.choice((1, 2, 5)))
        self.doubt(3)  # where it is silent itself, nothing tells the false reply from its own

        def end():
            self.line.faults.garbage.clear()
            self.believe(3)

        return end


def _for_a_while(name, off, **values):
    """A fault of one servo that is on until it is switched off again."""

    def begin(soup, servo_id):
        fault = getattr(soup.line.faults, name)
        chosen = {key: soup.rng.choice(choices) for key, choices in values.items()}
        fault(servo_id=servo_id, **chosen)
        return lambda: fault(servo_id=servo_id, **off)

    return begin


def _once(name, **values):
    """A fault that is over when it has happened."""

    def begin(soup, servo_id):
        chosen = {key: soup.rng.choice(choices) for key, choices in values.items()}
        if name in ("corrupt_checksum", "reboot", "poke"):
            chosen["servo_id"] = servo_id
        getattr(soup.line.faults, name)(**chosen)

    return begin


FAULTS = {
    "silence": Soup._silence,
    "all silent": Soup._all_silent,
    "power": Soup._power,
    "port": Soup._port,
    "jump": Soup._jump,
    "pose": Soup._pose,
    "late": Soup._late,
    "babble": Soup._babble,
    "garbage": Soup._garbage,
    "place": Soup._place,
    "echo": Soup._echo,
    "reboot": _once("reboot"),
    "corrupt": _once("corrupt_checksum", count=(1, 2, 4)),
    "swallow_requests": _once("swallow", requests=(1, 2, 3, 8)),
    "swallow_writes": _once("swallow", writes=(1, 3, 12, 30)),
    "flip": _once("flip", byte=tuple(range(222)), bit=tuple(range(8))),
    "cut": _once("cut", length=tuple(range(222))),
    "forget": _once("poke", register=("goal_speed", "torque_limit", "acceleration"), value=(0, 200)),
    "report": _for_a_while("report", {"status": 0}, status=STATUSES),
    "supply": _for_a_while("supply", {"volts": None}, volts=(3.0, 3.9, 5.5, 14.5, 16.0)),
    "heat": _for_a_while("heat", {"celsius": None}, celsius=(58.0, 61.0, 66.0, 72.0)),
    "draw": _for_a_while("draw", {"milliamperes": None}, milliamperes=(300.0, 4000.0)),
    "freeze": _for_a_while("freeze", {"on": False}),
    "deaf": _for_a_while("ignore_torque_off", {"on": False}),
    "resize": _for_a_while("resize", {"extra": 0}, extra=(-15, -1, 1, 40)),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ticks", type=int, default=100_000)
    options = parser.parse_args()
    soup = Soup(options.seed)
    began_s = time.perf_counter()
    soup.run(options.ticks)
    took_s = time.perf_counter() - began_s
    shares = ", ".join(f"{state.name.lower()} {count}" for state, count in soup.states.most_common())
    sys.stdout.write(f"seed {options.seed}: {options.ticks} cycles in {took_s:.1f} s; {shares}\n")
    sys.stdout.write(", ".join(f"{what} {count}" for what, count in soup.happened.most_common()) + "\n")


if __name__ == "__main__":
    main()
