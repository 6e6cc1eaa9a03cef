"""What can be done to a key of the blackboard: write it, unset it, look whether it was written."""

from __future__ import annotations

from bt_robot.errors import PortError
from bt_robot.messages import TickContext
from bt_robot.tree import Action, Condition, Input, Outcome, Output, Slot, Value, failure, running, success


class SetBlackboard(Action):
    """Write a value to a key: one that is given here, or the one that another key holds now.

    The key has the type of what is written, and what reads it must take that type.
    """

    type_name = "set_blackboard"
    aliases = ("set_blackboard_variable",)
    btcpp = "SetBlackboard"
    py_trees = "SetBlackboardVariable"
    key = Output(Value, doc="the key that is written", required=True, like="value")
    value = Input(Value, doc="what is written to it")

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Write."""
        self.key = self.value
        return success(shown(self.value))


class UnsetBlackboard(Action):
    """Take the value of a key away, so that it is as if nothing had been written to it."""

    type_name = "unset_blackboard"
    aliases = ("unset_blackboard_variable",)
    btcpp = "UnsetBlackboard"
    py_trees = "UnsetBlackboardVariable"
    key = Output(Value, doc="the key that is unset", required=True, unsets=True)

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Unset it."""
        slot = UnsetBlackboard.key.slot(self)
        if slot is not None:
            slot.unset()
        return success()


class KeyExists(Condition):
    """Succeed while a key holds a value, and, if asked, while that was written not long ago."""

    type_name = "key_exists"
    aliases = ("check_blackboard_variable_exists",)
    py_trees = "CheckBlackboardVariableExists"
    key = Input(Value, doc="the key that is looked at", only_key=True)
    max_age_s = Input(float | None, default=None, minimum=0.0, doc="how long ago it may have been written [s]")

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Look."""
        slot = _slot_of(KeyExists.key, self)
        if not slot.written:
            return failure(f"'{slot.key}' holds nothing")
        age_s = ctx.now_s - slot.written_s
        if self.max_age_s is not None and age_s > self.max_age_s:
            return failure(f"'{slot.key}' is too old, the limit is {self.max_age_s:g} s", age_s=age_s)
        return success(f"'{slot.key}' holds {shown(slot.read())}", age_s=age_s)


class KeyUpdated(Condition):
    """Succeed when a key was written since this node looked at it last; the first look tells whether it was at all.

    A write counts even if the value is the same as before.
    """

    type_name = "key_updated"
    aliases = ("was_entry_updated",)
    btcpp = "WasEntryUpdated"
    key = Input(Value, doc="the key that is looked at", only_key=True)

    _seen = 0

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Compare the number of writes with the one seen last."""
        slot = _slot_of(KeyUpdated.key, self)
        news, self._seen = slot.sequence - self._seen, slot.sequence
        return success(f"'{slot.key}' was written") if news else failure(f"nothing new in '{slot.key}'")


class WaitForUpdate(Action):
    """Wait until a key is written, counted from the start of the wait; fail when that takes too long."""

    type_name = "wait_for_update"
    key = Input(Value, doc="the key that is waited for", only_key=True)
    at_most_s = Input(float | None, default=None, minimum=0.0, doc="fail after this time [s]; never by default")

    _seen = 0
    _since_s = 0.0

    def on_start(self, ctx: TickContext) -> None:
        """Remember how often it was written."""
        self._since_s = ctx.now_s
        self._seen = _slot_of(WaitForUpdate.key, self).sequence

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Look whether it was written again."""
        slot = _slot_of(WaitForUpdate.key, self)
        if slot.sequence != self._seen:
            return success(f"'{slot.key}' was written")
        return still_waiting(f"nothing new in '{slot.key}'", ctx.now_s - self._since_s, self.at_most_s)


class WaitForKey(Action):
    """Wait until a key holds a value; fail when that takes too long."""

    type_name = "wait_for_key"
    aliases = ("wait_for_blackboard_variable",)
    py_trees = "WaitForBlackboardVariable"
    key = Input(Value, doc="the key that is waited for", only_key=True)
    at_most_s = Input(float | None, default=None, minimum=0.0, doc="fail after this time [s]; never by default")

    _since_s = 0.0

    def on_start(self, ctx: TickContext) -> None:
        """Start the time."""
        self._since_s = ctx.now_s

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Look whether it is there."""
        slot = _slot_of(WaitForKey.key, self)
        if slot.written:
            return success(f"'{slot.key}' holds {shown(slot.read())}")
        return still_waiting(f"'{slot.key}' holds nothing", ctx.now_s - self._since_s, self.at_most_s)


def still_waiting(why: str, waited_s: float, at_most_s: float | None) -> Outcome:
    """Go on waiting, or give up when the time is over."""
    if at_most_s is not None and waited_s >= at_most_s:
        return failure(f"waited for {waited_s:.1f} s: {why}")
    return running(f"{why}; waiting for {waited_s:.1f} s")


def shown(value: object) -> str:
    """Say a value in a few words."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _slot_of(port: Input[Value], leaf: object) -> Slot:
    slot = port.slot(leaf)
    if slot is None:
        raise PortError(f"'{port.name}' is bound to no key")
    return slot
