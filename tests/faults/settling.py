"""Reads of the database after the clients that write have ended: they show an outage then."""

from __future__ import annotations

import time

import grpc
from pyetcd import etcdrpc

from tests.faults.history import HistoryWriter
from tests.support.cluster import raw
from tests.support.waiting import wait_until

__all__ = ["LONG_READ_S", "read_for"]

PAUSE_S = 0.2
"""Pause between two reads."""

CALL_TIMEOUT_S = 1.0
"""Timeout of one call; a read repeats it."""

RESPONDS_WITHIN_S = 60.0
"""Seconds after which a database that does not respond is an error."""

LONG_READ_S = 2.0
"""Duration of a read after which devices may have shown an outage."""


def read_for(seconds: float, endpoint: str, history: HistoryWriter) -> None:
    """Read the database until it has responded for some seconds, and record each read.

    Args:
        seconds: duration; it begins again after a long read.
        endpoint: ``host:port`` of a member of the cluster.
        history: history of the reads.

    Raises:
        AssertionError: the database does not respond.
    """
    with raw(endpoint) as channel:
        stub = etcdrpc.KVStub(channel)

        def responds() -> bool:
            try:
                stub.Range(etcdrpc.RangeRequest(key=b"0"), timeout=CALL_TIMEOUT_S)
            except grpc.RpcError:
                return False
            return True

        end = time.monotonic() + seconds
        while time.monotonic() < end:
            read = history.begin("read")
            wait_until(responds, RESPONDS_WITHIN_S, "the database responds")
            history.end(read, "ok")
            if read.ended.monotonic - read.began.monotonic > LONG_READ_S:
                end = time.monotonic() + seconds
            time.sleep(PAUSE_S)
