"""The numbers of a run, counted tick by tick."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from bt_robot.messages import LinkState, TickRecord
from bt_robot.telemetry.skill_numbers import SkillNumbers
from bt_robot.telemetry.skills import SkillTally


@dataclass(frozen=True, slots=True)
class RunNumbers:
    """What happened in a run, in numbers.

    Attributes:
        total: The numbers that each skill has too, over the whole run.
        skills: The same for each skill, by path, in order of first appearance.
        overruns: Ticks that were followed by missed ones.
        clamps: How often each limit of each joint changed a proposal, e.g. `gripper: velocity`.
        link: The policy link at the end.
        commands_sha256: A hash over every command's step and positions, for comparing runs.
    """

    total: SkillNumbers
    skills: Mapping[str, SkillNumbers]
    overruns: int
    clamps: Mapping[str, int]
    link: LinkState
    commands_sha256: str


class Tally:
    """A sink that counts.

    Attributes:
        by_skill: What the numbers of the skills and the run come from, for putting several runs together.
    """

    def __init__(self) -> None:
        """Start at zero."""
        self.by_skill = SkillTally()
        self._overruns = 0
        self._clamps: Counter[str] = Counter()
        self._link = LinkState(available=False)
        self._hash = hashlib.sha256()

    def publish(self, record: TickRecord) -> None:
        """Count one tick."""
        self.by_skill.publish(record)
        self._overruns += record.skipped > 0
        self._clamps.update(record.verdict.clamped)
        self._link = record.link
        self._hash.update(record.command.step.to_bytes(8, "little", signed=True))
        self._hash.update(record.command.positions.astype("<f8").tobytes())

    @property
    def numbers(self) -> RunNumbers:
        """The numbers so far."""
        return RunNumbers(
            total=self.by_skill.total.numbers,
            skills={path: skill.numbers for path, skill in self.by_skill.skills.items()},
            overruns=self._overruns,
            clamps=dict(self._clamps),
            link=self._link,
            commands_sha256=self._hash.hexdigest(),
        )
