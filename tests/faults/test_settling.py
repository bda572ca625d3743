"""Reads while a run settles: an outage of the database is recorded, and lengthens the wait."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from ska_sdp_sim.stack.etcd import Etcd
from tests.faults.check import OUTAGE_S, outages
from tests.faults.history import HistoryWriter, Operation, read_file
from tests.faults.settling import read_for
from tests.services.etcd import QUICK
from tests.support.waiting import wait_until

SECONDS = 1.0


def test_outage_is_recorded_and_the_wait_begins_again(tmp_path: Path) -> None:
    file = tmp_path / "settling.history.jsonl"

    def reads() -> list[Operation]:
        return list(read_file(file)) if file.exists() else []

    with (
        Etcd(tmp_path / "etcd", flags=QUICK) as etcd,
        HistoryWriter(file, "settling") as history,
    ):
        reading = threading.Thread(target=read_for, args=(SECONDS, etcd.endpoint, history))
        reading.start()
        try:
            wait_until(lambda: any(each.outcome == "ok" for each in reads()), 30, "a read")
            etcd.pause()
            suspended = time.monotonic()
            wait_until(lambda: time.monotonic() > suspended + OUTAGE_S + 0.5, 30, "an outage")
        finally:
            etcd.resume()
            resumed = time.monotonic()
            reading.join()
        done = time.monotonic()
    ((begin, end),) = outages(reads())
    assert begin < suspended + 1
    assert resumed < end
    assert done > end + SECONDS
