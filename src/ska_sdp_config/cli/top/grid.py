"""Widget of a table with a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.message import Message

from ska_sdp_config.cli.columns import style_of
from ska_sdp_config.cli.top.line_view import LineView, Part, fitted
from ska_sdp_config.cli.top.table import Cell, Column, Table
from ska_sdp_config.lmc.times import age_text

__all__ = ["Grid", "heading", "layout"]

CURSOR = Style(reverse=True)


def layout(columns: Sequence[Column], width: int) -> list[int]:
    """Return the widths of those columns that fit, from the left.

    Args:
        columns: the columns.
        width: the whole width, with a space between two columns.
    """
    widths: list[int] = []
    left = width
    for column in columns:
        if column.width + bool(widths) > left:
            break
        left -= column.width + bool(widths)
        widths.append(column.width)
    for index in range(len(widths)):
        if columns[index].stretches:
            widths[index] += left
    return widths


def heading(table: Table, width: int) -> Sequence[Part]:
    """Return the line with the titles of the columns, and an arrow at the sorted one."""
    parts = []
    for index, cell_width in enumerate(layout(table.columns, width)):
        arrow = ("▼" if table.descending else "▲") if index == table.sort else ""
        title = fitted(f"{table.columns[index].title}{arrow}", cell_width)
        parts.append(Part(f"{title} ", Style(bold=True, underline=index == table.sort)))
    return parts


class Grid(LineView):
    """Table with a cursor that stays on its object when rows move.

    Attributes:
        table: the table.
        key: key of the row at the cursor, None without rows.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "move_pages(-1)", show=False),
        Binding("pagedown", "move_pages(1)", show=False),
        Binding("home,g", "move_to_end(-1)", show=False),
        Binding("end,G", "move_to_end(1)", show=False),
        Binding("enter", "open", show=False),
    ]

    class Opened(Message):
        """Enter was pressed on a row.

        Args:
            key: key of the row.
        """

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Moved(Message):
        """The cursor was moved to another row."""

    def __init__(self, table: Table, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.table = table
        self._cursor = 0
        self.key: str | None = None
        self._now = datetime.now(timezone.utc)
        self._widths: list[int] = []

    def show(self, table: Table) -> None:
        """Show another table from its start."""
        self.table, self._cursor, self.key = table, 0, None
        self.scroll_to(y=0, animate=False)
        self.draw_changes()

    def draw_changes(self) -> None:
        """Draw what has changed, with the ages of now."""
        self._now = datetime.now(timezone.utc)
        self.set_extent()
        self._widths = layout(self.table.columns, self.content_width)
        index = None if self.key is None else self.table.index_of(self.key)
        is_at_top = self._cursor == 0 and not self.scroll_y
        if index is not None and index != self._cursor and not is_at_top:
            # Keep the object at its place on the screen, except at the top: show new rows there.
            moved = index - self._cursor
            self._cursor = index
            if self.scroll_y:
                self.scroll_to(y=self.scroll_y + moved, animate=False)
        self._cursor = max(0, min(self._cursor, len(self.table) - 1))
        self.key = self.table.key_at(self._cursor)
        super().draw_changes()

    def on_resize(self, event: Resize) -> None:
        """Lay out the columns for the new width."""
        self.clear_drawn()
        self.draw_changes()

    def line_count(self) -> int:
        """Return the number of rows."""
        return len(self.table)

    def line(self, number: int) -> Sequence[Part]:
        """Return the cells of a row."""
        key = self.table.key_at(number)
        row = None if key is None else self.table.row(key)
        if row is None:
            return ()
        is_cursor = number == self._cursor
        return [
            Part(
                fitted(self._text(cell), width) + " ",
                CURSOR if is_cursor else Style.parse(style_of(str(cell))),
            )
            for cell, width in zip(row, self._widths, strict=False)
        ]

    def action_move(self, step: int) -> None:
        """Move the cursor by rows."""
        self._cursor = max(0, min(self._cursor + step, len(self.table) - 1))
        self.key = self.table.key_at(self._cursor)
        top, height = round(self.scroll_y), self.size.height
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False)
        elif self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False)
        self.draw_changes()
        self.post_message(self.Moved())

    def action_move_pages(self, pages: int) -> None:
        """Move the cursor by screens."""
        self.action_move(pages * max(1, self.size.height - 1))

    def action_move_to_end(self, direction: int) -> None:
        """Move the cursor to the first or the last row."""
        self.action_move(direction * len(self.table))

    def action_open(self) -> None:
        """Open the object of the row."""
        if self.key is not None:
            self.post_message(self.Opened(self.key))

    def on_click(self, event: Click) -> None:
        """Move the cursor to the row."""
        self.action_move(round(self.scroll_y) + event.y - self._cursor)

    def _text(self, cell: Cell) -> str:
        if isinstance(cell, datetime):
            return age_text(cell, self._now)
        return "" if cell is None else str(cell)
