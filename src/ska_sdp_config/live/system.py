"""Copy of the whole system, and the overview that follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ska_sdp_config.live.key_change import KeyChange
from ska_sdp_config.live.received import Everything, Received, Write
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.observe import read_snapshot
from ska_sdp_config.lmc.overview import Blocks, Overview, is_open_failure, make_overview
from ska_sdp_config.lmc.snapshot import Snapshot, read_document
from ska_sdp_config.lmc.states import Json

__all__ = ["Applied", "LiveSystem"]

_COMPONENTS = "/component/"
_SUBARRAYS = paths.subarray("")
_OF_SYSTEM = (paths.CONTROLLER, _COMPONENTS)
"""Prefixes of the paths that the overview depends on, besides those of subarrays."""

_NO_BLOCKS = Blocks({}, (), ())
"""The overview's part on blocks, which are too many to derive again at each change."""


_Parsed = dict[str, "tuple[str | None, tuple[Json | None, bool]]"]
"""Texts and parsed documents by path: one that has not changed is not parsed again."""


class Applied(NamedTuple):
    """Effect of what was received.

    Attributes:
        is_replaced: whether all texts were read again, so that any may have changed.
        paths: paths that were written or deleted.
        subarrays: IDs of the subarrays whose documents may have changed.
        changes: changes of texts, oldest first; without those of a replacement.
        is_overview_changed: whether the overview may have changed.
    """

    is_replaced: bool
    paths: frozenset[str]
    subarrays: frozenset[str]
    changes: tuple[KeyChange, ...]
    is_overview_changed: bool


class LiveSystem:
    """Texts of the database and the snapshots of all subarrays, kept up to date.

    Attributes:
        texts: texts by path, without the prefix.
        revision: revision of the database of the last change; 0 before the first reading.
        snapshots: snapshots of the subarrays that have an entry, by ID.
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.revision = 0
        self.snapshots: dict[str, Snapshot] = {}
        self._required: dict[str, frozenset[str]] = {}
        self._parsed: dict[str, _Parsed] = {}
        self._of_system: set[str] = set()
        self._overview: Overview | None = None
        self._is_overview_stale = False

    @property
    def overview(self) -> Overview | None:
        """Overview whose part on blocks is empty; None before the first reading."""
        if self._is_overview_stale:
            self._overview = self._derive_overview()
            self._is_overview_stale = False
        return self._overview

    def apply(self, received: Iterable[Received], now: datetime) -> Applied:
        """Apply what was received.

        Args:
            received: changes, oldest first.
            now: the time of the changes.
        """
        changed: set[str] = set()
        changes: list[KeyChange] = []
        is_replaced = False
        for each in received:
            if isinstance(each, Everything):
                self.texts = dict(each.texts)
                self.revision = each.revision
                is_replaced = True
            else:
                changes += self._write(each, now)
                changed.add(each.path)
        concerned: set[str] = set()
        if is_replaced:
            concerned = {_subarray_of(path) for path in self.texts} | set(self.snapshots)
            self._of_system = {path for path in self.texts if path.startswith(_OF_SYSTEM)}
        elif changed:
            concerned = {_subarray_of(path) for path in changed}
            concerned.update(
                subarray_id
                for subarray_id, required in self._required.items()
                if not required.isdisjoint(changed)
            )
        concerned.discard("")
        self._update_subarrays(concerned)
        of_system = {path for path in changed if path.startswith(_OF_SYSTEM)}
        self._of_system |= of_system
        is_overview_changed = bool(is_replaced or of_system or concerned)
        self._is_overview_stale = self._is_overview_stale or is_overview_changed
        return Applied(
            is_replaced,
            frozenset(changed),
            frozenset(concerned),
            tuple(changes),
            is_overview_changed,
        )

    def required(self, subarray_id: str) -> frozenset[str]:
        """Return the paths that a subarray depends on, empty if it has no entry."""
        return self._required.get(subarray_id, frozenset())

    @property
    def components(self) -> list[str]:
        """Names of the components that are alive."""
        ends = (path.removeprefix(_COMPONENTS).split("/") for path in sorted(self._of_system))
        return [
            end[0]
            for end in ends
            if len(end) == 2 and end[1] == "owner" and paths.component(end[0]) in self.texts
        ]

    def get_many(self, wanted: Iterable[str]) -> dict[str, str | None]:
        """Return the texts at paths, None where there is none."""
        return {path: self.texts.get(path) for path in wanted}

    def document(self, path: str) -> Json | None:
        """Return the document at a path, None if there is none; an invalid one is empty."""
        return read_document(self.texts.get(path))[0]

    def has_open_failure(self, pb_id: str) -> bool:
        """Return whether a FAILED processing block still requires attention."""
        pb = self.document(paths.processing_block(pb_id))
        eb = self.document(paths.execution_block(str((pb or {}).get("eb_id"))))
        acknowledged = {
            each for snapshot in self.snapshots.values() for each in snapshot.entry.acknowledged
        }
        return is_open_failure(pb, eb, is_acknowledged=pb_id in acknowledged)

    def _write(self, write: Write, now: datetime) -> list[KeyChange]:
        before = self.texts.get(write.path)
        if write.text is None:
            self.texts.pop(write.path, None)
        else:
            self.texts[write.path] = write.text
        self.revision = write.revision
        if before == write.text:
            return []
        return [KeyChange(write.path, before, write.text, write.revision, now)]

    def _update_subarrays(self, subarray_ids: Iterable[str]) -> None:
        for subarray_id in subarray_ids:
            if paths.subarray(subarray_id) in self.texts:
                self._read_subarray(subarray_id)
            else:
                self.snapshots.pop(subarray_id, None)
                self._required.pop(subarray_id, None)
                self._parsed.pop(subarray_id, None)

    def _read_subarray(self, subarray_id: str) -> None:
        before, parsed = self._parsed.get(subarray_id, {}), _Parsed()

        def parse(path: str, text: str | None) -> tuple[Json | None, bool]:
            kept = before.get(path)
            if kept is None or kept[0] is not text:
                kept = text, read_document(text)
            parsed[path] = kept
            return kept[1]

        snapshot = read_snapshot(subarray_id, self.revision, self.get_many, parse)
        self.snapshots[subarray_id] = snapshot
        self._required[subarray_id] = frozenset(parsed)
        self._parsed[subarray_id] = parsed

    def _derive_overview(self) -> Overview:
        documents, unreadable = {}, []
        for path in sorted(self._of_system):
            document, is_readable = read_document(self.texts.get(path))
            if document is not None:
                documents[path] = document
            if not is_readable:
                unreadable.append(path)
        return make_overview(
            self.revision,
            documents,
            tuple(unreadable),
            self.snapshots.values(),
            _NO_BLOCKS,
            _NO_BLOCKS,
        )


def _subarray_of(path: str) -> str:
    """Return the ID of the subarray whose entry a path is, empty if it is another path."""
    subarray_id = path.removeprefix(_SUBARRAYS)
    return "" if subarray_id == path or "/" in subarray_id else subarray_id
