"""Redaction of the userinfo of URLs (RFC 3986), which may have a password, in messages."""

from __future__ import annotations

import re

from ska_sdp_config.store.errors import quoted

__all__ = ["AT_SIGN", "has_userinfo", "quoted_redacted", "redact_userinfo", "redact_words"]

AT_SIGN = "(?:[@\uff20\ufe6b]|%(?:25)*40)"
"""Regular expression for an ``@``, also as a similar or an escaped character.

What precedes it in a URL may be a password."""

_BEFORE_AT_SIGN = re.compile(f".+(?={AT_SIGN})", re.DOTALL)

_WORD = re.compile(r"""\(.+|'(?:[^'\\]|\\.)*\S*|"(?:[^"\\]|\\.)*\S*|\S+""", re.DOTALL)
"""A word of a message of Click, also one with spaces from the command line: Click puts these in
brackets as they are, or in quotation marks, as ``repr`` does."""

_OPENING = "('\""


def has_userinfo(source: str) -> bool:
    """Return whether a text may have userinfo."""
    return _BEFORE_AT_SIGN.match(source) is not None


def redact_userinfo(source: str) -> str:
    """Return a path or URL for a message, without what is before its last ``@``.

    That part of a URL may contain a password. An invalid URL may still contain one, so paths are
    redacted too.
    """
    before = _BEFORE_AT_SIGN.match(source)
    return source if before is None else f"…{source[before.end() :]}"


def redact_words(text: str) -> str:
    """Return the text of a message, without what is before the last ``@`` of each word.

    A text in quotation marks is one word, and so is all that follows an opening bracket.
    """
    return _WORD.sub(_redact_word, text)


def _redact_word(found: re.Match[str]) -> str:
    bare = found[0].lstrip(_OPENING)
    return found[0][: len(found[0]) - len(bare)] + redact_userinfo(bare)


def quoted_redacted(word: str) -> str:
    """Return user input, redacted and in quotation marks, for a message.

    What is before its last ``@`` is removed, see :func:`redact_userinfo`. A long word is shortened
    only after that: the beginning of a URL does not show that it has a password.
    """
    return quoted(redact_userinfo(word))
