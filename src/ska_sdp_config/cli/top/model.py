"""Model of the live view: texts of the database, and the tables that follow from them."""

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
from ska_sdp_config.live.received import Everything, Received, Write
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.observe import read_snapshot
from ska_sdp_config.lmc.overview import Blocks, Overview, is_open_failure, make_overview
from ska_sdp_config.lmc.snapshot import Snapshot, read_document
from ska_sdp_config.lmc.states import Json

__all__ = ["MAX_LOG_LINES", "Model"]

MAX_LOG_LINES = 1000
"""Number of changes that the log keeps."""

_COMPONENTS = "/component/"
_SUBARRAYS = paths.subarray("")
_OF_SYSTEM = (paths.CONTROLLER, _COMPONENTS)
"""Prefixes of the paths that the overview depends on, besides those of subarrays."""

_NO_BLOCKS = Blocks({}, (), ())
"""The overview's part on blocks; here the tables count them."""


class Model:
    """Everything that the live view shows, kept up to date change by change.

    Args:
        prefix: prefix of all paths, for the commands that end a failure; ``texts`` are without it.

    Attributes:
        prefix: the prefix.
        texts: texts by path.
        revision: revision of the database of the last change; 0 before the first reading.
        tables: tables by name.
        overview: overview of the system; its part on blocks is empty.
    """

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.texts: dict[str, str] = {}
        self.revision = 0
        self.tables: dict[str, Table] = {
            SUBARRAYS: subarray_table(),
            **{kind.name: kind.table() for kind in KINDS},
            LOG: log_table(),
        }
        self.overview: Overview | None = None
        self._snapshots: dict[str, Snapshot] = {}
        self._required: dict[str, frozenset[str]] = {}
        self._of_system: set[str] = set()
        self._log: dict[str, KeyChange] = {}
        self._number = 0

    def apply(self, received: Iterable[Received], now: datetime) -> None:
        """Apply what was received.

        Args:
            received: changes, oldest first.
            now: the time, for the log.
        """
        changed: set[str] = set()
        is_replaced = False
        for each in received:
            if isinstance(each, Everything):
                self.texts = dict(each.texts)
                self.revision = each.revision
                is_replaced = True
            else:
                self._write(each, now)
                changed.add(each.path)
        if is_replaced:
            self._build()
        elif changed:
            self._update(changed)

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
            wanted = [path, *sorted(self._required.get(key, frozenset()) - {path})]
        else:
            path = next(kind.root for kind in KINDS if kind.name == name) + key
            wanted = [path, paths.state_of(path), paths.owner_of(path)]
        return {each: self.texts[each] for each in wanted if each in self.texts}

    def has_open_failure(self, pb_id: str) -> bool:
        """Return whether a FAILED processing block still requires attention."""
        pb = self._document(paths.processing_block(pb_id))
        eb = self._document(paths.execution_block(str((pb or {}).get("eb_id"))))
        acknowledged = {
            each for snapshot in self._snapshots.values() for each in snapshot.entry.acknowledged
        }
        return is_open_failure(pb, eb, is_acknowledged=pb_id in acknowledged)

    def _write(self, write: Write, now: datetime) -> None:
        before = self.texts.get(write.path)
        if write.text is None:
            self.texts.pop(write.path, None)
        else:
            self.texts[write.path] = write.text
        self.revision = write.revision
        if before != write.text:
            self._add_to_log(KeyChange(write.path, before, write.text, write.revision, now), now)

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
            keys = {_key_of(kind, path) for path in self.texts}
            rows = {key: self._cells(kind, key) for key in keys if key}
            self.tables[kind.name].replace({key: row for key, row in rows.items() if row})
        self._snapshots.clear()
        self._required.clear()
        self._update_subarrays({_subarray_of(path) for path in self.texts})
        self._of_system = {path for path in self.texts if path.startswith(_OF_SYSTEM)}
        self._derive_overview()

    def _update(self, changed: set[str]) -> None:
        for kind in KINDS:
            for key in {_key_of(kind, path) for path in changed}:
                if key:
                    self.tables[kind.name].put(key, self._cells(kind, key))
        concerned = {_subarray_of(path) for path in changed}
        concerned.update(
            subarray_id
            for subarray_id, required in self._required.items()
            if not required.isdisjoint(changed)
        )
        self._update_subarrays(concerned)
        of_system = {path for path in changed if path.startswith(_OF_SYSTEM)}
        self._of_system |= of_system
        if of_system or concerned != {""}:
            self._derive_overview()

    def _cells(self, kind: Kind, key: str) -> tuple[Cell, ...] | None:
        """Return the row of an object, None if there is none."""
        path = kind.root + key
        document = self._document(path)
        if document is None:
            return None
        return kind.cells(key, document, self._document(paths.state_of(path)))

    def _update_subarrays(self, subarray_ids: Iterable[str]) -> None:
        """Read the snapshots of subarrays again; an empty ID is ignored."""
        for subarray_id in filter(None, subarray_ids):
            if paths.subarray(subarray_id) in self.texts:
                self._read_subarray(subarray_id)
            else:
                self._snapshots.pop(subarray_id, None)
                self._required.pop(subarray_id, None)

    def _read_subarray(self, subarray_id: str) -> None:
        required: set[str] = set()

        def read(wanted: Iterable[str]) -> dict[str, str | None]:
            found = {path: self.texts.get(path) for path in wanted}
            required.update(found)
            return found

        self._snapshots[subarray_id] = read_snapshot(subarray_id, self.revision, read)
        self._required[subarray_id] = frozenset(required)

    def _derive_overview(self) -> None:
        documents, unreadable = {}, []
        for path in sorted(self._of_system):
            document, is_readable = read_document(self.texts.get(path))
            if document is not None:
                documents[path] = document
            if not is_readable:
                unreadable.append(path)
        self.overview = make_overview(
            self.revision,
            documents,
            tuple(unreadable),
            self._snapshots.values(),
            _NO_BLOCKS,
            _NO_BLOCKS,
        )
        rows = {row.subarray_id: subarray_cells(row) for row in self.overview.subarrays}
        self.tables[SUBARRAYS].replace(rows)

    def _document(self, path: str) -> Json | None:
        return read_document(self.texts.get(path))[0]


def _key_of(kind: Kind, path: str) -> str:
    """Return the ID of the object of a kind that a path belongs to, empty if it is of another."""
    return path[len(kind.root) :].partition("/")[0] if path.startswith(kind.root) else ""


def _subarray_of(path: str) -> str:
    """Return the ID of the subarray whose entry a path is, empty if it is another path."""
    subarray_id = path.removeprefix(_SUBARRAYS)
    return "" if subarray_id == path or "/" in subarray_id else subarray_id
