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
    """What was done, in a word, and to which path."""

    word: str
    path: str


class Difference(NamedTuple):
    """What is to be done, in a word, to which path; its text before and after, None for none."""

    word: str
    path: str
    before: str | None
    after: str | None


class Section(NamedTuple):
    """Some of what belongs to an object.

    Attributes:
        title: what it is.
        entries: the entries.
        columns: fields of their values, dotted, to show in place of the whole of them.
    """

    title: str
    entries: Sequence[Entry]
    columns: tuple[str, ...] = ()


class Finding(NamedTuple):
    """What was found in a check.

    Attributes:
        subject: what was looked at.
        verdict: ``ok``, ``warning`` or ``fault``.
        text: what was found, as a clause.
        advice: what to do about it, as a clause.
    """

    subject: str
    verdict: str
    text: str
    advice: str = ""


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

    def made(self, paths: Sequence[str], ids: Sequence[str]) -> None:
        """Print what was created."""

    def differences(self, differences: Sequence[Difference], unchanged: int) -> None:
        """Print what would change, and to how many nothing has to be done."""

    def sections(self, sections: Sequence[Section]) -> None:
        """Print all that belongs to an object."""

    def findings(self, findings: Sequence[Finding]) -> None:
        """Print what was found in checks."""

    def dump(self, parts: Mapping[str, Mapping[str, Any]]) -> None:
        """Print the parts of a dumped file."""


def note(text: str) -> None:
    """Print a line beside what was asked for, on standard error."""
    sys.stderr.write(f"ska-sdp: {one_line(text) if sys.stderr.isatty() else text}\n")
    sys.stderr.flush()
