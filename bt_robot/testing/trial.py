"""Run a tree on an arm in memory, in simulated time, and look at what came of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from bt_robot.arm import so101
from bt_robot.messages import Command, Joints, Status, TickRecord
from bt_robot.nodes import standard_registry
from bt_robot.policy.chunks.plan import Plan
from bt_robot.policy.link.silent import SilentPolicy
from bt_robot.robot.base import Robot
from bt_robot.robot.fake import FakeRobot
from bt_robot.runtime.clock import SimulatedClock
from bt_robot.runtime.loop import Loop
from bt_robot.tree import Leaf, Registry, build_tree, parse_tree


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a run.

    Attributes:
        status: SUCCESS or FAILURE.
        reason: Why it failed; empty on SUCCESS.
        failed_path: The node that explains a FAILURE; empty where no node does.
        start: The measured joints before the first command, (n,) [rad, gripper 0 … 1].
        joints: The measured joints at the end, (n,) [rad, gripper 0 … 1].
        records: Everything, tick by tick.
    """

    status: Status
    reason: str
    failed_path: str
    start: Joints
    joints: Joints
    records: tuple[TickRecord, ...]

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands that were sent, in order."""
        return tuple(record.command for record in self.records)


class _Records:
    """Keeps every tick."""

    def __init__(self) -> None:
        self.kept: list[TickRecord] = []

    def publish(self, record: TickRecord) -> None:
        """Keep it."""
        self.kept.append(record)


def run_tree(
    root: str,
    leaves: Iterable[type[Leaf]] = (),
    *,
    robot: Robot | None = None,
    max_time_s: float = 10.0,
    control_hz: float = 30.0,
) -> Trial:
    """Run one node, with everything below it, to its end; as fast as it goes, and the same in every run.

    ```
    assert run_tree("open_gripper: {opening: 0.8}", [OpenGripper]).status is Status.SUCCESS
    ```

    Args:
        root: The node, in YAML.
        leaves: Leaves that it may name, besides those of bt-robot.
        robot: Not connected yet; by default a perfect SO-101 in memory that stands at rest.
        max_time_s: It fails after this time.
        control_hz: How often it is ticked [Hz].

    Raises:
        LoadError: Everything wrong with the tree.
    """
    registry = Registry([*standard_registry().leaves.values(), *leaves])
    spec = parse_tree(f"tree: trial\nroot:\n{textwrap.indent(textwrap.dedent(root), '  ')}", "trial", registry)
    robot, records = robot or FakeRobot(), _Records()
    robot.connect()
    try:
        robot.arm()
        start = robot.observe(0, 0.0).joints.copy()
        ending = Loop(
            robot=robot,
            tree=build_tree(spec),
            link=SilentPolicy(),
            plan=Plan(1, 1),
            clock=SimulatedClock(1.0 / control_hz),
            limits=robot.limits,
            poses={"rest": so101.REST} if robot.limits.names == so101.JOINT_NAMES else {},
            sinks=[records],
            max_time_s=max_time_s,
        ).run()
        last = records.kept[-1] if records.kept else None
        end = start if last is None else robot.observe(last.step + 1, last.time_s + 1.0 / control_hz).joints.copy()
    finally:
        robot.close()
    return Trial(ending.status, ending.reason, ending.failed_path, start, end, tuple(records.kept))
