"""What a msgpack message would grow to, read from its headers before anything is built.

A message of 4 MB can ask for 64 times its size: four million empty maps, or a thousand lists in each other that
each announce a hundred thousand items. Counting takes a few microseconds for a reply and ends at the limits.
"""

from __future__ import annotations

from typing import Final

from bt_robot.errors import WireError

MAX_DEPTH: Final = 16
MAX_VALUES: Final = 20_000

_TEXT_AND_BYTES: Final = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
_EXTENSIONS: Final = {0xC7: 1, 0xC8: 2, 0xC9: 4}  # with a byte for the type after the length
_LISTS: Final = {0xDC: 2, 0xDD: 4}
_MAPS: Final = {0xDE: 2, 0xDF: 4}
_LENGTH_BYTES: Final = {**_TEXT_AND_BYTES, **_EXTENSIONS, **_LISTS, **_MAPS}
_FIXED: Final = {0xCA: 5, 0xCB: 9, **{0xCC + i: 1 + (1 << i % 4) for i in range(8)}}  # numbers
_FIXED_EXTENSIONS: Final = {0xD4 + i: 2 + (1 << i) for i in range(5)}


def _skip(code: int) -> int:
    """Return the bytes of a value that its first byte alone measures, its items not counted."""
    if 0xA0 <= code <= 0xBF:
        return 1 + (code & 0x1F)
    return _FIXED.get(code, _FIXED_EXTENSIONS.get(code, 1))


def _inside(code: int) -> int:
    """Return the values in a list or map that its first byte alone measures."""
    if 0x80 <= code <= 0x8F:
        return 2 * (code & 0x0F)
    return code & 0x0F if 0x90 <= code <= 0x9F else 0


_SKIP: Final = tuple(_skip(code) for code in range(256))
_INSIDE: Final = tuple(_inside(code) for code in range(256))
_LENGTH: Final = tuple(_LENGTH_BYTES.get(code, 0) for code in range(256))


def check_outline(data: bytes) -> None:
    """Refuse a message that is nested too deep or holds too many values.

    A message that ends early or holds reserved bytes passes: whoever builds it finds that out.

    Raises:
        WireError: It is beyond MAX_DEPTH or MAX_VALUES.
    """
    at, end, values = 0, len(data), 1
    waiting = [1]  # how many values each open list or map still lacks, the whole message first
    while waiting and at < end:
        if not waiting[-1]:
            waiting.pop()
            continue
        waiting[-1] -= 1
        code = data[at]
        inside = _INSIDE[code]
        size = _LENGTH[code]
        if size:
            length = int.from_bytes(data[at + 1 : at + 1 + size], "big")
            at += 1 + size
            if code in _LISTS:
                inside = length
            elif code in _MAPS:
                inside = 2 * length
            else:
                at += length + (code in _EXTENSIONS)
        else:
            at += _SKIP[code]
        if inside:
            values += inside
            if values > MAX_VALUES:
                raise WireError(f"the message announces {values} values, at most {MAX_VALUES} are read")
            if len(waiting) > MAX_DEPTH:
                raise WireError(f"the message is nested deeper than {MAX_DEPTH} levels")
            waiting.append(inside)
