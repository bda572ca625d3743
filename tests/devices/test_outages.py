"""Notification of devices about outages."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone, tzinfo

import pytest
from typing_extensions import Self

from ska_sdp_config.lmc.health import Outage
from ska_sdp_lmc.runtime import database
from ska_sdp_lmc.runtime.access import Access
from ska_sdp_lmc.runtime.database import Database
from tests.support.waiting import wait_until


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch, _memory: None) -> Iterator[Database]:
    """Database that no longer responds."""
    monkeypatch.setattr(database, "OUTAGE_AFTER", 0.0)
    monkeypatch.setattr(database, "NOTIFY_RETRY_S", 0.01)
    there = Database()
    there.config.backend.connection.failed()
    yield there
    there.close()


class SetBack(datetime):
    """Wall clock set back by an hour."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) - timedelta(hours=1)


def test_outage_is_published_after_clock_is_set_back(
    unreachable: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreachable.config.backend.get("/a")
    notified: list[Outage | None] = []
    monkeypatch.setattr(database, "OUTAGE_AFTER", 0.3)
    monkeypatch.setattr(database, "datetime", SetBack)
    unreachable.add_listener(notified.append)
    began = datetime.now(timezone.utc)
    unreachable.config.backend.connection.failed()
    wait_until(lambda: notified)
    # The published time is that of the clock before it was set back.
    assert notified[0] is not None
    assert abs(notified[0].since - began) < timedelta(seconds=10)


@pytest.mark.usefixtures("_memory")
def test_close_waits_for_threads_started_meanwhile() -> None:
    there = Database()
    over = threading.Event()

    def start() -> None:
        while not over.is_set():
            there.start_thread("short", lambda: None)

    starting = [threading.Thread(target=start) for _ in range(3)]
    for thread in starting:
        thread.start()
    try:
        for _ in range(20_000):
            there.close()
    finally:
        over.set()
        for thread in starting:
            thread.join()


def test_failed_notification_is_repeated(unreachable: Database) -> None:
    tried: list[Outage | None] = []
    notified: list[Outage | None] = []

    def busy(outage: Outage | None) -> None:
        tried.append(outage)
        if len(tried) < 3:
            raise RuntimeError("the monitor was not to be had")

    unreachable.add_listener(busy)
    unreachable.add_listener(notified.append)
    wait_until(lambda: len(tried) == 3)
    # The busy listener may finish all its calls before the other listener's first.
    wait_until(lambda: notified)
    assert notified[0] is not None
    unreachable.config.backend.connection.answered()
    wait_until(lambda: notified[1:] == [None])
    wait_until(lambda: tried[3:] == [None])
    assert len(notified) == 2


def test_unexpected_error_of_the_access_check_is_logged_and_repeated(
    unreachable: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    checks: list[object] = []

    def check(store: object, accesses: object) -> None:
        checks.append(accesses)
        raise LookupError("a bug of the test")

    monkeypatch.setattr(database, "check", check)
    monkeypatch.setattr(database, "CHECK_EVERY", 0.01)
    unreachable.add_listener(lambda outage: None, Access(frozenset({"/a"})))
    wait_until(lambda: len(checks) > 1)
    assert "a bug of the test" in caplog.text


def test_end_of_a_notification_is_waited_for(unreachable: Database) -> None:
    begun, over = threading.Event(), threading.Event()

    def slow(outage: Outage | None) -> None:
        begun.set()
        over.wait(30)

    def unused(outage: Outage | None) -> None:
        raise AssertionError("it was removed")

    unreachable.add_listener(slow)
    assert begun.wait(30)
    unreachable.remove_listener(slow)
    assert unreachable.wait_for_notification(unused, 0.0)
    assert not unreachable.wait_for_notification(slow, 0.0)
    threading.Timer(0.1, over.set).start()
    assert unreachable.wait_for_notification(slow, 30.0)


def test_listener_that_was_removed_meanwhile_is_not_notified(unreachable: Database) -> None:
    notified: list[str] = []

    def second(outage: Outage | None) -> None:
        notified.append("second")

    def first(outage: Outage | None) -> None:
        notified.append("first")
        unreachable.remove_listener(second)

    connection = unreachable.config.backend.connection
    connection.answered()
    wait_until(lambda: unreachable.silent_since is None)
    for listener in (first, second, lambda outage: notified.append("third")):
        unreachable.add_listener(listener)
    connection.failed()
    wait_until(lambda: "third" in notified)
    assert notified == ["first", "third"]
