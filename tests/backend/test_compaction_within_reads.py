"""Repeated compaction of the pinned revision while a transaction reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.store.interface import Query, Reply
from tests.support.backends import Connect, compact, put


class Compactor:
    """Compact a database just before each read at a pinned revision.

    Attributes:
        left: how many more times.
    """

    def __init__(self, backend: Backend, other: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 0
        self._other = other
        self._read = backend.store.read
        monkeypatch.setattr(backend.store, "read", self.read)

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        if self.left and revision:
            self.left -= 1
            put(self._other, filler=str(self.left))
            compact(self._other)
        return self._read(queries, revision, timeout=timeout)


READS: dict[str, Callable[[Txn], list[str]]] = {
    "keys": lambda txn: txn.list_keys("/x/", recurse=2),
    "peeked keys": lambda txn: txn.peek_keys("/x/", recurse=2),
    "values": lambda txn: [path for path, _ in txn.list_values("/x/", recurse=2)],
}


@pytest.mark.parametrize("compactions", [1, 2, 3])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_listing_survives_two_compactions(
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    read: Callable[[Txn], list[str]],
    compactions: int,
) -> None:
    """Each discards the unguarded listings, which are read again."""
    backend, other = connect(), connect()
    put(other, **{"x/a": "1", "x/a/b": "1", "x/a/b/c": "1"})
    compactor = Compactor(backend, other, monkeypatch)
    for txn in backend.txn():
        assert txn.peek_keys("/x/") == ["/x/a"]
        compactor.left = compactions
        assert read(txn) == ["/x/a", "/x/a/b", "/x/a/b/c"]
        txn.create("/done", "1")
        compactor.left = 0
    assert backend.get("/done")[0] == "1"
