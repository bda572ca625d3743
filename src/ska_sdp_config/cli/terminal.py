"""Escaping of control characters in text that is written to a terminal.

Keys and values come from any client that can write to the database, and reason phrases from any
web server. A terminal interprets the control characters in them: they clear the screen, set its
title, write over what was printed before, or reverse the order in which text is shown.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from typing import Any, TextIO, cast

__all__ = ["clear_screen", "escape", "guard_streams", "one_line"]

_CONTROLS = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
"""C0, DEL, C1, the bidirectional controls, and lone surrogates."""

_CONTROL = re.compile(f"[{_CONTROLS}]")
_STYLE_OR_CONTROL = re.compile(rf"(\x1b\[[0-9;]*m)|[{_CONTROLS}]")


def escape(text: str, keep: str = "\n\t") -> str:
    r"""Replace control characters, but those to keep, by escapes of JSON and YAML: ``\u009b``."""
    return _CONTROL.sub(lambda found: _escaped(found[0], keep), text)


def one_line(text: str) -> str:
    """Escape all control characters, including line ends, of a text that is to be one line."""
    return escape(text, keep="")


def guard_streams() -> None:
    """Escape the output to standard output and standard error if they are terminals."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and stream.isatty() and not isinstance(stream, _Guarded):
            setattr(sys, name, cast(TextIO, _Guarded(stream)))


def clear_screen() -> None:
    """Clear the terminal that standard output is, and move to its upper left corner."""
    sys.stdout.flush()
    # Past the guard, which escapes control sequences.
    os.write(sys.stdout.fileno(), b"\x1b[H\x1b[2J")


class _Guarded:
    """Text stream that escapes control characters."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def rich_proxied_file(self) -> _Styled:
        """The stream that a Rich console writes to instead of this one."""
        return _Styled(self._stream)

    def write(self, text: str) -> int:
        """Write a text."""
        self._stream.write(self._escape(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts."""
        self._stream.writelines(map(self._escape, lines))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _escape(self, text: str) -> str:
        return escape(text)


class _Styled(_Guarded):
    """Text stream that lets colours through, for consoles that escape the text themselves."""

    def _escape(self, text: str) -> str:
        return _STYLE_OR_CONTROL.sub(lambda found: found[1] or _escaped(found[0], "\n\t"), text)


def _escaped(character: str, keep: str) -> str:
    return character if character in keep else f"\\u{ord(character):04x}"
