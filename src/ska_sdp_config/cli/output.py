"""Types of what commands print, and the interface of the printers that print them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ska_sdp_config.cli.terminal import one_line

__all__ = [
    "Change",
    "Difference",
    "Entry",
    "Finding",
    "Printer",
    "Section",
    "note",
]


class Entry(NamedTuple):
    """A path, and the text stored there."""

    path: str
    text: str


class Change(NamedTuple):
    """A change that was made: ``created``, ``updated`` …, and the path."""

    word: str
    path: str


class Difference(NamedTuple):
    """A change to make: verb, path, text before and after; None where there is no text."""

    word: str
    path: str
    before: str | None
    after: str | None


class Section(NamedTuple):
    """Group of related entries in a description.

    Attributes:
        title: the heading.
        entries: the entries.
        columns: dotted fields to show in place of whole values.
    """

    title: str
    entries: Sequence[Entry]
    columns: tuple[str, ...] = ()


class Finding(NamedTuple):
    """Result of one check.

    Attributes:
        subject: the thing that was checked.
        verdict: ``ok``, ``warning`` or ``fault``.
        text: the result, as a clause.
        advice: what to do about it, as a clause.
    """

    subject: str
    verdict: str
    text: str
    advice: str = ""


class Printer(Protocol):
    """Printer of the output of commands in one format.

    Attributes:
        shows_columns: whether ``columns`` shows the fields, and not only the paths.
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

    def changed(self, path: str, text: str | None) -> None:
        """Print the new value at a path, None if it was deleted, and flush."""

    def changes(self, changes: Sequence[Change], unchanged: int) -> None:
        """Print the changes, and the number of unchanged keys."""

    def created(self, paths: Sequence[str], ids: Sequence[str]) -> None:
        """Print what was created."""

    def differences(self, differences: Sequence[Difference], unchanged: int) -> None:
        """Print the changes to make, and the number of unchanged keys."""

    def sections(self, sections: Sequence[Section]) -> None:
        """Print the sections of a description."""

    def findings(self, findings: Sequence[Finding]) -> None:
        """Print the results of checks."""

    def dump(self, parts: Mapping[str, Mapping[str, Any]]) -> None:
        """Print the parts of a dump."""


def note(text: str) -> None:
    """Print a message to standard error."""
    sys.stderr.write(f"ska-sdp: {one_line(text) if sys.stderr.isatty() else text}\n")
    sys.stderr.flush()
