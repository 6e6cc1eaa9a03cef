"""Whether the policy knows what it wants."""

from __future__ import annotations

from bt_robot.messages import Disagreement, TickContext
from bt_robot.nodes.evidence import above, answer
from bt_robot.nodes.pace import Pace
from bt_robot.tree import Condition, Input, Outcome, failure


class ChunksDisagree(Condition):
    """Succeed when the policy keeps changing its mind.

    Each chunk is compared with the one before where both plan the same moments: the root mean square over
    the arm's joints. A policy that sees clearly what to do plans on as it planned before; one that does not
    makes a new plan every time. Slow down, look again or retry then.

    A chunk for another prompt, and one after a pause, has nothing to be compared with; with the strategy
    `sync` no chunk ever has.
    """

    type_name = "chunks_disagree"
    prompt = Input(str, doc="the prompt whose chunks count; the nearest `prompt:` above by default")
    min_rms_rad = Input(float, default=0.15, minimum=0.0, doc="how different is a disagreement [rad]")
    in_a_row = Input(int, default=2, minimum=1, doc="how many chunks must disagree, one after the other")
    max_age_s = Input(float, default=3.0, minimum=0.0, doc="chunks from older pictures say nothing about now [s]")

    def __init__(self, **values: object) -> None:
        """Start without evidence."""
        super().__init__(**values)
        self._pace = Pace()
        self._newest: Disagreement | None = None
        self._in_a_row = 0

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Compare the newest chunk's disagreement with the limit, once."""
        period_s, newest = self._pace.update(ctx), ctx.plan.disagreement
        if newest is None or ctx.plan.prompt != self.prompt:
            self._newest, self._in_a_row = None, 0
            return failure("no two chunks for this prompt have overlapped yet")
        if self._newest is None or newest.step != self._newest.step:
            self._in_a_row = self._in_a_row + 1 if newest.rms_rad >= self.min_rms_rad else 0
            self._newest = newest
        age_s = (ctx.observation.step - newest.observed_step) * period_s
        if age_s > self.max_age_s:
            return failure(f"not known: the newest chunk is {age_s:.1f} s old, the limit is {self.max_age_s:g} s")
        words = f"{newest.rms_rad:.3f} rad from the plan, {self._in_a_row} of {self.in_a_row} in a row"
        clear = above(newest.rms_rad, self.min_rms_rad)
        return answer(self._in_a_row >= self.in_a_row, words, clear, age_s)
