"""Pending writes of a transaction, as seen by its own later reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ska_sdp_config.store.interface import Delete, Put, Write
from ska_sdp_config.store.keys import Span, cut

__all__ = ["Pending"]


class Pending:
    """Writes to apply on commit; truthy once there are any.

    An erased span is deleted as a whole, with the keys that it contains at the commit. Keys
    created in it afterwards are kept.
    """

    def __init__(self) -> None:
        self._puts: dict[str, Put | None] = {}
        self._erased: list[Span] = []

    def __bool__(self) -> bool:
        return bool(self._puts or self._erased)

    def copy(self) -> Pending:
        """Return a copy, which later writes do not change."""
        other = Pending()
        other._puts, other._erased = self._puts.copy(), self._erased.copy()
        return other

    def put(self, put: Put) -> None:
        """Write a key."""
        self._puts[put.key] = put

    def delete(self, key: str) -> None:
        """Delete a key."""
        self._puts[key] = None

    def erase(self, spans: Iterable[Span]) -> None:
        """Delete all keys of some spans."""
        for span in spans:
            self._puts = {key: put for key, put in self._puts.items() if key not in span}
            self._erased.append(span)

    def decides(self, key: str) -> bool:
        """Return whether a pending write determines the value of a key."""
        return key in self._puts or any(key in span for span in self._erased)

    def text(self, key: str) -> str | None:
        """Return the pending text of a key, None if it is to be deleted."""
        put = self._puts.get(key)
        return put.value if put else None

    def lease(self, key: str) -> int | None:
        """Return the lease ID that a key is written with; None if it keeps its lease."""
        put = self._puts.get(key)
        return put.lease if put else None

    def members(self, span: Span, keys: list[str]) -> list[str]:
        """Return the members of a span after the pending writes.

        Args:
            span: the span.
            keys: its members now.
        """
        if not self:
            return keys
        left = {key for key in keys if not any(key in erased for erased in self._erased)}
        for key, put in self._puts.items():
            if key in span:
                (left.add if put else left.discard)(key)
        return list(left)

    def writes(self, read: Mapping[str, int]) -> Iterator[Write]:
        """Yield the writes of the commit, without deletes of absent keys.

        etcd rejects a request that deletes and puts the same key, so erased spans are cut around
        the keys that were created after the erasure.

        Args:
            read: for each key that was read, the revision of its last write, 0 if absent.
        """
        created = sorted(key for key, put in self._puts.items() if put)
        for span in self._erased:
            for piece in cut(span, created):
                yield Delete(piece)
        for key, put in self._puts.items():
            if put:
                yield put
            elif read.get(key) != 0:
                yield Delete(Span(key))
