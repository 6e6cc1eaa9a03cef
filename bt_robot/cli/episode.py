"""One run without a screen, judged: what `bt-eval` repeats."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass

from bt_robot.cli.expectations import unmet
from bt_robot.cli.session import Job, open_session
from bt_robot.errors import StartRefused
from bt_robot.messages import Status
from bt_robot.telemetry.audit import audit
from bt_robot.telemetry.recording import Recording
from bt_robot.telemetry.tally import Tally


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
        hold_ticks: Ticks without a proposal.
        stall_ticks: Ticks after the first chunk in which no action was planned.
        clamped: Ticks in which a limit changed the proposal.
        violations: Commands outside a limit, found by an independent reader.
    """

    seed: int
    success: bool
    reason: str = ""
    failed_path: str = ""
    duration_s: float = 0.0
    wall_s: float = 0.0
    hold_ticks: int = 0
    stall_ticks: int = 0
    clamped: int = 0
    violations: int = 0


def leave_interrupts_to_the_parent() -> None:
    """Ignore Ctrl-C in a worker process: the parent decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run_episode(job: Job) -> Episode:
    """Run a job to its end and judge it."""
    began_s = time.monotonic()
    tally, recording = Tally(), Recording({})
    try:
        with open_session(job) as session:
            ending = session.run([tally, recording])
            missing = unmet(job.spec.expects, session.robot)
            limits, start = session.limits, session.start
    except StartRefused as error:
        return Episode(job.seed, False, str(error))
    reason = ending.reason
    if ending.status is Status.SUCCESS and missing:
        reason = f"the tree succeeded, but {' and '.join(missing)}"
    numbers = tally.numbers
    return Episode(
        seed=job.seed,
        success=ending.status is Status.SUCCESS and not missing,
        reason=reason,
        failed_path=ending.failed_path,
        duration_s=numbers.duration_s,
        wall_s=time.monotonic() - began_s,
        hold_ticks=numbers.hold_ticks,
        stall_ticks=numbers.stall_ticks,
        clamped=numbers.clamped,
        violations=len(audit(recording.columns.commanded, start, limits, job.period_s)),
    )
