"""A question with yes or no for an answer: how it is put, and how every answer is read."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.language_model.chat import Said
from bt_robot.language_model.yes_no import BY_FORM, BY_WORD, put, read_form, read_word


def first(**shares):
    return tuple((word, math.log(share)) for word, share in shares.items())


def test_the_question_names_its_pictures():
    system, user = put(
        "is it open?", (("camera 'front' earlier", "data:1"), ("camera 'front' now", "data:2")), by_word=True
    )
    assert system.role == "system"
    assert BY_WORD in system.text
    assert user.text.splitlines() == [
        "Picture 1: camera 'front' earlier.",
        "Picture 2: camera 'front' now.",
        "Question: is it open?",
        BY_WORD,
    ]
    assert [part["image_url"]["url"] for part in user.as_json()["content"][1:]] == ["data:1", "data:2"]
    assert BY_FORM in put("is it open?", (), by_word=False)[1].text


def test_the_probability_is_shared_between_yes_and_no():
    opinion = read_word(Said("Yes", first(Yes=0.6, No=0.2, Maybe=0.1)))
    assert opinion.yes == pytest.approx(0.75)
    assert opinion.graded


@pytest.mark.parametrize(
    "words", [("yes", "no"), ("▁Yes", "▁No"), ("ĠYES", "ĠNO"), (" True", " False"), ("Yes.", "**No")]
)
def test_a_word_counts_however_it_is_written(words):
    opinion = read_word(Said("", tuple(zip(words, (math.log(0.8), math.log(0.2)), strict=True))))
    assert opinion.yes == pytest.approx(0.8)


def test_all_spellings_of_a_word_count_together():
    assert read_word(Said("", first(Yes=0.3, yes=0.2, YES=0.1, No=0.2))).yes == pytest.approx(0.75)


@given(st.dictionaries(st.sampled_from(["Yes", "no", "yes", "False", "The", "I"]), st.floats(1e-9, 0.16), max_size=6))
def test_a_probability_is_one(shares):
    opinion = read_word(Said("", first(**shares)))
    assert opinion.yes is None or 0.0 <= opinion.yes <= 1.0
    assert (opinion.yes is None) == bool(opinion.reason)


def test_a_model_that_wants_to_say_something_else_has_no_opinion():
    opinion = read_word(Said("The", first(The=0.9, Yes=0.06, No=0.01)))
    assert opinion.yes is None
    assert opinion.reason == "the model would say neither yes nor no, but 'The'"


def test_a_model_that_thinks_first_is_told_how_to_be_asked():
    assert read_word(Said("<think>", first(**{"<think>": 0.99}))).reason.endswith(
        "but '<think>'; a model that thinks first needs answers: form"
    )


def test_an_endpoint_without_log_probabilities_is_known_as_one():
    assert read_word(Said("Yes")).no_logprobs


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ('{"answer": "yes"}', 1.0),
        ('{"answer": "no"}', 0.0),
        ('{"answer": "unsure"}', 0.5),
        ('{"answer": "Yes"}', 1.0),
        ('```json\n{"answer": "no"}\n```', 0.0),
        ('```\n{"answer": "no"}\n```', 0.0),
        ('<think>Well, {"answer": "yes"}?</think>\n{"answer": "no"}', 0.0),
        ("Yes.", 1.0),
        (" no\n", 0.0),
    ],
)
def test_an_answer_in_the_form_or_in_a_word_is_read(text, yes):
    opinion = read_form(Said(text))
    assert opinion.yes == yes
    assert not opinion.graded


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yes, but",
        "```json" + "\n" * 190_000 + "x",
        "```json" + "\n" * 190_000 + "```",
        '{"answer": true}',
        '{"answer": "maybe"}',
        "[" * 5000,
        '["yes"]',
        "null",
    ],
)
def test_any_other_answer_is_no_opinion(text):
    opinion = read_form(Said(text))
    assert opinion.yes is None
    assert opinion.reason.startswith("the model did not say yes, no or unsure, but: ")


def test_what_a_model_says_can_not_drive_a_terminal():
    assert read_form(Said("\x1b[2Jboo " + "x" * 500)).reason.endswith("x…")
    assert read_form(Said("\x1b[2Jboo")).reason.isprintable()
    assert read_word(Said("", (("\x1b[2J", -0.1),))).reason.isprintable()


@pytest.mark.parametrize("read", [read_word, read_form])
def test_a_refusal_is_told(read):
    assert (
        read(Said("", refused="I can't help with that")).reason == "the model would not answer: I can't help with that"
    )
