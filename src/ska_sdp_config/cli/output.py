"""Types of printed results, and the printer of paths, the base of all printers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ska_sdp_config.cli.columns import Line
from ska_sdp_config.cli.terminal import one_line
from ska_sdp_config.live.key_change import KeyChange

__all__ = [
    "Change",
    "Difference",
    "Entry",
    "Finding",
    "Printer",
    "Section",
    "note",
    "write_lines",
    "write_texts",
]


class Entry(NamedTuple):
    """A path, and the text stored there."""

    path: str
    text: str


class Change(NamedTuple):
    """A change that was made: ``created``, ``updated`` …, and the path; or to make: ``create``."""

    word: str
    path: str


class Difference(NamedTuple):
    """A change to make: verb, path, text before and after; None where there is no text."""

    word: str
    path: str
    before: str | None
    after: str | None


class Section(NamedTuple):
    """Entries under a title; ``columns`` are dotted fields to show in place of whole values."""

    title: str
    entries: Sequence[Entry]
    columns: tuple[str, ...] = ()


class Finding(NamedTuple):
    """Result of one check: a verdict ``ok``, ``warning`` or ``fault``, and clauses on it."""

    subject: str
    verdict: str
    text: str
    advice: str = ""


class Printer:
    """Printer of paths, one per line; the other formats override its methods.

    Args:
        quiet: whether to omit the keys of values, and the changes.

    Attributes:
        shows_columns: whether ``columns`` prints the fields, and not only the paths.
        prints_lines: whether two lists are printed as one list of both would be.
    """

    shows_columns = False
    prints_lines = True

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def keys(self, paths: Iterable[str]) -> None:
        """Print a list of paths."""
        write_lines(paths)

    def columns(self, names: Sequence[str], entries: Iterable[Entry]) -> None:
        """Print a list of paths with fields of their values."""
        self.entries(list(entries))

    def entries(self, entries: Sequence[Entry]) -> None:
        """Print a list of paths with their values."""
        self.keys(entry.path for entry in entries)

    def parts(self, entries: Sequence[Entry]) -> None:
        """Print the entries of one object."""
        self.entries(entries)

    def value(self, entry: Entry) -> None:
        """Print one path with its value."""
        self.entries([entry])

    def current(self, changes: Sequence[KeyChange]) -> None:
        """Print the values before the first change, which are given as creations, and flush."""
        self.parts([Entry(each.path, each.after or "") for each in changes])
        sys.stdout.flush()

    def key_changes(self, changes: Iterable[KeyChange], *, whole: bool = False) -> None:
        """Print changes of keys, and flush; if quiet, the new values only.

        Args:
            changes: the changes.
            whole: whether to print the new values in place of the fields that changed.
        """
        self.keys(change.path for change in changes)
        sys.stdout.flush()

    def changes(self, changes: Sequence[Change], unchanged: int) -> None:
        """Print the changes, and the number of unchanged keys."""
        self.keys(change.path for change in changes)

    def created(self, paths: Sequence[str], ids: Sequence[str]) -> None:
        """Print the created paths; if quiet, the IDs."""
        self.keys(paths)

    def differences(self, differences: Sequence[Difference], unchanged: int) -> None:
        """Print the changes to make, and the number of unchanged keys."""
        self.keys(each.path for each in differences)

    def sections(self, sections: Sequence[Section]) -> None:
        """Print the sections of a description."""
        for section in sections:
            self.entries(section.entries)

    def findings(self, findings: Sequence[Finding]) -> None:
        """Print the results of checks; if quiet, only warnings and faults."""
        self.keys(each.subject for each in findings)

    def lines(self, make_lines: Callable[[int], Iterable[Line]]) -> None:
        """Print lines, given the function that returns them for a width; if ``shows_columns``."""
        raise NotImplementedError

    def screen(
        self,
        make_lines: Callable[[int], Iterable[Line]],
        make_document: Callable[[], Mapping[str, Any]],
        names: Iterable[str],
        *,
        is_update: bool = False,
    ) -> None:
        """Print a screen, and flush.

        Args:
            make_lines: returns the lines for a width.
            make_document: returns the same as a JSON document.
            names: names of its objects.
            is_update: whether it replaces the last one.
        """
        write_lines(names)
        sys.stdout.flush()

    def dump(self, parts: Mapping[str, Mapping[str, Any]]) -> None:
        """Print the parts of a dump."""
        self.keys(sorted(path for part in parts.values() for path in part))


def write_lines(lines: Iterable[str]) -> None:
    """Print lines; on a terminal escape line ends inside them, so that a key is one line."""
    write_texts(map(one_line, lines) if sys.stdout.isatty() else lines)


def write_texts(texts: Iterable[str]) -> None:
    """Print texts, which may have several lines."""
    # Not as one large text: an unbuffered Python silently drops its rest if the pipe is closed.
    sys.stdout.writelines(f"{text}\n" for text in texts)


def note(text: str) -> None:
    """Print a message to standard error."""
    sys.stderr.write(f"ska-sdp: {one_line(text) if sys.stderr.isatty() else text}\n")
    sys.stderr.flush()
