"""What the body of a transaction will write, and what it finds there by its own doing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ska_sdp_config.store.interface import Delete, Put, Write
from ska_sdp_config.store.keys import Span, cut

__all__ = ["Pending"]


class Pending:
    """Writes that are kept back until the commit. It is true once there are any.

    A span that was erased is deleted as a whole, whatever is in it by then; what is created in it
    afterwards stands.
    """

    def __init__(self) -> None:
        self._puts: dict[str, Put | None] = {}
        self._erased: list[Span] = []

    def __bool__(self) -> bool:
        return bool(self._puts or self._erased)

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
        """Whether it is known by them what a key will hold."""
        return key in self._puts or any(key in span for span in self._erased)

    def text(self, key: str) -> str | None:
        """Get what a key that they decide will hold, None when it will not be there."""
        put = self._puts.get(key)
        return put.value if put else None

    def lease(self, key: str) -> int | None:
        """Get the id of the lease that a key is written with; None if it keeps the one it has."""
        put = self._puts.get(key)
        return put.lease if put else None

    def members(self, span: Span, keys: list[str]) -> list[str]:
        """Get the keys that a span will have.

        Args:
            span: the span.
            keys: the keys that it has now.
        """
        if not self:
            return keys
        left = {key for key in keys if not any(key in erased for erased in self._erased)}
        for key, put in self._puts.items():
            if key in span:
                (left.add if put else left.discard)(key)
        return list(left)

    def writes(self, read: Mapping[str, int]) -> Iterator[Write]:
        """Get the writes that make a difference.

        A delete and a put of one request may not meet on a key, so spans are cut around the
        keys that were created after they had been erased.

        Args:
            read: for each key that was read when it was last written, 0 if it was absent.
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
