"""One run without a screen, judged: what `bt-eval` repeats."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import wait

from bt_robot.cli.expectations import unmet
from bt_robot.cli.session import Job, open_session
from bt_robot.errors import StartRefused
from bt_robot.messages import Status
from bt_robot.telemetry.audit import Auditor
from bt_robot.telemetry.skills import SkillSamples
from bt_robot.telemetry.tally import Tally

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Episode:
    """How one episode went.

    Attributes:
        seed: Its seed.
        success: The tree succeeded and what it expects is so.
        reason: Why not; empty on success.
        failed_path: The node that explains it; empty where no node does.
        duration_s: Time on the run's clock [s].
        wall_s: Wall time [s].
        samples: What its numbers come from.
        skills: The same for each skill, by path.
        violations: Commands outside a limit, found by an independent reader.
        refused: Robot or policy refused, so that nothing was run.
    """

    seed: int
    success: bool
    reason: str = ""
    failed_path: str = ""
    duration_s: float = 0.0
    wall_s: float = 0.0
    samples: SkillSamples = field(default_factory=SkillSamples)
    skills: Mapping[str, SkillSamples] = field(default_factory=dict[str, SkillSamples])
    violations: int = 0
    refused: bool = False


def belong_to_the_parent() -> None:
    """In a worker process: leave Ctrl-C to the parent, and end when the parent does, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def run_episode(job: Job) -> Episode:
    """Run a job to its end and judge it."""
    began_s = time.monotonic()
    tally = Tally()
    try:
        with open_session(job) as session:
            auditor = Auditor(session.plans.limits, session.start, job.period_s)
            ending = session.run([tally, auditor])
            missing = unmet(job.spec.expects, session.robot)
    except StartRefused as error:
        return Episode(job.seed, False, str(error), wall_s=time.monotonic() - began_s, refused=True)
    except Exception as error:  # one broken episode must not cost the others
        logger.exception("seed %d", job.seed)
        reason = f"internal error: {type(error).__name__}: {error}"
        return Episode(job.seed, False, reason, wall_s=time.monotonic() - began_s)
    reason = ending.reason
    if ending.status is Status.SUCCESS and missing:
        reason = f"the tree succeeded, but {' and '.join(missing)}"
    return Episode(
        seed=job.seed,
        success=ending.status is Status.SUCCESS and not missing,
        reason=reason,
        failed_path=ending.failed_path,
        duration_s=tally.by_skill.total.duration_s,
        wall_s=time.monotonic() - began_s,
        samples=tally.by_skill.total,
        skills=tally.by_skill.skills,
        violations=auditor.count,
    )
