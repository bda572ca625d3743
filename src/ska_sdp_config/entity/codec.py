"""Conversion between values and stored text."""

from __future__ import annotations

import json
from typing import Any

import msgspec.json

__all__ = ["decode", "encode"]


def _plain(value: Any) -> Any:
    """Return the stored form of a model within a value."""
    to_dict = getattr(value, "to_dict", None)
    if to_dict is None:
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
    return to_dict()


# The standard library indents in pure Python, which dominates the encoding of a large block.
_COMPACT = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False, default=_plain)


def encode(value: Any) -> str:
    """Return the stored text of a value, byte for byte as other programs write it.

    The JSON value may contain models in place of dicts. Keys are sorted, the indentation is 2 and
    non-ASCII characters are not escaped.

    Raises:
        TypeError: something in the value cannot be converted to JSON.
        ValueError: a number is not finite, a string is not valid Unicode, or the value contains
            itself.
    """
    return msgspec.json.format(_COMPACT.encode(value), indent=2)


def decode(text: str, path: str) -> Any:
    """Return the value of a stored text, with any JSON layout; the error names the path.

    Raises:
        ValueError: the text is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"The value of {path} is not JSON ({error}): read it with txn.get and correct it."
        ) from error
