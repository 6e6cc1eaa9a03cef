"""What each node type does, in a few lines each: the reference that the engine is compared with.

A model says S, F or R for a tick. `memory` is forgotten when the node ends or is halted, `lasting` is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tree_strategies import Shape

from bt_robot.tree import Input
from bt_robot.tree.vocabulary.built_in import BUILT_IN


class World:
    """What all nodes of a model share: the clock, the blackboard, and the log of the leaves."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.keys: dict[str, Any] = {}
        self.log: list[tuple[str, str]] = []


class Model:
    """A node of the reference."""

    def __init__(self, shape: Shape, world: World, parent: Model | None = None) -> None:
        self.type, self.words, self.world, self.parent = shape.type, shape.words, world, parent
        ports = BUILT_IN[self.type].ports if self.type in BUILT_IN else {}
        defaults = {name: port.default for name, port in ports.items() if isinstance(port, Input)}
        self.values: dict[str, Any] = {**defaults, **shape.values}
        self.kids = [Model(child, world, self) for child in shape.children]
        self.running = False
        self.memory: dict[Any, Any] = {}
        self.lasting: dict[Any, Any] = {}

    def tick(self) -> str:
        """Tick it; what still runs below it when it ends is halted."""
        said = MODELS[self.type](self)
        self.running = said == "R"
        if not self.running:
            self._end()
        return said

    def halt(self) -> None:
        """Halt it, if it runs."""
        if not self.running:
            return
        self.running = False
        if self.type == "act":
            self.log("halt")
        if self.type == "cooldown" and self.values["after"] == "any":
            self.lasting["end"] = self.world.now_s
        if self.type == "report_status":
            self.write("status", "IDLE")
        self._end()

    def _end(self) -> None:
        for kid in self.kids:
            kid.halt()
        self.memory.clear()

    def log(self, event: str) -> None:
        self.world.log.append((event, self.values["label"]))

    def read(self, name: str) -> Any:
        """Return the value of a port, or what its key holds."""
        value = self.values[name]
        return self.world.keys.get(value) if isinstance(value, str) and value.startswith("{") else value

    def write(self, name: str, value: Any) -> None:
        self.world.keys[self.values.get(name, "")] = value

    def goes_on(self) -> bool:
        """Whether what was said in earlier ticks is about the same attempt, and not too old."""
        above, up = 0, self.parent
        while up:
            above, up = above + up.running, up.parent
        last, now_s = self.lasting.get("asked", (math.inf, 0.0)), self.world.now_s
        self.lasting["asked"] = above, now_s
        return above >= last[0] and now_s - last[1] <= self.values["max_gap_s"]


def act(n: Model) -> str:
    if not n.running:
        n.log("start")
    n.log("tick")
    count = n.lasting["count"] = n.lasting.get("count", 0) + 1
    script = n.values["script"]
    return script[(count - 1) % len(script)]


def see(n: Model) -> str:
    n.running = False
    return act(n)


def paint(n: Model) -> str:
    count = n.lasting["count"] = n.lasting.get("count", 0) + 1
    n.write("colour", n.values["colours"][(count - 1) % len(n.values["colours"])])
    return "S"


def in_order(goes_on: str, memory: str = "memory", at_once: bool = True) -> Callable[[Model], str]:
    def tick(n: Model) -> str:
        keep = getattr(n, memory)
        for index in range(keep.get("at", 0), len(n.kids)):
            said = n.kids[index].tick()
            keep["at"] = index if said != goes_on else (index + 1) % len(n.kids)
            if said != goes_on:
                return said
            if not at_once and index + 1 < len(n.kids):
                return "R"
        return goes_on

    return tick


def reactive(goes_on: str) -> Callable[[Model], str]:
    def tick(n: Model) -> str:
        for index, kid in enumerate(n.kids):
            said = kid.tick()
            if said != goes_on:
                for later in n.kids[index + 1 :]:
                    later.halt()
                return said
        return goes_on

    return tick


def side_by_side(n: Model) -> tuple[int, int]:
    for index, kid in enumerate(n.kids):
        if index not in n.memory and (said := kid.tick()) != "R":
            n.memory[index] = said
    said = list(n.memory.values())
    return said.count("S"), said.count("F")


def number(n: Model, name: str) -> float:
    return {"all": len(n.kids), "forever": math.inf}.get(n.values[name], n.values[name])


def parallel(n: Model) -> str:
    yes, no = side_by_side(n)
    if no >= number(n, "failure_count") or len(n.kids) - no < number(n, "success_count"):
        return "F"
    return "S" if yes >= number(n, "success_count") else "R"


def parallel_all(n: Model) -> str:
    yes, no = side_by_side(n)
    return "R" if yes + no < len(n.kids) else "F" if no >= number(n, "max_failures") else "S"


def quorum(n: Model) -> str:
    said = [kid.tick() for kid in n.kids]
    if said.count("S") >= n.values["at_least"]:
        return "S"
    return "F" if len(said) - said.count("F") < n.values["at_least"] else "R"


def if_then_else(n: Model) -> str:
    if "branch" not in n.memory:
        said = n.kids[0].tick()
        if said == "R" or (said == "F" and len(n.kids) < 3):
            return said
        n.memory["branch"] = n.kids[1 if said == "S" else 2]
    return n.memory["branch"].tick()


def while_do_else(n: Model) -> str:
    said = n.kids[0].tick()
    branch = n.kids[1] if said == "S" else n.kids[2] if said == "F" and len(n.kids) > 2 else None
    return only(n, n.kids[1:], branch) or said


def only(n: Model, branches: list[Model], branch: Model | None) -> str:
    for other in branches:
        if other is not branch:
            other.halt()
    return branch.tick() if branch else ""


def switch(n: Model) -> str:
    named = dict(zip(n.words, n.kids, strict=True))
    return only(n, n.kids, named.get(f"case {n.read('value')}", named.get("default"))) or "F"


def try_catch(n: Model) -> str:
    if "failed" not in n.memory:
        said = n.kids[0].tick()
        if said != "F":
            return said
        n.memory["failed"] = True
    return "R" if n.kids[1].tick() == "R" else "F"


def turned(**into: str) -> Callable[[Model], str]:
    def tick(n: Model) -> str:
        said = n.kids[0].tick()
        return into.get(said, said)

    return tick


def again(on: str, name: str) -> Callable[[Model], str]:
    def tick(n: Model) -> str:
        said = n.kids[0].tick()
        if said != on:
            return said
        n.memory["count"] = n.memory.get("count", 0) + 1
        return "R" if n.memory["count"] < number(n, name) else on

    return tick


def for_each(n: Model) -> str:
    items = n.memory.setdefault("items", list(n.read("items")))
    if not items:
        return "S"
    if not n.kids[0].running:
        n.write("item", items[0])
    said = n.kids[0].tick()
    if said == "S":
        items.pop(0)
        return "R" if items else "S"
    return said


def timeout(n: Model) -> str:
    start_s = n.memory.setdefault("start", n.world.now_s)
    said = n.kids[0].tick()
    return "F" if said == "R" and n.world.now_s - start_s >= n.values["duration_s"] else said


def delay(n: Model) -> str:
    start_s = n.memory.setdefault("start", n.world.now_s)
    return "R" if n.world.now_s - start_s < n.values["duration_s"] else n.kids[0].tick()


def rate_limit(n: Model) -> str:
    if not n.kids[0].running:
        if n.world.now_s - n.lasting.get("start", -math.inf) < n.values["period_s"]:
            return n.lasting["said"]
        n.lasting["start"] = n.world.now_s
    n.lasting["said"] = n.kids[0].tick()
    return n.lasting["said"]


def cooldown(n: Model) -> str:
    if not n.running and n.world.now_s - n.lasting.get("end", -math.inf) < n.values["duration_s"]:
        return "F"
    said = n.kids[0].tick()
    if said in {"any": "SF", "success": "S", "failure": "F"}[n.values["after"]]:
        n.lasting["end"] = n.world.now_s
    return said


def run_once(n: Model) -> str:
    if "said" in n.lasting:
        return n.lasting["said"]
    said = n.kids[0].tick()
    if said == "S" or (said == "F" and n.values["until"] == "end"):
        n.lasting["said"] = said
    return said


def steady(n: Model) -> str:
    keep, now_s = n.lasting, n.world.now_s
    if not n.goes_on():
        keep["believed"], keep["said"] = "F", ""
    said = n.kids[0].tick()
    if said == "R":
        return said
    if said != keep["said"]:
        keep["said"], keep["since"] = said, now_s
    if now_s - keep["since"] >= n.values["for_s" if said == "S" else "release_s"]:
        keep["believed"] = said
    return keep["believed"]


def votes(n: Model) -> str:
    said_before = n.lasting.get("votes", "") if n.goes_on() else ""
    said = n.kids[0].tick()
    n.lasting["votes"] = (said_before + said.replace("R", ""))[-n.values["of"] :]
    return said if said == "R" else "S" if n.lasting["votes"].count("S") >= n.values["at_least"] else "F"


def report_status(n: Model) -> str:
    said = n.kids[0].tick()
    n.write("status", {"S": "SUCCESS", "F": "FAILURE", "R": "RUNNING"}[said])
    return said


MODELS: dict[str, Callable[[Model], str]] = {
    "act": act,
    "see": see,
    "paint": paint,
    "sequence": in_order("S"),
    "reactive_sequence": reactive("S"),
    "sequence_with_memory": in_order("S", memory="lasting"),
    "async_sequence": in_order("S", at_once=False),
    "fallback": in_order("F"),
    "reactive_fallback": reactive("F"),
    "async_fallback": in_order("F", at_once=False),
    "parallel": parallel,
    "parallel_all": parallel_all,
    "quorum": quorum,
    "if_then_else": if_then_else,
    "while_do_else": while_do_else,
    "guard": while_do_else,
    "switch": switch,
    "try_catch": try_catch,
    "inverter": turned(S="F", F="S"),
    "retry": again("F", "attempts"),
    "repeat": again("S", "times"),
    "for_each": for_each,
    "timeout": timeout,
    "delay": delay,
    "rate_limit": rate_limit,
    "cooldown": cooldown,
    "run_once": run_once,
    "keep_running_until_failure": turned(S="R"),
    "wait_until": turned(F="R"),
    "steady": steady,
    "votes": votes,
    "force_success": turned(F="S"),
    "force_failure": turned(S="F"),
    "running_is_success": turned(R="S"),
    "running_is_failure": turned(R="F"),
    "report_status": report_status,
}
"""What a tick of each type comes to."""
