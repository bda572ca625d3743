"""Stored texts as people and programs want to see them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

__all__ = [
    "DEEPEST",
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
]

DEEPEST = 100
"""How deep values are nested at most: what reads and writes them is recursive."""

# A string stays as it is; white space anywhere else in JSON means nothing.
_STRING_OR_SPACE = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')


def parse(text: str) -> Any:
    """Get the value that a text is JSON of.

    Raises:
        ValueError: it is none, or of a kind that others cannot read: with NaN, with a number
            that is too large for them, or nested too deeply.
    """
    return check_depth(_parse(text, _number))


def _parse(text: str, parse_float: Callable[[str], float] | None = None) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=parse_float)
    except RecursionError as exc:
        raise ValueError("it is nested too deeply") from exc


def check_depth(value: Any) -> Any:
    """Give a value back, if it is not nested too deeply.

    Raises:
        ValueError: it is.
    """
    level: list[Any] = [[value]]
    for _ in range(DEEPEST):
        parts = (each.values() if isinstance(each, dict) else each for each in level)
        level = [each for part in parts for each in part if isinstance(each, dict | list)]
        if not level:
            return value
    raise ValueError("it is nested too deeply")


def _number(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def is_json(text: str) -> bool:
    """Tell whether a text is JSON."""
    try:
        _parse(text)
    except ValueError:
        return False
    return True


def is_utf8(text: str) -> bool:
    """Tell whether a text can be written as UTF-8; what others have stored may be no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read(text: str) -> Any:
    """Get the value that a text is JSON of, or the text itself."""
    try:
        return parse(text)
    except ValueError:
        return text


def compact(text: str) -> str:
    """Put JSON on one line, each number and string as it is written; leave other text alone."""
    if not is_json(text):
        return text
    return _STRING_OR_SPACE.sub(lambda found: found[1] or "", text)


def pretty(text: str) -> str:
    """Lay out JSON over several lines; leave other text alone."""
    try:
        return json.dumps(parse(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text


def difference(before: str | None, after: str | None) -> Iterator[str]:
    """Get the lines by which two texts differ, laid out, with a line or two around them.

    Args:
        before: the one, None for none.
        after: the other.

    Yields:
        Lines that begin with ``-``, ``+`` or a space.
    """
    from difflib import unified_diff

    old, new = (pretty(text).splitlines() if text is not None else [] for text in (before, after))
    for number, line in enumerate(unified_diff(old, new, n=2, lineterm="")):
        # The first two name files, and those with @@ say where it is in them.
        if number > 1 and not line.startswith("@@"):
            yield line


ABSENT = object()
"""In place of a field that is not there."""


def look_up(value: Any, name: str) -> Any:
    """Get a field of a value, or ABSENT.

    Args:
        value: the value.
        name: names of fields, each within the one before, joined by dots.
    """
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            return ABSENT
        value = value[part]
    return value


def field(value: Any, name: str) -> str:
    """Get what a field of a value shows as in a table, nothing if it is not there; see look_up."""
    found = look_up(value, name)
    if found is ABSENT or found is None:
        return ""
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def parts(text: str) -> Iterator[tuple[str, str]]:
    """Get the fields of a stored value with what each shows, or all of it without a name."""
    value = read(text)
    if not isinstance(value, dict):
        yield "", compact(text)
        return
    for name, part in value.items():
        yield name, part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)
