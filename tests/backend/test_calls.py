"""Accepted and rejected arguments, equal on every backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ska_sdp_config.engine.backend import Backend, DbRevision
from ska_sdp_config.engine.transaction import Txn
from tests.support.backends import ConnectTo, put

VALUES: list[Any] = [b"text", 5, 1.5, None, {"a": 1}, ["a"], True]


@pytest.mark.parametrize("value", VALUES)
def test_value_that_is_not_str_is_rejected(backend: Backend, value: Any) -> None:
    put(backend, there="1")
    with pytest.raises(TypeError, match="Invalid value for /new: expected a str, not"):
        backend.create("/new", value)
    with pytest.raises(TypeError, match="Invalid value for /there: expected a str, not"):
        backend.update("/there", value)
    for txn in backend.txn():
        with pytest.raises(TypeError, match="Invalid value for /new"):
            txn.create("/new", value)
        with pytest.raises(TypeError, match="Invalid value for /there"):
            txn.update("/there", value)
        txn.create("/after", "1")
    assert backend.list_keys("/")[0] == ["/after", "/there"]
    assert backend.get("/there")[0] == "1"


PATHS = [("", "begin"), ("pb", "begin"), ("pb/x", "begin"), ("/pb/", "ends"), ("/", "ends")]


@pytest.mark.parametrize(("path", "which"), PATHS)
def test_error_of_invalid_path_names_rule(backend: Backend, path: str, which: str) -> None:
    calls: list[Callable[[Any], object]] = [
        lambda to: to.get(path),
        lambda to: to.create(path, "1"),
        lambda to: to.update(path, "1"),
        lambda to: to.delete(path, must_exist=False),
        lambda to: to.delete(path, must_exist=False, recursive=True),
    ]
    if which == "begin":
        calls.append(lambda to: to.list_keys(path))
    with pytest.raises(ValueError, match=which):
        backend.watch(path)
    for call in calls:
        with pytest.raises(ValueError, match=which):
            call(backend)
        for txn in backend.txn():
            with pytest.raises(ValueError, match=which):
                call(txn)


def test_lease_is_accepted_as_object_or_id(backend: Backend) -> None:
    with backend.lease() as lease:
        backend.create("/a", "1", lease)
        backend.create("/b", "1", lease=lease.id)
        for txn in backend.txn():
            txn.create("/c", "1", lease)
            txn.create("/d", "1", lease=lease.id)
            txn.create("/e", "1", lease=None)
        for txn in backend.txn():
            assert [txn.lease_of(f"/{key}") for key in "abcde"] == [lease.id] * 4 + [0]
    assert backend.list_keys("/")[0] == ["/e"]
    bad: Any = "7"
    with pytest.raises(TypeError, match="Invalid lease '7'"):
        backend.create("/f", "1", bad)


LATE: dict[str, Callable[[Txn], object]] = {
    "get": lambda txn: txn.get("/a"),
    "get_many": lambda txn: txn.get_many(["/a"]),
    "list_keys": lambda txn: txn.list_keys("/"),
    "list_values": lambda txn: txn.list_values("/"),
    "peek_keys": lambda txn: txn.peek_keys("/"),
    "lease_of": lambda txn: txn.lease_of("/a"),
    "create": lambda txn: txn.create("/b", "1"),
    "update": lambda txn: txn.update("/a", "2"),
    "delete": lambda txn: txn.delete("/a"),
    "delete_prefix": lambda txn: txn.delete_prefix("/a"),
}


def committed(backend: Backend) -> Iterator[Txn]:
    for txn in backend.txn():
        txn.get("/a")
        yield txn


def left_by_break(backend: Backend) -> Iterator[Txn]:
    for txn in backend.txn():
        yield txn
        break


def ended_by_an_exception(backend: Backend) -> Iterator[Txn]:
    found: list[Txn] = []

    def body() -> None:
        for txn in backend.txn():
            found.append(txn)
            int("no number")

    with pytest.raises(ValueError, match="invalid literal"):
        body()
    yield from found


def of_a_watcher(backend: Backend) -> Iterator[Txn]:
    for watcher in backend.watcher():
        yield from watcher.txn()
        break


@pytest.mark.parametrize("run", [committed, left_by_break, ended_by_an_exception, of_a_watcher])
@pytest.mark.parametrize("call", LATE)
def test_call_after_end_of_loop_is_rejected(
    backend: Backend, call: str, run: Callable[[Backend], Iterator[Txn]]
) -> None:
    backend.create("/a", "1")
    (ended,) = run(backend)
    with pytest.raises(RuntimeError, match="This transaction has ended"):
        LATE[call](ended)
    assert backend.list_keys("/")[0] == ["/a"]


def test_revision_is_readable_after_end_of_loop(backend: Backend) -> None:
    (ended,) = committed(backend)
    assert ended.revision > 0


def test_call_on_earlier_attempt_is_rejected(backend: Backend, other: Backend) -> None:
    attempts: list[Txn] = []
    for txn in backend.txn():
        attempts.append(txn)
        txn.get("/a")
        if len(attempts) == 1:
            put(other, a="1")
        else:
            with pytest.raises(RuntimeError, match="has ended"):
                attempts[0].create("/late", "1")
        txn.create("/b", "1")
    assert len(attempts) == 2
    assert backend.list_keys("/")[0] == ["/a", "/b"]


def test_watch_event_unpacks(backend: Backend) -> None:
    backend.create("/a", "1")
    _, first = backend.get("/a")
    backend.update("/a", "2")
    backend.delete("/a")
    for start in (first, first.mod_revision):
        with backend.watch("/a", start) as watch:
            events = [watch.get(30) for _ in range(3)]
        unpacked = [(path, value) for path, value, _ in map(tuple, filter(None, events))]
        assert unpacked == [("/a", "1"), ("/a", "2"), ("/a", None)]
        for event in events:
            assert event is not None
            _, _, revision = event
            assert revision == DbRevision(event.revision, event.revision)


def test_retry_arguments_of_other_releases_are_accepted(etcd_client: ConnectTo, etcd: Any) -> None:
    with etcd_client(host=etcd.endpoint, max_retries=15, retry_time=0.1) as backend:
        assert backend.get("/a/b/c")[0] is None
    by_position: Any = type(backend)
    with by_position(etcd.host, etcd.port) as backend:
        assert backend.get("/a/b/c")[0] is None
