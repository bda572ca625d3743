"""The one place where values become the text that is stored, and text becomes values."""

from __future__ import annotations

import json
from typing import Any

import msgspec.json

__all__ = ["decode", "encode"]


def _plain(value: Any) -> Any:
    """Return the stored form of a model, which may stand wherever a dict may."""
    to_dict = getattr(value, "to_dict", None)
    if to_dict is None:
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
    return to_dict()


# The standard library indents in Python, which takes most of the time of a large block.
_COMPACT = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False, default=_plain)


def encode(value: Any) -> str:
    """Turn a value into the text that is stored: byte for byte what other programs write.

    Keys are sorted, the indentation is 2 and non-ASCII characters stand unescaped (spec 2.1).

    Args:
        value: a JSON value; models may stand in it in place of dicts.

    Returns:
        The JSON text.

    Raises:
        TypeError: something in the value cannot be converted to JSON.
        ValueError: a number is not finite, a string is no Unicode text, or the value contains
            itself.
    """
    return msgspec.json.format(_COMPACT.encode(value), indent=2)


def decode(text: str, path: str) -> Any:
    """Read a stored value, however its JSON is laid out.

    Args:
        text: the stored text.
        path: where it is stored, for the error message.

    Returns:
        The value.

    Raises:
        ValueError: the text is no JSON, or is nested too deep to be read.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"The value of {path} is not JSON ({error}): read it with txn.get, and mend it."
        ) from error
