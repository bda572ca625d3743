"""Processes with one watcher, against processes with one watch on the stubs."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from ska_sdp_config import Config

from .by_hand import ByHand
from .measure import Row, of_samples
from .proc import processor_time, tasks

__all__ = ["rows"]

PROCESSES = 20
"""Processes of each kind, alternately and one at a time."""

CHANGES = 500
PAUSE_S = 0.002
"""Time between two changes, so that each is delivered alone."""

IDLE_S = 5.0
SETTLE_S = 1.0

OURS = """
import sys
from ska_sdp_config import Config
for watcher in Config(backend="etcd3", host=sys.argv[1]).watcher():
    for txn in watcher.txn():
        txn.get("/bench/watched")
    print("watching", flush=True)
"""

BY_HAND = """
import queue, sys
import grpc
from pyetcd import etcdrpc
requests = queue.SimpleQueue()
everything = etcdrpc.WatchCreateRequest(key=b"\\0", range_end=b"\\0")
requests.put(etcdrpc.WatchRequest(create_request=everything))
stub = etcdrpc.WatchStub(grpc.insecure_channel(sys.argv[1]))
for response in stub.Watch(iter(requests.get, None)):
    if response.created:
        print("watching", flush=True)
"""

WORK = {
    "processor time of a change that one watcher does not read": "ms",
    "processor time of a second without changes, one watcher": "ms",
    "threads of a process with one watcher": "threads",
}
"""Descriptions of what is measured, with their units."""


def rows(config: Config, by_hand: ByHand) -> Iterator[Row]:
    """Yield the rows on processes with one watcher."""
    (endpoint,) = config.backend.address.split(",")
    ours, floor = [], []
    for _ in range(PROCESSES):
        ours.append(_measured(OURS, endpoint, by_hand))
        floor.append(_measured(BY_HAND, endpoint, by_hand))
    for number, (work, unit) in enumerate(WORK.items()):
        mine, theirs = ([each[number] for each in all_of] for all_of in (ours, floor))
        yield of_samples(work, mine, theirs, None, unit)


def _measured(program: str, endpoint: str, by_hand: ByHand) -> tuple[float, float, float]:
    """Return the figures of WORK, in thousandths of a unit."""
    command = [sys.executable, "-c", program, endpoint]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(SETTLE_S)
            began = processor_time(process.pid)
            for _ in range(CHANGES):
                by_hand.commit([], {"2/bench/foreign": "x" * 1_000})
                time.sleep(PAUSE_S)
            time.sleep(SETTLE_S)
            of_a_change = (processor_time(process.pid) - began) / CHANGES
            began = processor_time(process.pid)
            time.sleep(IDLE_S)
            of_a_second = (processor_time(process.pid) - began) / IDLE_S
            threads = len(list(tasks(process.pid)))
        finally:
            process.kill()
    return of_a_change, of_a_second, threads / 1e3
