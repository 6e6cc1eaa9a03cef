"""What a guardian is started with: the port, its plan, and what the servos should be."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

from bt_robot.robot.so101.guardian.plan import GuardianPlan, plan_as_json, plan_from_json
from bt_robot.robot.so101.identity import Expected


@dataclass(frozen=True, slots=True)
class GuardianSetup:
    """Everything in one value.

    Attributes:
        port: The port's path; looked up again when it vanished.
        plan: Limits and times.
        expected: What the servos should say of themselves.
        box_folder: Where the last transactions before a fault are saved; empty to save none.
        rescue: Take over an arm whose guardian died: bring it to rest and end.
    """

    port: str
    plan: GuardianPlan
    expected: Expected
    box_folder: str = ""
    rescue: bool = False

    def as_json(self) -> str:
        """Return it as one line of JSON."""
        values = {
            "port": self.port,
            "plan": plan_as_json(self.plan),
            "expected": dataclasses.asdict(self.expected),
            "box_folder": self.box_folder,
            "rescue": self.rescue,
        }
        return json.dumps(values, allow_nan=False)


def setup_from_json(text: str) -> GuardianSetup:
    """Return the setup that `GuardianSetup.as_json` wrote.

    Raises:
        ValueError: It is none.
    """
    try:
        values = json.loads(text)
        plan, expected = plan_from_json(values.pop("plan")), Expected.from_values(values.pop("expected"))
        return GuardianSetup(plan=plan, expected=expected, **values)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no setup of a guardian: {text[:80]!r} ({error})") from error
