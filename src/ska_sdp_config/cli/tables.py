"""Printer of tables and colours for terminals."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, islice, zip_longest
from typing import Any

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.text import Text

from ska_sdp_config.cli.columns import SCREEN_WIDTH, Cell, Column, Line, layout
from ska_sdp_config.cli.output import Change, Difference, Entry, Finding, Printer, Section
from ska_sdp_config.cli.terminal import clear_screen, escape, one_line
from ska_sdp_config.live import values
from ska_sdp_config.live.key_change import KeyChange, describe, time_column
from ska_sdp_config.lmc.entry import under_present_names

__all__ = ["TablePrinter"]

ROWS_AT_ONCE = 200
"""Number of rows per chunk: the first chunk is printed before the last rows are read."""

GAP = 2
"""Number of spaces between columns."""

MIN_WIDTH = 12
"""Width to which other columns are shrunk at most, so that the keys fit beside them."""

TEXTS = ("description",)
"""Fields with free text, which wraps between words."""

WHOLE_COLUMNS = ("KEY", "ID")
"""Titles of the columns whose cells are never folded: they are copied from the screen."""


class TablePrinter(Printer):
    """Printer of tables, and of values over several lines; if quiet, without headings."""

    shows_columns = True
    prints_lines = False

    def __init__(self, quiet: bool) -> None:
        super().__init__(quiet)
        terminal = sys.stdout.isatty()
        self._known: dict[Cell, str] = {}
        coloured = terminal and not os.environ.get("NO_COLOR")
        self._console = Console(
            force_terminal=terminal,
            color_system="auto" if coloured else None,
            highlight=False,
            # Do not wrap lines in files and pipes.
            width=None if terminal else 100_000,
        )

    def keys(self, paths: Iterable[str]) -> None:
        """Print a list of paths."""
        self._table(["key"], ([path] for path in paths))

    def columns(self, names: Sequence[str], entries: Iterable[Entry]) -> None:
        """Print a list of paths with fields of their values."""
        heads = [name.rpartition(".")[2].removesuffix("_id") for name in names]
        columns = [Column(_title(head), is_text=head in TEXTS) for head in ("key", *heads)]
        # Escape before the layout: escapes are wider than the characters.
        rows = ([(one_line(cell), "") for cell in _fields(names, entry)] for entry in entries)
        self._print_lines(layout(columns, rows, self._console.width, headed=not self.quiet))

    def entries(self, entries: Sequence[Entry]) -> None:
        """Print a list of paths with their values on one line each."""
        if self.quiet:
            self._table(["value"], ([values.compact(text)] for _, text in entries))
        else:
            self._table(["key", "value"], ([p, values.compact(text)] for p, text in entries))

    def parts(self, entries: Sequence[Entry]) -> None:
        """Print the entries of one object one below the other, each laid out."""
        for entry in entries:
            self.value(entry)

    def value(self, entry: Entry) -> None:
        """Print one path, and below it its value."""
        if not self.quiet:
            self._print(Text(one_line(entry.path), "bold"))
        self._print_value(entry.text)

    def key_changes(self, changes: Iterable[KeyChange], *, whole: bool = False) -> None:
        """Print a line for each change of a key, with ``whole`` the new value below it."""
        for each in changes:
            has_value = whole and each.after is not None
            if not self.quiet or each.after is None:
                about = "" if has_value else one_line(describe(each))
                style = {"deleted": "red"}.get(about, "")
                path = (one_line(each.path), "bold")
                self._print(Text.assemble(f"{time_column(each.time)} ", path, " ", (about, style)))
            if each.after is not None and (has_value or self.quiet):
                self._print_value(each.after)
        self._console.file.flush()

    def changes(self, changes: Sequence[Change], unchanged: int) -> None:
        """Print the changes, then a summary."""
        if changes:
            self._table(["change", "key"], changes)
        self._print_summary((change.word for change in changes), unchanged)

    def created(self, paths: Sequence[str], ids: Sequence[str]) -> None:
        """Print the created paths; if quiet, the IDs."""
        if self.quiet:
            self._table(["id"], ([each] for each in ids))
        else:
            self.changes([Change("created", path) for path in paths], 0)

    def differences(self, differences: Sequence[Difference], unchanged: int) -> None:
        """Print the changes to make with the differences, then a summary."""
        for each in differences:
            self._print(Text.assemble(f"{each.word} ", (one_line(each.path), "bold")))
            for line in values.difference(each.before, each.after):
                colour = {"-": "red", "+": "green"}.get(line[0], "")
                self._print(Text(f"  {one_line(line)}", colour))
        self._print_summary([each.word for each in differences], unchanged)

    def sections(self, sections: Sequence[Section]) -> None:
        """Print sections, each under its title, cut to the width of the screen."""
        for number, section in enumerate(sections):
            self._print(Text(f"{chr(10) if number else ''}{section.title.upper()}", "bold"))
            if section.columns:
                self.columns(section.columns, section.entries)
                continue
            for entry in section.entries:
                self._print(Text(one_line(entry.path), "cyan"))
                parts = [(one_line(name), value) for name, value in values.parts(entry.text)]
                names = max((cell_len(name) for name, _ in parts), default=0)
                for name, value in parts:
                    line = Text.assemble(f"  {name:{max(names, 20)}} ", one_line(value))
                    self._console.print(line, no_wrap=True, overflow="ellipsis")

    def lines(self, make_lines: Callable[[int], Iterable[Line]]) -> None:
        """Print lines with their styles, given the function that returns them for a width."""
        self._print_lines(make_lines(self._console.width))

    def screen(
        self,
        make_lines: Callable[[int], Iterable[Line]],
        make_document: Callable[[], Mapping[str, Any]],
        names: Iterable[str],
        *,
        is_update: bool = False,
    ) -> None:
        """Print the lines with their styles; an update in place of the last one on a terminal."""
        console = self._console
        on_terminal = console.is_terminal
        lines = list(make_lines(console.width if on_terminal else SCREEN_WIDTH))
        if is_update and on_terminal:
            lines = _cropped(lines, console.width, console.height - 1)
            clear_screen()
        self._print_lines([*lines, []] if is_update and not on_terminal else lines)

    def findings(self, findings: Sequence[Finding]) -> None:
        """Print the findings with their advice; if quiet, only warnings and faults."""
        columns = (Column("VERDICT"), Column("SUBJECT"), Column("FINDING", is_text=True))
        rows: list[list[Cell]] = []
        for each in findings:
            if self.quiet and each.verdict == "ok":
                continue
            style = {"ok": "green", "warning": "yellow"}.get(each.verdict, "bold red")
            rows.append([(each.verdict, style), (one_line(each.subject), ""), (each.text, "")])
            if each.advice:
                rows.append([("", ""), ("", ""), (each.advice, "")])
        lines = layout(columns, rows, self._console.width, headed=False)
        # Skip the empty line that precedes advice on its own lines.
        self._print_lines(line for line in lines if any(text.strip() for text, _ in line))

    def _print_lines(self, lines: Iterable[Line]) -> None:
        # Not each line by Rich, which prints only some thousands of lines per second.
        file = self._console.file
        file.writelines(f"{''.join(map(self._rendered, line))}\n" for line in lines)
        file.flush()

    def _rendered(self, cell: Cell) -> str:
        """Return a text with the escape sequences of its style; other ones are escaped."""
        text, style = cell
        if not style:
            return one_line(text)
        if cell not in self._known:
            with self._console.capture() as capture:
                self._console.print(Text(one_line(text), style), end="", soft_wrap=True)
            self._known[cell] = capture.get()
        return self._known[cell]

    def _print_summary(self, words: Iterable[str], unchanged: int) -> None:
        if not self.quiet:
            done = [f"{count} {word}" for word, count in Counter(words).items()]
            self._print(Text(", ".join([*done, f"{unchanged} unchanged"])))

    def _print_value(self, text: str) -> None:
        value = Text(escape(values.pretty(text)))
        if values.is_json(text):
            JSONHighlighter().highlight(value)
        self._print(value)

    def _print(self, text: Text) -> None:
        # Without soft wrap a value copied from the screen would contain extra line ends.
        self._console.print(text, soft_wrap=True)

    def _table(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        titles = [_title(head) for head in heads]
        # Escape before the layout: escapes are wider than the characters.
        chunks = _chunks([one_line(cell) for cell in row] for row in rows)
        chunk = next(chunks, [])
        widths = _widths(titles, chunk, self._console.width)
        if not self.quiet:
            for line in _lines(titles, titles, widths):
                self._console.print(Text(line, "bold"), soft_wrap=True)
        # Not by a table of Rich, which lays out only 2,000 rows per second.
        for rows_at_once in chain([chunk], chunks):
            lines = (line for row in rows_at_once for line in _lines(titles, row, widths))
            self._console.file.writelines(f"{line}\n" for line in lines)
            self._console.file.flush()


def _cropped(lines: list[Line], width: int, height: int) -> list[Line]:
    """Return the first lines, as the terminal would scroll the start away, and how many follow.

    A line that is wider than the terminal takes several rows of it.
    """
    rows = [
        max(1, -(-sum(cell_len(one_line(text)) for text, _ in each) // width)) for each in lines
    ]
    if sum(rows) <= height:
        return lines
    shown = sum(total < height for total in accumulate(rows))
    return [*lines[:shown], [(f"… {len(lines) - shown} more lines", "")]]


def _lines(titles: Sequence[str], row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Yield the lines of a row: a cell that is too wide is folded.

    A key is not. In the first column, one that is too wide stands on a line before the other
    cells; elsewhere it runs past the edge, where the terminal wraps it.
    """
    cells = list(row)
    if titles[0] in WHOLE_COLUMNS and len(row) > 1 and cell_len(row[0]) > widths[0]:
        yield row[0]
        cells[0] = ""
    folded = (
        [cell] if title in WHOLE_COLUMNS else chop_cells(cell, width) or [""]
        for title, cell, width in zip(titles, cells, widths, strict=True)
    )
    for parts in zip_longest(*folded, fillvalue=""):
        padded = (
            set_cell_size(part, width) for part, width in zip(parts[:-1], widths, strict=False)
        )
        yield (" " * GAP).join([*padded, parts[-1]])


def _title(head: str) -> str:
    return head.upper().replace("_", " ")


def _fields(names: Sequence[str], entry: Entry) -> list[str]:
    value = values.read(entry.text)
    if isinstance(value, dict):
        # Entries of devices that version 0.1 has written have other names.
        value = under_present_names(value)
    return [entry.path, *(values.field(value, name) for name in names)]


def _chunks(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    for first in rows:
        yield list(chain([first], islice(rows, ROWS_AT_ONCE - 1)))


def _widths(titles: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Return the widths of columns within a total width; the widest are shrunk first.

    Columns of keys are not shrunk. A first one is as wide as the keys that fit beside the others.
    """
    columns = list(zip(titles, *rows, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    room -= GAP * (len(widths) - 1)
    others = [at for at, title in enumerate(titles) if title not in WHOLE_COLUMNS]
    shrunk = _shrink(widths, others, room, MIN_WIDTH if len(others) < len(titles) else 1)
    if sum(shrunk) <= room or 0 in others or len(titles) == 1:
        return shrunk
    left = room - sum(shrunk[1:])
    widths[0] = max((cell_len(key) for key in columns[0] if cell_len(key) <= left), default=0)
    return _shrink(widths, others, room, 1)


def _shrink(widths: Sequence[int], columns: Iterable[int], room: int, least: int) -> list[int]:
    """Return widths that fit, by shrinking some columns, but not below a least width."""
    shrunk = list(widths)
    shrinkable = [at for at in columns if shrunk[at] > least]
    while shrinkable and sum(shrunk) > room:
        widest = max(shrinkable, key=lambda at: shrunk[at])
        shrunk[widest] -= 1
        if shrunk[widest] == least:
            shrinkable.remove(widest)
    return shrunk
