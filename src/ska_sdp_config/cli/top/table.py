"""Table that is sorted and filtered while its rows change one by one."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

__all__ = ["Cell", "Column", "Table"]

Cell = str | int | datetime | None
"""Value in a table, by which it is sorted; a time by its age."""

_SortKey = tuple[int, float, str]


class Column(NamedTuple):
    """Column of a table.

    Attributes:
        title: its title, also its name in a filter.
        width: its width in characters, of a column that stretches the least one.
        stretches: whether it takes the room that the others leave.
    """

    title: str
    width: int
    stretches: bool = False


class Table:
    """Rows by key, and the order in which those that the filter admits are shown.

    A changed row moves within the order. The order is built again only if the column to sort by
    or the filter is changed, or all rows are replaced.

    Args:
        columns: the columns.
        status: index of the column whose values are counted, None for no counts.
        sort: index of the column to sort by.
        descending: whether the largest value comes first.

    Attributes:
        counts: number of rows by status, filtered or not.
        filter: text that rows contain, ``column:text`` for that column; empty for all rows.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        status: int | None = None,
        sort: int = 0,
        descending: bool = False,
    ) -> None:
        self.columns = columns
        self.counts: Counter[str] = Counter()
        self.filter = ""
        self._filtered: int | None = None
        self._wanted = ""
        self.sort = sort
        self.descending = descending
        self._status = status
        self._rows: dict[str, tuple[Cell, ...]] = {}
        self._order: list[tuple[_SortKey, str]] = []

    def __len__(self) -> int:
        """Return the number of rows that the filter admits."""
        return len(self._order)

    @property
    def total(self) -> int:
        """Number of all rows."""
        return len(self._rows)

    def row(self, key: str) -> tuple[Cell, ...] | None:
        """Return the row of a key, None if there is none."""
        return self._rows.get(key)

    def key_at(self, index: int) -> str | None:
        """Return the key of a row that is shown, None outside the table."""
        if not 0 <= index < len(self._order):
            return None
        return self._order[len(self._order) - 1 - index if self.descending else index][1]

    def index_of(self, key: str) -> int | None:
        """Return the place of a row, None if it is not shown."""
        row = self._rows.get(key)
        if row is None or not self._admits(row):
            return None
        place = bisect_left(self._order, self._place(key, row))
        return len(self._order) - 1 - place if self.descending else place

    def replace(self, rows: Mapping[str, tuple[Cell, ...]]) -> None:
        """Replace all rows."""
        self._rows = dict(rows)
        self.counts = Counter(filter(None, map(self._status_of, rows.values())))
        self._build_order()

    def put(self, key: str, row: tuple[Cell, ...] | None) -> None:
        """Add or replace a row; None removes it."""
        before = self._rows.pop(key, None)
        if before is not None:
            self._count(before, -1)
            if self._admits(before):
                del self._order[bisect_left(self._order, self._place(key, before))]
        if row is not None:
            self._rows[key] = row
            self._count(row, 1)
            if self._admits(row):
                place = self._place(key, row)
                self._order.insert(bisect_left(self._order, place), place)

    def sort_by(self, column: int, *, descending: bool) -> None:
        """Sort by a column."""
        self.sort, self.descending = column, descending
        self._build_order()

    def filter_by(self, text: str) -> None:
        """Show only rows that contain a text, in any case of letters; empty shows all.

        Args:
            text: the text; ``column:text`` looks for it in that column only.
        """
        self.filter = text
        titles = [column.title.casefold() for column in self.columns]
        name, _, rest = text.casefold().partition(":")
        is_column = name.strip() in titles
        self._filtered = titles.index(name.strip()) if is_column else None
        self._wanted = (rest if is_column else text.casefold()).strip()
        self._build_order()

    def _build_order(self) -> None:
        admitted = (item for item in self._rows.items() if self._admits(item[1]))
        self._order = sorted(self._place(key, row) for key, row in admitted)

    def _place(self, key: str, row: tuple[Cell, ...]) -> tuple[_SortKey, str]:
        return _sort_key(row[self.sort]), key

    def _admits(self, row: tuple[Cell, ...]) -> bool:
        if not self._wanted:
            return True
        cells = row if self._filtered is None else (row[self._filtered],)
        return any(self._wanted in str(cell).casefold() for cell in cells if cell is not None)

    def _status_of(self, row: tuple[Cell, ...]) -> str:
        return "" if self._status is None else str(row[self._status])

    def _count(self, row: tuple[Cell, ...], change: int) -> None:
        status = self._status_of(row)
        if status:
            self.counts[status] += change
            if not self.counts[status]:
                del self.counts[status]


def _sort_key(cell: Cell) -> _SortKey:
    """Return a key by which any two values can be compared; unknown ones come first."""
    if cell is None:
        return 0, 0.0, ""
    if isinstance(cell, datetime):
        return 1, -cell.timestamp(), ""
    return (1, float(cell), "") if isinstance(cell, int) else (2, 0.0, cell)
