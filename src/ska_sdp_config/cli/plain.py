"""Plain lines, for other programs and for the shell."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ska_sdp_config.cli import values
from ska_sdp_config.cli.output import Change, Difference, Entry, Finding, Section
from ska_sdp_config.cli.terminal import one_line

__all__ = ["NamePrinter", "PlainPrinter", "write_lines", "write_texts"]


def write_lines(lines: Iterable[str]) -> None:
    """Print lines: on a terminal a key with a line end in it does not look like two keys."""
    write_texts(map(one_line, lines) if sys.stdout.isatty() else lines)


def write_texts(texts: Iterable[str]) -> None:
    """Print texts, which may have several lines."""
    # Not as one large text: of that, an unbuffered Python loses the rest in silence when the
    # reader goes away.
    sys.stdout.writelines(f"{text}\n" for text in texts)


class NamePrinter:
    """Prints paths, one a line."""

    shows_columns = False

    def keys(self, paths: Sequence[str]) -> None:
        """Print a list of paths."""
        write_lines(paths)

    def columns(self, names: Sequence[str], entries: Iterable[Entry]) -> None:
        """Print a list of paths."""
        write_lines(entry.path for entry in entries)

    def entries(self, entries: Sequence[Entry]) -> None:
        """Print a list of paths."""
        write_lines(entry.path for entry in entries)

    def parts(self, entries: Sequence[Entry]) -> None:
        """Print the entries of one object, as any others."""
        self.entries(entries)

    def value(self, entry: Entry) -> None:
        """Print one path."""
        write_lines([entry.path])

    def news(self, path: str, text: str | None) -> None:
        """Print the path of what changed."""
        write_lines([path])
        sys.stdout.flush()

    def changes(self, changes: Sequence[Change], unchanged: int) -> None:
        """Print the paths of what changed."""
        write_lines(change.path for change in changes)

    def made(self, paths: Sequence[str], ids: Sequence[str]) -> None:
        """Print the paths of what was created."""
        write_lines(paths)

    def differences(self, differences: Sequence[Difference], unchanged: int) -> None:
        """Print the paths of what would change."""
        write_lines(each.path for each in differences)

    def sections(self, sections: Sequence[Section]) -> None:
        """Print the entries of all sections, as any others."""
        for section in sections:
            self.entries(section.entries)

    def findings(self, findings: Sequence[Finding]) -> None:
        """Print what was looked at."""
        write_lines(each.subject for each in findings)

    def dump(self, parts: Mapping[str, Mapping[str, Any]]) -> None:
        """Print the paths."""
        write_lines(sorted(path for part in parts.values() for path in part))


class PlainPrinter(NamePrinter):
    """Prints ``KEY`` or ``KEY = JSON``, one a line; if quiet, values only.

    Args:
        quiet: whether to leave out the keys of values, and what was done.
    """

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet

    def entries(self, entries: Sequence[Entry]) -> None:
        """Print a list of paths with their values."""
        write_texts(self._line(*entry) for entry in entries)

    def value(self, entry: Entry) -> None:
        """Print one path with its value."""
        self.entries([entry])

    def news(self, path: str, text: str | None) -> None:
        """Print a path with its value; it is ``null`` when it was deleted."""
        write_texts([self._line(path, "null" if text is None else text)])
        sys.stdout.flush()

    def changes(self, changes: Sequence[Change], unchanged: int) -> None:
        """Print what was done, one a line."""
        if not self._quiet:
            write_lines(f"{change.word} {change.path}" for change in changes)

    def made(self, paths: Sequence[str], ids: Sequence[str]) -> None:
        """Print what was created, one a line; if quiet, the ids."""
        write_lines(ids if self._quiet else (f"created {path}" for path in paths))

    def differences(self, differences: Sequence[Difference], unchanged: int) -> None:
        """Print what would be done, one a line; unless quiet, with how values differ."""
        for each in differences:
            write_lines([f"{each.word} {each.path}"])
            if not self._quiet:
                write_lines(f"  {line}" for line in values.difference(each.before, each.after))

    def findings(self, findings: Sequence[Finding]) -> None:
        """Print what was found, one a line; if quiet, only what is not as it should be."""
        for each in findings:
            if not (self._quiet and each.verdict == "ok"):
                advice = f"; {each.advice}" if each.advice else ""
                write_lines([f"{each.verdict} {each.subject}: {each.text}{advice}"])

    def _line(self, path: str, text: str) -> str:
        value = values.compact(text)
        if self._quiet:
            return value
        return f"{one_line(path) if sys.stdout.isatty() else path} = {value}"
