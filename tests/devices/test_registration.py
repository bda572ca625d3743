"""Periodic check of a server's registration."""

from __future__ import annotations

import itertools
import logging
import threading

import pytest
import tango

from ska_sdp_lmc.runtime import registration
from ska_sdp_lmc.runtime.registration import Registration
from tests.support.waiting import LATE


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace what needs a running server; without one, ``Util.instance`` ends the process."""
    monkeypatch.setattr(registration, "_admin_device", lambda: ("dserver/a/b", "IOR:00"))
    monkeypatch.setattr(registration, "is_server_ending", lambda: False)


def test_checks_continue_after_unexpected_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    numbers, is_third = itertools.count(1), threading.Event()

    def check(self: Registration) -> None:
        match next(numbers):
            case 1:
                raise IndexError("no IOR")
            case 2:
                tango.Except.throw_exception("API_DeviceTimedOut", "no answer", "check")
            case _:
                is_third.set()

    monkeypatch.setattr(registration, "CHECK_INTERVAL_S", 0.01)
    monkeypatch.setattr(Registration, "_check", check)
    kept = Registration()
    with caplog.at_level(logging.INFO), kept.stopped_at_end():
        kept.start()
        assert is_third.wait(LATE)
    assert kept.stop(LATE)
    (record,) = caplog.records
    assert record.exc_info is not None
    assert "no IOR" in str(record.exc_info[1])


def test_stop_waits_for_the_check_in_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, release = threading.Event(), threading.Event()

    def check(self: Registration) -> None:
        begun.set()
        release.wait(LATE)

    monkeypatch.setattr(registration, "CHECK_INTERVAL_S", 0.0)
    monkeypatch.setattr(Registration, "_check", check)
    kept = Registration()
    assert kept.stop(0.0), "no check has begun"
    kept = Registration()
    kept.start()
    assert begun.wait(LATE)
    assert not kept.stop(0.05)
    release.set()
    assert kept.stop(LATE)


def test_server_that_ends_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    checks: list[Registration] = []
    monkeypatch.setattr(registration, "CHECK_INTERVAL_S", 0.0)
    monkeypatch.setattr(registration, "is_server_ending", lambda: True)
    monkeypatch.setattr(Registration, "_check", checks.append)
    kept = Registration()
    with kept.stopped_at_end():
        kept.start()
        thread = kept._thread
        assert thread is not None
        thread.join(LATE)
        assert not thread.is_alive()
    assert checks == []
