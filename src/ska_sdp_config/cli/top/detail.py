"""Screen with everything on one object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Static

from ska_sdp_config.cli.overview_lines import fault_lines
from ska_sdp_config.cli.terminal import escape, one_line
from ska_sdp_config.cli.top.faults import reason_lines, to_text
from ska_sdp_config.cli.top.line_view import LineView, Part, fitted, wrapped
from ska_sdp_config.cli.top.model import Model
from ska_sdp_config.cli.top.views import LOG, SINCE, STATUS, SUBARRAYS
from ska_sdp_config.live import values
from ska_sdp_config.lmc.times import iso

__all__ = ["Detail", "detail_lines"]

BOLD = Style(bold=True)


def detail_lines(model: Model, name: str, key: str, width: int) -> Iterator[tuple[str, Style]]:
    """Yield the lines on an object with their styles: first its faults, then its texts.

    Args:
        model: the model.
        name: name of the table.
        key: key of the row.
        width: width of the screen.
    """
    if name == LOG:
        yield from _lines_of_change(model, key)
        return
    if name == SUBARRAYS:
        yield from _lines_of_faults(model, key, width)
    else:
        yield from _lines_of_status(model, name, key, width)
    texts = model.texts_of(name, key)
    if not texts:
        yield "It was deleted.", Style(color="red")
    for path, text in texts.items():
        yield from _lines_of_text(path, text)


def _lines_of_faults(model: Model, subarray_id: str, width: int) -> Iterator[tuple[str, Style]]:
    rows = model.overview.subarrays if model.overview else ()
    for row in rows:
        if row.subarray_id != subarray_id:
            continue
        yield f"{row.obs_state.name}, health {row.health.name}", BOLD
        if row.last_command:
            yield f"last command {row.last_command}, transaction {row.transaction_id}", Style()
        for fault in row.faults:
            yield from ((to_text(line).plain, BOLD) for line in fault_lines(fault, width))
        yield "", Style()


def _lines_of_status(model: Model, name: str, key: str, width: int) -> Iterator[tuple[str, Style]]:
    row = model.tables[name].row(key)
    if row is None:
        return
    since = row[SINCE]
    yield f"{row[STATUS]}{f' since {iso(since)}' if isinstance(since, datetime) else ''}", BOLD
    yield from ((line.plain, BOLD) for line in reason_lines(model, name, key, width))
    yield "", Style()


def _lines_of_change(model: Model, key: str) -> Iterator[tuple[str, Style]]:
    change = model.change(key)
    if change is None:
        yield "The log no longer has this change.", Style()
        return
    yield f"{change.path} at revision {change.revision}", BOLD
    for line in values.difference(change.before, change.after):
        yield line, Style(color={"-": "red", "+": "green"}.get(line[:1]))


def _lines_of_text(path: str, text: str) -> Iterator[tuple[str, Style]]:
    yield path, BOLD
    for line in values.pretty(text).split("\n"):
        yield line, Style()
    yield "", Style()


class _Values(LineView):
    """Lines on an object, wrapped at the width of the screen.

    Args:
        model: the model.
        name: name of the table.
        key: key of the row.
    """

    def __init__(self, model: Model, name: str, key: str) -> None:
        super().__init__(id="values")
        self._model, self._table, self._key = model, name, key
        self._wrapped: list[tuple[str, Style]] = []

    def draw_changes(self) -> None:
        """Read the values again, and draw what has changed."""
        width = max(1, self.content_width)
        self._wrapped = [
            (part, style)
            for line, style in detail_lines(self._model, self._table, self._key, width)
            for part in wrapped(escape(line, keep=""), width)
        ]
        super().draw_changes()

    def line_count(self) -> int:
        """Return the number of lines."""
        return len(self._wrapped)

    def line(self, number: int) -> Sequence[Part]:
        """Return a line."""
        if number >= len(self._wrapped):
            return ()
        text, style = self._wrapped[number]
        return [Part(fitted(text, self.content_width), style)]

    def on_resize(self, event: Resize) -> None:
        """Wrap the lines at the new width."""
        self.clear_drawn()
        self.draw_changes()


class Detail(Screen[None]):
    """Screen with everything on one object, kept up to date.

    Args:
        model: the model.
        name: name of the table.
        key: key of the row.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,backspace", "back", show=False)]
    CSS = "Detail > Static { height: 1; } #title { text-style: bold reverse; }"

    def __init__(self, model: Model, name: str, key: str) -> None:
        super().__init__()
        self._heading = Text(f"{name}: {one_line(key)}")
        self.values = _Values(model, name, key)

    def compose(self) -> ComposeResult:
        """Compose the screen."""
        yield Static(self._heading, id="title")
        yield self.values
        yield Static(Text("Esc back   ↑↓ PgUp PgDn scroll   q leave"), id="keys")

    def on_mount(self) -> None:
        """Focus the values, so that keys scroll them."""
        self.values.focus()

    def action_back(self) -> None:
        """Go back to the table."""
        self.dismiss()
