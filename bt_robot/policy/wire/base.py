"""What every wire format is to the client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

Fields = Mapping[str, Any]
"""A request by wire key: images as (h, w, 3) or (3, h, w) uint8, the state as float32, text as str."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a policy server answered.

    Attributes:
        actions: (H, n) float64, finite, in the server's units.
        server_s: The time the server says the inference took [s]; None if it did not say.
        fields: Everything else that it said, by wire key.
        encode_s: Writing the request took this long [s].
        round_trip_s: From sending the request to the whole answer [s].
        decode_s: Reading the answer took this long [s].
    """

    actions: NDArray[np.float64]
    server_s: float | None = None
    fields: Fields = field(default_factory=dict[str, Any])
    encode_s: float = 0.0
    round_trip_s: float = 0.0
    decode_s: float = 0.0


REQUEST_ID: Final = "request_id"
"""A number that a request carries and its answer repeats, where the server announces that it echoes it."""


class WireFormat(Protocol):
    """How requests and replies look on a websocket; no method does any I/O."""

    @property
    def greets(self) -> bool:
        """Whether the server sends its metadata before the first request."""
        ...

    def metadata(self, frame: str | bytes) -> Fields:
        """Read what the server announced about itself.

        Raises:
            ServerError: The server sent an error instead.
            WireError: The frame breaks the format.
        """
        ...

    def request(self, fields: Fields) -> str | bytes:
        """Write a request as one frame; str is sent as text, bytes as binary."""
        ...

    def reply(self, frame: str | bytes) -> Reply:
        """Read the answer to a request.

        Raises:
            ServerError: The server sent an error instead.
            WireError: The frame breaks the format.
        """
        ...

    def reset_request(self, fields: Fields) -> str | bytes:
        """Write a request that makes the server forget the episode so far.

        Args:
            fields: What goes with it, e.g. the session's id.

        Raises:
            WireError: This format has no reset, or a field can't be written.
        """
        ...

    def check_reset(self, frame: str | bytes) -> None:
        """Read the answer to a reset, and return if it was done.

        Raises:
            ServerError: The server sent an error instead.
            WireError: The frame breaks the format, says something else, or this format has no reset.
        """
        ...
