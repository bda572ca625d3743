"""Read set of a transaction, and the guards of its commit."""

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
    """Keys and spans that the body of a transaction has read, with the results.

    Attributes:
        keys: for each key that was read, the revision of its last write, 0 if absent.
        spans: for each span that was listed, its members. Guards are made of them only for a
            commit, as most transactions that list thousands of keys write nothing.
        revision: the revision of all reads, 0 if nothing was read.
    """

    keys: dict[str, int] = field(default_factory=dict)
    spans: dict[Span, Sequence[Entry]] = field(default_factory=dict)
    revision: int = 0

    def queries(self) -> list[Query]:
        """Return the queries that read the same keys and spans again."""
        return [Query(Span(key)) for key in self.keys] + [
            Query(span, keys_only=True) for span in self.spans
        ]

    def guards(self) -> Iterator[Guard]:
        """Yield the guards that hold while nothing that was read has changed.

        The value of a member of a listing is not guarded unless it was read.
        """
        for key, modified in self.keys.items():
            yield KeyAt(key, modified)
        for span, members in self.spans.items():
            yield NoneCreatedSince(span, self.revision)
            for entry in members:
                if entry.key not in self.keys:
                    yield Created(entry.key, entry.created)

    def is_stale(self, key: str, written: int, created_or_deleted: int) -> bool:
        """Return whether a key has changed since it was read.

        Args:
            key: the key.
            written: the revision of its last write.
            created_or_deleted: the revision of its last creation or deletion, which counts for the
                spans that were listed; 0 if not known to be newer than the reads.
        """
        if written > self.revision and key in self.keys:
            return True
        return created_or_deleted > self.revision and any(key in span for span in self.spans)

    def disputed(self, fresh: Reply) -> list[str]:
        """Return the paths that have changed, given a fresh reply to the queries."""
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
