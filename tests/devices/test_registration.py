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
    (record,) = caplog.records
    assert record.exc_info is not None
    assert "no IOR" in str(record.exc_info[1])
