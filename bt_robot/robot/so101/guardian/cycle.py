"""One bus cycle: ask the servos, let the core decide, write. The same bytes on a real port and on one in memory."""

from __future__ import annotations

from collections.abc import Mapping

from bt_robot.robot.so101.bus import Bus
from bt_robot.robot.so101.guardian.core import Core
from bt_robot.robot.so101.guardian.plan import GuardianPlan
from bt_robot.robot.so101.wire.registers import (
    BLOCK_ADDRESS,
    BLOCK_LENGTH,
    FULL_ADDRESS,
    FULL_LENGTH,
    ServoSettings,
    ServoState,
    parse_full,
    parse_state,
)


class BusCycle:
    """A core at work on a bus."""

    def __init__(self, core: Core, bus: Bus, plan: GuardianPlan) -> None:
        """Put them together.

        Args:
            core: It decides.
            bus: It carries.
            plan: Which servos there are.
        """
        self._core = core
        self.bus = bus
        self._ids = plan.ids

    def run(self) -> None:
        """Read, decide, write.

        Raises:
            PortLost: The port is gone, or takes no bytes.
        """
        now_s = self.bus.port.now_s()
        states, settings = self._read()
        for write in self._core.cycle(now_s, states, settings):
            self.bus.sync_write(write.register, write.values)

    def _read(self) -> tuple[Mapping[int, ServoState | None], Mapping[int, ServoSettings] | None]:
        states: dict[int, ServoState | None] = dict.fromkeys(self._ids)
        if not self._core.wants_settings:
            replies = self.bus.sync_read(BLOCK_ADDRESS, BLOCK_LENGTH, self._ids).replies
            states.update({i: parse_state(i, reply.error, reply.data) for i, reply in replies.items()})
            return states, None
        settings: dict[int, ServoSettings] = {}
        for servo_id, reply in self.bus.sync_read(FULL_ADDRESS, FULL_LENGTH, self._ids).replies.items():
            settings[servo_id], states[servo_id] = parse_full(servo_id, reply.error, reply.data)
        return states, settings
