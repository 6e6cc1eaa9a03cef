"""The numbers of the policy link, skill by skill."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.messages import Command, LatencyParts, LinkState, PlanStats, Splice, Verdict
from bt_robot.telemetry import sample as module
from bt_robot.telemetry.skills import SkillSamples, SkillTally
from tests.scale import examples

PICK, PLACE = "t/pick", "t/place"


def tallied(records):
    tally = SkillTally()
    for record in records:
        tally.publish(record)
    return tally


def numbers_of(records, path=PICK):
    return tallied(records).skills[path].numbers


def test_skills_come_in_order_of_first_appearance_and_a_second_visit_adds_to_the_first(record):
    course = [(PLACE, 3), (PICK, 2), (PLACE, 4)]
    paths = [path for path, count in course for _ in range(count)]
    tally = tallied([record(step, skill=path) for step, path in enumerate(paths)])
    assert list(tally.skills) == [PLACE, PICK]
    place, pick = (tally.skills[path].numbers for path in (PLACE, PICK))
    assert (place.visits, place.ticks, pick.visits, pick.ticks) == (2, 7, 1, 2)
    assert place.duration_s == pytest.approx(6 / 30)  # a tick lasts until the next one, the last one not at all
    assert pick.duration_s == pytest.approx(2 / 30)
    assert (tally.total.numbers.visits, tally.total.numbers.ticks) == (1, 9)


def test_stalls_are_counted_after_the_first_chunk_of_the_run_with_their_longest_row(record, chunk):
    stalled = [0, 1, 4, 6, 7, 8, 10]
    records = [record(step, stalled=step in stalled, chunk=chunk if step == 2 else None) for step in range(20)]
    numbers = numbers_of(records)
    assert (numbers.wait_ticks, numbers.stall_ticks) == (2, 5)
    assert numbers.longest_stall_s == pytest.approx(3 / 30)
    assert numbers.stall_share == pytest.approx(5 / 20)


def test_a_row_of_stalls_lasts_through_missed_ticks_but_not_into_another_skill(record, chunk):
    first = record(0, chunk=chunk)
    long = [first, record(1, stalled=True), record(9, stalled=True, skipped=7), record(10)]
    assert numbers_of(long).longest_stall_s == pytest.approx(9 / 30)
    skills = [PICK, PICK, PLACE, PICK, PICK]
    apart = [first, *(record(step, stalled=True, skill=skill) for step, skill in enumerate(skills, 1))]
    tally = tallied(apart)
    assert tally.skills[PICK].numbers.longest_stall_s == pytest.approx(2 / 30)
    assert tally.skills[PLACE].numbers.longest_stall_s == pytest.approx(1 / 30)
    assert tally.total.numbers.longest_stall_s == pytest.approx(5 / 30)


def test_latency_is_summarised_with_its_parts_and_what_a_server_does_not_say_stays_unknown(record, chunk):
    chunks = [
        replace(chunk, latency_s=0.1 * i, parts=LatencyParts(0.001 * i, 0.002 * i, 0.003 * i, None, 0.004 * i))
        for i in (1, 2, 3)
    ]
    numbers = numbers_of([record(step, chunk=chunk) for step, chunk in enumerate(chunks)])
    assert (numbers.latency.p50_s, numbers.latency.p95_s, numbers.latency.max_s) == pytest.approx((0.2, 0.29, 0.3))
    parts = numbers.parts
    medians = [part.p50_s for part in (parts.picture, parts.encode, parts.network, parts.decode)]
    assert medians == pytest.approx([0.002, 0.004, 0.006, 0.008])
    assert (parts.server.p50_s, parts.server.max_s) == (None, None)
    told = numbers_of([record(0, chunk=chunk), record(1, chunk=chunks[0])])
    assert (told.parts.server.p50_s, told.parts.server.max_s) == (0.03, 0.03)  # of those that said it


def test_every_outcome_of_a_chunk_is_counted_and_only_accepted_ones_have_a_seam(record, chunk):
    splices = [
        Splice("accepted", 3, 4, 4, seam_before_rad=0.2, seam_after_rad=0.01, disagreement_rad=0.3),
        Splice("late", 4, 50, 50),
        Splice("rejected", 4, 6, 6, seam_before_rad=9.0, disagreement_rad=0.4),
        Splice("accepted", 5, 8, 8, seam_before_rad=0.4, seam_after_rad=0.03),
    ]
    numbers = numbers_of([record(step, chunk=chunk, splice=splice) for step, splice in enumerate(splices)])
    chunks, delay, seam = numbers.chunks, numbers.delay, numbers.seam
    assert (chunks.accepted, chunks.late, chunks.rejected, chunks.dropped) == (2, 1, 1, 0)
    assert (delay.expected_mean_steps, delay.expected_max_steps) == (4.0, 5)
    assert (delay.measured_mean_steps, delay.measured_max_steps) == (17.0, 50)
    assert (seam.before_p95_rad, seam.before_max_rad) == pytest.approx((0.39, 0.4))
    assert (seam.after_p95_rad, seam.after_max_rad) == pytest.approx((0.029, 0.03))
    assert numbers.disagreement.rms_rad == pytest.approx(np.sqrt(0.125))
    assert numbers.disagreement.p95_rad == pytest.approx(0.395)


def test_guided_chunks_are_those_of_the_accepted_ones_that_the_server_made_continue_the_plan(record, chunk):
    outcomes = [(True, "accepted"), (False, "accepted"), (True, "rejected"), (True, "late"), (True, "accepted")]
    records = [
        record(step, chunk=replace(chunk, guided=guided), splice=Splice(outcome))
        for step, (guided, outcome) in enumerate(outcomes)
    ]
    chunks = numbers_of(records).chunks
    assert (chunks.accepted, chunks.guided, chunks.late, chunks.rejected) == (3, 2, 1, 1)


def test_actions_belong_to_the_skill_that_took_them_and_answers_to_the_one_that_was_at_work_before(record, chunk):
    late = LinkState(True, dropped=1)
    records = [
        record(0, plan=PlanStats(planned=50, executed=1), chunk=chunk),
        record(1, plan=PlanStats(planned=50, executed=2), link=late),
        record(2, skill=PLACE, plan=PlanStats(planned=100, executed=3, discarded=48), chunk=chunk, link=late),
        record(3, skill=PLACE, plan=PlanStats(planned=150, executed=4, discarded=97), chunk=chunk, link=late),
    ]
    pick, place = (numbers_of(records, path) for path in (PICK, PLACE))
    assert (pick.actions.planned, pick.actions.executed, pick.actions.discarded) == (100, 2, 0)
    assert (place.actions.planned, place.actions.executed, place.actions.discarded) == (50, 2, 97)
    assert (pick.chunks.accepted, pick.chunks.dropped) == (2, 1)
    assert (place.chunks.accepted, place.chunks.dropped) == (1, 0)


def test_the_governors_share_counts_changed_and_refused_proposals(record):
    verdicts = [Verdict(clamped=("a: velocity",)), Verdict(refused="nan", held=True), Verdict(held=True), Verdict()]
    numbers = numbers_of([record(step, verdict=verdict) for step, verdict in enumerate(verdicts)])
    assert (numbers.clamped_ticks, numbers.refused_ticks, numbers.hold_ticks) == (1, 1, 2)
    assert (numbers.governor_share, numbers.hold_share) == (0.5, 0.5)


def test_jerk_is_of_the_arms_joints_as_commanded_and_as_measured(record):
    def tick(step):
        t = step / 30
        observation = replace(record(step).observation, joints=np.array([t**3, 0.0, step % 2]))
        return record(
            step, command=Command(step, np.array([2 * t**3, 2 * t**3, step % 2]), np.zeros(3)), observation=observation
        )

    jerk = numbers_of(map(tick, range(30))).jerk
    assert jerk.commanded_rad_s3 == pytest.approx(12.0)
    assert jerk.asked_rad_s3 is None  # nothing was asked for
    assert jerk.measured_rad_s3 == pytest.approx(np.sqrt(36 / 2))
    assert numbers_of(map(tick, range(3))).jerk.commanded_rad_s3 is None


def test_a_run_of_any_length_needs_bounded_memory(record, chunk, monkeypatch):
    monkeypatch.setattr(module, "MAX_KEPT", 300)

    def publish(begin, end):
        for step in range(begin, end):
            tally.publish(replace(tick, step=step, time_s=step / 30))
        return tracemalloc.get_traced_memory()[0]

    tally, tick = SkillTally(), record(1, chunk=chunk, splice=Splice("accepted", 3, 4, disagreement_rad=0.1))
    tracemalloc.start()
    full_bytes = publish(1, 2500)  # Python keeps up to 2000 freed tuples of a size
    later_bytes = publish(2500, 5000)
    tracemalloc.stop()
    assert later_bytes < 1.05 * full_bytes
    assert tally.total.numbers.chunks.accepted == 4999


TICKS = st.lists(
    st.tuples(
        st.sampled_from([PICK, PLACE, "t"]), st.booleans(), st.sampled_from(["", "accepted", "late", "rejected"])
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=examples(60))
@given(TICKS)
def test_the_skills_add_up_to_the_run(record, chunk, ticks):
    tally = tallied(
        record(
            step,
            skill=skill,
            stalled=stalled,
            chunk=chunk if outcome else None,
            splice=Splice(outcome, delay_steps=step) if outcome else None,
            plan=PlanStats(planned=2 * step, executed=step),
        )
        for step, (skill, stalled, outcome) in enumerate(ticks)
    )
    total, merged = tally.total.numbers, SkillSamples.merged(tally.skills.values()).numbers
    assert replace(merged, visits=1, longest_stall_s=0, duration_s=0, jerk=None) == replace(
        total, longest_stall_s=0, duration_s=0, jerk=None
    )
    assert merged.duration_s == pytest.approx(total.duration_s) == pytest.approx((len(ticks) - 1) / 30)
    assert merged.longest_stall_s <= total.longest_stall_s
    assert total.wait_ticks + total.stall_ticks == sum(stalled for _, stalled, _ in ticks)
    assert merged.jerk.commanded_rad_s3 == pytest.approx(total.jerk.commanded_rad_s3)
