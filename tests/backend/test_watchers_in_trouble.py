"""Watcher loops whose transactions fail, on every backend."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from ska_sdp_config.backend import CommitUnknown, ConfigConnectionError, TransactionTooLarge
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.errors import LeaseNotFound
from ska_sdp_config.store.interface import Reply
from tests.support.in_time import in_time
from tests.support.stores import Outage
from tests.support.watch_loops import WAKE_UP_AFTER_S, assert_not_woken


@pytest.mark.parametrize(
    "error",
    [CommitUnknown("lost"), TransactionTooLarge("too many"), LeaseNotFound(1)],
    ids=lambda error: type(error).__name__,
)
def test_reads_of_failed_commit_are_watched(
    backend: Backend, other: Backend, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:

    def reject(*request: object, **others: object) -> None:
        raise error

    monkeypatch.setattr(backend.committer, "commit", reject)
    seen = []
    with in_time(WAKE_UP_AFTER_S):
        for watcher in Watcher(backend, lambda txn: txn, WAKE_UP_AFTER_S):
            with suppress(type(error)):
                for txn in watcher.txn():
                    seen.append(txn.get("/a"))
                    if seen[-1] is None:
                        txn.create("/never", "1")
            if seen[-1] is not None:
                break
            other.create("/a", "1")
    assert seen[-1] == "1"


def test_reads_after_last_retry_are_watched(backend: Backend, other: Backend) -> None:
    seen: list[str | None] = []
    with in_time(WAKE_UP_AFTER_S):
        for watcher in Watcher(backend, lambda txn: txn, WAKE_UP_AFTER_S):
            with suppress(RuntimeError):
                for txn in watcher.txn(max_retries=0):
                    seen.append(txn.get("/a"))
                    if len(seen) == 1:
                        # Another client is faster.
                        other.create("/a", "1")
                        txn.create("/never", "1")
            if len(seen) == 2:
                break
    assert seen == [None, "1"]
    assert backend.get("/never")[0] is None


def test_close_within_failing_read_is_named(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def close(*_: object, **__: object) -> Reply:
        # Closed by another thread while the call waits for an answer that does not come.
        backend.close()
        raise ConfigConnectionError("The database did not answer.")

    with pytest.raises(ConfigConnectionError, match="This Config is closed"):  # noqa: PT012
        for watcher in Watcher(backend, lambda txn: txn):
            monkeypatch.setattr(backend.store, "read", close)
            for txn in watcher.txn():
                txn.get("/a")


def in_a_moment(watcher: Watcher[Txn]) -> None:
    watcher.set_wake_up_at(datetime.now() + timedelta(seconds=0.1))


@pytest.mark.parametrize(
    ("make_due", "put_off"),
    [
        (lambda watcher: watcher.set_timeout(0.1), lambda watcher: watcher.set_timeout(None)),
        (lambda watcher: watcher.set_timeout(0.1), lambda watcher: watcher.set_timeout(60)),
        (in_a_moment, lambda watcher: None),
        (lambda watcher: watcher.trigger(), lambda watcher: None),
    ],
    ids=["timeout removed", "longer timeout", "an alarm", "a trigger"],
)
def test_watcher_iterates_after_skipped_body(
    backend: Backend,
    monkeypatch: pytest.MonkeyPatch,
    make_due: Callable[[Watcher[Txn]], None],
    put_off: Callable[[Watcher[Txn]], None],
) -> None:
    """It has no reads, so no change would start an iteration. It does not spin either."""
    outage = Outage(backend, monkeypatch)
    seen: list[str | None] = []
    iterations = 0
    watcher = Watcher(backend, lambda txn: txn)
    with assert_not_woken(watcher.trigger):
        for iterations, _ in enumerate(watcher, 1):
            if iterations == 1:
                make_due(watcher)
            else:
                # The body waits for this: nothing else starts an iteration.
                threading.Timer(0.5, vars(outage).update, [], {"is_active": False}).start()
            for txn in watcher.txn():
                seen.append(txn.get("/a"))
            put_off(watcher)
            if seen:
                break
    assert iterations == 2
    # The pauses grow, so on a loaded machine there are only a few more reads.
    assert outage.failed_reads < 20
