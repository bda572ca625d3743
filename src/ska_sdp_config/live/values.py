"""Parsing and formatting of stored texts."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

__all__ = [
    "MAX_NESTING",
    "check_depth",
    "compact",
    "difference",
    "field",
    "is_json",
    "is_utf8",
    "parse",
    "parts",
    "pretty",
    "read",
    "to_text",
]

MAX_NESTING = 100
"""Maximum nesting of values: parsing and encoding are recursive."""

# Keep strings; remove white space elsewhere.
_STRING_OR_SPACE = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')


def parse(text: str) -> Any:
    """Parse JSON.

    Raises:
        ValueError: it is not JSON, or not portable: with NaN, a number out of range, or too deep
            nesting.
    """
    return check_depth(_parse(text, _number))


def _parse(text: str, parse_float: Callable[[str], float] | None = None) -> Any:
    try:
        return json.loads(text, parse_constant=_reject_constant, parse_float=parse_float)
    except RecursionError as exc:
        raise ValueError("it is nested too deeply") from exc


def check_depth(value: Any) -> Any:
    """Return the value if it is not nested too deeply.

    Raises:
        ValueError: it is nested too deeply.
    """
    level: list[Any] = [[value]]
    for _ in range(MAX_NESTING):
        parts = (each.values() if isinstance(each, dict) else each for each in level)
        level = [each for part in parts for each in part if isinstance(each, dict | list)]
        if not level:
            return value
    raise ValueError("it is nested too deeply")


def _number(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _reject_constant(text)


def _reject_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def is_json(text: str) -> bool:
    """Return whether a text is JSON."""
    try:
        _parse(text)
    except ValueError:
        return False
    return True


def is_utf8(text: str) -> bool:
    """Return whether a text is valid UTF-8: other clients may have stored arbitrary bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read(text: str) -> Any:
    """Return the value of a JSON text, or the text itself if it is not JSON."""
    try:
        return parse(text)
    except ValueError:
        return text


def compact(text: str) -> str:
    """Format JSON on one line, with numbers and strings verbatim; return other text unchanged."""
    if not is_json(text):
        return text
    return _STRING_OR_SPACE.sub(lambda found: found[1] or "", text)


def pretty(text: str) -> str:
    """Format JSON over several lines; return other text unchanged."""
    try:
        return json.dumps(parse(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text


def difference(before: str | None, after: str | None) -> Iterator[str]:
    """Yield the differences of two formatted texts, with two lines of context.

    The lines begin with ``-``, ``+`` or a space.
    """
    from difflib import unified_diff

    old, new = (pretty(text).splitlines() if text is not None else [] for text in (before, after))
    for number, line in enumerate(unified_diff(old, new, n=2, lineterm="")):
        # Skip the file names and the positions.
        if number > 1 and not line.startswith("@@"):
            yield line


ABSENT = object()
"""Marker of a missing field."""


def look_up(value: Any, name: str) -> Any:
    """Return the field of a value with a dotted name, or ABSENT."""
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            return ABSENT
        value = value[part]
    return value


def field(value: Any, name: str) -> str:
    """Return a field as text for a table, empty if it is missing; see look_up."""
    found = look_up(value, name)
    return "" if found is ABSENT or found is None else to_text(found)


def to_text(value: Any) -> str:
    """Return a value as text: strings verbatim, others as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def parts(text: str) -> Iterator[tuple[str, str]]:
    """Yield the fields of a stored value as text, or the whole text with an empty name."""
    value = read(text)
    if not isinstance(value, dict):
        yield "", compact(text)
        return
    for name, part in value.items():
        yield name, to_text(part)
