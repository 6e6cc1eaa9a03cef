"""The numbers of the policy link, skill by skill, in bounded memory for any length of run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bt_robot.messages import ActionChunk, Joints, PlanStats, Splice, TickRecord
from bt_robot.telemetry.jerk import JerkMeter
from bt_robot.telemetry.sample import MeanSquare, Sample
from bt_robot.telemetry.skill_numbers import (
    ActionCounts,
    Chunks,
    Delay,
    Disagreement,
    JerkRms,
    Latency,
    PartLatencies,
    SeamJumps,
    SkillNumbers,
)

_SAMPLES = (
    "latency_s",
    "picture_s",
    "encode_s",
    "network_s",
    "server_s",
    "decode_s",
    "expected_steps",
    "measured_steps",
    "before_rad",
    "after_rad",
    "disagreement_rad",
)
_ACCEPTED = Splice("accepted")


@dataclass(frozen=True, slots=True)
class _Tick:
    """What one tick adds to the numbers.

    Attributes:
        record: The tick.
        before: What became of everything planned up to the tick before.
        dropped: Answers dropped since then.
        wait: Whether it wanted an action before the run's first chunk.
        stall: Whether it wanted an action later and none was planned.
        period_s: The control period [s]; 0 where it is not known yet.
        jerks: Jerk of what was asked for, of the command and of the measured joints, (n-1,) rad/s³ each; None where it
            is not known.
    """

    record: TickRecord
    before: PlanStats
    dropped: int
    wait: bool
    stall: bool
    period_s: float
    jerks: tuple[Joints | None, Joints | None, Joints | None]


class SkillSamples:
    """All that is kept of a skill, or of a run; what it amounts to is in `numbers`.

    Attributes:
        duration_s: Time in it so far [s]; its owner adds to it.
    """

    def __init__(self) -> None:
        """Start at zero."""
        self.duration_s = 0.0
        self._counts: Counter[str] = Counter()
        self._samples = {name: Sample() for name in _SAMPLES}
        self._jerks = (MeanSquare(), MeanSquare(), MeanSquare())
        self._stall_began_s: float | None = None
        self._longest_stall_s = 0.0

    @classmethod
    def merged(cls, parts: Iterable[SkillSamples]) -> SkillSamples:
        """Return the numbers of several runs as if they were one; rows of stalls are not joined."""
        parts, whole = tuple(parts), cls()
        whole.duration_s = sum(part.duration_s for part in parts)
        whole._samples = {name: Sample.merged(part._samples[name] for part in parts) for name in _SAMPLES}
        whole._longest_stall_s = max((part._longest_stall_s for part in parts), default=0.0)
        for part in parts:
            whole._counts.update(part._counts)
            for jerk, more in zip(whole._jerks, part._jerks, strict=True):
                jerk.merge(more)
        return whole

    def begin(self) -> None:
        """Note that the skill begins, for the first time or again."""
        self._counts["visits"] += 1
        self._stall_began_s = None

    def add(self, tick: _Tick) -> None:
        """Take note of what happened in a tick."""
        record, counts = tick.record, self._counts
        counts["ticks"] += 1
        counts["waits"] += tick.wait
        counts["stalls"] += tick.stall
        counts["held"] += record.verdict.held
        counts["clamped"] += bool(record.verdict.clamped)
        counts["refused"] += bool(record.verdict.refused)
        counts["executed"] += record.plan.executed - tick.before.executed
        counts["discarded"] += record.plan.discarded - tick.before.discarded
        counts["leashed"] += record.plan.leashed - tick.before.leashed
        self._add_stall(tick)
        for jerk, values in zip(self._jerks, tick.jerks, strict=True):
            if values is not None:
                jerk.add(values)

    def add_arrival(self, tick: _Tick) -> None:
        """Take note of what arrived from the policy right before a tick."""
        self._counts["dropped"] += tick.dropped
        self._counts["planned"] += tick.record.plan.planned - tick.before.planned
        if tick.record.chunk is not None:
            self._add_chunk(tick.record.chunk, tick.record.splice or _ACCEPTED)

    def _add_stall(self, tick: _Tick) -> None:
        if not tick.stall:
            self._stall_began_s = None
            return
        if self._stall_began_s is None:
            self._stall_began_s = tick.record.time_s
        lasted_s = tick.record.time_s - self._stall_began_s + tick.period_s
        self._longest_stall_s = max(self._longest_stall_s, lasted_s)

    def _add_chunk(self, chunk: ActionChunk, splice: Splice) -> None:
        samples, parts = self._samples, chunk.parts
        self._counts[splice.outcome] += 1
        self._counts["guided"] += splice.accepted and chunk.guided
        samples["latency_s"].add(chunk.latency_s)
        samples["picture_s"].add(parts.picture_s)
        samples["encode_s"].add(parts.encode_s)
        samples["network_s"].add(parts.network_s)
        samples["decode_s"].add(parts.decode_s)
        if parts.server_s is not None:
            samples["server_s"].add(parts.server_s)
        samples["expected_steps"].add(splice.expected_delay_steps)
        samples["measured_steps"].add(splice.delay_steps)
        if splice.disagreement_rad is not None:
            samples["disagreement_rad"].add(splice.disagreement_rad)
        if splice.accepted:
            samples["before_rad"].add(splice.seam_before_rad)
            samples["after_rad"].add(splice.seam_after_rad)

    @property
    def numbers(self) -> SkillNumbers:
        """The numbers so far."""
        counts, samples = self._counts, self._samples
        before, after, disagreement = samples["before_rad"], samples["after_rad"], samples["disagreement_rad"]
        expected, measured = samples["expected_steps"], samples["measured_steps"]
        return SkillNumbers(
            visits=counts["visits"],
            ticks=counts["ticks"],
            duration_s=self.duration_s,
            wait_ticks=counts["waits"],
            stall_ticks=counts["stalls"],
            longest_stall_s=self._longest_stall_s,
            hold_ticks=counts["held"],
            clamped_ticks=counts["clamped"],
            refused_ticks=counts["refused"],
            latency=Latency.of(samples["latency_s"]),
            parts=PartLatencies(
                *(Latency.of(samples[f"{part}_s"]) for part in ("picture", "encode", "network", "server", "decode"))
            ),
            delay=Delay(expected.mean, expected.max, measured.mean, measured.max),
            chunks=Chunks(*(counts[what] for what in ("accepted", "guided", "late", "rejected", "dropped"))),
            actions=ActionCounts(counts["planned"], counts["executed"], counts["discarded"], counts["leashed"]),
            seam=SeamJumps(before.quantile(0.95), before.max, after.quantile(0.95), after.max),
            disagreement=Disagreement(disagreement.rms, disagreement.quantile(0.95)),
            jerk=JerkRms(*(jerk.value for jerk in self._jerks)),
        )


class SkillTally:
    """A sink that keeps the numbers of each skill and of the run.

    A tick belongs to the skill that was the innermost one at work at its end. What happens between two ticks belongs to
    the earlier one's: the time, and the answer that the later one finds.

    Attributes:
        skills: By path, in order of first appearance; a skill that runs again adds to its entry.
        total: The whole run.
    """

    def __init__(self) -> None:
        """Start at zero."""
        self.skills: dict[str, SkillSamples] = {}
        self.total = SkillSamples()
        self._last: TickRecord | None = None
        self._answered = False
        self._asked, self._commanded, self._measured = JerkMeter(), JerkMeter(), JerkMeter()

    def publish(self, record: TickRecord) -> None:
        """Take note of one tick."""
        last, self._last = self._last, record
        if last is None:
            self.total.begin()
        else:
            self.skills[last.skill].duration_s += record.time_s - last.time_s
            self.total.duration_s += record.time_s - last.time_s
        if last is None or last.skill != record.skill:
            self.skills.setdefault(record.skill, SkillSamples()).begin()
        tick, asker = self._tick(record, last), record if last is None else last
        self.total.add_arrival(tick)
        self.total.add(tick)
        self.skills[asker.skill].add_arrival(tick)
        self.skills[record.skill].add(tick)

    def _tick(self, record: TickRecord, last: TickRecord | None) -> _Tick:
        self._answered |= record.chunk is not None and (record.splice or _ACCEPTED).accepted
        period_s = record.time_s / record.step if record.step > 0 else 0.0
        return _Tick(
            record,
            before=PlanStats() if last is None else last.plan,
            dropped=record.link.dropped - (0 if last is None else last.link.dropped),
            wait=record.stalled and not self._answered,
            stall=record.stalled and self._answered,
            period_s=period_s,
            jerks=(
                None if record.proposal is None else self._asked.measure(record.step, record.proposal, period_s),
                self._commanded.measure(record.step, record.command.positions, period_s),
                self._measured.measure(record.step, record.observation.joints, period_s),
            ),
        )
