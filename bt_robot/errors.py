"""Every error of this project, under one root.

```
BtRobotError
├── InputError                what the user wrote is wrong             exit code 2
│   ├── LoadError             problems in a tree, config or profile
│   └── UsageError            a wrong flag or argument
├── StartRefused              nothing moved: a part said no            exit code 3
│   ├── PolicyRefused
│   └── RobotRefused
├── PolicyError               a request to the policy server failed
│   ├── PolicyUnavailable     no connection           (a ConnectionError)
│   ├── PolicyTimeout         no answer in time       (a TimeoutError)
│   ├── ServerError           the server answered with an error
│   ├── WireError             undecodable bytes       (a ValueError)
│   └── ChunkRefused          decodable actions that must not be executed
├── RobotError                the robot stopped working during a run
├── ProposalError             a second node commanded the arm in one tick
└── PortError                 a blackboard port was read before it was written
```
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class BtRobotError(Exception):
    """The root: catching it catches everything this project raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file, with its place.

    Attributes:
        file: The file as the user named it, or a flag such as `--set`.
        line: Line number, from 1; 0 where a whole file is meant.
        column: Column number, from 1; 0 where a whole file is meant.
        message: What is wrong, with the offending word or value.
        expected: What would have been right; may be empty.
        hint: The nearest valid choice, or what to do next; may be empty.
    """

    file: str
    line: int
    column: int
    message: str
    expected: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        text = f"{place}: {self.message}"
        if self.expected:
            text += f"; expected {self.expected}"
        if self.hint:
            text += f" ({self.hint})"
        return text


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return `did you mean 'x'?` for the choice nearest to a word, or an empty string."""
    near = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else ""


class InputError(BtRobotError):
    """What the user wrote can't be used."""


class LoadError(InputError):
    """Problems found while loading files, all of them at once.

    Attributes:
        problems: Every problem, ordered by file and place.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep the problems in the order of their places."""
        self.problems = tuple(sorted(dict.fromkeys(problems), key=lambda p: (p.file, p.line, p.column)))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[LoadError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)  # so that it can cross a process boundary


class UsageError(InputError):
    """A flag or an argument is wrong."""


class StartRefused(BtRobotError):
    """A part refused before anything moved."""


class PolicyRefused(StartRefused):
    """The policy server is absent, or is not what the profile declares."""


class RobotRefused(StartRefused):
    """The robot is absent, or must not be armed as it is."""


class PolicyError(BtRobotError):
    """A request to the policy server failed."""


class PolicyUnavailable(PolicyError, ConnectionError):
    """There is no connection to the policy server.

    Attributes:
        hung_up: True when the server ended the connection in good order, as servers do with idle clients.
    """

    def __init__(self, text: str, *, hung_up: bool = False) -> None:
        """Keep the words, and whether it was a farewell."""
        super().__init__(text)
        self.hung_up = hung_up


class PolicyTimeout(PolicyError, TimeoutError):
    """The policy server did not answer in time."""


class ServerError(PolicyError):
    """The policy server answered with an error instead of actions.

    Attributes:
        open: True when the server goes on answering on the same connection, as only some do after an error.
    """

    def __init__(self, text: str, *, open: bool = False) -> None:
        """Keep the words, and whether the connection can be used again."""
        super().__init__(text)
        self.open = open


class WireError(PolicyError, ValueError):
    """A message broke the wire format."""


class ChunkRefused(PolicyError):
    """A chunk was decoded, but must not be executed."""


class RobotError(BtRobotError):
    """The robot stopped working during a run."""


class ProposalError(BtRobotError):
    """A second command was proposed in one tick."""


class PortError(BtRobotError):
    """A blackboard port was read before anything was written to it."""
