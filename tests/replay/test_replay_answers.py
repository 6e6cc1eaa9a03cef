"""Recorded answers are given when they came, to whoever asks for them, and nobody else."""

from dataclasses import replace

import numpy as np
import pytest

from bt_robot.messages import (
    ActionChunk,
    Answered,
    Blob,
    Command,
    Frame,
    Heard,
    JointLimits,
    Judged,
    Judgement,
    Look,
    NodeInfo,
    NodeState,
    Question,
    Reply,
    Sighting,
    Status,
)
from bt_robot.replay.answers import RecordedJudge, RecordedLink, RecordedPeople, RecordedSight
from bt_robot.replay.tape import RecordedClock, RecordedRobot, Tape
from tests.replay.replay_kit import JOINTS, record

PICK, PLACE = "pick it up", "put it down"
LIMITS = JointLimits(("a", "b"), *(np.full(2, x) for x in (-1.0, 1.0, 3.0, 30.0)))
RED = Blob((350.0, 10.0), 0.5, 0.2, 0.001)


def tape_of(count=6, **at):
    """A tape of some ticks, of which some differ: `at_3={...}`."""
    records = [record(step, **at.get(f"at_{step}", {})) for step in range(count)]
    return Tape(iter(records), count)


def chunk(prompt, step):
    return ActionChunk(np.zeros((4, 2)), step, 0, prompt, 0.1)


class TestThePolicy:
    def test_a_chunk_comes_at_its_step_to_a_tree_that_waits_for_its_prompt(self):
        tape = tape_of(at_2={"chunk": chunk(PICK, 0)})
        link, given = RecordedLink(tape, None, pytest.fail), []
        for step in range(4):
            tape.advance()
            given.append(link.poll(step / 10))
            link.offer(tape.record.observation, PICK)
        assert [each and each.observed_step for each in given] == [None, None, 0, None]

    @pytest.mark.parametrize("what", ["never asked", "asked for another prompt", "a new epoch", "has turned away"])
    def test_others_miss_it(self, what):
        tape = tape_of(at_2={"chunk": chunk(PICK, 0)})
        link = RecordedLink(tape, None, pytest.fail)
        tape.advance()
        if what != "never asked":
            link.offer(tape.record.observation, PLACE if "prompt" in what else PICK)
        if what == "a new epoch":
            link.new_epoch()
        if what == "has turned away":
            link.follow(PLACE)
        tape.advance()
        tape.advance()
        assert link.poll(0.2) is None

    def test_a_prompt_that_was_never_asked_is_unavailable_and_noted(self):
        notes = []
        tape = tape_of()
        link = RecordedLink(tape, {PICK: []}, notes.append)
        tape.advance()
        link.follow(PICK)
        assert (link.state.available, notes) == (True, [])
        assert link.offer(tape.record.observation, PLACE) is False
        assert (link.state.available, link.state.reason) == (False, f"the recorded run never asked for '{PLACE}'")
        assert PLACE in notes[0]

    @pytest.mark.parametrize(
        ("arrives_s", "words"), [(0.5, "before 0.50 s"), (0.0, "from then on"), (None, "from then on")]
    )
    def test_a_prompt_that_was_asked_at_other_times_is_noted(self, monkeypatch, arrives_s, words):
        monkeypatch.setattr("bt_robot.replay.answers._SOON_S", 0.3)
        notes = []
        tape = tape_of()
        link = RecordedLink(tape, {PICK: [] if arrives_s is None else [arrives_s]}, notes.append)
        tape.advance()
        tape.advance()
        link.offer(tape.record.observation, PICK)
        link.offer(tape.record.observation, PICK)
        (note,) = notes
        assert note.startswith(f"at 0.10 s the replay asks the policy for '{PICK}'; ")
        assert note.endswith(words)

    @pytest.mark.parametrize("why", ["it comes soon", "the recorded run asked, too"])
    def test_an_answer_that_the_recorded_run_waited_for_as_well_is_not(self, why):
        layout = (NodeInfo("t", "query_policy", "t", 0, -1, "action", prompt=PICK),)
        asked = {"layout": layout, "nodes": (NodeState(Status.RUNNING, ticked=True),)}
        tape = tape_of(at_0=asked if "too" in why else {})
        link = RecordedLink(tape, {PICK: [] if "too" in why else [0.5]}, pytest.fail)
        tape.advance()
        link.offer(tape.record.observation, PICK)


class TestTheModel:
    QUESTION = Question("is it in?", ())

    def heard(self, *answers):
        return {"heard": Heard(judgements=tuple(Judged("is it in?", Judgement(yes)) for yes in answers))}

    def test_an_answer_comes_when_it_came(self):
        tape = tape_of(at_3=self.heard(0.9))
        judge, given = RecordedJudge(tape, {"is it in?": 0.3}, pytest.fail), []
        ticket = judge.ask(self.QUESTION, 0.0)
        for _ in range(5):
            tape.advance()
            given.append(judge.poll(ticket, tape.record.time_s))
        assert given == [None, None, None, Judgement(0.9), None]

    def test_two_who_ask_the_same_get_their_answers_in_order(self):
        tape = tape_of(at_0=self.heard(0.9, 0.1))
        judge = RecordedJudge(tape, {"is it in?": 0.0}, pytest.fail)
        tickets = [judge.ask(self.QUESTION, 0.0) for _ in range(2)]
        tape.advance()
        assert [judge.poll(ticket, 0.0) for ticket in tickets] == [Judgement(0.9), Judgement(0.1)]

    def test_of_answers_that_nobody_took_the_newest_is_given(self):
        tape = tape_of(at_0=self.heard(0.9), at_1=self.heard(0.2))
        judge = RecordedJudge(tape, {"is it in?": 0.1}, pytest.fail)
        for _ in range(3):
            tape.advance()
        ticket = judge.ask(self.QUESTION, 0.2)
        assert judge.poll(ticket, 0.2) == Judgement(0.2)

    def test_a_new_question_is_not_known_and_noted(self):
        notes = []
        tape = tape_of()
        judge = RecordedJudge(tape, {}, notes.append)
        tape.advance()
        answer = judge.poll(judge.ask(self.QUESTION, 0.0), 0.0)
        assert (answer.yes, answer.reason) == (None, "the recorded run has no answer to this")
        assert notes == ["the recorded run has no answer of a model to: is it in?"]

    def test_a_question_after_its_last_answer_is_noted(self):
        notes = []
        tape = tape_of(at_0=self.heard(0.9))
        judge = RecordedJudge(tape, {"is it in?": 0.0}, notes.append)
        for _ in range(2):
            tape.advance()
        judge.poll(judge.ask(self.QUESTION, 0.1), 0.1)
        assert notes == []
        judge.ask(self.QUESTION, 0.1)
        assert notes == ["after 0.00 s the recorded run has no answer of a model to: is it in?"]


def test_people_answer_when_they_did_and_late_askers_at_once():
    reply = Reply(True, "anna")
    tape = tape_of(at_1={"heard": Heard(replies=(Answered("clear?", reply),))})
    notes = []
    people = RecordedPeople(tape, {"clear?"}, notes.append)
    tape.advance()
    early = people.ask("clear?")
    assert people.poll(early) is None
    people.withdraw(early)
    tape.advance()
    tape.advance()
    late, other = people.ask("clear?"), people.ask("sure?")
    assert [people.poll(late), people.poll(late), people.poll(other)] == [reply, reply, None]
    assert notes == ["nobody answers what was not answered in the recorded run: sure?"]


def test_what_was_seen_is_seen_again_and_the_rest_is_looked_for_in_the_pictures():
    sighting = Sighting(0.05)
    key = "front", repr(RED)
    tape = tape_of(at_1={"heard": Heard(looks=(Look(*key, sighting),))})
    notes = []
    sight = RecordedSight(tape, {key: [0.1]}, notes.append)
    red = Frame("front", 0.0, lambda: np.full((20, 20, 3), (255, 0, 0), np.uint8))
    tape.advance()
    assert sight.find(RED, red) is None
    tape.advance()
    assert sight.find(RED, red) is sighting
    assert notes == []
    found = sight.find(replace(RED, min_area=0.5), red)
    assert found.spots[0].area == pytest.approx(1.0)
    assert "in the pictures of the recording" in notes[0]


def test_what_was_looked_for_at_other_times_is_looked_for_in_the_pictures_but_not_by_the_tree_that_ran(monkeypatch):
    monkeypatch.setattr("bt_robot.replay.answers._LOOKING_S", 0.2)
    key = "front", repr(RED)
    red = Frame("front", 0.0, lambda: np.full((20, 20, 3), (255, 0, 0), np.uint8))
    looked = {key: [0.0, 0.1]}
    for exact in (False, True):
        notes = []
        tape = tape_of(at_1={"heard": Heard(looks=(Look(*key, Sighting(0.1)),))})
        sight = RecordedSight(tape, looked, notes.append, exact=exact)
        found = []
        for _ in range(5):
            tape.advance()
            found.append(sight.find(RED, red))
        assert found[:4] == [None, Sighting(0.1), Sighting(0.1), Sighting(0.1)]
        if exact:
            assert (found[4], notes) == (Sighting(0.1), [])
        else:
            assert found[4].spots[0].area == pytest.approx(1.0)
            (note,) = notes
            assert "at 0.40 s" in note


class TestTheClockAndTheRobot:
    def test_steps_lateness_and_gaps_are_the_recorded_ones_and_time_goes_on_after_the_end(self):
        records = [record(0), record(3, lateness_s=0.02, skipped=2)]
        clock = RecordedClock(Tape(iter(records), 2), 0.1)
        ticks = [clock.next_tick() for _ in range(4)]
        assert [tick.step for tick in ticks] == [0, 3, 4, 5]
        assert [tick.time_s for tick in ticks] == pytest.approx([0.0, 0.3, 0.4, 0.5])
        assert (ticks[1].lateness_s, ticks[1].skipped) == (0.02, 2)

    def test_a_decision_takes_as_long_as_it_took_then(self):
        tape = tape_of(at_1={"events": ("the tick took 0.25 s, 0.20 s of it in t/a; holding",)})
        clock = RecordedClock(tape, 0.1)
        clock.next_tick()
        assert clock.spent_s() == 0.0
        clock.next_tick()
        assert clock.spent_s() == 0.25

    def test_the_robot_measures_what_was_measured_whatever_it_is_told(self):
        tape = tape_of(2)
        robot = RecordedRobot(tape, LIMITS, None)
        tape.advance()
        assert robot.command(Command(0, np.array([9.0, 0.1]), JOINTS)).tolist() == [1.0, 0.1]
        tape.advance()
        assert robot.observe(1, 0.1) is tape.record.observation
        tape.advance()
        assert (tape.over, robot.observe(2, 0.2).time_s) == (True, 0.2)
