"""Tables, and colour, for people at a terminal."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from rich.cells import cell_len
from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.table import Table
from rich.text import Text

from . import values
from .output import Change, Entry

__all__ = ["TablePrinter"]

ROWS_AT_ONCE = 200
"""Rows that are laid out together: the first are shown before the last are known."""

GAP = 2
"""Columns of the screen between two of the table."""


class TablePrinter:
    """Prints tables, and values over several lines.

    Args:
        quiet: whether to leave out headings, and the keys of values.
    """

    shows_columns = True

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        terminal = sys.stdout.isatty()
        coloured = terminal and not os.environ.get("NO_COLOR")
        self._console = Console(
            force_terminal=terminal,
            color_system="auto" if coloured else None,
            highlight=False,
            # Where nobody looks at it a line may be as long as it is.
            width=None if terminal else 100_000,
        )

    def keys(self, paths: Sequence[str]) -> None:
        """Print a list of paths."""
        self._table(["key"], ([path] for path in paths))

    def columns(self, names: Sequence[str], entries: Iterable[Entry]) -> None:
        """Print a list of paths with fields of their values."""
        heads = [name.rpartition(".")[2].removesuffix("_id") for name in names]
        self._table(["key", *heads], (_fields(names, entry) for entry in entries))

    def entries(self, entries: Sequence[Entry]) -> None:
        """Print a list of paths with their values on one line each."""
        if self._quiet:
            self._table(["value"], ([values.compact(text)] for _, text in entries))
        else:
            self._table(["key", "value"], ([p, values.compact(text)] for p, text in entries))

    def parts(self, entries: Sequence[Entry]) -> None:
        """Print the entries of one object one below the other, each laid out."""
        for entry in entries:
            self.value(entry)

    def value(self, entry: Entry) -> None:
        """Print one path, and below it its value."""
        self.news(*entry)

    def news(self, path: str, text: str | None) -> None:
        """Print one path, and below it its value."""
        if not self._quiet or text is None:
            ending = " was deleted" if text is None else ""
            self._print(Text.assemble((values.shown(path), "bold"), (ending, "red")))
        if text is not None:
            value = Text(values.shown(values.pretty(text)))
            if values.is_json(text):
                JSONHighlighter().highlight(value)
            self._print(value)
        self._console.file.flush()

    def changes(self, changes: Sequence[Change], unchanged: int) -> None:
        """Print what was done, then how much of it."""
        if changes:
            self._table(["change", "key"], changes)
        done = [f"{count} {word}" for word, count in Counter(c.word for c in changes).items()]
        if not self._quiet:
            self._print(Text(", ".join([*done, f"{unchanged} unchanged"])))

    def _print(self, text: Text) -> None:
        # A value that is copied from the screen has the line ends that it was stored with.
        self._console.print(text, soft_wrap=True)

    def _table(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        shown = (tuple(values.shown(cell) for cell in row) for row in rows)
        titles = tuple(head.upper().replace("_", " ") for head in heads)
        widths: list[int] = []
        for chunk in _chunks(shown):
            if not widths:
                widths = _widths([titles, *chunk], self._console.width)
                self._part(titles, widths, chunk, header=not self._quiet)
            else:
                self._part(titles, widths, chunk, header=False)
        if not widths and not self._quiet:
            self._part(titles, [len(title) for title in titles], [], header=True)

    def _part(
        self,
        titles: Sequence[str],
        widths: Sequence[int],
        rows: Iterable[Sequence[str]],
        *,
        header: bool,
    ) -> None:
        table = Table(
            box=None,
            pad_edge=False,
            padding=(0, GAP, 0, 0),
            show_header=header,
            header_style="bold",
        )
        for title, width in zip(titles, widths, strict=True):
            table.add_column(title, width=width, overflow="fold")
        for row in rows:
            # As texts, not strings: a value may look like the markup of the table.
            table.add_row(*map(Text, row))
        self._console.print(table)
        self._console.file.flush()


def _fields(names: Sequence[str], entry: Entry) -> list[str]:
    value = values.read(entry.text)
    return [entry.path, *(values.field(value, name) for name in names)]


def _chunks(rows: Iterator[tuple[str, ...]]) -> Iterator[list[tuple[str, ...]]]:
    for first in rows:
        yield list(chain([first], islice(rows, ROWS_AT_ONCE - 1)))


def _widths(rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Get how wide columns are that share a room: the widest give way first."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    room -= GAP * (len(widths) - 1)
    widths = [min(width, max(room, 1)) for width in widths]
    while sum(widths) > max(room, len(widths)):
        widths[widths.index(max(widths))] -= 1
    return widths
