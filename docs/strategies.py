"""Draws what each execution strategy does: one joint, a few chunks, 300 ms of latency. Called by `make docs`.

The plan and the strategies are the real ones; the policy is a made-up one that follows a course, is a little off in
each chunk as a sampled policy is, and starts where the arm was when it was observed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from bt_robot.messages import ActionChunk
from bt_robot.policy.chunks.execution import Execution, StrategyName
from bt_robot.policy.dialect.profile import load_profile

STRATEGIES: tuple[StrategyName, ...] = ("sync", "latest", "blend", "align", "rtc")
HZ, DELAY, STEPS, HORIZON, EXECUTE = 30, 9, 100, 40, 20
_OLD, _DONE, _WAIT = "#e69f00", "#0072b2", "#f0e442"  # Okabe & Ito's palette


@dataclass
class Story:
    """What happened: each chunk's arrival, how much of it was past, and its actions; what was executed; the waits."""

    chunks: list[tuple[int, int, np.ndarray]] = field(default_factory=list)
    executed: list[float] = field(default_factory=list)
    waited: list[int] = field(default_factory=list)


def course(step: np.ndarray) -> np.ndarray:
    """Return where a demonstration is at a step [rad]."""
    return 0.9 * (1 - np.cos(np.pi * np.clip(step / 85, 0, 1))) / 2


def chunk(observed: int, at: float, number: int, told: np.ndarray, *, guided: bool) -> np.ndarray:
    """Return the actions of a policy that sees the arm somewhere, (HORIZON, 2); a guided one continues a plan."""
    rng = np.random.default_rng(11 * number + 5)
    phases = np.arange(STEPS + HORIZON)
    begin = int(np.argmin(np.abs(course(phases[:86]) - at)))  # it knows only where the arm is
    steps = np.arange(HORIZON)
    wander = 0.05 * rng.uniform(-1, 1) * np.sin(steps / 14) + 0.035 * rng.uniform(-1, 1)
    actions = course(begin + steps) + (wander if number else 0.0)
    if guided:
        k = min(len(told), HORIZON)
        soft = np.clip((HORIZON - EXECUTE - np.arange(k)) / (HORIZON - EXECUTE - DELAY + 1), 0.0, 1.0)
        actions[:k] += np.where(np.arange(k) < DELAY, 1.0, soft) * (told[:k, 0] - actions[:k])
    return np.stack([actions, np.zeros(HORIZON)], axis=1)


def story(name: StrategyName) -> Story:
    """Run the real plan against the made-up policy."""
    profile = load_profile("standin")
    profile = type(profile)(**{**vars(profile), "horizon": HORIZON, "execute_steps": EXECUTE})
    plan = Execution(strategy=name).plan(profile, HZ)
    found, arm, command, asked = Story(), 0.0, 0.0, None
    for step in range(STEPS):
        plan.begin(np.array([command, 0.0]))
        if asked is not None and step - asked[0] >= DELAY:
            arrival = ActionChunk(asked[1], asked[0], 0, "", DELAY / HZ, guided=asked[2])
            found.chunks.append((step, plan.accept(arrival, step).skipped, asked[1][:, 0]))
            asked = None
        if asked is None and plan.wants_more(step):
            told = plan.leftover(step, "").actions
            guided = name == "rtc" and len(told) > 0
            asked = (step, chunk(step, arm, len(found.chunks), told, guided=guided), guided)
        action = plan.action(step)
        plan.end_tick(step)
        command = command if action is None else float(action[0])
        if action is None:
            found.waited.append(step)
        arm += 0.45 * (command - arm)  # a servo lags behind its command
        found.executed.append(command)
    return found


def draw(name: StrategyName, path: Path) -> None:
    """Write the picture of a strategy."""
    mpl.rcParams["svg.hashsalt"] = "bt_robot"
    mpl.rcParams["svg.fonttype"] = "none"
    found = story(name)
    figure = Figure(figsize=(8.2, 2.7), layout="constrained")
    FigureCanvasSVG(figure)
    axis: Any = figure.subplots()
    for step in found.waited:
        axis.axvspan(step - 0.5, step + 0.5, color=_WAIT, alpha=0.35, lw=0)
    for arrived, skipped, actions in found.chunks:
        steps = arrived - skipped + np.arange(HORIZON)
        axis.plot(steps[: skipped + 1], actions[: skipped + 1], color=_OLD, lw=1.0, ls=":")
        axis.plot(steps[skipped:], actions[skipped:], color=_OLD, lw=1.2)
        axis.plot(arrived, actions[skipped], "o", color=_OLD, ms=4)
    axis.plot([], [], "o-", color=_OLD, lw=1.2, ms=4, label="a chunk as sent, from its arrival on")
    axis.plot([], [], ":", color=_OLD, lw=1.0, label="its part that is past then")
    axis.plot(found.executed, color=_DONE, lw=2.0, label="what is executed")
    axis.set_xlim(0, STEPS)
    axis.set_ylim(-0.06, 1.05)
    axis.set_xlabel(f"control steps of 1/{HZ} s   (yellow: the arm waits)", fontsize=8)
    axis.set_ylabel("one joint [rad]", fontsize=8)
    axis.tick_params(labelsize=7)
    axis.legend(fontsize=7, loc="lower right")
    figure.savefig(path, metadata={"Date": None})


def write_pictures(folder: Path) -> None:
    """Write a picture per strategy."""
    for name in STRATEGIES:
        draw(name, folder / f"strategy-{name}.svg")
