"""A chat endpoint: asked one question at a time, by any thread."""

from __future__ import annotations

import json
import logging
import math
import ssl
from collections.abc import Sequence
from typing import Any, Final, cast

from bt_robot.errors import EndpointError, EndpointGarbage, EndpointRefusal, UsageError
from bt_robot.language_model.address import CHAT_PATH, Address, proxy_for
from bt_robot.language_model.chat import Habits, Message, Said, Wish, decode, read_answer
from bt_robot.language_model.transport import Answer, Exchange, Limits
from bt_robot.policy.connection.access import Access
from bt_robot.policy.wire.checks import escape, server_words

logger = logging.getLogger(__name__)

MAX_PAUSE_S: Final = 60.0
"""An endpoint that wants to be left alone for longer is asked all the same [s]."""

_ADVICE: Final = {
    400: "",
    401: "the API key is missing or wrong; name its variable with api_key_env",
    403: "the API key does not allow that",
    404: "no such path or model; is the URL complete (…/v1), and the model's name right?",
    413: "the pictures are too large for it",
    429: "too many requests",
}


class Endpoint:
    """An OpenAI-compatible chat endpoint and the model behind it."""

    def __init__(self, url: str, model: str, limits: Limits, access: Access | None = None) -> None:
        """Note where it is; nothing is opened.

        Args:
            url: Where it is, e.g. `http://gpu:8000/v1`.
            model: The model's name; empty for the only one that it serves.
            limits: What one exchange may take.
            access: The API key and what is trusted.

        Raises:
            UsageError: The URL, the proxy that the environment names, or the CA file can't be used.
        """
        self._access = access or Access()
        try:
            self._address = Address.parse(url)
            self._proxy = proxy_for(self._address)
        except ValueError as error:
            raise UsageError(f"{self._access.section}.{error}") from error
        self._tls: ssl.SSLContext | None = self._access.tls() if self._address.tls else None
        self._model = model
        self._limits = limits
        self._habits = Habits()
        self._under_way: set[Exchange] = set()
        self._closed = False
        if self._access.api_key is not None and not (self._address.tls or self._address.loopback):
            logger.warning("%s: the API key is sent unencrypted; use https://, or a tunnel such as ssh -L", self)

    def __str__(self) -> str:
        return str(self._address)

    def ask(self, messages: Sequence[Message], wish: Wish) -> Said:
        """Ask, and wait for the answer.

        Raises:
            EndpointError: There is no usable answer.
        """
        while True:
            habits = self._habits
            try:
                return self._ask(messages, wish, habits)
            except EndpointRefusal as error:
                self._habits = habits.after(error.said) if error.status == 400 else habits
                if self._habits == habits:
                    raise

    def _ask(self, messages: Sequence[Message], wish: Wish, habits: Habits) -> Said:
        fields = {"model": self._model or self._only_model(), "messages": [message.as_json() for message in messages]}
        body = json.dumps({**fields, **wish.as_json(habits)}).encode()
        data = self._exchange("POST", CHAT_PATH, body)
        try:
            return read_answer(data)
        except EndpointGarbage as error:
            raise EndpointGarbage(f"{self}: {error}") from error

    def _only_model(self) -> str:
        """Ask for the models, and remember the one that is served.

        Raises:
            EndpointError: There is none, or more than one.
        """
        data = self._exchange("GET", "/models")
        listed: Any = cast("dict[str, Any]", data).get("data") if isinstance(data, dict) else None
        entries = cast("list[Any]", listed) if isinstance(listed, list) else []
        names = [cast("dict[str, Any]", entry).get("id") for entry in entries if isinstance(entry, dict)]
        names = [name for name in names if isinstance(name, str)]
        if len(names) != 1:
            some = ", ".join(escape(name[:80]) for name in names[:8]) or "none that it tells of"
            raise EndpointGarbage(f"{self}: it has several models or none, so name one with 'model': {some}")
        self._model = names[0]
        return self._model

    def close(self) -> None:
        """End whatever is under way, and begin nothing more."""
        self._closed = True
        for exchange in list(self._under_way):
            exchange.abort()

    def _exchange(self, method: str, path: str, body: bytes = b"") -> Any:
        key = self._access.api_key
        headers = {} if key is None else {"Authorization": f"Bearer {key.reveal()}"}
        exchange = Exchange(self._address, self._limits, self._tls, self._proxy)
        self._under_way.add(exchange)
        if self._closed:
            exchange.abort()
        try:
            answer = exchange.run(method, path, headers, body)
        finally:
            self._under_way.discard(exchange)
        if answer.status != 200:
            raise self._refusal(answer)
        try:
            return decode(answer.body)
        except EndpointGarbage as error:
            raise EndpointGarbage(f"{self}: {error}") from error

    def _refusal(self, answer: Answer) -> EndpointError:
        status = answer.status
        said = self._access.hide(server_words(_error_words(answer.body)))
        advice = _ADVICE.get(status, "the server has a fault" if status >= 500 else "")
        if 300 <= status < 400:
            advice = f"it sends us on to {escape(answer.headers.get('location', '?')[:100])}; use that URL"
        words = "; ".join(part for part in (advice, said) if part)
        return EndpointRefusal(f"{self}: HTTP {status}: {words}", status, _pause_s(answer.headers), said)


def _error_words(body: bytes) -> str:
    """Return an error's words: OpenAI's `{"error": {"message": …}}`, others' `{"message": …}` or `{"detail": …}`."""
    text = body[:20_000].decode("utf-8", errors="replace")
    try:
        data: Any = decode(body)
    except EndpointGarbage:
        return text if not text.lstrip().startswith("<") else ""  # a page of a web server says nothing
    for key in ("error", "message", "detail"):
        if isinstance(data, dict) and key in data:
            data = cast("dict[str, Any]", data)[key]
    return data if isinstance(data, str) else text


def _pause_s(headers: dict[str, str]) -> float:
    """Return how long a server wants to be left alone [s] (RFC 9110, 10.2.3; a date counts as nothing)."""
    try:
        pause_s = float(headers.get("retry-after", "0"))
    except ValueError:
        return 0.0
    return min(max(pause_s, 0.0), MAX_PAUSE_S) if math.isfinite(pause_s) else 0.0
