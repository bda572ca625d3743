"""Subarrays as an observer derives them, while the documents of the database change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ska_sdp_config.live.key_change import KeyChange
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.health import health
from ska_sdp_config.lmc.observe import observe, read_snapshot
from ska_sdp_config.lmc.snapshot import read_document
from ska_sdp_config.lmc.states import Json

__all__ = ["Derived", "ObservedSubarrays"]


MAX_FAULTS = 3
"""Number of faults in a reason."""


class Derived(NamedTuple):
    """Derived values of a subarray.

    Attributes:
        obs_state: name of the obsState.
        health: name of the healthState.
        reason: texts of the first faults and the number of the others; empty if there is none.
    """

    obs_state: str
    health: str
    reason: str

    def document(self) -> dict[str, str]:
        """Return the values by the names of the attributes, the reason only if there is one."""
        found = {"obsState": self.obs_state, "healthState": self.health}
        return found | ({"reason": self.reason} if self.reason else {})

    def text(self) -> str:
        """Return the document as JSON."""
        return json.dumps(self.document(), ensure_ascii=False)


class ObservedSubarrays:
    """Derived values of the subarrays of a database, updated revision by revision.

    A subarray is derived again only if a document that it depends on has changed.

    Args:
        prefix: global prefix of the paths.

    Attributes:
        derived: the values by ID of the subarrays that have an entry.
        texts: all texts by path.
    """

    def __init__(self, prefix: str) -> None:
        self.derived: dict[str, Derived] = {}
        self._prefix = prefix
        self._root = f"{prefix}{paths.subarray('')}"
        self.texts: dict[str, str] = {}
        self._required: dict[str, set[str]] = {}
        self._parsed: dict[str, tuple[str, tuple[Json | None, bool]]] = {}

    def replace(self, revision: int, texts: Mapping[str, str]) -> list[KeyChange]:
        """Replace all documents, as at the beginning or after a gap; return what differs."""
        self.texts = dict(texts)
        self._parsed = {}
        return self._derive(revision, {*self.derived, *self._ids(texts)})

    def update(self, revision: int, texts: Mapping[str, str | None]) -> list[KeyChange]:
        """Apply the changes of one revision; return the changes of derived values.

        Args:
            revision: the revision.
            texts: the texts by path, None after a delete.
        """
        for path, text in texts.items():
            if text is None:
                self.texts.pop(path, None)
                self._parsed.pop(path, None)
            else:
                self.texts[path] = text
        concerned = {
            subarray_id
            for subarray_id, required in self._required.items()
            if not required.isdisjoint(texts)
        }
        return self._derive(revision, concerned.union(self._ids(texts)))

    def _ids(self, texts: Iterable[str]) -> set[str]:
        """Return the IDs of the subarrays whose entries are among some paths."""
        rests = (path[len(self._root) :] for path in texts if path.startswith(self._root))
        return {rest for rest in rests if rest and "/" not in rest}

    def _derive(self, revision: int, subarray_ids: Iterable[str]) -> list[KeyChange]:
        changes = []
        for subarray_id in sorted(subarray_ids):
            path = f"{self._root}{subarray_id}"
            before = self.derived.pop(subarray_id, None)
            self._required.pop(subarray_id, None)
            after = None
            if path in self.texts:
                required: set[str] = set()
                after = self._observe(subarray_id, revision, required)
                self.derived[subarray_id] = after
                self._required[subarray_id] = required
            if before != after:
                old, new = (each and each.text() for each in (before, after))
                changes.append(KeyChange(path, old, new, revision))
        return changes

    def _parse(self, path: str, text: str | None) -> tuple[Json | None, bool]:
        """Parse a document; one that has not changed since is not parsed again."""
        if text is None:
            return read_document(text)
        kept = self._parsed.get(path)
        if kept is None or kept[0] != text:
            kept = self._parsed[path] = (text, read_document(text))
        return kept[1]

    def _observe(self, subarray_id: str, revision: int, required: set[str]) -> Derived:
        """Return the values of a subarray; add the paths that it depends on to ``required``."""

        def read(wanted: Iterable[str]) -> dict[str, str | None]:
            full = {path: f"{self._prefix}{path}" for path in wanted}
            required.update(full.values())
            return {path: self.texts.get(full_path) for path, full_path in full.items()}

        view = observe(read_snapshot(subarray_id, revision, read, self._parse))
        faults = view.faults or ()
        texts = [" ".join(fault.text.split()) for fault in faults[:MAX_FAULTS]]
        if len(faults) > MAX_FAULTS:
            texts.append(f"{len(faults) - MAX_FAULTS} more")
        reason = "; ".join(texts)
        return Derived(view.obs_state.name, health(faults, None).name, reason)
