"""The flight recorder: the last bus transactions, written down when something fails."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from bt_robot.robot.so101.bus import Transaction

MOST_FILES: Final = 10
"""Files that one guardian writes; a fault that comes again and again must not fill the disk."""


class FlightRecorder:
    """Saves the history of the bus once for each fault.

    Attributes:
        files: The files written so far.
    """

    def __init__(self, folder: Path | None) -> None:
        """Keep the folder; it is made when it is needed.

        Args:
            folder: Where the files go; None to write none.
        """
        self._folder = folder
        self._last = ""
        self.files: list[Path] = []

    def save(self, reason: str, history: Iterable[Transaction]) -> str:
        """Write the history down if the reason is a new one.

        Returns:
            What a person should read about it; empty when nothing was written.
        """
        new = bool(reason) and reason != self._last
        self._last = reason
        if not new or self._folder is None or len(self.files) >= MOST_FILES:
            return ""
        stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S-%f")
        path = self._folder / f"bus-{stamp}-{len(self.files)}.jsonl"
        lines = [json.dumps({"reason": reason}), *(json.dumps(_as_json(entry)) for entry in history)]
        draft = path.with_suffix(".unfinished")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
            draft.replace(path)
        except OSError as error:  # a full disk must not cost the arm its guardian
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            return f"the last bus transactions could not be saved: {error}"
        self.files.append(path)
        return f"the last bus transactions are in {path}"


def _as_json(entry: Transaction) -> dict[str, object]:
    return {
        "time_s": round(entry.time_s, 6),
        "took_s": round(entry.took_s, 6),
        "request": entry.request.hex(),
        "received": entry.received.hex(),
        "dropped": entry.dropped,
        "missing": list(entry.missing),
    }
