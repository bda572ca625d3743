"""Layout of tables whose cells are never broken, except free text, which wraps between words.

A first cell that is too wide stands on a line before the others.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

__all__ = [
    "SCREEN_WIDTH",
    "Cell",
    "Column",
    "Line",
    "layout",
    "packed",
    "style_of",
    "wrapped",
]

Cell = tuple[str, str]
"""A text, and its style, empty for none."""

Line = list[Cell]
"""Parts of a line of the screen."""

SCREEN_WIDTH = 80
"""Width of a screen that is printed to a file or a pipe."""

ROWS_AT_ONCE = 200
"""Number of rows that decide the widths: they are printed before the last rows are read."""

GAP = 2
"""Number of spaces between columns."""

MIN_TEXT_WIDTH = 24
"""Width of a column of free text below which the text goes to lines of its own."""

INDENT = " " * 4
"""Indent of free text on lines of its own."""

_STYLES = {
    "green": ("OK", "ON", "IDLE", "READY", "SCANNING", "RUNNING", "FINISHED"),
    "yellow": (
        *("WAITING", "STARTING", "PENDING", "UNSET", "CANCELLING", "CANCELLED"),
        *("RESOURCING", "CONFIGURING", "RESETTING", "ABORTED", "DEGRADED", "UNKNOWN"),
    ),
    "bold red": ("FAULT", "FAILED"),
}
"""Colours of States, obsStates, healthStates and statuses. The word itself is always shown."""

_STYLE_OF_WORD = {word: style for style, words in _STYLES.items() for word in words}


class Column(NamedTuple):
    """Column of a table.

    Attributes:
        title: its title.
        rank: columns of a higher rank are left out first if the screen is too narrow; those of
            rank 0 never are.
        is_text: whether its cells are free text; only for the last column.
    """

    title: str
    rank: int = 0
    is_text: bool = False


def style_of(word: str) -> str:
    """Return the colour of a State, obsState, healthState or status, empty if it has none."""
    return _STYLE_OF_WORD.get(word, "")


def layout(
    columns: Sequence[Column], rows: Iterable[Sequence[Cell]], width: int, *, headed: bool = True
) -> Iterator[Line]:
    """Yield the lines of a table, its title first.

    Args:
        columns: the columns.
        rows: the rows, each with a cell for each column.
        width: width of the screen. A line is longer only if one of its cells is.
        headed: whether to yield the title.
    """
    remaining = iter(rows)
    first = list(islice(remaining, ROWS_AT_ONCE))
    widths = [
        max(_cells(cell) for cell in (column.title, *(row[place][0] for row in first)))
        for place, column in enumerate(columns)
    ]
    shown = _fitting(columns, widths, width)
    excess = _needed(columns, widths, shown, len(columns[-1].title)) - width
    if excess > 0:
        # The other cells stand beside the first cells that leave them room.
        room = widths[0] - excess
        cells = (_cells(text) for text in (columns[0].title, *(row[0][0] for row in first)))
        widths[0] = max((each for each in cells if each <= room), default=0)
    if headed:
        titles = [(columns[place].title, "bold") for place in shown]
        yield _joined(titles, [widths[place] for place in shown])
    for row in chain(first, remaining):
        yield from _row(
            [row[place] for place in shown],
            [widths[place] for place in shown],
            columns[-1].is_text,
            width,
        )


def _fitting(columns: Sequence[Column], widths: Sequence[int], width: int) -> list[int]:
    """Return the places of the columns that are shown."""
    shown = list(range(len(columns)))
    while _needed(columns, widths, shown) > width and any(columns[place].rank for place in shown):
        shown.remove(max(shown, key=lambda place: columns[place].rank))
    return shown


def _needed(
    columns: Sequence[Column],
    widths: Sequence[int],
    shown: Sequence[int],
    text_width: int = MIN_TEXT_WIDTH,
) -> int:
    """Return the width of a table in which free text has at most a width."""
    fixed = [
        min(widths[place], text_width) if columns[place].is_text else widths[place]
        for place in shown
    ]
    return sum(fixed) + GAP * (len(shown) - 1)


def _row(
    cells: Sequence[Cell], widths: Sequence[int], has_text: bool, width: int
) -> Iterator[Line]:
    if len(cells) > 1 and _cells(cells[0][0]) > widths[0]:
        yield [cells[0]]
        cells = [("", ""), *cells[1:]]
    if not has_text:
        yield _joined(cells, widths)
        return
    *fixed, (text, style) = cells
    start = sum(widths[:-1]) + GAP * len(fixed)
    room = width - start
    if not text:
        yield _joined(fixed, widths)
    elif room < MIN_TEXT_WIDTH and _cells(text) > room:
        yield _joined(fixed, widths)
        yield from wrapped(text, style, width, INDENT)
    else:
        begin, *more = _wrap(text, room)
        yield _joined([*fixed, (begin, style)], widths)
        yield from ([(" " * start, ""), (part, style)] for part in more)


def wrapped(text: str, style: str, width: int, indent: str = INDENT) -> Iterator[Line]:
    """Yield the lines of a text that is wrapped between words, each with an indent."""
    for part in _wrap(text, width - len(indent)):
        yield [(indent, ""), (part, style)]


def packed(groups: Iterable[Line], width: int, gap: str) -> Iterator[Line]:
    """Yield lines of groups of cells, with a gap between groups, where a line may end.

    Args:
        groups: the groups, which are never broken.
        width: width of the screen.
        gap: text between two groups; without its spaces it also ends a line.
    """
    mark = gap.rstrip()
    line: Line = []
    used = 0
    for group in groups:
        size = sum(_cells(text) for text, _ in group)
        if not line:
            pass
        elif used + len(gap) + size + len(mark) <= width:
            line.append((gap, ""))
            used += len(gap)
        else:
            yield [*line, (mark, "")]
            line, used = [(INDENT, "")], len(INDENT)
        line += group
        used += size
    yield line


def _wrap(text: str, width: int) -> list[str]:
    # A word, such as an ID, is never broken, also not at its hyphens.
    return textwrap.wrap(text, max(width, 1), break_long_words=False, break_on_hyphens=False) or [
        ""
    ]


def _joined(cells: Sequence[Cell], widths: Sequence[int]) -> Line:
    *leading, last = cells
    line: Line = []
    for (text, style), width in zip(leading, widths, strict=False):
        line += [(text, style), (" " * (max(width - _cells(text), 0) + GAP), "")]
    line.append(last)
    # Without trailing spaces.
    while len(line) > 1 and not line[-1][0].strip():
        line.pop()
    return line


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
