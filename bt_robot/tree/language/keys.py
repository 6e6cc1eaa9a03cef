"""What the nodes of a tree do to its keys, and whether that goes together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, get_args

from bt_robot.config.problems import Mark, Problems
from bt_robot.config.values import kind_name
from bt_robot.errors import Code, did_you_mean
from bt_robot.tree.spec import Key
from bt_robot.tree.vocabulary.kinds import Value, fits, item_kind, joined, may_fit

MAX_CHOICES = 100
"""Among how many keys the nearest one is looked for."""


@dataclass(frozen=True, slots=True)
class KindOfKey:
    """The type of what a key holds, known when all writes are.

    Attributes:
        key: The key.
        item: One item of the list in it is meant.
    """

    key: Key
    item: bool = False


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A port that reads or writes a key.

    Attributes:
        key: The key.
        port: The port, as called in messages.
        kind: The type that is read or written, KindOfKey for that of another key, or None if it can't be known.
        mark: Where the key is given to the port.
        path: The node that does it; in a check of a subtree by itself, its path there.
        done: What is done to it, in a word.
    """

    key: Key
    port: str
    kind: Any
    mark: Mark
    path: str
    done: str = "read"


Kinds = Mapping[Key, Mapping[Any, KeyUse]]
"""The types that are written to each key, with the first use that writes one."""


@dataclass(slots=True)
class Keys:
    """The uses of all keys of one tree.

    Attributes:
        reads: Ports that read one.
        writes: Ports that write one.
        mentioned: Keys that may be written by something that could not be checked.
        checks: What is looked at when the types of all keys are known.
        path: The node whose ports are being read.
    """

    reads: list[KeyUse] = field(default_factory=list[KeyUse])
    writes: list[KeyUse] = field(default_factory=list[KeyUse])
    mentioned: set[Key] = field(default_factory=set[Key])
    checks: list[Callable[[Kinds], None]] = field(default_factory=list[Callable[[Kinds], None]])
    path: str = ""

    def check(self, problems: Problems) -> None:
        """Note keys that are read but never written, and types that clash."""
        known = self._resolved()
        self._note_two_kinds(known, problems)
        written = self._written()
        names: dict[str, dict[str, None]] = {}
        for write in self.writes:
            names.setdefault(write.key.scope, {})[write.key.name] = None
        for read in self.reads:
            if read.key not in written:
                near = [name for name in islice(names.get(read.key.scope, ()), MAX_CHOICES) if name != read.key.name]
                problems.add(
                    read.mark,
                    f"{read.port}: the key '{read.key.name}' is {read.done} here, but never written",
                    expected="a key that an output is bound to",
                    hint="" if problems.full else did_you_mean(read.key.name, near),
                    code=Code.NEVER_WRITTEN,
                )
            for kind, write in known.get(read.key, {}).items():
                if read.kind != Value and not fits(kind, read.kind):
                    problems.add(
                        read.mark,
                        f"{read.port}: the key '{read.key.name}' holds {_held(kind)}, "
                        f"written by {write.port} on line {write.mark.line} of {write.mark.file}",
                        expected=kind_name(read.kind),
                        code=Code.KEY_TYPE,
                    )
        for check in self.checks:
            check(known)

    def _written(self) -> set[Key]:
        """Find the keys that may be written: not those that only get what was never written."""
        follow: dict[Key, list[Key]] = {}
        fresh = list(self.mentioned)
        for write in self.writes:
            if isinstance(write.kind, KindOfKey):
                follow.setdefault(write.kind.key, []).append(write.key)
            else:
                fresh.append(write.key)
        written: set[Key] = set()
        while fresh:
            key = fresh.pop()
            if key not in written:
                written.add(key)
                fresh += follow.get(key, ())
        return written

    def _resolved(self) -> dict[Key, dict[Any, KeyUse]]:
        """Find the types in every key, those that come from other keys too."""
        known: dict[Key, dict[Any, KeyUse]] = {}
        follow: dict[Key, list[KeyUse]] = {}
        fresh: list[tuple[Any, KeyUse]] = []
        for write in self.writes:
            if isinstance(write.kind, KindOfKey):
                follow.setdefault(write.kind.key, []).append(write)
            elif write.kind is not None:
                fresh.append((write.kind, write))
        while fresh:
            kind, write = fresh.pop()
            kinds = known.setdefault(write.key, {})
            if kind in kinds:
                continue
            kinds[kind] = write
            for other in follow.get(write.key, ()):
                passed = item_kind(kind) if other.kind.item else kind
                if passed is not None:
                    fresh.append((passed, other))
        return known

    def _note_two_kinds(self, known: dict[Key, dict[Any, KeyUse]], problems: Problems) -> None:
        """Note keys that are written as types of which neither fits into the other; only the first one stays."""
        firsts: dict[Key, tuple[Any, KeyUse]] = {}
        clashing: list[tuple[Any, KeyUse]] = []
        for key, kinds in known.items():
            first, _ = firsts[key] = min(kinds.items(), key=lambda entry: _place(entry[1].mark))
            for kind in [kind for kind in kinds if not may_fit(kind, first)]:
                clashing.append((kind, kinds.pop(kind)))
        clashing += [
            (write.kind, write)
            for write in self.writes
            if not (write.kind is None or isinstance(write.kind, KindOfKey))
            and write.kind not in known.get(write.key, (write.kind,))
        ]
        for kind, write in clashing:
            first, by = firsts[write.key]
            problems.add(
                write.mark,
                f"{write.port}: the key '{write.key.name}' gets {kind_name(kind)} here, "
                f"and {kind_name(first)} from {by.port} on line {by.mark.line} of {by.mark.file}",
                expected=kind_name(first),
                hint="a key has one type",
                code=Code.KEY_TYPE,
            )


def kind_in(kind: Any, known: Kinds) -> Any:
    """Return a type that all values have which a port may get; None if it can't be known.

    Args:
        kind: A type, KindOfKey, or None.
        known: The types in every key.
    """
    if not isinstance(kind, KindOfKey):
        return kind
    whole = joined(known.get(kind.key, ()))
    return item_kind(whole) if kind.item and whole is not None else whole


def _place(mark: Mark) -> tuple[str, int, int]:
    return mark.file, mark.line, mark.column


def _held(kind: Any) -> str:
    return kind_name(kind) + (" or nothing" if type(None) in get_args(kind) else "")
