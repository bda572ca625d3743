"""Conversion of paths to keys of the store, and spans of keys.

The key of a path is its number of slashes followed by the path, so that the children of a
directory are adjacent in the store: the key of ``/pb/pb-x`` is ``2/pb/pb-x``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ska_sdp_config.store.errors import check_path, depth_of_path

__all__ = [
    "EVERYTHING",
    "Span",
    "cut",
    "depth_digits",
    "key_of_path",
    "path_of_key",
    "readable_path_of",
    "spans_below",
    "spans_of_listing",
]

_LAST = "\U0010ffff"
_SURROGATES = range(0xD800, 0xE000)


class Span(NamedTuple):
    """One key, or all keys from ``begin`` up to, but not including, ``end``.

    Keys are ordered by code point, which is the order of their UTF-8 bytes too.

    Attributes:
        begin: the first key.
        end: the first key past the span, or the empty string for ``begin`` alone.
    """

    begin: str
    end: str = ""

    @classmethod
    def prefix(cls, prefix: str) -> Span:
        """Return the span of all keys that begin with a non-empty prefix."""
        stem = prefix.rstrip(_LAST)
        following = ord(stem[-1]) + 1
        if following in _SURROGATES:
            following = _SURROGATES.stop
        return cls(prefix, stem[:-1] + chr(following))

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str):
            return False
        return self.begin <= key < self.end if self.end else key == self.begin


EVERYTHING = Span("\0", _LAST)
"""All keys of the store, including those outside the path space."""


def key_of_path(path: str) -> str:
    """Return the key of a path.

    Raises:
        ValueError: the path is invalid.
    """
    # This runs for thousands of paths, so check_path is called only for the error.
    if path[:1] != "/" or path[-1:] == "/":
        check_path(path)
    return f"{path.count('/')}{path}"


def path_of_key(key: str) -> str:
    """Return the path of a key."""
    return key[key.index("/") :]


def readable_path_of(key: str) -> str | None:
    """Return the path of a key; None if no path has it, as other programs may write any key."""
    slash = key.find("/")
    path = key[slash:]
    is_readable = slash > 0 and path[-1] != "/" and key == key_of_path(path)
    return path if is_readable else None


def depth_digits(span: Span) -> int:
    """Return the number of digits before the path in the keys of a span of one level."""
    return span.begin.index("/")


def spans_of_listing(path: str, recurse: int | Iterable[int] = 0) -> list[Span]:
    """Return the spans of the keys that begin with a path, one for each level.

    Args:
        path: ``/pb/`` for the children of ``/pb``, ``/pb/pb-a`` for the keys of that level
            that begin with it.
        recurse: number of further levels, or the exact levels (0 is that of the path).

    Raises:
        ValueError: the path does not begin with a slash.
    """
    if not path.startswith("/"):
        raise ValueError(f"Path {path!r} does not begin with '/': write '/{path}'.")
    levels = range(recurse + 1) if isinstance(recurse, int) else sorted(set(recurse))
    depth = depth_of_path(path)
    return [Span.prefix(f"{depth + level}{path}") for level in levels]


def spans_below(path: str, max_depth: int) -> list[Span]:
    """Return the spans of all keys below a path, down to a depth in slashes."""
    return [
        Span.prefix(f"{depth}{path}/") for depth in range(depth_of_path(path) + 1, max_depth + 1)
    ]


def cut(span: Span, keys: Sequence[str]) -> Iterator[Span]:
    """Yield the parts of a span around some keys, which are sorted."""
    if not span.end:
        if span.begin not in keys:
            yield span
        return
    begin = span.begin
    for key in keys:
        if key in span:
            if begin < key:
                yield Span(begin, key)
            begin = key + "\0"
    if begin < span.end:
        yield Span(begin, span.end)
