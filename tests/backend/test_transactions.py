"""Transactions, on every backend."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ska_sdp_config.backend import (
    Compacted,
    ConfigCollision,
    ConfigConnectionError,
    ConfigRefused,
    ConfigVanished,
    MemoryBackend,
)
from ska_sdp_config.engine.backend import Backend, DbRevision
from ska_sdp_config.store.interface import Put
from tests.support.backends import Connect, compact, put


def read(backend: Backend, path: str) -> str | None:
    return backend.get(path)[0]


def test_create_get_update_delete(backend: Backend) -> None:
    for txn in backend.txn():
        assert txn.get("/a") is None
        txn.create("/a", "not JSON: \u00e4\u4e2d\n")
        assert txn.get("/a") == "not JSON: \u00e4\u4e2d\n"
    assert read(backend, "/a") == "not JSON: \u00e4\u4e2d\n"
    for txn in backend.txn():
        txn.update("/a", "")
        assert txn.get("/a") == ""
    assert read(backend, "/a") == ""
    for txn in backend.txn():
        txn.delete("/a")
        assert txn.get("/a") is None
    assert read(backend, "/a") is None


def test_error_names_compacted_revision(backend: Backend, other: Backend) -> None:
    put(other, a="1")
    _, then = backend.get("/a")
    put(other, a="2")
    assert backend.get("/a", then)[0] == "1"
    put(other, a="3")
    compact(other)
    reads: list[Callable[[], object]] = [
        lambda: backend.get("/a", then),
        lambda: backend.list_keys("/", revision=then),
    ]
    for read_then in reads:
        with pytest.raises(Compacted, match=rf"Revision {then.revision} .*no longer kept.*read"):
            read_then()
    assert read(backend, "/a") == "3"


def test_future_revision_is_rejected(backend: Backend) -> None:
    put(backend, a="1")
    with pytest.raises(ConfigRefused, match="has not reached the requested revision"):
        backend.get("/a", DbRevision(10**9))
    assert read(backend, "/a") == "1"


def test_listing_includes_own_writes(backend: Backend) -> None:
    put(backend, **{"pb/a": "1", "pb/b": "1", "pb/b/state": "1", "pb/c/x/y": "1"})
    for txn in backend.txn():
        assert txn.list_keys("/pb/") == ["/pb/a", "/pb/b"]
        txn.create("/pb/aa", "1")
        txn.delete("/pb/b")
        assert txn.list_keys("/pb/") == ["/pb/a", "/pb/aa"]
        assert txn.list_keys("/pb/a") == ["/pb/a", "/pb/aa"]
        assert txn.list_keys("/pb/", recurse=2) == [
            "/pb/a",
            "/pb/aa",
            "/pb/b/state",
            "/pb/c/x/y",
        ]
        assert txn.list_keys("/pb/", recurse=[1]) == ["/pb/b/state"]
        assert txn.list_values("/pb/") == [("/pb/a", "1"), ("/pb/aa", "1")]


def test_transaction_is_usable_after_collision_and_absence(backend: Backend) -> None:
    put(backend, a="1")
    for txn in backend.txn():
        with pytest.raises(ConfigCollision) as collision:
            txn.create("/a", "2")
        with pytest.raises(ConfigVanished) as vanished:
            txn.update("/b", "2")
        with pytest.raises(ConfigVanished):
            txn.delete("/b")
        txn.delete("/b", must_exist=False)
        txn.create("/c", "3")
    assert (collision.value.path, vanished.value.path) == ("/a", "/b")
    assert (read(backend, "/a"), read(backend, "/c")) == ("1", "3")


def test_exception_and_break_discard_writes(backend: Backend) -> None:
    for txn in backend.txn():
        txn.create("/a", "1")
        break
    with pytest.raises(KeyError):  # noqa: PT012  the loop belongs to it
        for txn in backend.txn():
            txn.create("/a", "1")
            raise KeyError
    assert read(backend, "/a") is None


def test_all_reads_are_of_one_revision(backend: Backend, other: Backend) -> None:
    put(backend, a="1", b="1")
    seen = []
    for txn in backend.txn():
        seen.append(txn.get("/a"))
        put(other, a="2", b="2", c="2")
        assert txn.get("/a") == seen[-1]
        assert txn.get("/b") == "1"
        assert txn.list_keys("/") == ["/a", "/b"]
    assert seen == ["1"], "a transaction that only reads never conflicts"


def test_conflict_reruns_body_on_new_values(backend: Backend, other: Backend) -> None:
    put(backend, a="1")
    seen = []
    for txn in backend.txn():
        seen.append(txn.get("/a"))
        if len(seen) == 1:
            put(other, a="2")
        txn.update("/a", f"{seen[-1]}!")
    assert seen == ["1", "2"]
    assert read(backend, "/a") == "2!"


def test_timeout_by_conflicts_names_disputed_paths() -> None:
    def increment(one: Backend, other: Backend) -> None:
        for txn in one.txn(max_retries=1_000_000, timeout=1.5):
            txn.get("/b")
            other.update("/a", f"{txn.get('/a')}1")
            txn.update("/a", "mine")

    with MemoryBackend() as one, MemoryBackend() as other:
        one.create("/a", "")
        with pytest.raises(ConfigConnectionError) as raised:
            increment(one, other)
        one.delete("/a")
    assert str(raised.value) == (
        f"The database at {one.address} did not finish the transaction within 1.5 s, as others "
        "kept changing /a: nothing was written, try again."
    )


def recreate_member(other: Backend) -> None:
    other.delete("/pb/a")
    other.create("/pb/a", "1")


@pytest.mark.parametrize(
    ("change", "conflicts"),
    [
        (lambda other: other.update("/pb/a", "2"), False),
        (lambda other: other.create("/pb/c", "2"), True),
        (lambda other: other.delete("/pb/b"), True),
        (recreate_member, True),
        (lambda other: other.create("/pb/b/state", "2"), False),
        (lambda other: other.create("/elsewhere", "2"), False),
    ],
    ids=["value", "created", "deleted", "recreated", "other level", "elsewhere"],
)
def test_listing_conflicts_with_new_members_only(
    backend: Backend, other: Backend, change: Callable[[Backend], None], conflicts: bool
) -> None:
    put(backend, **{"pb/a": "1", "pb/b": "1"})
    for runs, txn in enumerate(backend.txn(), start=1):
        txn.list_keys("/pb/")
        if runs == 1:
            change(other)
        txn.create("/result", "x")
    assert runs == (2 if conflicts else 1)


def test_absence_counts_as_read(backend: Backend, other: Backend) -> None:
    seen = []
    for txn in backend.txn():
        seen.append(txn.get("/a"))
        if len(seen) == 1:
            put(other, a="2")
        txn.create("/result", str(seen[-1])) if txn.get("/result") is None else None
    assert seen == [None, "2"]
    assert read(backend, "/result") == "2"


def test_unread_prefetch_is_no_conflict(backend: Backend, other: Backend) -> None:
    put(backend, **{"a": "1", "pb/a": "1"})
    runs = 0
    for txn in backend.txn(prefetch=["/a", "/b", "/pb/"]):
        runs += 1
        assert txn.get("/b") is None
        put(other, **{"a": "2", "pb/c": "2"})
        txn.create("/result", "x")
    assert runs == 1


def test_prefetch_saves_reads_and_listings(backend: Backend, other: Backend) -> None:
    put(backend, **{"a": "1", "pb/a": "1", "pb/b": "2"})
    for txn in backend.txn(prefetch=["/a", "/pb/"]):
        assert txn.get("/a") == "1"
        other.delete("/pb/a")
        assert txn.list_values("/pb/") == [("/pb/a", "1"), ("/pb/b", "2")]
        assert txn.get_many(["/pb/a", "/pb/x"]) == {"/pb/a": "1", "/pb/x": None}


def test_transaction_fails_after_max_retries(backend: Backend, other: Backend) -> None:
    put(backend, a="0")
    with pytest.raises(RuntimeError, match=r"3 retries.*/a"):  # noqa: PT012
        for runs, txn in enumerate(backend.txn(max_retries=3), start=1):
            txn.get("/a")
            put(other, a=str(runs))
            txn.create("/b", "1")
    assert runs == 4
    assert read(backend, "/b") is None


def test_recursive_delete_removes_only_paths_below(backend: Backend) -> None:
    put(backend, **{"pb/a": "1", "pb/a/state": "1", "pb/a/b/c/d": "1", "pb/aa": "1"})
    for txn in backend.txn():
        txn.delete("/pb/a", recursive=True)
        assert txn.list_keys("/pb/", recurse=4) == ["/pb/aa"]
        assert txn.get("/pb/a/state") is None
        txn.create("/pb/a/state", "2")
        txn.create("/pb/a/b/new", "2")
        assert txn.list_keys("/pb/", recurse=4) == ["/pb/a/b/new", "/pb/a/state", "/pb/aa"]
    assert backend.list_keys("/", recurse=5, with_values=True)[0] == [
        ("/pb/a/b/new", "2"),
        ("/pb/a/state", "2"),
        ("/pb/aa", "1"),
    ]


def test_recursive_delete_accepts_empty_database(backend: Backend) -> None:
    backend.delete("/flow", must_exist=False, recursive=True)
    with pytest.raises(ConfigVanished):
        backend.delete("/flow", recursive=True)


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


def test_concurrent_increments_are_not_lost(connect: Connect) -> None:
    def increment(backend: Backend) -> None:
        for _ in range(25):
            for txn in backend.txn():
                value = txn.get("/n")
                if value is None:
                    txn.create("/n", "1")
                else:
                    txn.update("/n", str(int(value) + 1))

    clients = [connect() for _ in range(4)]
    with ThreadPoolExecutor(len(clients)) as threads:
        list(threads.map(increment, clients))
    assert read(clients[0], "/n") == "100"


def test_write_skew_is_prevented(backend: Backend, other: Backend) -> None:
    # Each of two transactions reads what the other writes, so one of them must run again.
    put(backend, a="0", b="0")
    for runs, txn in enumerate(backend.txn(), start=1):
        b = txn.get("/b")
        if runs == 1:
            for theirs in other.txn():
                theirs.update("/b", f"{theirs.get('/a')}+1")
        txn.update("/a", f"{b}+1")
    assert (read(backend, "/a"), read(backend, "/b")) == ("0+1+1", "0+1")


def test_single_operations_return_revisions(backend: Backend) -> None:
    backend.create("/a", "1")
    value, revision = backend.get("/a")
    assert value == "1"
    assert revision.mod_revision is not None
    assert revision.mod_revision <= revision.revision
    backend.update("/a", "2", must_be_rev=revision)
    with pytest.raises(ConfigVanished, match="written since"):
        backend.update("/a", "3", must_be_rev=revision)
    assert backend.get("/a", revision)[0] == "1"
    assert backend.get("/b")[1].mod_revision is None
    with pytest.raises(ConfigCollision):
        backend.create("/a", "1")


def test_paged_listing_is_of_one_revision(backend: Backend) -> None:
    for begin in range(0, 6_000, 3_000):
        puts = [Put(f"2/pb/{number:05}", "x" * 100) for number in range(begin, begin + 3_000)]
        backend.store.commit([], puts, timeout=30)
    for txn in backend.txn():
        found = txn.list_values("/pb/")
    assert [path for path, _ in found] == [f"/pb/{number:05}" for number in range(6_000)]
    assert {value for _, value in found} == {"x" * 100}


def test_peek_keys_causes_no_conflict(backend: Backend, other: Backend) -> None:
    put(backend, **{"pb/a": "1"})
    for runs, txn in enumerate(backend.txn(), start=1):
        assert txn.peek_keys("/pb/") == ["/pb/a"]
        if runs == 1:
            other.create("/pb/c", "1")
        txn.create("/pb/b", "1")
    assert runs == 1


@pytest.mark.parametrize("changed", [False, True], ids=["unchanged", "changed"])
def test_body_continues_after_compaction_between_reads(connect: Connect, changed: bool) -> None:
    one, other = connect(), connect()
    put(one, a="1", b="1")
    runs: list[tuple[str | None, str | None]] = []
    for txn in one.txn():
        a = txn.get("/a")
        if not runs:
            put(other, b="2", **({"a": "2"} if changed else {}))
            compact(other)
        runs.append((a, txn.get("/b")))
        assert txn.get("/a") == a, "reads repeat"
    assert runs == ([("1", "2"), ("2", "2")] if changed else [("1", "2")])


def test_several_listings_are_one_read_and_guarded(connect: Connect) -> None:
    backend, other = connect(), connect()
    put(backend, **{"flow/a:1": "1", "flow/ab:1": "1", "flow/b:1": "1", "flow/c:1": "1"})
    seen = []
    for txn in backend.txn():
        seen.append(txn.list_many(["/flow/a:", "/flow/b:"]))
        if len(seen) == 1:
            put(other, **{"flow/c:2": "1", "flow/b:2": "1"})
        txn.create("/done", "1")
    assert seen == [["/flow/a:1", "/flow/b:1"], ["/flow/a:1", "/flow/b:1", "/flow/b:2"]]
    for txn in backend.txn():
        assert txn.list_many([]) == []
