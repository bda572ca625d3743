"""Printers of plain lines, for scripts."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ska_sdp_config.cli import values
from ska_sdp_config.cli.output import Change, Difference, Entry, Finding, Section
from ska_sdp_config.cli.terminal import one_line

__all__ = ["NamePrinter", "PlainPrinter", "write_lines", "write_texts"]


def write_lines(lines: Iterable[str]) -> None:
    """Print lines; on a terminal escape line ends inside them, so that a key is one line."""
    write_texts(map(one_line, lines) if sys.stdout.isatty() else lines)


def write_texts(texts: Iterable[str]) -> None:
    """Print texts, which may have several lines."""
    # Not as one large text: an unbuffered Python silently drops its rest if the pipe is closed.
    sys.stdout.writelines(f"{text}\n" for text in texts)


class NamePrinter:
    """Printer of paths, one per line."""

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
        """Print the entries of one object."""
        self.entries(entries)

    def value(self, entry: Entry) -> None:
        """Print one path."""
        write_lines([entry.path])

    def changed(self, path: str, text: str | None) -> None:
        """Print the path."""
        write_lines([path])
        sys.stdout.flush()

    def changes(self, changes: Sequence[Change], unchanged: int) -> None:
        """Print the changed paths."""
        write_lines(change.path for change in changes)

    def created(self, paths: Sequence[str], ids: Sequence[str]) -> None:
        """Print the created paths."""
        write_lines(paths)

    def differences(self, differences: Sequence[Difference], unchanged: int) -> None:
        """Print the paths to change."""
        write_lines(each.path for each in differences)

    def sections(self, sections: Sequence[Section]) -> None:
        """Print the entries of all sections."""
        for section in sections:
            self.entries(section.entries)

    def findings(self, findings: Sequence[Finding]) -> None:
        """Print the subjects of the findings."""
        write_lines(each.subject for each in findings)

    def dump(self, parts: Mapping[str, Mapping[str, Any]]) -> None:
        """Print the paths."""
        write_lines(sorted(path for part in parts.values() for path in part))


class PlainPrinter(NamePrinter):
    """Printer of ``KEY`` or ``KEY = JSON``, one per line; if quiet, of values only.

    Args:
        quiet: whether to omit the keys of values, and the changes.
    """

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet

    def entries(self, entries: Sequence[Entry]) -> None:
        """Print a list of paths with their values."""
        write_texts(self._line(*entry) for entry in entries)

    def value(self, entry: Entry) -> None:
        """Print one path with its value."""
        self.entries([entry])

    def changed(self, path: str, text: str | None) -> None:
        """Print a path with its value, ``null`` after a delete."""
        write_texts([self._line(path, "null" if text is None else text)])
        sys.stdout.flush()

    def changes(self, changes: Sequence[Change], unchanged: int) -> None:
        """Print the changes, one per line."""
        if not self._quiet:
            write_lines(f"{change.word} {change.path}" for change in changes)

    def created(self, paths: Sequence[str], ids: Sequence[str]) -> None:
        """Print the created paths, one per line; if quiet, the IDs."""
        write_lines(ids if self._quiet else (f"created {path}" for path in paths))

    def differences(self, differences: Sequence[Difference], unchanged: int) -> None:
        """Print the changes to make, one per line; unless quiet, with the differences."""
        for each in differences:
            write_lines([f"{each.word} {each.path}"])
            if not self._quiet:
                write_lines(f"  {line}" for line in values.difference(each.before, each.after))

    def findings(self, findings: Sequence[Finding]) -> None:
        """Print the findings, one per line; if quiet, only warnings and faults."""
        for each in findings:
            if not (self._quiet and each.verdict == "ok"):
                advice = f"; {each.advice}" if each.advice else ""
                write_lines([f"{each.verdict} {each.subject}: {each.text}{advice}"])

    def _line(self, path: str, text: str) -> str:
        value = values.compact(text)
        if self._quiet:
            return value
        return f"{one_line(path) if sys.stdout.isatty() else path} = {value}"
