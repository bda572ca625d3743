"""Redaction of the userinfo of URLs (RFC 3986), which may have a password, in messages."""

from __future__ import annotations

import re

from ska_sdp_config.store.errors import quoted

__all__ = ["AT_SIGN", "quoted_redacted", "redact_userinfo", "redact_words"]

AT_SIGN = "(?:[@\uff20\ufe6b]|%(?:25)*40)"
"""Regular expression for an ``@``, also as a similar or an escaped character."""

_BEFORE_AT_SIGN = re.compile(f".+(?={AT_SIGN})", re.DOTALL)

_USERINFO_OF_A_WORD = re.compile(rf"(?<!\S)(['\"(]*)(?!['\"(])\S+{AT_SIGN}")
"""The part of a word before its last ``@``. Leading quotation marks and brackets are a group of
their own; only all of them match it, so that the time grows with the length of the word."""


def redact_userinfo(source: str) -> str:
    """Return a path or URL for a message, without what is before its last ``@``.

    That part of a URL may contain a password. What is no valid URL may have been meant as one, so
    paths are shortened too.
    """
    before = _BEFORE_AT_SIGN.match(source)
    return source if before is None else f"…{source[before.end() :]}"


def redact_words(text: str) -> str:
    """Return the text of a message, without what is before the last ``@`` of each word."""
    return _USERINFO_OF_A_WORD.sub(r"\1…@", text)


def quoted_redacted(word: str) -> str:
    """Return a word of the command line in quotation marks for a message.

    It is without what is before its last ``@``, see :func:`redact_userinfo`. A long word is
    shortened only after that: the beginning of a URL does not show that it has a password.
    """
    return quoted(redact_userinfo(word))
