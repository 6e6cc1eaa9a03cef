"""What has to be known of a recording before its first tick is replayed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from bt_robot.messages import Status, TickRecord
from bt_robot.telemetry.recorder import RecordedRun

_ASKS: Final = "query_policy"
_EDITED: Final = "the tree was edited"
_TOOK_OVER: Final = "the edited tree takes over"


@dataclass(slots=True)
class Survey:
    """A recording at a glance.

    Attributes:
        ticks: How many ticks can be replayed.
        last_step: The step of the last tick that can be replayed.
        last_s: Its time [s].
        busy_step: The last step in which the tree was RUNNING; -1 if there is none.
        end_s: When the tree ended [s]; the last tick's time if it did not.
        gap: What is missing, in words; empty if the ticks follow each other to the end.
        delay_steps: The delay that the first chunk was expected to have [control steps].
        prompts: What the policy was asked.
        questions: What the vision-language model was asked and answered.
        looks: What was looked for, as camera and words.
        edit_steps: The steps in which the tree was edited, and a later one was to take over.
        took_over_s: When those took over [s]; the last one may not have come to it.
        steered: Whether a person held it, or did something else to it.
    """

    ticks: int = 0
    last_step: int = -1
    last_s: float = 0.0
    busy_step: int = -1
    end_s: float = 0.0
    gap: str = ""
    delay_steps: int = 0
    prompts: set[str] = field(default_factory=set[str])
    questions: set[str] = field(default_factory=set[str])
    looks: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    edit_steps: list[int] = field(default_factory=list[int])
    took_over_s: list[float] = field(default_factory=list[float])
    steered: bool = False


def survey_of(run: RecordedRun) -> Survey:
    """Go through a recording once, as far as its ticks follow each other."""
    found, chunks = Survey(), 0
    for record in run.records():
        missing = record.step - found.last_step - 1
        if missing not in (0, record.skipped):
            found.gap = f"the recording lacks what was between {found.last_s:.2f} s and {record.time_s:.2f} s"
            break
        found.ticks += 1
        if found.busy_step == found.last_step:  # the tree was RUNNING so far
            found.end_s = record.time_s
        found.last_step, found.last_s = record.step, record.time_s
        if record.status is Status.RUNNING:
            found.busy_step = record.step
        if record.chunk is not None:
            if not chunks and record.splice is not None:
                found.delay_steps = record.splice.expected_delay_steps
            chunks += 1
        _note(found, record)
    return found


def _note(found: Survey, record: TickRecord) -> None:
    """Note what was asked in a tick, and what a person did."""
    if record.chunk is not None:
        found.prompts.add(record.chunk.prompt)
    if record.heard is not None:
        found.questions.update(each.question for each in record.heard.judgements)
        found.looks.update((each.camera, each.wanted) for each in record.heard.looks)
    if any(words.startswith(_EDITED) for words in record.events):
        found.edit_steps.append(record.step)
    if any(words.startswith(_TOOK_OVER) for words in record.events):
        found.took_over_s.append(record.time_s)
    found.steered = found.steered or bool(record.wishes)
    for node, state in zip(record.layout, record.nodes, strict=False):
        if state.ticked and node.type == _ASKS and node.prompt:
            found.prompts.add(node.prompt)
