"""Paged reads that request the next page while one is processed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ska_sdp_config.backends import Etcd3Backend
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.store.errors import ConfigConnectionError
from tests.services.versions import EtcdOf
from tests.support.backends import compact, put
from tests.support.proxy import Proxy

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
def proxy(
    etcd_of: Callable[[str], EtcdOf],
    set_pages: Callable[[int, int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Proxy]:
    etcd = etcd_of("3.5")
    set_pages(3, 4)
    monkeypatch.setattr("ska_sdp_config.engine.snapshot.MAX_KEYS_PER_READ", 5)
    with Proxy(etcd.host, etcd.port) as proxy:
        yield proxy


@pytest.fixture
def backend(proxy: Proxy) -> Iterator[Backend]:
    with Etcd3Backend(host=proxy.endpoint) as backend:
        backend.delete("/pb", must_exist=False, recursive=True)
        put(backend, a="1", **dict.fromkeys(NAMES, "1"))
        yield backend


@pytest.fixture
def other(proxy: Proxy) -> Iterator[Backend]:
    with Etcd3Backend(host=proxy.endpoint) as other:
        yield other


@pytest.fixture
def at_each_page(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Call a function before or after the request of each page but the first."""

    def arrange(what: Callable[[], object], *, before: bool) -> list[str]:
        etcd = backend.store._etcd  # type: ignore[attr-defined]  # of this store
        make_call, requested = etcd.call, []

        def call(service: str, method: str, request: Any, timeout: float) -> Any:
            is_following = method == "Range" and request.key.endswith(b"\0")
            if is_following:
                requested.append(method)
            if is_following and before:
                what()
            answer = make_call(service, method, request, timeout)
            if is_following and not before:
                what()
            return answer

        monkeypatch.setattr(etcd, "call", call)
        return requested

    return arrange


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("listed", LISTED.values(), ids=LISTED)
def test_paged_read_survives_cut_connection(
    listed: Listed,
    before: bool,
    proxy: Proxy,
    backend: Backend,
    at_each_page: Callable[..., list[str]],
) -> None:
    requested = at_each_page(proxy.cut, before=before)
    for txn in backend.txn():
        assert listed(txn) == VALUES
    assert len(requested) >= 2


@pytest.mark.parametrize("listed", LISTED.values(), ids=LISTED)
def test_paged_read_is_of_one_revision(
    listed: Listed, backend: Backend, other: Backend, at_each_page: Callable[..., list[str]]
) -> None:
    at_each_page(lambda: put(other, **{"pb/4": "2", "pb/99": "2"}), before=True)
    for txn in backend.txn():
        assert listed(txn) == VALUES
    for txn in other.txn():
        seen = dict(txn.list_values("/pb/"))
    assert seen == {**VALUES, "/pb/4": "2", "/pb/99": "2"}


@pytest.mark.parametrize("pinned", [True, False])
def test_paged_read_survives_compaction(
    pinned: bool, backend: Backend, other: Backend, at_each_page: Callable[..., list[str]]
) -> None:
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


def test_paged_read_ends_with_close(
    backend: Backend, at_each_page: Callable[..., list[str]]
) -> None:
    at_each_page(backend.close, before=False)
    attempts = backend.txn()
    txn = next(attempts)
    with pytest.raises(ConfigConnectionError, match="closed"):
        txn.list_keys("/pb/")
