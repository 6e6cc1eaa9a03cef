"""What people want of a run from outside: heard at any time, from any thread, and done between two ticks.

While the run is held the tree is not ticked, but everything else of a tick goes on: the arm is measured, governed and
told to stay where it is. The tree's clock stands still while it is held, between single steps, and while a node waits
at a breakpoint, so that no time limit of a node runs out because a person thinks.

What the policy has planned is dropped when the run is held and when it goes on again, because the arm is elsewhere than
the plan assumes; between single steps it is kept, one action a step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bt_robot.errors import InputError
from bt_robot.messages import Status
from bt_robot.messages.steering import Asked, Breakpoint, Mode, Wish
from bt_robot.runtime.breakpoints import Breakpoints
from bt_robot.runtime.people import Board
from bt_robot.tree import Tree

MOST_WAITING: Final = 100
"""Wishes that may wait for the next tick."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What becomes of the tree in a tick.

    Attributes:
        ticks: Whether it is ticked.
        behind_s: How far its clock is behind the run's [s].
        anew: Whether what the policy has planned is dropped before.
    """

    ticks: bool
    behind_s: float
    anew: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to tell of a tick.

    Attributes:
        mode: How the run went on.
        acts: What people did before it, in words.
        wishes: The same as values.
        news: What became of it, in words.
    """

    mode: Mode = "running"
    acts: tuple[str, ...] = ()
    wishes: tuple[Wish, ...] = ()
    news: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Heard:
    """Something for the next tick: a wish, or words about what was done already."""

    who: str
    wish: Wish | None = None
    words: str = ""
    gone: bool = False


def _nothing(reason: str) -> None:
    """Stop no robot."""


class Helm:
    """Implements `bt_robot.messages.steering.Steering` for a loop, which calls `begin` and `end` around every tick."""

    def __init__(self, stop: Callable[[str], None] = _nothing, board: Board | None = None) -> None:
        """Begin with a run that goes on by itself.

        Args:
            stop: Stops the robot at once, told why; from any thread.
            board: Where the questions to people are; None if there are none.
        """
        self._stop = stop
        self._board = board
        self._heard: deque[_Heard] = deque()
        self._tree: Tree | None = None
        self._points = Breakpoints()
        self._mode: Mode = "running"
        self._to_change = False
        self._ran = False  # it was not held before it was stepped
        self._anew = False
        self._stepped_from: tuple[Status, ...] = ()
        self._last_s = 0.0
        self._behind_s = 0.0
        self._told = Told()
        self._elsewhere: list[Callable[[], bool]] = []

    def heed(self, waits: Callable[[], bool]) -> None:
        """Let the tree's clock stand still, too, while another program has a node wait.

        Args:
            waits: Whether one does; asked before every tick.
        """
        self._elsewhere.append(waits)

    # From any thread

    @property
    def mode(self) -> Mode:
        """How the run goes on."""
        return self._mode

    @property
    def breakpoints(self) -> tuple[Breakpoint, ...]:
        """Where nodes are to wait."""
        return self._points.listed

    @property
    def questions(self) -> tuple[Asked, ...]:
        """What waits for an answer."""
        pending = self._board.pending() if self._board is not None else ()
        return tuple(Asked(each.ticket, each.path, each.question) for each in pending)

    def wish(self, wish: Wish, who: str) -> str:
        """Have something done at the next tick; return why it can't be, or an empty string.

        Args:
            wish: What to do.
            who: Who wants it, for the record.
        """
        if self._mode == "ended":
            return "the run is over"
        if wish.act == "confirm":
            return self._answer(wish, who)
        if self._tree is None:
            return "the run has not begun yet"
        if len(self._heard) >= MOST_WAITING:
            return "too much waits to be done already"
        try:
            self._check(wish, self._tree)
        except InputError as error:
            return str(error)
        self._heard.append(_Heard(who, wish))
        return ""

    def stop(self, who: str) -> None:
        """Stop the robot, now."""
        self._heard.append(_Heard(who, words="emergency stop"))  # first: the stop may end the run before this returns
        self._stop(f"pressed by {who}")

    def press(self, reason: str) -> None:
        """Stop the robot, now, by a button that does not know whose finger it was.

        Args:
            reason: What was pressed.
        """
        self._heard.append(_Heard("somebody", words=f"emergency stop, {reason}"))
        self._stop(reason)

    def let_go(self, who: str) -> None:
        """Take note that whoever steered is gone; a run that was being stepped is held."""
        self._heard.append(_Heard(who, gone=True))

    def _answer(self, wish: Wish, who: str) -> str:
        question = next((each.text for each in self.questions if each.number == wish.number), "")
        if self._board is None or not self._board.answer(wish.number, yes=wish.yes, who=who):
            return "the question does not wait for an answer any more"
        self._heard.append(_Heard(who, words=f"{'yes' if wish.yes else 'no'} to: {question}"))
        return ""

    def _check(self, wish: Wish, tree: Tree) -> None:
        """Look whether something can be done.

        Raises:
            InputError: It can't.
        """
        match wish.act:
            case "breakpoint" | "force" | "skip":
                tree.status_of(wish.path)
                if wish.act == "breakpoint" and wish.status not in ("any", "RUNNING", "SUCCESS", "FAILURE"):
                    raise InputError(f"a breakpoint at '{wish.status}'; expected any, RUNNING, SUCCESS or FAILURE")
                if wish.act == "force" and wish.status not in ("SUCCESS", "FAILURE"):
                    raise InputError(f"a result '{wish.status}'; expected SUCCESS or FAILURE")
            case "unbreak":
                if all(point.path != wish.path for point in self.breakpoints):
                    raise InputError(f"there is no breakpoint at '{wish.path}'")
            case "prompt":
                tree.change(wish.path, "prompt", wish.text)
            case "parameter":
                tree.change(wish.path, wish.name, wish.text)
            case _:
                pass

    # From the loop

    @property
    def behind_s(self) -> float:
        """How far the tree's clock is behind the run's [s]."""
        return self._behind_s

    def begin(self, tree: Tree, time_s: float) -> Turn:
        """Do what people want, and say what becomes of the tree in this tick.

        Args:
            tree: The tree that runs.
            time_s: The run's clock [s].
        """
        passed_s, self._last_s = time_s - self._last_s, time_s
        self._tree = tree
        acts: list[str] = []
        wishes: list[Wish] = []
        passing = False
        while self._heard:
            heard = self._heard.popleft()
            words = self._take(heard, tree)
            if heard.wish is not None and words:
                wishes.append(heard.wish)
                passing = passing or heard.wish.act in ("resume", "step", "step_to_change")
            elif heard.gone and words:
                wishes.append(Wish("hold"))
            if words:
                acts.append(f"{heard.who}: {words}")
        self._points.let_pass(passing)
        self._points.settle(tree)
        ticks = self._mode != "held"
        waits = self._points.waiting or any(waits() for waits in self._elsewhere)
        if not ticks or (waits and not passing):
            self._behind_s += passed_s
        tree.lag(self._behind_s)
        if self._mode == "stepping":
            self._stepped_from = tuple(state.status for state in tree.states())
        anew, self._anew = self._anew, False
        self._told = Told(self._mode, tuple(acts), tuple(wishes))
        return Turn(ticks, self._behind_s, anew)

    def adopt(self, tree: Tree) -> list[str]:
        """Go on with an edited tree; return what a person should read of it."""
        self._tree = tree
        tree.lag(self._behind_s)
        return self._points.adopt(tree)

    def end(self, tree: Tree) -> Told:
        """Look at what a tick has done; return what there is to tell of it."""
        news = self._points.settle(tree)
        if self._mode == "stepping":
            statuses = tuple(state.status for state in tree.states())
            if not self._to_change or news or statuses != self._stepped_from:
                self._mode = "held"
                self._anew, self._ran = self._ran, False
        told, self._told = self._told, Told()
        return Told(told.mode, told.acts, told.wishes, tuple(news))

    def untold(self) -> tuple[str, ...]:
        """Return what people did that no tick has told, each once; an emergency stop leaves no tick to tell it."""
        done = (f"{heard.who}: {heard.words}" for heard in tuple(self._heard) if heard.words)
        return tuple(dict.fromkeys((*self._told.acts, *done)))

    def close(self) -> None:
        """Take no wishes any more: the run is over."""
        self._mode = "ended"
        self._heard.clear()

    def _take(self, heard: _Heard, tree: Tree) -> str:
        """Do what was heard; return what was done in words, empty if there was nothing to do."""
        if heard.gone:
            return "gone; holding" if self._mode == "stepping" and self._hold() else ""
        if heard.wish is None:
            return heard.words
        try:
            return self._do(heard.wish, tree)
        except InputError as error:  # the tree was edited, or another wish came first
            return f"{heard.wish.act} refused: {error}"

    def _do(self, wish: Wish, tree: Tree) -> str:
        match wish.act:
            case "hold":
                return "hold" if self._hold() else ""
            case "resume":
                return self._resume()
            case "step" | "step_to_change":
                self._ran = self._ran or self._mode == "running"
                self._mode, self._to_change = "stepping", wish.act == "step_to_change"
                return "step to the next change" if self._to_change else "step"
            case "breakpoint":
                self._points.add(tree, wish.path, wish.status)
                return f"breakpoint at {wish.path} ({wish.status})"
            case "unbreak":
                return f"no breakpoint at {wish.path} ({wish.status})" if self._unbreak(wish) else ""
            case "force" | "skip":
                status = Status(wish.status) if wish.act == "force" else Status.SUCCESS
                self._points.answer(tree, wish.path, status)
                return f"{wish.act} {wish.path}: {status} at its next turn"
            case "prompt" | "parameter":
                change = tree.change(wish.path, wish.name if wish.act == "parameter" else "prompt", wish.text)
                tree.take(change)
                return change.words
            case "confirm":
                return ""

    def _unbreak(self, wish: Wish) -> bool:
        return self._points.remove(wish.path, wish.status or "any")

    def _hold(self) -> bool:
        if self._mode == "held":
            return False
        self._mode, self._anew, self._ran = "held", True, False
        return True

    def _resume(self) -> str:
        if self._mode == "running":
            return "go on from the breakpoint" if self._points.waiting else ""
        self._mode, self._anew, self._ran = "running", True, False
        return "resume"
