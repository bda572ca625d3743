"""Reads of many pages, of which the next is asked for while one is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ska_sdp_config.backends import Etcd3Backend
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.store.errors import ConfigConnectionError
from tests.backend.relay import Relay
from tests.services.versions import EtcdOf
from tests.support.backends import compact, put

NAMES = [f"pb/{number}" for number in range(10)]
PATHS = [f"/{name}" for name in NAMES]
VALUES = dict.fromkeys(PATHS, "1")

Listed = Callable[[Txn], dict[str, str | None]]
LISTED: dict[str, Listed] = {
    "keys": lambda txn: dict.fromkeys(txn.list_keys("/pb/"), "1"),
    "values": lambda txn: dict(txn.list_values("/pb/")),
    "keys, and then values": lambda txn: txn.get_many(txn.list_keys("/pb/")),
}


@pytest.fixture
def relay(
    etcd_of: Callable[[str], EtcdOf],
    set_pages: Callable[[int, int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Relay]:
    etcd = etcd_of("3.5")
    set_pages(3, 4)
    monkeypatch.setattr("ska_sdp_config.engine.snapshot.MAX_KEYS_PER_READ", 5)
    with Relay(etcd.host, etcd.port) as relay:
        yield relay


@pytest.fixture
def backend(relay: Relay) -> Iterator[Backend]:
    with Etcd3Backend(host=relay.host, port=relay.port) as backend:
        backend.delete("/pb", must_exist=False, recursive=True)
        put(backend, a="1", **dict.fromkeys(NAMES, "1"))
        yield backend


@pytest.fixture
def at_each_page(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Does something before, or after, each page but the first is asked for."""

    def arrange(what: Callable[[], object], *, before: bool) -> list[str]:
        etcd = backend.store._etcd  # type: ignore[attr-defined]  # of this store
        call_ahead, asked = etcd.call_ahead, []

        def call(*request: Any) -> Callable[[], Any]:
            asked.append(request[1])
            if before:
                what()
            following: Callable[[], Any] = call_ahead(*request)
            if not before:
                what()
            return following

        monkeypatch.setattr(etcd, "call_ahead", call)
        return asked

    return arrange


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("listed", LISTED.values(), ids=LISTED)
def test_connection_is_cut_between_pages(
    listed: Listed,
    before: bool,
    relay: Relay,
    backend: Backend,
    at_each_page: Callable[..., list[str]],
) -> None:
    asked = at_each_page(relay.cut, before=before)
    for txn in backend.txn():
        assert listed(txn) == VALUES
    assert len(asked) >= 2


@pytest.mark.parametrize("listed", LISTED.values(), ids=LISTED)
def test_pages_are_of_one_revision(
    listed: Listed, relay: Relay, backend: Backend, at_each_page: Callable[..., list[str]]
) -> None:
    with Etcd3Backend(host=relay.host, port=relay.port) as other:

        def change() -> None:
            put(other, **{"pb/4": "2", "pb/99": "2"})

        at_each_page(change, before=True)
        for txn in backend.txn():
            assert listed(txn) == VALUES
        for txn in other.txn():
            seen = dict(txn.list_values("/pb/"))
    assert seen == {**VALUES, "/pb/4": "2", "/pb/99": "2"}


@pytest.mark.parametrize("pinned", [True, False])
def test_revision_is_compacted_between_pages(
    pinned: bool, relay: Relay, backend: Backend, at_each_page: Callable[..., list[str]]
) -> None:
    with Etcd3Backend(host=relay.host, port=relay.port) as other:
        left = 2

        def change() -> None:
            nonlocal left
            if left:
                left -= 1
                put(other, **{"pb/9": str(left)})
                compact(other)

        at_each_page(change, before=True)
        for txn in backend.txn():
            if pinned:
                assert txn.get("/a") == "1"
            found = dict(txn.list_values("/pb/"))
        assert not left
    assert found == {**VALUES, "/pb/9": "0"}


def test_closed_between_pages(backend: Backend, at_each_page: Callable[..., list[str]]) -> None:
    at_each_page(backend.close, before=False)
    attempts = backend.txn()
    txn = next(attempts)
    with pytest.raises(ConfigConnectionError, match="closed"):
        txn.list_keys("/pb/")
