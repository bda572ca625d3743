"""The one place where commands print, in the format that was asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from . import values

__all__ = ["Change", "Entry", "Printer", "note", "printer"]


class Entry(NamedTuple):
    """A path, and the text stored there."""

    path: str
    text: str


class Change(NamedTuple):
    """What was done, in a word, and to which path."""

    word: str
    path: str


class Printer(Protocol):
    """Prints what commands have to show.

    Attributes:
        shows_columns: whether ``keys`` shows fields of the values, if it is given these.
    """

    shows_columns: bool

    def keys(self, paths: Sequence[str]) -> None:
        """Print a list of paths."""

    def columns(self, names: Sequence[str], entries: Iterable[Entry]) -> None:
        """Print a list of paths with fields of their values."""

    def entries(self, entries: Sequence[Entry]) -> None:
        """Print a list of paths with their values."""

    def parts(self, entries: Sequence[Entry]) -> None:
        """Print the entries of one object."""

    def value(self, entry: Entry) -> None:
        """Print one path with its value."""

    def news(self, path: str, text: str | None) -> None:
        """Print, at once, what is stored at a path now; None if it was deleted."""

    def changes(self, changes: Sequence[Change], unchanged: int) -> None:
        """Print what was done, and to how many nothing had to be done."""


def printer(output: str | None, quiet: bool) -> Printer:
    """Get what prints in a format.

    Args:
        output: ``table``, ``json``, ``yaml``, ``name``; None for a table on a terminal, and
            elsewhere, or if quiet, for plain lines.
        quiet: whether to print values without their keys.
    """
    if output == "table" or (output is None and not quiet and sys.stdout.isatty()):
        from .tables import TablePrinter

        return TablePrinter(quiet)
    if output is None:
        return PlainPrinter(quiet)
    if output == "name":
        return NamePrinter()
    return DocumentPrinter(quiet, yaml=output == "yaml")


def note(text: str) -> None:
    """Tell the user something that is not what was asked for."""
    sys.stderr.write(f"ska-sdp: {text}\n")
    sys.stderr.flush()


def _write(lines: Iterable[str]) -> None:
    # Not as one large text: of that, an unbuffered Python loses the rest in silence when the
    # reader goes away.
    sys.stdout.writelines(f"{line}\n" for line in lines)


class NamePrinter:
    """Prints paths, one a line."""

    shows_columns = False

    def keys(self, paths: Sequence[str]) -> None:
        """Print a list of paths."""
        _write(paths)

    def columns(self, names: Sequence[str], entries: Iterable[Entry]) -> None:
        """Print a list of paths."""
        _write(entry.path for entry in entries)

    def entries(self, entries: Sequence[Entry]) -> None:
        """Print a list of paths."""
        _write(entry.path for entry in entries)

    def parts(self, entries: Sequence[Entry]) -> None:
        """Print the entries of one object, as any others."""
        self.entries(entries)

    def value(self, entry: Entry) -> None:
        """Print one path."""
        _write([entry.path])

    def news(self, path: str, text: str | None) -> None:
        """Print the path of what changed."""
        _write([path])
        sys.stdout.flush()

    def changes(self, changes: Sequence[Change], unchanged: int) -> None:
        """Print the paths of what changed."""
        _write(change.path for change in changes)


class PlainPrinter(NamePrinter):
    """Prints ``KEY`` or ``KEY = JSON``, one a line; if quiet, values only.

    Args:
        quiet: whether to leave out the keys of values, and what was done.
    """

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet

    def entries(self, entries: Sequence[Entry]) -> None:
        """Print a list of paths with their values."""
        _write(self._line(*entry) for entry in entries)

    def value(self, entry: Entry) -> None:
        """Print one path with its value."""
        self.entries([entry])

    def news(self, path: str, text: str | None) -> None:
        """Print a path with its value; it is ``null`` when it was deleted."""
        _write([self._line(path, "null" if text is None else text)])
        sys.stdout.flush()

    def changes(self, changes: Sequence[Change], unchanged: int) -> None:
        """Print what was done, one a line."""
        if not self._quiet:
            _write(f"{change.word} {change.path}" for change in changes)

    def _line(self, path: str, text: str) -> str:
        value = values.compact(text)
        return value if self._quiet else f"{path} = {value}"


class DocumentPrinter:
    """Prints one JSON or YAML document; of news one for each, JSON on one line.

    Args:
        quiet: whether to leave out the keys of values.
        yaml: whether to print YAML.
    """

    shows_columns = False

    def __init__(self, quiet: bool, *, yaml: bool) -> None:
        self._quiet = quiet
        self._yaml = yaml

    def keys(self, paths: Sequence[str]) -> None:
        """Print a list of paths."""
        self._document(list(paths))

    def columns(self, names: Sequence[str], entries: Iterable[Entry]) -> None:
        """Print a list of paths."""
        self._document([entry.path for entry in entries])

    def entries(self, entries: Sequence[Entry]) -> None:
        """Print a mapping of paths to values, or a list of values."""
        found = {path: values.read(text) for path, text in entries}
        self._document(list(found.values()) if self._quiet else found)

    def parts(self, entries: Sequence[Entry]) -> None:
        """Print the entries of one object, as any others."""
        self.entries(entries)

    def value(self, entry: Entry) -> None:
        """Print a mapping of the path to its value, or the value."""
        value = values.read(entry.text)
        self._document(value if self._quiet else {entry.path: value})

    def news(self, path: str, text: str | None) -> None:
        """Print a mapping of the path to its value, or the value; null when it was deleted."""
        value = None if text is None else values.read(text)
        found = value if self._quiet else {path: value}
        if self._yaml:
            self._document(found)
        else:
            _write([json.dumps(found, ensure_ascii=False)])
        sys.stdout.flush()

    def changes(self, changes: Sequence[Change], unchanged: int) -> None:
        """Print a mapping of what was done to paths."""
        found: dict[str, Any] = {}
        for change in changes:
            found.setdefault(change.word, []).append(change.path)
        self._document(found | {"unchanged": unchanged})

    def _document(self, value: Any) -> None:
        if not self._yaml:
            _write([json.dumps(value, ensure_ascii=False, indent=2)])
            return
        import yaml

        yaml.safe_dump(value, sys.stdout, allow_unicode=True, sort_keys=False, explicit_start=True)
