"""What is said to a chat endpoint and what it answers, as values: OpenAI's chat completions, as others serve them, too.

Sources: OpenAI's API reference "Create chat completion"; vLLM, llama.cpp and Ollama serve the same path and fields.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, cast

from bt_robot.errors import EndpointGarbage

MAX_ANSWER_CHARS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation.

    Attributes:
        role: Whose turn.
        text: What is said.
        pictures: JPEG files that follow the text.
    """

    role: Literal["system", "user", "assistant"]
    text: str
    pictures: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as the endpoint takes it."""
        if not self.pictures:
            return {"role": self.role, "content": self.text}
        pictures = [{"type": "image_url", "image_url": {"url": url}} for url in self.pictures]
        return {"role": self.role, "content": [{"type": "text", "text": self.text}, *pictures]}


@dataclass(frozen=True, slots=True)
class Habits:
    """What endpoints and models differ in; they say so when they refuse a request.

    Attributes:
        length_key: The word for the length of an answer; OpenAI's newer models want `max_completion_tokens`.
        takes_temperature: Whether the temperature may be told; models that think take their own only.
        takes_schema: Whether a form may be asked for.
    """

    length_key: str = "max_tokens"
    takes_temperature: bool = True
    takes_schema: bool = True

    def after(self, refusal: str) -> Habits:
        """Return the habits that a refused request tells of; the same ones if it tells of none.

        Args:
            refusal: The endpoint's words.
        """
        words = refusal.lower()
        if "max_completion_tokens" in words:
            return replace(self, length_key="max_completion_tokens")
        if "temperature" in words:
            return replace(self, takes_temperature=False)
        if "response_format" in words or "json_schema" in words:
            return replace(self, takes_schema=False)
        return self


@dataclass(frozen=True, slots=True)
class Wish:
    """How an answer shall be.

    Attributes:
        max_tokens: Its greatest length.
        top_logprobs: How many likely first words to tell, with their log-probabilities; 0 for none.
        schema: A JSON Schema that it must fit; None for free text.
    """

    max_tokens: int
    top_logprobs: int = 0
    schema: Mapping[str, Any] | None = None

    def as_json(self, habits: Habits) -> dict[str, Any]:
        """Return it as an endpoint takes it."""
        fields: dict[str, Any] = {habits.length_key: self.max_tokens, "stream": False}
        if habits.takes_temperature:
            fields["temperature"] = 0
        if self.top_logprobs:
            fields |= {"logprobs": True, "top_logprobs": self.top_logprobs}
        if self.schema is not None and habits.takes_schema:
            form = {"name": "answer", "strict": True, "schema": dict(self.schema)}
            fields["response_format"] = {"type": "json_schema", "json_schema": form}
        return fields


@dataclass(frozen=True, slots=True)
class Said:
    """What a model answered.

    Attributes:
        text: Its words.
        first: The likely first words with their log-probabilities; empty where they were not told.
        complete: Whether it came to an end by itself.
        refused: Why it would not answer, in its own words; empty when it did.
    """

    text: str
    first: tuple[tuple[str, float], ...] = ()
    complete: bool = True
    refused: str = ""


def decode(body: bytes) -> Any:
    """Return JSON from a stranger.

    Raises:
        EndpointGarbage: It is none.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise EndpointGarbage("the answer is no JSON; is it a chat endpoint?") from error


def read_answer(data: Any) -> Said:
    """Return what a model said, from the endpoint's answer.

    Raises:
        EndpointGarbage: It is no answer of a chat.
    """
    choice = _get(_get(data, "choices", list), 0, dict)
    message = _get(choice, "message", dict)
    content, refusal = message.get("content"), message.get("refusal")
    refused = refusal if isinstance(refusal, str) else ""
    if choice.get("finish_reason") == "content_filter":
        refused = refused or "its content filter stepped in"
    if content is None:
        content = ""
    if not isinstance(content, str):
        raise EndpointGarbage(f"the answer's content is a {type(content).__name__}, expected text")
    if len(content) > MAX_ANSWER_CHARS:
        raise EndpointGarbage(f"the answer has {len(content)} characters, expected at most {MAX_ANSWER_CHARS}")
    return Said(content, _first(choice.get("logprobs")), choice.get("finish_reason") != "length", refused)


def _first(logprobs: Any) -> tuple[tuple[str, float], ...]:
    """Return the likely first words; empty unless they are told in the form that is asked for."""
    try:
        told = _get(_get(_get(logprobs, "content", list), 0, dict), "top_logprobs", list)
    except EndpointGarbage:
        return ()
    found: list[tuple[str, float]] = []
    for entry in cast("list[Any]", told):
        if isinstance(entry, dict):
            word, value = cast("dict[str, Any]", entry).get("token"), cast("dict[str, Any]", entry).get("logprob")
            number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
            if isinstance(word, str) and number <= 1e-6:  # NaN is not; a server may round above zero
                found.append((word, number))
    return tuple(found)


def _get(value: Any, key: str | int, kind: type) -> Any:
    found: Any = None
    if isinstance(key, str) and isinstance(value, dict):
        found = cast("dict[str, Any]", value).get(key)
    elif isinstance(key, int) and isinstance(value, list):
        items = cast("Sequence[Any]", value)
        found = items[key] if key < len(items) else None
    if not isinstance(found, kind):
        raise EndpointGarbage(f"the answer has no '{key}' that is a {kind.__name__}; is it a chat endpoint?")
    return found
