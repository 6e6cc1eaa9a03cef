"""What it costs a leaf to read and to write a value: `python -m benchmarks.ports`.

Our ports beside py_trees' two ways to its blackboard, a client and the ports of py_trees 2.6, in turns in the same run;
best of several rounds, the empty loop taken off. BehaviorTree.CPP's `getInput<double>` takes 52 ns and its `setOutput`
68 ns (quoted from a measurement on another day).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import py_trees
from py_trees.common import Access, Status
from py_trees.ports import BehaviourWithPorts, PortInformation

from bt_robot.messages import TickContext
from bt_robot.tree import Action, Input, Outcome, Output, Slot, success

CALLS = 5_000
ROUNDS = 60


class Carry(Action):
    """Read a number and write it."""

    type_name = "carry"
    value = Input(float, minimum=0.0, doc="a number")
    seen = Output(float, doc="the same")

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Do nothing."""
        return success()


class Rival(BehaviourWithPorts, register=False):
    """The same with py_trees' ports."""

    INPUT_PORTS = {"value": PortInformation(float)}  # noqa: RUF012 - py_trees wants it so
    OUTPUT_PORTS = {"seen": PortInformation(float)}  # noqa: RUF012

    def update(self) -> Status:
        """Do nothing."""
        return Status.SUCCESS


def ways() -> dict[str, tuple[Callable[[], object], Callable[[], object] | None]]:
    """Return a way to read of each kind, and a way to write if there is one."""
    slot = Slot("width")
    slot.write(1.5)
    ours, given = Carry(value=slot, seen=slot), Carry(value=1.5)
    client = py_trees.blackboard.Client(name="client")
    client.register_key("value", access=Access.READ)
    client.register_key("seen", access=Access.WRITE)
    rival = Rival(name="rival")
    rival.setup_ports({"value": "/value", "seen": "/seen"})
    py_trees.blackboard.Blackboard.set("/value", 1.5)

    def write() -> None:
        ours.seen = 1.5

    def write_client() -> None:
        client.seen = 1.5

    return {
        "our port, bound to a key": (lambda: ours.value, write),
        "our port, with a value": (lambda: given.value, None),
        "py_trees' client": (lambda: client.value, write_client),
        "py_trees' ports": (lambda: rival.get_input("value"), lambda: rival._set_output("seen", 1.5)),
    }


def once_s(call: Callable[[], object]) -> float:
    """Return the time of one round [s]."""
    began_s = time.perf_counter()
    for _ in range(CALLS):
        call()
    return time.perf_counter() - began_s


def main() -> None:
    """Print the table."""
    calls = ways()
    timed = {(name, side): call for name, pair in calls.items() for side, call in enumerate(pair) if call}
    empty_s, best_s = 1e9, dict.fromkeys(timed, 1e9)
    for _ in range(ROUNDS):
        empty_s = min(empty_s, once_s(lambda: None))
        for key, call in timed.items():
            best_s[key] = min(best_s[key], once_s(call))
    print("| way | read | write |")
    print("|---|---|---|")
    for name in calls:
        cells = [
            f"{(best_s[name, side] - empty_s) / CALLS * 1e9:.0f} ns" if (name, side) in best_s else "–"
            for side in (0, 1)
        ]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
