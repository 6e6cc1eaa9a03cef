"""Answers of a chat endpoint as values; anything else is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.errors import EndpointGarbage
from bt_robot.language_model.chat import Habits, Message, Wish, decode, read_answer

# As vLLM 0.6 answers a request with max_tokens 1 and top_logprobs 2.
VLLM = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Yes", "tool_calls": []},
            "logprobs": {
                "content": [
                    {
                        "token": "Yes",
                        "logprob": -0.1,
                        "bytes": [89, 101, 115],
                        "top_logprobs": [
                            {"token": "Yes", "logprob": -0.1, "bytes": [89, 101, 115]},
                            {"token": "No", "logprob": -2.5, "bytes": [78, 111]},
                        ],
                    }
                ]
            },
            "finish_reason": "length",
            "stop_reason": None,
        }
    ],
    "usage": {"prompt_tokens": 9, "total_tokens": 10, "completion_tokens": 1},
}


def test_an_answer_with_log_probabilities_is_read():
    said = read_answer(VLLM)
    assert said.text == "Yes"
    assert said.first == (("Yes", -0.1), ("No", -2.5))
    assert not said.complete


def choice(**fields):
    return {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop", **fields}]}


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        {},
        {"content": None},
        {"content": []},
        {"content": [{}]},
        {"content": [{"top_logprobs": [{"token": 3}]}]},
        [],
    ],
)
def test_log_probabilities_in_another_form_count_as_none(logprobs):
    assert read_answer(choice(logprobs=logprobs)).first == ()


def test_a_log_probability_that_is_none_is_left_out():
    told = [{"token": "a", "logprob": v} for v in (float("nan"), 0.5, "x", True, None)] + [
        {"token": "b", "logprob": -1}
    ]
    assert read_answer(choice(logprobs={"content": [{"top_logprobs": told}]})).first == (("b", -1.0),)


def test_a_refusal_is_known_as_one():
    assert read_answer(choice(message={"content": None, "refusal": "no way"})).refused == "no way"
    assert read_answer(choice(finish_reason="content_filter")).refused == "its content filter stepped in"


def test_an_answer_that_is_much_too_long_is_refused():
    with pytest.raises(EndpointGarbage, match="has 300000 characters, expected at most 200000"):
        read_answer(choice(message={"content": "x" * 300_000}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "logprobs", "top_logprobs", "token", "refusal"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_comes_is_an_answer_or_refused(data):
    try:
        said = read_answer(data)
    except EndpointGarbage as error:
        assert "is it a chat endpoint?" in str(error) or "expected" in str(error)  # noqa: PT017 - not always raised
    else:
        assert isinstance(said.text, str)


@given(st.binary(max_size=200))
def test_bytes_are_json_or_refused(body):
    try:
        decode(body)
    except EndpointGarbage:
        return
    json.loads(body)


def test_a_fixed_form_is_asked_for_as_structured_output():
    fields = Wish(9, schema={"type": "object"}).as_json(Habits())
    assert (fields["max_tokens"], fields["temperature"]) == (9, 0)
    assert fields["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": {"type": "object"}},
    }
    assert "logprobs" not in fields


def test_a_message_without_pictures_is_plain_text():
    assert Message("user", "hi").as_json() == {"role": "user", "content": "hi"}


@pytest.mark.parametrize(
    ("refusal", "changed"),
    [
        (
            "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            Habits(length_key="max_completion_tokens"),
        ),
        (
            "'temperature' does not support 0 with this model. Only the default (1) value is supported.",
            Habits(takes_temperature=False),
        ),
        ("response_format: json_schema is not available", Habits(takes_schema=False)),
        ("This model's maximum context length is 4096 tokens", Habits()),
        ("", Habits()),
    ],
)
def test_a_refusal_tells_how_an_endpoint_wants_to_be_asked(refusal, changed):
    assert Habits().after(refusal) == changed
    assert changed.after(refusal) == changed


def test_what_an_endpoint_does_not_take_is_left_out():
    fields = Wish(9, schema={}).as_json(Habits("max_completion_tokens", takes_temperature=False, takes_schema=False))
    assert fields == {"max_completion_tokens": 9, "stream": False}
