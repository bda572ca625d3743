"""Deletion of all paths with a prefix, on every backend."""

from __future__ import annotations

import pytest

from ska_sdp_config.backend import ConfigVanished
from ska_sdp_config.engine.backend import Backend
from tests.support.backends import put


def test_delete_prefix_removes_paths_with_prefix(backend: Backend) -> None:
    def left() -> list[str]:
        return [str(path) for path in backend.list_keys("/", recurse=5)[0]]

    everything = ["pb/a", "pb/a/state", "pb/ab", "pb/ab/x/y", "pb/b", "eb/a"]
    put(backend, **dict.fromkeys(everything, "1"))
    backend.delete("/pb/a", prefix=True)
    assert left() == ["/eb/a", "/pb/a/state", "/pb/ab/x/y", "/pb/b"]
    with pytest.raises(ConfigVanished, match="/pb/a"):
        backend.delete("/pb/a", prefix=True)
    backend.delete("/pb/a", prefix=True, must_exist=False)
    assert left() == ["/eb/a", "/pb/a/state", "/pb/ab/x/y", "/pb/b"]
    put(backend, **dict.fromkeys(everything, "1"))
    backend.delete("/pb/a", prefix=True, recursive=True, max_depth=3)
    assert left() == ["/eb/a", "/pb/ab/x/y", "/pb/b"]
    backend.delete("/pb/", prefix=True, recursive=True)
    assert left() == ["/eb/a"]


def test_delete_prefix_applies_to_paths_at_commit(backend: Backend, other: Backend) -> None:
    put(backend, **{"pb/a": "1", "pb/b": "1"})
    for runs, txn in enumerate(backend.txn(), start=1):
        txn.delete_prefix("/pb/")
        if runs == 1:
            put(other, **{"pb/c": "1"})
            other.update("/pb/b", "2")
        txn.create("/pb/new", "1")
    assert runs == 1, "what goes in any case was not read"
    assert backend.list_keys("/pb/")[0] == ["/pb/new"]
    # The error depends on the listing, so a change of it is a conflict.
    with pytest.raises(ConfigVanished):  # noqa: PT012  the loop belongs to it
        for txn in backend.txn():
            txn.delete_prefix("/pb/n")
            other.delete("/pb/new", must_exist=False)
    assert backend.list_keys("/pb/")[0] == []
