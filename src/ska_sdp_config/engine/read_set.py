"""What the body of a transaction has read, and what must hold for it still to stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ska_sdp_config.store.interface import (
    Created,
    Entry,
    Guard,
    KeyAt,
    NoneCreatedSince,
    Query,
    Reply,
)
from ska_sdp_config.store.keys import Span, path_of_key

__all__ = ["Reads"]


@dataclass(slots=True)
class Reads:
    """What the body of a transaction has read, each with what it found.

    Attributes:
        keys: for each key read the revision at which it was last written, 0 if absent.
        spans: for each span listed what was found in it. Guards are only made of it when there
            is something to commit: most who list ten thousand keys write nothing.
        revision: the revision of all of it, 0 if nothing was read.
    """

    keys: dict[str, int] = field(default_factory=dict)
    spans: dict[Span, Sequence[Entry]] = field(default_factory=dict)
    revision: int = 0

    def queries(self) -> list[Query]:
        """Get what brings all of it back."""
        return [Query(Span(key)) for key in self.keys] + [
            Query(span, keys_only=True) for span in self.spans
        ]

    def guards(self) -> Iterator[Guard]:
        """Get what must hold for all of it still to stand.

        A member of a listing that was not read may be written, so its value is not guarded.
        """
        for key, modified in self.keys.items():
            yield KeyAt(key, modified)
        for span, members in self.spans.items():
            yield NoneCreatedSince(span, self.revision)
            for entry in members:
                if entry.key not in self.keys:
                    yield Created(entry.key, entry.created)

    def disputed(self, fresh: Reply) -> list[str]:
        """Get the paths that have changed since, from what the queries find now."""
        paths: set[str] = set()
        for query, found in zip(self.queries(), fresh.found, strict=True):
            if found is None:
                continue
            if query.keys_only:
                before = {entry.key: entry.created for entry in self.spans[query.span]}
                now = {entry.key: entry.created for entry in found}
                paths.update(
                    key for key in before.keys() | now.keys() if before.get(key) != now.get(key)
                )
            else:
                key = query.span.begin
                if self.keys[key] != (found[0].modified if found else 0):
                    paths.add(key)
        return sorted(path_of_key(key) for key in paths)
