"""Full-screen program of ``ska-sdp top``."""

from __future__ import annotations

import asyncio
import signal
import time
from datetime import datetime, timezone
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input, Static

from ska_sdp_config.cli.terminal import one_line
from ska_sdp_config.cli.top.detail import Detail
from ska_sdp_config.cli.top.faults import fault_lines, reason_lines
from ska_sdp_config.cli.top.grid import Grid, heading, layout
from ska_sdp_config.cli.top.line_view import LineView
from ska_sdp_config.cli.top.model import Model
from ska_sdp_config.cli.top.summary import counts_lines, state_line
from ska_sdp_config.cli.top.views import DEPLOYMENTS, LOG, PBS, SUBARRAYS
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.live.live import Live
from ska_sdp_config.lmc.health import Outage

__all__ = ["TopApp"]

REDRAW_INTERVAL_S = 0.2
"""Least time between two updates of the screen by changes of the database, in seconds."""

MIN_FAULT_LINES = 8
"""Number of lines reserved for faults if the table fills the rest of the screen."""

OTHER_LINES = 6
"""Number of lines other than the rows of the table, the filter and the faults."""

KEYS = (
    ("s", SUBARRAYS),
    ("p", PBS),
    ("d", DEPLOYMENTS),
    ("f", "flows"),
    ("l", LOG),
)
"""Keys of the tables."""

TEXTS = ("state", "counts", "tables", "heading", "faults")
"""Names of the texts around the table."""

HELP = "Enter open  / filter  o sort  r reverse  q leave"


class Changed(Message):
    """Notification of changes received from the database."""


class TopApp(App[None]):
    """Live view of the system.

    Args:
        backend: the database.
        prefix: prefix of all paths.

    Attributes:
        model: data of the tables.
        error: error that ended the program, None if the user left it.
    """

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { layout: vertical; }
    Static { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    #counts { height: 2; text-wrap: nowrap; text-overflow: ellipsis; }
    #faults { height: auto; }
    #filter { height: 1; border: none; padding: 0; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"show('{name}')", show=False) for key, name in KEYS),
        Binding("slash", "filter", show=False),
        Binding("o", "sort", show=False),
        Binding("r", "reverse", show=False),
        Binding("escape", "clear_filter", show=False),
        Binding("q,ctrl+c", "quit", show=False),
    ]

    def __init__(self, backend: Backend, prefix: str) -> None:
        super().__init__()
        self.model = Model(prefix)
        self.grid = Grid(self.model.tables[SUBARRAYS], id="grid")
        self._texts = {name: Static(id=name) for name in TEXTS}
        self._field = Input(
            placeholder="text, or COLUMN:text; Enter keeps, Esc clears", id="filter"
        )
        self.error: Exception | None = None
        self._backend = backend
        self._prefix = prefix
        self._shown = SUBARRAYS
        self._live: Live | None = None
        self._is_due = False
        self._updated_at = 0.0
        self._opened_at = datetime.now(timezone.utc)
        self._written: dict[str, Text] = {}
        self._faults_source: tuple[object, ...] = ()
        self._lines_of_faults: list[Text] = []

    # Layout

    def compose(self) -> ComposeResult:
        """Compose the main screen."""
        for name in ("state", "counts", "tables", "heading"):
            yield self._texts[name]
        yield self.grid
        yield self._texts["faults"]
        yield self._field
        yield Static(Text(HELP), id="keys")

    def on_mount(self) -> None:
        """Begin to receive changes."""
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, self.exit)
        self.grid.focus()
        self._draw()
        self._live = Live(self._backend, self._prefix, self._post_changed)
        self.set_interval(1.0, self._draw)

    def on_unmount(self) -> None:
        """End the watch."""
        if self._live is not None:
            self._live.close()

    # Changes

    def _post_changed(self) -> None:
        self.post_message(Changed())

    def on_changed(self) -> None:
        """Schedule an update of the screen, at most one per REDRAW_INTERVAL_S."""
        if not self._is_due:
            self._is_due = True
            wait = self._updated_at + REDRAW_INTERVAL_S - time.monotonic()
            if wait > 0:
                self.set_timer(wait, self._update)
            else:
                self._update()

    def _update(self) -> None:
        self._is_due = False
        self._updated_at = time.monotonic()
        if self._live is not None:
            if self._live.error is not None:
                self.error = self._live.error
                self.exit()
                return
            self.model.apply(self._live.take(), datetime.now(timezone.utc))
        self._draw()

    def _draw(self) -> None:
        """Draw all changes, including ages and the state of the connection."""
        outage = self._outage()
        # First the table: it moves the cursor, on whose object the faults depend.
        views: list[LineView] = [self.grid]
        if isinstance(self.screen, Detail):
            views.append(self.screen.values)
        for view in views:
            view.is_greyed = outage is not None
            view.draw_changes()
        now = datetime.now(timezone.utc)
        self._write("state", state_line(self.model, self._backend.address, outage, now))
        self._write("counts", counts_lines(self.model))
        self._write("tables", self._tables_line())
        table = self.model.tables[self._shown]
        title = Text()
        for part in heading(table, self.grid.content_width):
            title.append(part.text, part.style)
        title.rstrip()
        self._write("heading", title)
        faults = self._faults_text()
        self._write("faults", faults)
        self._texts["faults"].display = bool(faults)

    def _write(self, name: str, text: Text) -> None:
        """Write a text around the table if it has changed."""
        before = self._written.get(name)
        if before == text:
            return
        self._written[name] = text
        # A new layout draws the whole screen, and is needed only by another number of lines.
        self._texts[name].update(text, layout=before is None or _height(before) != _height(text))

    def _outage(self) -> Outage | None:
        connection = self._backend.connection
        if connection.state == "connected" or not self.model.revision:
            return None
        since = connection.last_answer
        return Outage(
            self._backend.address,
            datetime.fromtimestamp(since, timezone.utc) if since else self._opened_at,
        )

    def _tables_line(self) -> Text:
        line = Text()
        for key, name in KEYS:
            line.append(f"[{key}]", "dim").append(name, "reverse" if name == self._shown else "")
            line.append(" ")
        table = self.model.tables[self._shown]
        if table.filter:
            line.append(f" filter {one_line(table.filter)}: {len(table)} of {table.total}", "bold")
        return line

    def _faults_text(self) -> Text:
        """Return the lines on faults that fit below the table."""
        lines = self._fault_lines()
        unused = self.size.height - OTHER_LINES - self._field.display - len(self.grid.table)
        limit = max(MIN_FAULT_LINES, unused)
        if len(lines) > limit:
            more = Text(f"and {len(lines) - limit + 1} lines more: Enter opens the object")
            lines = [*lines[: limit - 1], more]
        return Text("\n").join(lines)

    def _fault_lines(self) -> list[Text]:
        key, width = self.grid.key, self.size.width
        overview = self.model.overview
        if self._shown == SUBARRAYS and overview is not None:
            # Most changes leave the faults of all subarrays as they are.
            source = overview.subarrays, overview.controller, overview.missing, key, width
            if source != self._faults_source:
                self._faults_source = source
                self._lines_of_faults = fault_lines(overview, key, width)
            return self._lines_of_faults
        if self._shown in (PBS, DEPLOYMENTS) and key is not None:
            return reason_lines(self.model, self._shown, key, width)
        return []

    # Keys

    def action_show(self, name: str) -> None:
        """Show a table."""
        if isinstance(self.screen, Detail):
            self.pop_screen()
        self._close_filter()
        self._shown = name
        self.grid.show(self.model.tables[name])
        self._draw()

    def action_filter(self) -> None:
        """Open the field for the filter."""
        if not isinstance(self.screen, Detail):
            self._field.value = self.model.tables[self._shown].filter
            self._field.display = True
            self._field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while the text is typed."""
        table = self.model.tables[self._shown]
        if event.input.display and event.value != table.filter:
            table.filter_by(event.value)
            self._draw()

    def on_input_submitted(self) -> None:
        """Keep the filter."""
        self._close_filter()

    def action_clear_filter(self) -> None:
        """Show all rows again."""
        self._close_filter()
        self.model.tables[self._shown].filter_by("")
        self._draw()

    def action_sort(self) -> None:
        """Sort by the next column on the screen."""
        table = self.model.tables[self._shown]
        shown = len(layout(table.columns, self.grid.content_width))
        table.sort_by((table.sort + 1) % shown, descending=False)
        self._draw()

    def action_reverse(self) -> None:
        """Reverse the order."""
        table = self.model.tables[self._shown]
        table.sort_by(table.sort, descending=not table.descending)
        self._draw()

    def on_grid_moved(self) -> None:
        """Show the faults of the object at the cursor first."""
        self._draw()

    def on_grid_opened(self, event: Grid.Opened) -> None:
        """Open an object."""
        self.push_screen(Detail(self.model, self._shown, event.key))

    def _close_filter(self) -> None:
        self._field.display = False
        self.grid.focus()


def _height(text: Text) -> int:
    """Return the number of lines of a text; an empty one has none."""
    return text.plain.count("\n") + bool(text)
