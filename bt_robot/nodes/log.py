"""Say something that people read: in the live view, in the log and in the recording of the run."""

from __future__ import annotations

from typing import Literal

from bt_robot.messages import TickContext
from bt_robot.nodes.blackboard import shown
from bt_robot.tree import Action, Input, Outcome, Value, success

BURST = 5
"""How many different lines may follow each other at once; then there is one in a period."""


class Log(Action):
    """Tell a line with the node's path and the time, then succeed.

    Ticked again and again, it tells the same line once in a period, and how many it has left out. Lines that differ
    may come faster, but not all the time.
    """

    type_name = "log"
    message = Input(str, doc="what to tell")
    value = Input(Value | None, default=None, doc='a value to tell behind it, e.g. that of a key: "{width}"')
    level = Input(Literal["info", "warning", "error"], default="info", doc="how serious it is")
    period_s = Input(float, default=1.0, minimum=0.1, doc="shortest time from a line to the same line again [s]")

    def __init__(self, **values: object) -> None:
        """Start with nothing told."""
        super().__init__(**values)
        self._line = ""
        self._told_s = 0.0
        self._allowed = float(BURST)
        self._counted_s = 0.0
        self._left_out = 0

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Tell the line, unless that is too much."""
        line = " ".join(f"{self.message} {self._value_in_words()}".split())
        if self._may_tell(line, ctx.now_s):
            more = f" ({self._left_out} lines left out before)" if self._left_out else ""
            level = "" if self.level == "info" else f"{self.level.upper()}: "
            ctx.tell(f"{level}{ctx.path}: {line}{more}")
            self._line, self._told_s, self._left_out = line, ctx.now_s, 0
            self._allowed -= 1.0
        else:
            self._left_out += 1
        return success(line)

    def _may_tell(self, line: str, now_s: float) -> bool:
        self._allowed = min(float(BURST), self._allowed + (now_s - self._counted_s) / self.period_s)
        self._counted_s = now_s
        again = line == self._line and now_s - self._told_s < self.period_s
        return self._allowed > 1.0 - 1e-9 and not again

    def _value_in_words(self) -> str:
        slot = Log.value.slot(self)
        if slot is not None:
            return shown(slot.read()) if slot.written else "(nothing yet)"
        return "" if self.value is None else shown(self.value)
