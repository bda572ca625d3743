"""Strict JSON decoder for the arguments of commands.

Beyond the grammar of JSON it rejects what other readers of the database could reject or read
differently: duplicate keys, numbers out of range and lone surrogates. It also bounds size,
depth and number of objects, so that later stages run in bounded time.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from ska_sdp_config.lmc.schema.faults import MessageError, format_value

__all__ = ["MAX_BYTES", "MAX_DEPTH", "read_object"]

MAX_BYTES = 1024 * 1024
"""Size limit of an argument, in bytes of UTF-8."""
MAX_DEPTH = 100
"""Depth limit of nested objects and lists."""
MAX_OBJECTS = 30_000
"""Limit of objects in a document; bounds the time of validating an invalid one."""
MAX_DIGITS = 300
"""Limit of digits in an integer: what fits a float, as integers pass as floats."""


class _Rejected(ValueError):
    """Text that is not accepted JSON."""


def read_object(command: str, text: object) -> dict[str, Any]:
    """Decode the argument of a command, whose name is for the text of the error.

    Raises:
        MessageError: not text, longer than 1 MiB, not JSON, or not a JSON object.
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
    # int() has a limit of digits of its own, and takes quadratic time without it.
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
    """Reject a lone surrogate, which an escape can produce and UTF-8 cannot encode."""
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _Rejected(f"the string {format_value(text)} is no Unicode text") from None
