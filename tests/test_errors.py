"""Errors: one root, and texts that say where, what and what to do."""

import inspect

import pytest

from bt_robot import errors
from bt_robot.errors import BtRobotError, LoadError, Problem, did_you_mean

CLASSES = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, Exception)]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_error_has_the_root_and_stands_in_the_drawing(cls):
    assert issubclass(cls, BtRobotError)
    assert cls.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("a.yaml", 3, 7, "unknown key 'x'"), "a.yaml:3:7: unknown key 'x'"),
        (Problem("a.yaml", 0, 0, "can't be read"), "a.yaml: can't be read"),
        (Problem("a.yaml", 1, 1, "m", "a number"), "a.yaml:1:1: m; expected a number"),
        (Problem("a.yaml", 1, 1, "m", "e", "h"), "a.yaml:1:1: m; expected e (h)"),
    ],
)
def test_a_problem_as_text(problem, text):
    assert str(problem) == text


def test_a_load_error_lists_its_problems_once_and_in_the_order_of_their_places():
    late, early = Problem("b.yaml", 9, 1, "late"), Problem("a.yaml", 2, 1, "early")
    error = LoadError([late, early, late])
    assert error.problems == (early, late)
    assert str(error) == "a.yaml:2:1: early\nb.yaml:9:1: late"


def test_did_you_mean_speaks_only_when_something_is_near():
    assert did_you_mean("sequnce", ["sequence", "wait"]) == "did you mean 'sequence'?"
    assert did_you_mean("xyz", ["sequence", "wait"]) == ""
    assert did_you_mean("x" * 100_000, ["x" * 100_001]) == ""


def test_the_words_of_behaviortree_cpp_are_near_to_ours():
    ours = ["reactive_sequence", "force_failure", "retry_until_successful", "sleep"]
    for word, near in zip(["ReactiveSequence", "ForceFailure", "RetryUntilSuccesful", "Sleep"], ours, strict=True):
        assert did_you_mean(word, ours) == f"did you mean '{near}'?"
