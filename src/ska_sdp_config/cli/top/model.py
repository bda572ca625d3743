"""Model of the live view: the copy of the system, and the tables that follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ska_sdp_config.cli.top.table import Cell, Table
from ska_sdp_config.cli.top.views import (
    KINDS,
    LOG,
    SUBARRAYS,
    Kind,
    log_table,
    subarray_cells,
    subarray_table,
)
from ska_sdp_config.live.key_change import KeyChange, describe
from ska_sdp_config.live.received import Received
from ska_sdp_config.live.system import LiveSystem
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.overview import Overview

__all__ = ["MAX_LOG_LINES", "Model"]

MAX_LOG_LINES = 1000
"""Number of changes that the log keeps."""


class Model:
    """Everything that the live view shows, kept up to date change by change.

    Args:
        prefix: prefix of all paths, for the commands that end a failure.

    Attributes:
        prefix: the prefix.
        system: the copy of the system, whose paths are without the prefix.
        tables: tables by name.
    """

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.system = LiveSystem()
        self.tables: dict[str, Table] = {
            SUBARRAYS: subarray_table(),
            **{kind.name: kind.table() for kind in KINDS},
            LOG: log_table(),
        }
        self._log: dict[str, KeyChange] = {}
        self._number = 0

    @property
    def revision(self) -> int:
        """Revision of the database of the last change; 0 before the first reading."""
        return self.system.revision

    @property
    def overview(self) -> Overview | None:
        """Overview of the system; its part on blocks is empty, as the tables count them."""
        return self.system.overview

    def apply(self, received: Iterable[Received], now: datetime) -> None:
        """Apply what was received.

        Args:
            received: changes, oldest first.
            now: the time, for the log.
        """
        applied = self.system.apply(received, now)
        for change in applied.changes:
            self._add_to_log(change, now)
        if applied.is_replaced:
            self._build()
        else:
            self._update(applied.paths)
        if applied.is_overview_changed and self.overview is not None:
            rows = {row.subarray_id: subarray_cells(row) for row in self.overview.subarrays}
            self.tables[SUBARRAYS].replace(rows)

    def change(self, key: str) -> KeyChange | None:
        """Return the change in a row of the log, None if the log no longer has it."""
        return self._log.get(key)

    def texts_of(self, name: str, key: str) -> dict[str, str]:
        """Return the texts that belong to a row, by path.

        Args:
            name: name of the table.
            key: key of the row.
        """
        if name == SUBARRAYS:
            path = paths.subarray(key)
            wanted = [path, *sorted(self.system.required(key) - {path})]
        else:
            path = next(kind.root for kind in KINDS if kind.name == name) + key
            wanted = [path, paths.state_of(path), paths.owner_of(path)]
        found = self.system.get_many(wanted)
        return {each: text for each, text in found.items() if text is not None}

    def has_open_failure(self, pb_id: str) -> bool:
        """Return whether a FAILED processing block still requires attention."""
        return self.system.has_open_failure(pb_id)

    def _add_to_log(self, change: KeyChange, now: datetime) -> None:
        self._number += 1
        time = f"{now.astimezone():%H:%M:%S}"
        self._log[str(self._number)] = change
        row = time, change.path, describe(change), self._number
        self.tables[LOG].put(str(self._number), row)
        if len(self._log) > MAX_LOG_LINES:
            oldest = next(iter(self._log))
            del self._log[oldest]
            self.tables[LOG].put(oldest, None)

    def _build(self) -> None:
        for kind in KINDS:
            keys = {_key_of(kind, path) for path in self.system.texts}
            rows = {key: self._cells(kind, key) for key in keys if key}
            self.tables[kind.name].replace({key: row for key, row in rows.items() if row})

    def _update(self, changed: Iterable[str]) -> None:
        for kind in KINDS:
            for key in {_key_of(kind, path) for path in changed}:
                if key:
                    self.tables[kind.name].put(key, self._cells(kind, key))

    def _cells(self, kind: Kind, key: str) -> tuple[Cell, ...] | None:
        """Return the row of an object, None if there is none."""
        path = kind.root + key
        document = self.system.document(path)
        if document is None:
            return None
        return kind.cells(key, document, self.system.document(paths.state_of(path)))


def _key_of(kind: Kind, path: str) -> str:
    """Return the ID of the object of a kind that a path belongs to, empty if it is of another."""
    return path[len(kind.root) :].partition("/")[0] if path.startswith(kind.root) else ""
