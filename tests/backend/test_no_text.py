"""Keys and values of other programs that are not UTF-8, in a shared store."""

from __future__ import annotations

import json
import urllib.request
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.interface import Delete, Query
from ska_sdp_config.store.keys import EVERYTHING, Span
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.backends import ConnectTo, put
from tests.support.watch_loops import looping

KEY, VALUE = b"2/pb/\xff", b"\x80\x00"
PATH = "/pb/\udcff"


def ask(etcd: Etcd, call: str, **body: bytes) -> Any:
    """Call the gateway of etcd without the library."""
    text = json.dumps({name: b64encode(data).decode() for name, data in body.items()})
    url = f"http://{etcd.host}:{etcd.port}/v3/kv/{call}"
    with urllib.request.urlopen(url, data=text.encode(), timeout=30) as page:
        return json.load(page)


@pytest.fixture
def backend(etcd: Etcd, etcd_client: ConnectTo) -> Iterator[Backend]:
    """Client of a database that contains a key and a value that are not UTF-8."""
    with etcd_client(host=etcd.endpoint) as backend:
        backend.store.commit([], [Delete(EVERYTHING)], timeout=20)
        put(backend, **{"pb/a": "1"})
        ask(etcd, "put", key=KEY, value=VALUE)
        yield backend
        ask(etcd, "deleterange", key=KEY)


def test_undecodable_entries_are_read(backend: Backend) -> None:
    found = backend.store.read([Query(Span.prefix("2/pb/"))], timeout=20).found[0]
    assert found is not None
    _, entry = found
    assert entry.key.encode(errors="surrogateescape") == KEY
    assert entry.value.encode(errors="surrogateescape") == VALUE
    assert backend.get(PATH)[0] == entry.value


def test_transaction_that_lists_undecodable_entries_may_write(backend: Backend) -> None:
    for txn in backend.txn():
        assert txn.list_keys("/pb/") == ["/pb/a", PATH]
        txn.create("/pb/b", "1")
    for txn in backend.txn():
        assert [path for path, _ in txn.list_values("/pb/")] == ["/pb/a", "/pb/b", PATH]
        txn.update("/pb/b", "2")
    assert backend.get("/pb/b")[0] == "2"


def test_undecodable_entries_can_be_replaced_and_deleted(etcd: Etcd, backend: Backend) -> None:
    for txn in backend.txn():
        value = txn.get(PATH)
        assert value is not None
        txn.update(PATH, f"{value}, fixed")
    (kv,) = ask(etcd, "range", key=KEY)["kvs"]
    assert b64decode(kv["value"]) == VALUE + b", fixed"
    backend.delete(PATH)
    assert backend.list_keys("/pb/")[0] == ["/pb/a"]


def test_conflict_on_undecodable_entry_is_retried(backend: Backend, etcd: Etcd) -> None:
    for runs, txn in enumerate(backend.txn(), start=1):
        value = txn.get(PATH)
        if runs == 1:
            ask(etcd, "put", key=KEY, value=b"\xfe")
        txn.create("/pb/seen", value or "")
    assert (runs, backend.get("/pb/seen")[0]) == (2, "\udcfe")


def test_watcher_watches_undecodable_entries(backend: Backend, etcd: Etcd) -> None:
    with looping(backend, lambda txn: txn.get(PATH)) as loop:
        loop.expect("\udc80\0")
        ask(etcd, "put", key=KEY, value=b"\xfe")
        loop.expect("\udcfe")
