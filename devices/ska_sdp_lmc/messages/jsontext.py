"""From the text of a command's argument to a JSON object that is safe to handle.

Beyond the grammar of JSON this refuses what other readers of the database could not take or
would take differently: a key given twice, numbers out of range, characters that are no Unicode
text, and documents so deep or of so many objects that handling them is not safe.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from ska_sdp_config.lmc.schema.faults import MessageError, format_value

__all__ = ["MAX_BYTES", "MAX_DEPTH", "read_object"]

MAX_BYTES = 1024 * 1024
"""Longest argument, in bytes of UTF-8."""
MAX_DEPTH = 100
"""Deepest nesting of objects and lists."""
MAX_OBJECTS = 30_000
"""Most objects in a document: bounds the time it takes to tell what is wrong with rubbish."""
MAX_DIGITS = 300
"""Longest integer: what a float can still hold, since integers serve as floats."""


class _Rejected(ValueError):
    """JSON, or nearly, of a kind that is not taken."""


def read_object(command: str, text: object) -> dict[str, Any]:
    """Read a command's argument.

    Args:
        command: name of the command, for the error's text.
        text: the argument.

    Raises:
        MessageError: it is no text, longer than 1 MiB, no JSON, or no JSON object.
    """
    try:
        return _read(text)
    except _Rejected as error:
        raise MessageError(command, [f"$: {error}"]) from None


def _read(text: object) -> dict[str, Any]:
    if not isinstance(text, str):
        raise _Rejected(f"the argument should be JSON text, not {type(text).__name__}")
    size = _size(text)
    if size > MAX_BYTES:
        raise _Rejected(f"the argument is longer than 1 MiB ({size} bytes)")
    if not text.strip():
        raise _Rejected("the argument is empty, it should be a JSON object")
    if text.startswith("\ufeff"):
        raise _Rejected("the argument begins with a byte order mark: leave it out, JSON has none")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise _Rejected(f"the argument is not JSON: {error.msg} at {where}") from None
    except RecursionError:
        raise _Rejected(_TOO_DEEP) from None
    if not isinstance(value, dict):
        raise _Rejected(f"the argument should be a JSON object, not {format_value(value)}")
    _check_tree(value)
    return value


_TOO_DEEP = f"the argument is nested deeper than {MAX_DEPTH} levels"


def _size(text: str) -> int:
    if len(text) > MAX_BYTES:
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise _Rejected(f"the argument has no Unicode text at character {error.start}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Rejected(f"the key {format_value(key)} is given twice in one object")
            seen.add(key)
    return made


def _integer(digits: str) -> int:
    # Also keeps int() from its limit of digits, and from its quadratic time without one.
    if len(digits) > MAX_DIGITS:
        raise _Rejected(f"a number of {len(digits)} digits is too large")
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _Rejected(f"the number {digits[:20]} is too large")
    return number


def _constant(name: str) -> NoReturn:
    raise _Rejected(f"the argument is not JSON: {name} is no JSON number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_number,
    parse_constant=_constant,
)


def _check_tree(value: dict[str, Any]) -> None:
    level: list[Any] = [value]
    objects = 0
    for depth in range(1, MAX_DEPTH + 2):
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, dict | list):
                if depth > MAX_DEPTH:
                    raise _Rejected(_TOO_DEEP)
                below.extend(item)
                if isinstance(item, dict):
                    objects += 1
                    below.extend(item.values())
        if objects > MAX_OBJECTS:
            raise _Rejected(f"the argument has more than {MAX_OBJECTS} objects")
        level = below


def _check_text(text: str) -> None:
    """Refuse half of a surrogate pair, which an escape can write: no UTF-8 can hold it."""
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _Rejected(f"the string {format_value(text)} is no Unicode text") from None
