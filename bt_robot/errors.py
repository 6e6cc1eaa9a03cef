"""Every error of this project, under one root.

```
BtRobotError
├── InputError                what the user wrote is wrong             exit code 2
│   ├── LoadError             problems in a tree, config or profile
│   ├── UsageError            a wrong flag or argument
│   ├── PluginError           a part from another installed package can't be used
│   └── RecordingError        a recording can't be read
├── StartRefused              nothing moved: a part said no            exit code 3
│   ├── PolicyRefused
│   └── RobotRefused
├── PolicyError               a request to the policy server failed
│   ├── PolicyUnavailable     no connection           (a ConnectionError)
│   ├── PolicyTimeout         no answer in time       (a TimeoutError)
│   ├── ServerError           the server answered with an error
│   ├── WireError             undecodable bytes       (a ValueError)
│   └── ChunkRefused          decodable actions that must not be executed
├── EndpointError             a request to a language model's endpoint failed
│   ├── EndpointUnavailable   no connection           (a ConnectionError)
│   ├── EndpointTimeout       no answer in time       (a TimeoutError)
│   ├── EndpointRefusal       it answered with an HTTP error
│   └── EndpointGarbage       what came back is no answer (a ValueError)
├── RobotError                the robot stopped working during a run
├── ProposalError             a second node commanded the arm in one tick
└── PortError                 a blackboard port was read, and its key held nothing that it takes
```
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class BtRobotError(Exception):
    """The root: catching it catches everything this project raises on purpose."""


class Code(StrEnum):
    """The kinds of problems: words that editors filter by, and that stay when a message is worded anew."""

    UNREADABLE = "unreadable"
    """A file that is not there, or can't be read as text."""
    TOO_LARGE = "too-large"
    """Too many bytes, values, levels, files, nodes or problems."""
    NOT_YAML = "not-yaml"
    """A mistake in YAML's own grammar."""
    FORBIDDEN_YAML = "forbidden-yaml"
    """Legal YAML that is not taken: anchors, aliases, tags, a second document, keys that are no words."""
    DUPLICATE_KEY = "duplicate-key"
    UNKNOWN_KEY = "unknown-key"
    UNKNOWN_NODE = "unknown-node"
    """A node type that neither the language, nor a leaf, nor an included subtree has."""
    UNKNOWN_PARAMETER = "unknown-parameter"
    """A `$name` that the subtree does not declare."""
    PARAMETER_TYPE = "parameter-type"
    """A `$name` where its type, its unit or its direction does not fit."""
    MISSING_KEY = "missing-key"
    MISSING_PROMPT = "missing-prompt"
    """A node asks the policy, and neither it nor a node above it says what."""
    WRONG_TYPE = "wrong-type"
    OUT_OF_RANGE = "out-of-range"
    UNKNOWN_CHOICE = "unknown-choice"
    """A word that is none of the few that are allowed."""
    INVALID = "invalid"
    """Values that do not go together, and whatever has no kind of its own."""
    NOT_A_NODE = "not-a-node"
    CHILDREN = "children"
    """Children that are missing, too many, in the wrong form, or where none belong."""
    BAD_NAME = "bad-name"
    INCLUDE = "include"
    """A file to include that is not there, leaves its folder, includes itself or is no subtree."""
    CYCLE = "cycle"
    """Subtrees that call each other in a circle."""
    NEVER_WRITTEN = "never-written"
    """A blackboard key that is read, but written nowhere."""
    KEY_TYPE = "key-type"
    """A blackboard key that is written as one type, or in one unit, and read as another."""
    KEY_NOT_ALLOWED = "key-not-allowed"
    """A blackboard key where the value must be known when the tree is loaded."""
    BAD_KEY = "bad-key"
    """Text that was meant as a blackboard key or as a parameter, or has one in its middle."""
    UNUSED = "unused"
    """A parameter that is declared, but used nowhere."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file, with its place.

    Attributes:
        file: The file as the user named it, or a flag such as `--set`.
        line: Line number, from 1; 0 where a whole file is meant.
        column: Column number, from 1 and in characters; 0 where a whole file is meant.
        message: What is wrong, with the offending word or value.
        expected: What would have been right; may be empty.
        hint: The nearest valid choice, or what to do next; may be empty.
        code: Its kind.
        end_column: The column after the offending word; 0 where it is not known.
        source_line: The line as written, of a very long one the part around the place; may be empty.
        source_offset: How many characters of the line stand before `source_line`.
    """

    file: str
    line: int
    column: int
    message: str
    expected: str = ""
    hint: str = ""
    code: Code = Code.INVALID
    end_column: int = 0
    source_line: str = ""
    source_offset: int = 0

    @property
    def place(self) -> str:
        """The file, with line and column where they are known."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}"
        if self.expected:
            text += f"; expected {self.expected}"
        if self.hint:
            text += f" ({self.hint})"
        return text


_LONGEST_WORD = 80
"""Longer words are not compared: what is near to them is no word of ours."""


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return `did you mean 'x'?` for the choice nearest to a word, or an empty string."""
    near = nearest(word, choices)
    return f"did you mean '{near}'?" if near else ""


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return the choice that a word was meant to be, most likely; an empty string if none is near.

    A CamelCase word, as BehaviorTree.CPP has them, is compared as the snake_case one.
    """
    if len(word) > _LONGEST_WORD:
        return ""
    known = list(choices)
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).lower()
    near = difflib.get_close_matches(word, known, n=1) or difflib.get_close_matches(snake, known, n=1)
    return near[0] if near else ""


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


class PluginError(InputError):
    """A part that another installed package brings along can't be used."""


class RecordingError(InputError):
    """A recording is not there, is none, or is damaged where nothing can be read without it."""


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


class EndpointError(BtRobotError):
    """A request to a language model's endpoint failed."""


class EndpointUnavailable(EndpointError, ConnectionError):
    """There is no connection to the endpoint."""


class EndpointTimeout(EndpointError, TimeoutError):
    """The endpoint did not answer in time."""


class EndpointRefusal(EndpointError):
    """The endpoint answered with an HTTP error.

    Attributes:
        status: The HTTP status.
        retry_in_s: How long it wants to be left alone [s]; 0 where it did not say.
        said: Its own words; may be empty.
    """

    def __init__(self, text: str, status: int, retry_in_s: float = 0.0, said: str = "") -> None:
        """Keep the words, and what can be done about it."""
        super().__init__(text)
        self.status = status
        self.retry_in_s = retry_in_s
        self.said = said


class EndpointGarbage(EndpointError, ValueError):
    """What the endpoint sent back is no answer."""


class RobotError(BtRobotError):
    """The robot stopped working during a run."""


class ProposalError(BtRobotError):
    """A second command was proposed in one tick."""


class PortError(BtRobotError):
    """A blackboard port was read while its key held nothing, or a value that the port does not take."""
