"""What has to be known of a recording before its first tick is replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from bt_robot.messages import Status, TickRecord
from bt_robot.telemetry.recorder import RecordedRun
from bt_robot.tree.engine.hooks import FORCED, HELD

_EDITED: Final = "the tree was edited"
_HOOKING: Final = ("breakpoint", "force", "skip")
_HOOKED: Final = (HELD, FORCED)
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
        prompts: What the policy was asked, and when its chunks for that came [s].
        questions: What the vision-language model was asked and answered, and when it last was [s].
        replies: What people answered.
        looks: What was looked for, as camera and words, and when something new was seen of it [s].
        edit_steps: The steps in which the tree was edited, and a later one was to take over.
        took_over_s: When those took over [s]; the last one may not have come to it.
        steered: Whether a person held it, or did something else to it.
        by_hand: Whether a person had a node wait, or answered for one.
        hooked_s: When a node first waited or was answered for, and no person wanted it [s]; None if none did.
    """

    ticks: int = 0
    last_step: int = -1
    last_s: float = 0.0
    busy_step: int = -1
    end_s: float = 0.0
    gap: str = ""
    delay_steps: int = 0
    prompts: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    questions: dict[str, float] = field(default_factory=dict[str, float])
    replies: set[str] = field(default_factory=set[str])
    looks: dict[tuple[str, str], list[float]] = field(default_factory=dict[tuple[str, str], list[float]])
    edit_steps: list[int] = field(default_factory=list[int])
    took_over_s: list[float] = field(default_factory=list[float])
    steered: bool = False
    by_hand: bool = False
    hooked_s: float | None = None


def survey_of(run: RecordedRun, progress: Callable[[float], None]) -> Survey:
    """Go through a recording once, as far as its ticks follow each other.

    Args:
        run: The recording.
        progress: Told how far it is [s].
    """
    found, chunks = Survey(), 0
    for record in run.records():
        progress(record.time_s)
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
        found.prompts.setdefault(record.chunk.prompt, []).append(record.time_s)
    if record.heard is not None:
        found.questions.update({each.question: record.time_s for each in record.heard.judgements})
        found.replies.update(each.question for each in record.heard.replies)
        for look in record.heard.looks:
            found.looks.setdefault((look.camera, look.wanted), []).append(record.time_s)
    if any(words.startswith(_EDITED) for words in record.events):
        found.edit_steps.append(record.step)
    if any(words.startswith(_TOOK_OVER) for words in record.events):
        found.took_over_s.append(record.time_s)
    found.steered = found.steered or bool(record.wishes)
    found.by_hand = found.by_hand or any(wish.act in _HOOKING for wish in record.wishes)
    if found.hooked_s is None and not found.by_hand and any(state.reason in _HOOKED for state in record.nodes):
        found.hooked_s = record.time_s
    for prompt in prompts_asked(record):
        found.prompts.setdefault(prompt, [])


def prompts_asked(record: TickRecord) -> Iterator[str]:
    """Yield what the nodes that were ticked asked the policy for."""
    for node, state in zip(record.layout, record.nodes, strict=False):
        if node.prompt and state.ticked and node.type == "query_policy":
            yield node.prompt
