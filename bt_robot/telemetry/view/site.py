"""The page's files: read once, answered from memory, and nothing else is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parent / "page"

_KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file of the page.

    Attributes:
        kind: Its media type.
        content: What is in it.
    """

    kind: str
    content: bytes


def load_site(folder: Path = PAGE) -> Mapping[str, StaticFile]:
    """Return a page's files by the path that is asked for; `/` is `index.html`.

    Args:
        folder: Where they are; only the kinds that a page is made of are taken.
    """
    site = {
        f"/{path.relative_to(folder).as_posix()}": StaticFile(_KINDS[path.suffix], path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in _KINDS
    }
    if "/index.html" in site:
        site["/"] = site["/index.html"]
    return site
