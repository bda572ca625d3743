"""A call that does not return while what it belongs to is closed."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

TIMEOUT_S = 0.3
"""Seconds for which a close waits for each thread."""


class EndlessCall:
    """Function that a test puts in place of one that a thread calls.

    It returns True, but not before the close that ``check_close`` makes has ended.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ska_sdp_config.store.joining.CLOSE_TIMEOUT_S", TIMEOUT_S)
        self._is_called, self._may_return = threading.Event(), threading.Event()
        self._thread = threading.current_thread()

    def __call__(self, *arguments: object, **options: object) -> bool:
        self._thread = threading.current_thread()
        self._is_called.set()
        return self._may_return.wait(60)

    def check_close(self, close: Callable[[], None], caplog: pytest.LogCaptureFixture) -> None:
        """Check that a close does not wait for the call, and logs the name of its thread."""
        assert self._is_called.wait(30)
        closing = threading.Thread(target=close)
        closing.start()
        closing.join(20)
        is_closed = not closing.is_alive()
        self._may_return.set()
        closing.join()
        assert is_closed
        assert f"Thread {self._thread.name} is still running {TIMEOUT_S:g} s after" in caplog.text
        self._thread.join(30)
        assert not self._thread.is_alive()
