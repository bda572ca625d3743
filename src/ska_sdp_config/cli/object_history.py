"""Texts of a key or an object at the revisions of its history, and the changes between them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from ska_sdp_config.cli.objects import COMPONENT, EB, PB, SUBARRAY
from ska_sdp_config.cli.targets import Target
from ska_sdp_config.engine.transaction import MAX_DEPTH
from ska_sdp_config.live import values
from ska_sdp_config.live.key_change import KeyChange, own_time
from ska_sdp_config.live.observed import ObservedSubarrays
from ska_sdp_config.store.keys import Span, spans_below

__all__ = ["KeyHistory", "ObjectHistory", "SubarrayHistory", "make_history"]


class ObjectHistory(Protocol):
    """History of a target.

    Attributes:
        spans: spans that contain all paths on which it depends.
    """

    spans: list[Span]

    def includes(self, path: str) -> bool:
        """Return whether it depends on a path."""

    def begin(self, revision: int, texts: Mapping[str, str]) -> list[KeyChange]:
        """Set all texts at a revision; return those that differ from the previous ones."""

    def update(self, revision: int, texts: Mapping[str, str | None]) -> list[KeyChange]:
        """Apply the writes of a revision, None for a delete; return the changes to show."""


def make_history(target: Target, prefix: str) -> ObjectHistory:
    """Return the history of a target, before its first revision."""
    return SubarrayHistory(target, prefix) if target.kind == SUBARRAY else KeyHistory(target)


class KeyHistory:
    """History of a key, or of all entries of an object; see ObjectHistory."""

    def __init__(self, target: Target) -> None:
        self.spans = target.spans
        self.texts: dict[str, str] = {}
        self._target = target

    def includes(self, path: str) -> bool:
        """Return whether a path is that of the key, or of an entry of the object."""
        is_below = self._target.kind is not None and path.startswith(f"{self._target.path}/")
        return path == self._target.path or is_below

    def begin(self, revision: int, texts: Mapping[str, str]) -> list[KeyChange]:
        """Set all texts; see ObjectHistory."""
        found = {path: texts.get(path) for path in sorted({*self.texts, *texts})}
        differ = {path: text for path, text in found.items() if self.texts.get(path) != text}
        return self.update(revision, differ)

    def update(self, revision: int, texts: Mapping[str, str | None]) -> list[KeyChange]:
        """Apply the writes of a revision; see ObjectHistory."""
        changes = [
            KeyChange(
                path, self.texts.get(path), text, revision, own_time(text, self.texts.get(path))
            )
            for path, text in texts.items()
        ]
        for path, text in texts.items():
            if text is None:
                self.texts.pop(path, None)
            else:
                self.texts[path] = text
        return changes


class SubarrayHistory:
    """History of a subarray, whose entry is shown with obsState and healthState.

    Both are derived at each revision, also if only a document of its observation has changed.
    """

    def __init__(self, target: Target, prefix: str) -> None:
        self._own = KeyHistory(target)
        self._path = target.path
        self._id = target.path.rpartition("/")[2]
        self._observed = ObservedSubarrays(prefix)
        self._entry: str | None = None
        self._roots = tuple(kind.path(prefix) for kind in (EB, PB, COMPONENT))
        below = (spans_below(root.rstrip("/"), MAX_DEPTH) for root in self._roots)
        self.spans = [*self._own.spans, *(span for spans in below for span in spans)]

    def includes(self, path: str) -> bool:
        """Return whether a path is that of the subarray, or of what it may depend on."""
        return self._own.includes(path) or path.startswith(self._roots)

    def begin(self, revision: int, texts: Mapping[str, str]) -> list[KeyChange]:
        """Set all texts; see ObjectHistory."""
        own = self._own.begin(
            revision, {path: texts[path] for path in texts if self._is_own(path)}
        )
        self._observed.replace(revision, texts)
        # The other texts were written at other times.
        time = next((each.time for each in own if each.path == self._path), None)
        return self._with_derived(revision, time, own)

    def update(self, revision: int, texts: Mapping[str, str | None]) -> list[KeyChange]:
        """Apply the writes of a revision; see ObjectHistory."""
        times = [own_time(text, self._observed.texts.get(path)) for path, text in texts.items()]
        own = self._own.update(
            revision, {path: texts[path] for path in texts if self._is_own(path)}
        )
        self._observed.update(revision, texts)
        return self._with_derived(revision, max(filter(None, times), default=None), own)

    def _is_own(self, path: str) -> bool:
        return self._own.includes(path)

    def _with_derived(
        self, revision: int, time: datetime | None, changes: list[KeyChange]
    ) -> list[KeyChange]:
        """Return the changes with that of the entry and its derived values in place of its own."""
        before, self._entry = self._entry, self._with_derived_values()
        others = [each for each in changes if each.path != self._path]
        if len(others) == len(changes) and before == self._entry:
            return others
        return [KeyChange(self._path, before, self._entry, revision, time), *others]

    def _with_derived_values(self) -> str | None:
        text, derived = self._own.texts.get(self._path), self._observed.derived.get(self._id)
        if text is None or derived is None:
            return None
        entry = values.read(text)
        fields = entry if isinstance(entry, dict) else {"entry": entry}
        return json.dumps({**derived.document(), **fields}, ensure_ascii=False)
