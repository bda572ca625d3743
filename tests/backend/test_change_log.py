"""Log of recent changes and its limits."""

from __future__ import annotations

from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.change_log import MAX_CHANGES, MAX_CHARACTERS, ChangeLog
from ska_sdp_config.store.interface import Change, Entry
from tests.support.backends import put
from tests.support.watch_loops import looping

LARGE = "x" * 100_000


def change(revision: int, value: str | None = "1") -> Change:
    entry = None if value is None else Entry("1/a", value, 1, revision)
    return Change("1/a", revision, entry)


def begun(revision: int) -> ChangeLog:
    log = ChangeLog()
    log.begin(revision)
    return log


def test_log_returns_changes_after_revision() -> None:
    log = begun(3)
    changes = [change(5), change(5, None), change(6)]
    log.extend(changes)
    assert log.begins == 3
    assert log.after(4) == changes
    assert log.after(5) == changes[2:]
    assert log.after(6) == []


def test_log_is_bounded_by_number_of_changes() -> None:
    log = begun(1)
    log.extend([change(2 + number, None) for number in range(MAX_CHANGES + 10)])
    assert log.begins == 11
    assert len(log.after(log.begins)) == MAX_CHANGES


def test_log_is_bounded_by_number_of_characters() -> None:
    log = begun(1)
    for revision in range(2, 502):
        log.extend([change(revision, LARGE)])
    kept = log.after(log.begins)
    assert 0 < len(kept) <= MAX_CHARACTERS / len(LARGE)
    assert [each.revision for each in kept] == [*range(log.begins + 1, 502)]


def test_change_above_limit_is_not_kept() -> None:
    log = begun(1)
    log.extend([change(2), change(3, "x" * (MAX_CHARACTERS + 1))])
    assert (log.begins, log.after(3)) == (3, [])
    log.extend([change(4)])
    assert log.after(3) == [change(4)]


def test_cleared_log_resets_counts() -> None:
    log = begun(1)
    for begin in (1, 100, 200):
        log.begin(begin)
        log.extend([change(begin + 1, "x" * (MAX_CHARACTERS - 10))])
        assert log.after(begin) != []


def test_change_log_of_unread_values_is_bounded(backend: Backend, other: Backend) -> None:
    with looping(backend, lambda txn: txn.get("/a")) as loop:
        loop.expect(None)
        for _ in range(2 * MAX_CHARACTERS // len(LARGE)):
            put(other, large=LARGE)
        put(other, a="1")
        loop.expect("1")
        log = backend.cache.log
        kept = [each.entry.value for each in log.after(log.begins) if each.entry]
        assert sum(map(len, kept)) <= MAX_CHARACTERS
        put(other, a="2")
        loop.expect("2")
