"""Scrollable lines; only those in view are laid out, and only changes are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ska_sdp_config.cli.terminal import one_line

__all__ = ["LineView", "Part", "fitted", "wrapped"]

GREYED = Style(dim=True)


class Part(NamedTuple):
    """Part of a line: a text of a fixed width.

    Attributes:
        text: the text, exactly as wide as the part; see ``fitted``.
        style: its style, on that of the widget.
    """

    text: str
    style: Style = Style()


def fitted(text: str, width: int) -> str:
    """Return a text as one line of a width, cut or filled; control characters are escaped."""
    text = one_line(text)
    if cell_len(text) > width > 0:
        return set_cell_size(text, width - 1) + "…"
    return set_cell_size(text, width)


def wrapped(text: str, width: int) -> list[str]:
    """Return a text as lines of at most a width, at least one."""
    return chop_cells(text, width) or [""]


class LineView(ScrollView, can_focus=True):
    """Lines of parts; subclasses give the lines.

    Compares the lines in view with the drawn ones, and draws only the parts that differ: textual
    would lay out a widget of all rows again at each change.

    Attributes:
        is_greyed: whether the lines are greyed, as the database is unreachable.
    """

    DEFAULT_CSS = "LineView { height: 1fr; scrollbar-size: 1 1; }"

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.is_greyed = False
        self._drawn: dict[int, tuple[Sequence[Part], bool]] = {}

    @property
    def content_width(self) -> int:
        """Width of a line, without the scroll bar."""
        return self.scrollable_content_region.width

    def line_count(self) -> int:
        """Return the number of lines."""
        raise NotImplementedError

    def line(self, number: int) -> Sequence[Part]:
        """Return the parts of a line; none past the end."""
        raise NotImplementedError

    def clear_drawn(self) -> None:
        """Draw all lines with the next changes, as after a change of the layout."""
        self._drawn.clear()

    def set_extent(self) -> None:
        """Set the extent in which it scrolls to the number of lines."""
        size = Size(self.content_width, self.line_count())
        if size != self.virtual_size:
            self.virtual_size = size

    def draw_changes(self) -> None:
        """Draw what has changed in the lines in view."""
        self.set_extent()
        top = round(self.scroll_y)
        for y in range(self.size.height):
            new = self.line(top + y), self.is_greyed
            drawn = self._drawn.get(y)
            if new != drawn:
                self.refresh(*self._differences(y, drawn, new))

    def render_line(self, y: int) -> Strip:
        """Return the strip of a line of the screen."""
        parts = self.line(round(self.scroll_y) + y)
        self._drawn[y] = parts, self.is_greyed
        base = self.rich_style
        segments = [
            Segment(part.text, base + part.style + (GREYED if self.is_greyed else Style()))
            for part in parts
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _differences(
        self,
        y: int,
        drawn: tuple[Sequence[Part], bool] | None,
        new: tuple[Sequence[Part], bool],
    ) -> list[Region]:
        """Return the regions of the parts that differ; the line if its layout has changed."""
        widths = [[cell_len(part.text) for part in each[0]] for each in (drawn or new, new)]
        if drawn is None or drawn[1] != new[1] or widths[0] != widths[1]:
            return [Region(0, y, self.size.width, 1)]
        regions, x = [], 0
        for before, after, width in zip(drawn[0], new[0], widths[1], strict=True):
            if before != after:
                regions.append(Region(x, y, width, 1))
            x += width
        return regions
