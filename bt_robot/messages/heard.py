"""What a tree was told from outside while it was ticked: the same answers make the same ticks again."""

from __future__ import annotations

from dataclasses import dataclass

from bt_robot.messages.advice import Judgement, Reply
from bt_robot.messages.sight import Sighting


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a picture found.

    Attributes:
        camera: The picture's camera.
        wanted: What was looked for, a `Find` in words.
        sighting: What was found.
    """

    camera: str
    wanted: str
    sighting: Sighting


@dataclass(frozen=True, slots=True)
class Judged:
    """What the vision-language model said.

    Attributes:
        question: What it was asked.
        judgement: Its answer.
    """

    question: str
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Answered:
    """What a person said.

    Attributes:
        question: What was asked.
        reply: The answer.
    """

    question: str
    reply: Reply


@dataclass(frozen=True, slots=True)
class Heard:
    """What a tree was told in one tick.

    Attributes:
        looks: Looks that it had not been told of before.
        judgements: Answers of the vision-language model, in the order in which they were taken.
        replies: Answers of people, in the same order.
    """

    looks: tuple[Look, ...] = ()
    judgements: tuple[Judged, ...] = ()
    replies: tuple[Answered, ...] = ()
