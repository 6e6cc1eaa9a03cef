"""Where pages are served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HOST: Final = "127.0.0.1"
PORT: Final = 8088


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen.

    Attributes:
        host: The address.
        port: The port; 0 for any that is free.
        chosen: Whether somebody chose it; else any other port will do when it is taken.
    """

    host: str = HOST
    port: int = PORT
    chosen: bool = False
