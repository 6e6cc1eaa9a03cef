"""The board of questions: listed and answered from any thread, each once."""

import logging

from bt_robot.messages import Reply
from bt_robot.runtime.people import Board, Decided


def test_a_question_waits_until_somebody_answers_it():
    board = Board(now=lambda: 7.0)
    first, second = board.ask("ready?"), board.ask("sure?")
    assert [(p.ticket, p.question, p.since_s) for p in board.pending()] == [
        (first, "ready?", 7.0),
        (second, "sure?", 7.0),
    ]
    assert board.poll(first) is None
    assert board.answer(first, yes=True, who="anna")
    assert board.poll(first) == Reply(True, "anna")
    assert [p.ticket for p in board.pending()] == [second]


def test_only_the_first_answer_counts():
    board = Board()
    ticket = board.ask("ready?")
    assert board.answer(ticket, yes=False, who="anna")
    assert not board.answer(ticket, yes=True, who="bert")
    assert board.poll(ticket) == Reply(False, "anna")


def test_a_question_that_was_taken_back_can_not_be_answered():
    board = Board()
    ticket = board.ask("ready?")
    board.withdraw(ticket)
    assert board.pending() == ()
    assert not board.answer(ticket, yes=True, who="anna")
    assert board.poll(ticket) is None
    assert not board.answer(99, yes=True, who="anna")


def test_who_answered_is_logged(caplog):
    board = Board()
    with caplog.at_level(logging.INFO):
        board.answer(board.ask("ready?"), yes=True, who="anna")
    assert "ready?: yes, by anna" in caplog.text


def test_what_was_decided_before_is_the_answer_to_everything():
    people = Decided(yes=False, who="--confirm no")
    assert people.poll(people.ask("ready?")) == Reply(False, "--confirm no")
