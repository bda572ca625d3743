"""Listings in which no path may be created until the commit, without a guard of each path."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ska_sdp_config.engine.backend import Backend
from tests.support.backends import Connect, compact, put

CHANGES: list[tuple[str, Callable[[Backend], None], int]] = [
    ("a path is created", lambda other: put(other, **{"pb/b/owner": "1"}), 2),
    ("a path is deleted", lambda other: other.delete("/pb/a/owner"), 1),
    ("a path of another level is created", lambda other: put(other, **{"pb/b": "1"}), 1),
    ("a path of another listing is created", lambda other: put(other, **{"eb/b/owner": "1"}), 1),
]


@pytest.mark.parametrize(("what", "change", "runs"), CHANGES, ids=[each[0] for each in CHANGES])
def test_rejected_listing_conflicts_only_with_new_paths(
    connect: Connect, what: str, change: Callable[[Backend], None], runs: int
) -> None:
    backend, other = connect(), connect()
    put(backend, **{"pb/a/owner": "1"})
    seen = []
    for txn in backend.txn():
        txn.reject_new("/pb/", [1])
        seen.append(txn.peek_keys("/pb/", [1]))
        if len(seen) == 1:
            change(other)
        txn.delete_prefix("/pb/", must_exist=False, recursive=True)
    assert len(seen) == runs
    assert backend.get("/pb/a/owner")[0] is None


def test_rejected_listing_counts_from_the_first_read(connect: Connect) -> None:
    backend, other = connect(), connect()
    runs = 0
    for txn in backend.txn():
        runs += 1
        txn.get("/x")
        if runs == 1:
            put(other, **{"pb/a": "1"})
        txn.reject_new("/pb/")
        txn.create("/done", "1") if runs == 1 else None
    assert runs == 2


def test_rejected_listing_does_not_survive_a_compaction(connect: Connect) -> None:
    backend, other = connect(), connect()
    runs = 0
    for txn in backend.txn():
        runs += 1
        txn.reject_new("/pb/")
        if runs == 1:
            put(other, **{"pb/a": "1"})
            compact(other)
            txn.get("/x")
        txn.create(f"/done-{runs}", "1")
    assert runs == 2
    assert backend.get("/done-1")[0] is None


def test_rejected_listing_is_one_guard(connect: Connect) -> None:
    backend = connect()
    put(backend, **{f"pb/{number:03}": "1" for number in range(50)})
    for txn in backend.txn():
        txn.reject_new("/pb/")
        assert len(txn.peek_keys("/pb/")) == 50
        assert len(list(txn.reads.guards())) == 1
