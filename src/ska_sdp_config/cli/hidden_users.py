"""Texts of messages without the users of URLs, which may have a password."""

from __future__ import annotations

import re

__all__ = ["AT_SIGN", "hide_user"]

AT_SIGN = "(?:[@\uff20\ufe6b]|%(?:25)*40)"
"""Regular expression for an ``@``, also as a similar or an escaped character."""

_BEFORE_AT_SIGN = re.compile(f".*(?={AT_SIGN})", re.DOTALL)


def hide_user(source: str) -> str:
    """Return a path or URL for a message, without what is before its last ``@``.

    That part of a URL may contain a password. What is no valid URL may have been meant as one, so
    paths are shortened too.
    """
    before = _BEFORE_AT_SIGN.match(source)
    return source if before is None else f"…{source[before.end() :]}"
