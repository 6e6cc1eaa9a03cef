"""Where a chat endpoint is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

CHAT_PATH: Final = "/chat/completions"
_DEFAULT_PATH: Final = "/v1"
_PORTS: Final = {"http": 80, "https": 443}
_EXAMPLE: Final = "http://host:8000/v1"
_NO_HOST: Final = f"url '{{}}' has no host, or a port that is none; expected {_EXAMPLE}"


@dataclass(frozen=True, slots=True)
class Address:
    """A chat endpoint's address.

    Attributes:
        tls: Whether the connection is encrypted.
        host: A name or a number.
        port: The port.
        path: What comes before `/chat/completions`, e.g. `/v1`.
    """

    tls: bool
    host: str
    port: int
    path: str = _DEFAULT_PATH

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read a URL as people write it: with `/v1` or without, or that of the chat itself.

        Raises:
            ValueError: It is no http:// or https:// URL, or holds a password.
        """
        if not url.isascii() or not url.isprintable() or " " in url:
            raise ValueError(f"url {url!r} holds a space, or a letter that no URL can; expected {_EXAMPLE}")
        if not url.startswith(("http://", "https://")):
            near = url.partition("://")[2] or url
            raise ValueError(f"url '{url}' is no http address; expected {_EXAMPLE} (try http://{near})")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise ValueError(_NO_HOST.format(url)) from None
        if not host or port == 0:
            raise ValueError(_NO_HOST.format(url))
        if "@" in parts.netloc:
            raise ValueError("url holds a password, which would end up in logs; use api_key_env instead")
        if parts.query or parts.fragment:
            raise ValueError(f"url '{url}' has a query; expected {_EXAMPLE}")
        path = parts.path.rstrip("/").removesuffix(CHAT_PATH) or _DEFAULT_PATH
        return cls(parts.scheme == "https", host, port or _PORTS[parts.scheme], path)

    @property
    def loopback(self) -> bool:
        """Whether it is this machine."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    @property
    def place(self) -> str:
        """Host and port, as a proxy is told them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def authority(self) -> str:
        """Host and port, as in a URL; the port only where it is not the usual one."""
        return self.place.removesuffix(f":{_PORTS['https' if self.tls else 'http']}")

    def __str__(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.authority}{self.path}"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy on the way to an endpoint.

    Attributes:
        host: Its name.
        port: Its port.
        credentials: `user:password`; empty for none.
    """

    host: str
    port: int
    credentials: str = ""


def proxy_for(address: Address, proxies: Mapping[str, str] | None = None) -> Proxy | None:
    """Return the proxy that the environment names for an address; none for this machine, or what `no_proxy` names.

    Args:
        address: Where to go.
        proxies: By scheme; the environment's own (`https_proxy`, …) by default.

    Raises:
        ValueError: The environment names what is no http proxy.
    """
    found = (getproxies() if proxies is None else proxies).get("https" if address.tls else "http", "")
    if not found or address.loopback or (proxies is None and proxy_bypass(f"{address.host}:{address.port}")):
        return None
    parts = urlsplit(found if "://" in found else f"http://{found}")
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError("the proxy that the environment names is no http:// proxy; set no_proxy to leave it out")
    credentials = unquote(parts.netloc.rpartition("@")[0])
    return Proxy(parts.hostname, parts.port or 8080, credentials)
