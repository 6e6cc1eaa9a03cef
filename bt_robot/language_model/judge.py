"""The judge of a run: a vision-language model asked in threads of its own.

What a tree sees changes in `ask` and `poll` only, which the control loop calls. Under a simulated clock an answer
becomes visible a fixed time after its question, so that a run can be repeated; a run that is not paced waits in wall
time for answers that are due, as the policy's link does.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Final

from bt_robot.language_model.asking import Asker, Finding
from bt_robot.messages import Judgement, Question

MOST_AT_ONCE: Final = 4
"""Questions under way at the same time: servers answer several together, and a leaf has one at most."""

_EPSILON_S: Final = 1e-9  # a due time that is a multiple of the control period must not miss its tick by rounding
_GRACE_S: Final = 5.0  # making the pictures comes on top of the endpoint's own time limit
_CLOSE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Pace:
    """When an answer becomes visible.

    Attributes:
        latency_s: After the question at the earliest, on the run's clock [s].
        wait: Whether an answer that is due is waited for in wall time.
    """

    latency_s: float = 0.0
    wait: bool = False


@dataclass(slots=True)
class _Job:
    question: Question
    asked_s: float
    over: threading.Event = field(default_factory=threading.Event)
    finding: Finding | None = None


class ModelJudge:
    """A `Judge` behind a chat endpoint."""

    def __init__(self, asker: Asker, timeout_s: float, pace: Pace | None = None) -> None:
        """Prepare; nothing is asked before `ask`.

        Args:
            asker: Puts the questions.
            timeout_s: What one of them may take [s].
            pace: When answers become visible; as soon as they are there by default.
        """
        self._asker = asker
        self._timeout_s = timeout_s
        self._pace = pace or Pace()
        self._jobs: dict[int, _Job] = {}
        self._threads: set[threading.Thread] = set()
        self._tickets = 0
        self._trouble = ""

    def ask(self, question: Question, now_s: float) -> int | None:
        """Begin to ask; return a ticket, or None while too many questions are under way."""
        self._threads = {thread for thread in self._threads if thread.is_alive()}
        if len(self._threads) >= MOST_AT_ONCE:
            return None
        self._tickets += 1
        job = self._jobs[self._tickets] = _Job(question, now_s)
        thread = threading.Thread(target=self._run, args=(job,), name="judge", daemon=True)
        self._threads.add(thread)
        thread.start()
        return self._tickets

    def _run(self, job: _Job) -> None:
        job.finding = self._asker.find_out(job.question)
        job.over.set()

    def poll(self, ticket: int, now_s: float) -> Judgement | None:
        """Take the answer, once; None while there is none, or when the ticket was given back."""
        job = self._jobs.get(ticket)
        if job is None or now_s < job.asked_s + self._pace.latency_s - _EPSILON_S:
            return None
        if self._pace.wait:
            job.over.wait(self._timeout_s + _GRACE_S)
        finding = job.finding
        if finding is None or not job.over.is_set():
            return None
        if finding.timed_out and self._pace.wait and now_s < job.asked_s + self._timeout_s - _EPSILON_S:
            return None  # on the run's clock the time is not over yet
        del self._jobs[ticket]
        opinion = finding.opinion
        seen_s = min(frame.captured_s for frame in job.question.now)
        news = self._news(finding)
        return Judgement(opinion.yes, opinion.graded, opinion.reason, seen_s, finding.retry_in_s, news)

    def _news(self, finding: Finding) -> str:
        before, self._trouble = self._trouble, finding.trouble
        if finding.trouble:
            return "" if before else f"language model: {finding.trouble}"
        if before:
            return "language model: answers again"
        return f"language model: {finding.remark}" if finding.remark else ""

    def forget(self, ticket: int) -> None:
        """Give a ticket back: its answer is not wanted any more."""
        self._jobs.pop(ticket, None)

    def close(self) -> None:
        """End what is under way; allowed at any time, any number of times."""
        self._asker.close()
        self._jobs.clear()
        for thread in self._threads:
            thread.join(_CLOSE_S / MOST_AT_ONCE)
