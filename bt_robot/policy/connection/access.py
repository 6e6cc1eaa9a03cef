"""Getting in: the API key, the certificates to trust, and what must never be told of them."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from bt_robot.errors import UsageError

logger = logging.getLogger(__name__)

_LOOPBACK: Final = ("localhost", "::1")


class ApiKey:
    """A secret that shows itself only to `reveal`, in no repr, format, traceback or pickle."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Keep a key.

        Raises:
            UsageError: It is empty, or holds what no header can.
        """
        if not value:
            raise UsageError("the API key is empty")
        if not (value.isascii() and value.isprintable()) or value != value.strip():
            raise UsageError("the API key holds a space at an end, a line break or a letter that no HTTP header can")
        self._value = value

    def reveal(self) -> str:
        """Return the key itself."""
        return self._value

    def __repr__(self) -> str:
        return "ApiKey(hidden)"

    def __reduce__(self) -> str:
        raise TypeError("an API key stays in the process that read it")


def read_api_key(
    variable: str, environment: Mapping[str, str] | None = None, *, section: str = "policy"
) -> ApiKey | None:
    """Read the API key from an environment variable; None if no variable is named.

    Args:
        variable: The variable's name; empty for a server that wants no key.
        environment: The process's own by default.
        section: The section of the config that names the variable, for messages.

    Raises:
        UsageError: The variable is missing, empty, or holds what can't be sent; its value is not told.
    """
    if not variable:
        return None
    value = (os.environ if environment is None else environment).get(variable)
    if not value:
        how = "not set" if value is None else "empty"
        raise UsageError(
            f"{section}.api_key_env: the environment variable {variable} is {how}; expected the server's API key:"
            f" export {variable}=…, or leave api_key_env out for a server without keys"
        )
    try:
        return ApiKey(value)
    except UsageError as error:
        raise UsageError(f"{section}.api_key_env: {variable}: {error}") from None


@dataclass(frozen=True, slots=True)
class Access:
    """What a connection needs besides an address.

    Attributes:
        api_key: Sent as `Authorization: Api-Key …`; None to send none.
        ca_file: A PEM file with the certificates to trust for TLS, besides the system's; empty for none.
        section: The section of the config that says so, for messages.
    """

    api_key: ApiKey | None = None
    ca_file: str = ""
    section: str = "policy"

    @classmethod
    def read(cls, api_key_env: str, ca_file: str = "", section: str = "policy") -> Self:
        """Read the API key from an environment variable, and see whether the CA file is one.

        Args:
            api_key_env: The variable's name; empty for a server that wants no key.
            ca_file: As the attribute.
            section: As the attribute.

        Raises:
            UsageError: One of them can't be used.
        """
        access = cls(read_api_key(api_key_env, section=section), ca_file, section)
        if ca_file:
            access.tls()
        return access

    def headers(self) -> dict[str, str]:
        """Return the HTTP headers to send, as openpi_client names them."""
        return {} if self.api_key is None else {"Authorization": f"Api-Key {self.api_key.reveal()}"}

    def tls(self) -> ssl.SSLContext:
        """Return what is trusted.

        Raises:
            UsageError: The CA file can't be read, or holds no certificates.
        """
        context = ssl.create_default_context()
        if self.ca_file:
            try:
                context.load_verify_locations(self.ca_file)
            except ssl.SSLError as error:
                where = f"{self.section}.ca_file: '{self.ca_file}'"
                raise UsageError(f"{where} holds no certificates in PEM format") from error
            except OSError as error:
                raise UsageError(f"{self.section}.ca_file: '{self.ca_file}' can't be read: {error.strerror}") from error
        return context

    def hide(self, text: str) -> str:
        """Return text without the key, which a server may have put into it."""
        return text if self.api_key is None else text.replace(self.api_key.reveal(), "(the API key)")

    def warn(self, url: str) -> None:
        """Warn of a key that anyone on the way to a URL could read."""
        if self.api_key is not None and not url.startswith("wss://") and not is_loopback(url):
            logger.warning("%s: the API key is sent unencrypted; use wss://, or a tunnel such as ssh -L", url)


def is_loopback(url: str) -> bool:
    """Return whether a URL leads to this machine."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return host in _LOOPBACK or host.startswith("127.")


class HeaderlessLog(logging.LoggerAdapter[logging.Logger]):
    """A log for the websocket library that never goes down to DEBUG, where it writes headers and frames."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 (logging's own name)
        """Whether a level is written."""
        return level > logging.DEBUG and super().isEnabledFor(level)
