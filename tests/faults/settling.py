"""Reads of the database while a run settles: they show an outage without other clients."""

from __future__ import annotations

import threading
import time

import grpc
from pyetcd import etcdrpc

from tests.faults.history import HistoryWriter
from tests.support.cluster import raw
from tests.support.waiting import wait_until

__all__ = ["LONG_READ_S", "Reader"]

PAUSE_S = 0.2
"""Pause between two reads, and between two checks of them."""

CALL_TIMEOUT_S = 1.0
"""Timeout of one call; a read repeats it."""

RESPONDS_WITHIN_S = 60.0
"""Seconds after which a database that does not respond is an error."""

REST_WITHIN_S = 300.0
"""Seconds after which a rest that has not ended is an error."""

LONG_READ_S = 2.0
"""Duration of a read after which devices may have shown an outage."""


class Reader:
    """Thread that reads the database periodically and records each read. A context manager.

    Its end waits for the last read, and raises the error that has ended the reads.

    Args:
        endpoint: ``host:port`` of a member of the cluster.
        history: history of the reads.
    """

    def __init__(self, endpoint: str, history: HistoryWriter) -> None:
        self._endpoint = endpoint
        self._history = history
        self._answered = self._last_long = time.monotonic()
        self._closed = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="reader")

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        # A read ends within RESPONDS_WITHIN_S.
        self._thread.join()
        self._check()

    def rest(self, seconds: float, within_s: float = REST_WITHIN_S) -> None:
        """Wait until the database has responded for some seconds.

        Args:
            seconds: duration; it begins again after a long read.
            within_s: greatest duration of the wait in seconds.

        Raises:
            AssertionError: it has not responded for as long in time.
        """
        began = time.monotonic()

        def is_over() -> bool:
            self._check()
            now = time.monotonic()
            is_answered = now - self._answered < LONG_READ_S
            return is_answered and now - max(began, self._last_long) >= seconds

        what = f"the database responds for {seconds:g} s"
        wait_until(is_over, within_s, what, interval=PAUSE_S)

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._read_until_closed()
        except Exception as error:
            self._error = error

    def _read_until_closed(self) -> None:
        with raw(self._endpoint) as channel:
            stub = etcdrpc.KVStub(channel)

            def responds() -> bool:
                try:
                    stub.Range(etcdrpc.RangeRequest(key=b"0"), timeout=CALL_TIMEOUT_S)
                except grpc.RpcError:
                    return False
                return True

            while not self._closed.wait(PAUSE_S):
                read = self._history.begin("read")
                wait_until(responds, RESPONDS_WITHIN_S, "the database responds", interval=PAUSE_S)
                self._history.end(read, "ok")
                if read.ended.monotonic - read.began.monotonic > LONG_READ_S:
                    self._last_long = read.ended.monotonic
                self._answered = read.ended.monotonic
