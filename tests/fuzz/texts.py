"""Strategies for texts that are almost those of a format."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import strategies as st

__all__ = ["as_argument", "mutated_text"]

PIECES = (
    *"\"'{}[]:,\\\n\t -#!@?=&*",
    *("&a", "*a", "<<: *a", "---\n", "...\n", "//", "../", "%00", "\\ud800"),
    *("\0", "\x1b[2J", "\u202e", "\udcff", "\u00e9", "\U0001f52d", "\ufeff", "\u0663"),
    *("null", "~", "true", "NaN", ".inf", "-0", "1e999", "-1e999", "2026-01-31", "9999-13-45"),
    *("!!set", "!!omap", "!!pairs", "!!binary", "!!timestamp", "!!int", "!!float", "!!str"),
    *("!!python/name:os.system", "9" * 4_400, "0x" + "f" * 4_000, "1" + "0" * 30),
    *("[" * 2_000, '{"a":' * 2_000, "- " * 500, "? " * 500),
)
"""Texts that formats, shells and terminals treat in a special way."""


@st.composite
def mutated_text(draw: st.DrawFn, texts: Sequence[str], max_changes: int = 4) -> str:
    """Return one of the texts with some parts removed, repeated, or replaced."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(0, max_changes))):
        begin = draw(st.integers(0, len(text)))
        end = min(len(text), begin + draw(st.sampled_from([0, 1, 1, 2, 5, 40])))
        change = draw(st.integers(0, 3))
        if change == 0:
            text = text[:begin] + text[end:]
        elif change == 1:
            text = text[:end] + text[begin:]
        else:
            piece = draw(st.sampled_from(PIECES) | st.text(max_size=3))
            text = text[:begin] + piece + text[end:]
    return text


# Surrogates stand for bytes that are not UTF-8; there are none for NUL.
_NO_ARGUMENT = re.compile("[\0\ud800-\udc7f\udd00-\udfff]")


def as_argument(text: str) -> str:
    """Return a text without the characters that no argument of a process has."""
    return _NO_ARGUMENT.sub("", text)
