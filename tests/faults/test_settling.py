"""Reads while a run settles: an outage of the database is recorded, and lengthens the wait."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ska_sdp_sim.stack.etcd import Etcd
from tests.faults import settling
from tests.faults.check import OUTAGE_S, outages
from tests.faults.history import NEVER, HistoryWriter, Operation, read_file
from tests.faults.settling import Reader
from tests.services.etcd import QUICK
from tests.support.waiting import wait_until

SECONDS = 1.0

WITHIN_S = 60.0


def test_outage_is_recorded_and_the_rest_begins_again(tmp_path: Path) -> None:
    file = tmp_path / "settling.history.jsonl"

    def waiting() -> Operation | None:
        """Return the read in progress if it has lasted as long as an outage."""
        for read in read_file(file):
            lasts_s = time.monotonic() - read.began.monotonic
            if read.ended == NEVER and lasts_s > OUTAGE_S:
                return read
        return None

    def answered() -> bool:
        return any(read.outcome == "ok" for read in read_file(file))

    with (
        Etcd(tmp_path / "etcd", flags=QUICK) as etcd,
        HistoryWriter(file, "settling") as history,
        ThreadPoolExecutor(1) as threads,
        Reader(etcd.endpoint, history) as reader,
    ):
        wait_until(answered, WITHIN_S, "the first read")
        etcd.pause()
        try:
            waited = wait_until(waiting, WITHIN_S, "a read lasts as long as an outage")
            with pytest.raises(AssertionError, match="within 0 s: the database responds for 0 s"):
                reader.rest(0, 0)
            resting = threads.submit(reader.rest, SECONDS, WITHIN_S)
            resumed = time.monotonic()
        finally:
            etcd.resume()
        resting.result(2 * WITHIN_S)
        done = time.monotonic()
    assert waited is not None
    found = outages(list(read_file(file)))
    (end,) = {end for begin, end in found if begin <= waited.began.monotonic and resumed <= end}
    assert done >= end + SECONDS


def test_database_that_does_not_respond_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "RESPONDS_WITHIN_S", 0.1)
    with (
        HistoryWriter(tmp_path / "history", "settling") as history,
        pytest.raises(AssertionError, match=r"not so within 0.1 s: the database responds"),
        # No program listens at this port.
        Reader("127.0.0.1:1", history) as reader,
    ):
        reader.rest(SECONDS, WITHIN_S)
