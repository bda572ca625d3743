"""What a watch was told, compared with a store that may have gone back."""

from __future__ import annotations

import pytest

from ska_sdp_config.drivers.etcd.gateway import codec
from ska_sdp_config.drivers.etcd.gateway.comparison import Comparison, RevisionRegressed
from ska_sdp_config.store.keys import Span


class Store:
    """What a range request is answered from: one key in the span, written at a revision."""

    def __init__(self) -> None:
        self.revision = 1000
        self.written = 5

    def read(self, request: codec.Json) -> codec.Json:
        header = {"header": {"revision": str(self.revision)}}
        since = request.get("min_mod_revision")
        if since is None:
            return header | {"count": "1"}
        return header | {"kvs": [{}] if self.written >= int(since) else []}


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def level(store: Store) -> Comparison:
    """A watch that was told of everything, and was compared."""
    comparison = Comparison(store.read, Span("1/a", "1/b"), 990)
    comparison.begin()
    assert not comparison.is_behind()
    return comparison


def test_what_is_level_is_not_looked_for_again(store: Store, level: Comparison) -> None:
    store.revision += 1
    assert not level.is_behind()
    assert level.next_revision == 1001


def test_what_was_not_told_is_noticed(store: Store, level: Comparison) -> None:
    store.revision = store.written = 1001
    assert level.is_behind()


def test_a_store_that_went_back_is_compared_by_its_own_revisions(
    store: Store, level: Comparison
) -> None:
    store.revision = 900
    with pytest.raises(RevisionRegressed):
        level.is_behind()
    assert level.skip() == 900
    # Others write; then somebody writes what is watched, and the watch tells nothing of it.
    store.revision = 903
    assert not level.is_behind()
    assert level.next_revision <= 904
    store.revision = store.written = 904
    assert level.is_behind()


def test_a_store_that_went_back_is_noticed_at_the_beginning(
    store: Store, level: Comparison
) -> None:
    store.revision = 900
    with pytest.raises(RevisionRegressed):
        level.begin()
    assert level.skip() == 900
    level.begin()
    store.revision = 902
    assert not level.is_behind()
    assert level.next_revision <= 903
