"""What a skill, or a whole run, cost the policy link and the arm, in numbers.

Latencies are on the run's clock; their parts are in wall time, so in simulated time the parts may be more or less than
the whole. None stands where nothing was measured.
"""

from __future__ import annotations

from dataclasses import dataclass

from bt_robot.telemetry.sample import Sample


@dataclass(frozen=True, slots=True)
class Latency:
    """A latency over many answers [s].

    Attributes:
        p50_s: The median.
        p95_s: Nineteen of twenty were not above it.
        max_s: The greatest.
    """

    p50_s: float | None = None
    p95_s: float | None = None
    max_s: float | None = None

    @classmethod
    def of(cls, sample: Sample) -> Latency:
        """Summarise measured latencies [s]."""
        return cls(sample.quantile(0.5), sample.quantile(0.95), sample.max)


@dataclass(frozen=True, slots=True)
class PartLatencies:
    """Where the latency went, in wall time.

    Attributes:
        picture: Making, resizing and compressing the pictures.
        encode: Writing the request.
        network: Sending and receiving; the server's time is in it when the server does not tell its own.
        server: What the server says it spent.
        decode: Reading and checking the answer.
    """

    picture: Latency
    encode: Latency
    network: Latency
    server: Latency
    decode: Latency


@dataclass(frozen=True, slots=True)
class Delay:
    """The delay of chunks from observation to arrival [control steps].

    Attributes:
        expected_mean_steps: What was expected when each arrived, on average.
        expected_max_steps: The most that was expected.
        measured_mean_steps: What it was, on average.
        measured_max_steps: The longest.
    """

    expected_mean_steps: float | None = None
    expected_max_steps: float | None = None
    measured_mean_steps: float | None = None
    measured_max_steps: float | None = None


@dataclass(frozen=True, slots=True)
class Chunks:
    """What became of the chunks.

    Attributes:
        accepted: In the plan.
        guided: Those of them that continued the plan the server was told (real-time chunking); the others were aligned.
        late: Every action of them was past, or a newer chunk was there.
        rejected: They disagreed with what was planned.
        dropped: Answers to a question that no longer counted: another prompt, a halt.
    """

    accepted: int = 0
    guided: int = 0
    late: int = 0
    rejected: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class ActionCounts:
    """What became of the actions in them [control steps].

    Attributes:
        planned: In all chunks that arrived.
        executed: Taken and sent.
        discarded: Never taken: skipped, replaced, dropped, late or rejected.
        leashed: Increments that were held back because the arm did not follow.
    """

    planned: int = 0
    executed: int = 0
    discarded: int = 0
    leashed: int = 0


@dataclass(frozen=True, slots=True)
class SeamJumps:
    """How far accepted chunks began from the plan they replaced, greatest over the arm's joints [rad].

    Attributes:
        before_p95_rad: As the policy planned them; nineteen of twenty were not above it.
        before_max_rad: The greatest.
        after_p95_rad: As they were executed, after the strategy's treatment.
        after_max_rad: The greatest.
    """

    before_p95_rad: float | None = None
    before_max_rad: float | None = None
    after_p95_rad: float | None = None
    after_max_rad: float | None = None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The difference of chunks to the plan where both have actions, over the arm's joints [rad].

    Attributes:
        rms_rad: Root mean square over the chunks.
        p95_rad: Nineteen of twenty did not differ more.
    """

    rms_rad: float | None = None
    p95_rad: float | None = None


@dataclass(frozen=True, slots=True)
class JerkRms:
    """Root mean square jerk over the arm's joints and time, without the gripper [rad/s³].

    Attributes:
        asked_rad_s3: Of what the tree asked for, before the governor.
        commanded_rad_s3: Of the commands.
        measured_rad_s3: Of the measured joints; a real arm's contains the resolution of its encoders.
    """

    asked_rad_s3: float | None = None
    commanded_rad_s3: float | None = None
    measured_rad_s3: float | None = None


@dataclass(frozen=True, slots=True)
class SkillNumbers:
    """The numbers of one skill, or of a run.

    Attributes:
        visits: How often it began to be the innermost one at work.
        ticks: Control steps in it.
        duration_s: Time in it on the run's clock [s].
        wait_ticks: Ticks before the run's first chunk in which an action was wanted.
        stall_ticks: Ticks after it in which an action was wanted and none was planned.
        longest_stall_s: The longest row of such ticks [s].
        hold_ticks: Ticks without a proposal, in which the arm braked or held.
        clamped_ticks: Ticks in which a limit changed the proposal.
        refused_ticks: Ticks in which the governor refused the proposal.
        latency: From question to answer.
        parts: Where that time went.
        delay: The same in control steps.
        chunks: What became of the chunks.
        actions: What became of the actions.
        seam: How far chunks began from the plan.
        disagreement: How much they differed from it.
        jerk: How roughly the arm moved.
    """

    visits: int
    ticks: int
    duration_s: float
    wait_ticks: int
    stall_ticks: int
    longest_stall_s: float
    hold_ticks: int
    clamped_ticks: int
    refused_ticks: int
    latency: Latency
    parts: PartLatencies
    delay: Delay
    chunks: Chunks
    actions: ActionCounts
    seam: SeamJumps
    disagreement: Disagreement
    jerk: JerkRms

    @property
    def stall_share(self) -> float:
        """The share of its ticks that stalled, 0 … 1."""
        return self.stall_ticks / max(self.ticks, 1)

    @property
    def hold_share(self) -> float:
        """The share of its ticks without a proposal, 0 … 1."""
        return self.hold_ticks / max(self.ticks, 1)

    @property
    def governor_share(self) -> float:
        """The share of its ticks in which the governor changed or refused the proposal, 0 … 1."""
        return (self.clamped_ticks + self.refused_ticks) / max(self.ticks, 1)
