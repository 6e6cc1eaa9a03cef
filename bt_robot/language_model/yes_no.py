"""A question to be answered with yes or no: how it is put, and how the answer is read.

The probability of yes is read off the likely first words, P(yes) / (P(yes) + P(no)), as TOPReward does with a
zero-shot model (max_tokens=1, temperature=0, top_logprobs=20). An endpoint that tells no log-probabilities is asked
for one of three words in a fixed form instead; how sure it is then is not known.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bt_robot.language_model.chat import Message, Said, Wish
from bt_robot.policy.wire.checks import escape

ROLE: Final = (
    "You look at pictures of a robot arm's workplace and answer a question about what is visible in them. Judge only by"
    " what you see. "
)
BY_WORD: Final = "Answer with one word: yes or no."
BY_FORM: Final = 'Answer in JSON: {"answer": "yes"}, {"answer": "no"}, or {"answer": "unsure"} if it can\'t be seen.'

WORD_WISH: Final = Wish(max_tokens=1, top_logprobs=20)
FORM_WISH: Final = Wish(
    max_tokens=2000,  # a model that thinks does so first
    schema={
        "type": "object",
        "properties": {"answer": {"type": "string", "enum": ["yes", "no", "unsure"]}},
        "required": ["answer"],
        "additionalProperties": False,
    },
)

LEAST_MASS: Final = 0.2
"""How likely a yes or no must be among all first words; a model that wants to say something else has no opinion."""

_YES: Final = frozenset({"yes", "true"})
_NO: Final = frozenset({"no", "false"})
_VALUES: Final = {"yes": 1.0, "no": 0.0, "unsure": 0.5}
_EDGES: Final = " \t\r\n\"'`*._,:!▁Ġ"  # what tokenizers and models put around a word


@dataclass(frozen=True, slots=True)
class Opinion:
    """How an answer is to be taken.

    Attributes:
        yes: The probability of yes; None when there is no opinion.
        graded: Whether the probability is the model's own.
        reason: Why there is no opinion.
        no_logprobs: The endpoint tells none.
    """

    yes: float | None
    graded: bool = False
    reason: str = ""
    no_logprobs: bool = False


def put(question: str, pictures: tuple[tuple[str, str], ...], *, by_word: bool) -> tuple[Message, Message]:
    """Return the conversation for a question.

    Args:
        question: The question.
        pictures: What each picture shows, and the picture as a data URL.
        by_word: Whether the answer is one word, or in a fixed form.
    """
    shown = "\n".join(f"Picture {i}: {what}." for i, (what, _) in enumerate(pictures, 1))
    text = f"{shown}\nQuestion: {question}\n{BY_WORD if by_word else BY_FORM}"
    return Message("system", ROLE + (BY_WORD if by_word else BY_FORM)), Message(
        "user", text, tuple(url for _, url in pictures)
    )


def read_word(said: Said) -> Opinion:
    """Return the opinion behind the likely first words."""
    if said.refused:
        return Opinion(None, reason=f"the model would not answer: {_shown(said.refused)}")
    if not said.first:
        return Opinion(None, reason="the endpoint tells no log-probabilities", no_logprobs=True)
    yes = sum(math.exp(value) for word, value in said.first if word.strip(_EDGES).lower() in _YES)
    no = sum(math.exp(value) for word, value in said.first if word.strip(_EDGES).lower() in _NO)
    if not yes + no >= LEAST_MASS:
        likely = max(said.first, key=lambda entry: entry[1])[0]
        hint = "; a model that thinks first needs answers: form" if "think" in likely or likely.startswith("<") else ""
        return Opinion(None, reason=f"the model would say neither yes nor no, but '{_shown(likely)}'{hint}")
    return Opinion(yes / (yes + no), graded=True)


def read_form(said: Said) -> Opinion:
    """Return the opinion in a fixed form, or in one of its words where the endpoint does not heed the form."""
    if said.refused:
        return Opinion(None, reason=f"the model would not answer: {_shown(said.refused)}")
    text = said.text.rpartition("</think>")[2].strip()
    if text.startswith("```") and text.endswith("```"):
        text = text.strip("`").removeprefix("json").strip()
    word = _formed(text) or text.strip(_EDGES).lower()
    if word not in _VALUES:
        shown = _shown(said.text) or "nothing"
        return Opinion(None, reason=f"the model did not say yes, no or unsure, but: {shown}")
    return Opinion(_VALUES[word])


def _formed(text: str) -> str:
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    answer: Any = data.get("answer") if isinstance(data, Mapping) else None  # pyright: ignore[reportUnknownMemberType]
    return answer.lower() if isinstance(answer, str) else ""


def _shown(text: str) -> str:
    words = escape(" ".join(text.split()))
    return words if len(words) <= 80 else words[:79] + "…"
