"""Cost of a change with many watching processes: to each, and to etcd."""

from __future__ import annotations

import itertools
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ska_sdp_sim.stack.etcd import Etcd

from .by_hand import ByHand
from .proc import processor_time, resident
from .programs import Program
from .records import Record

__all__ = ["records"]

PLANS = ((0, 0), (10, 1), (50, 2), (50, 10))
"""Processes, and watching ``Config`` objects in each."""

CHANGES = 40
PAUSE_S = 0.02
PAUSE_OF_ONE_S = 0.002
"""Time between two changes, at least and for each watcher, so that each is delivered alone."""

SETTLE_S = 2.0
IDLE_S = 5.0

WATCHED = "/bench/watched"
FOREIGN = "/bench/foreign"
SIZE = 1_000
"""Characters of a value."""


def records() -> Iterator[Record]:
    """Yield a record for each number of watchers."""
    for processes, each in PLANS:
        with tempfile.TemporaryDirectory() as directory, Etcd(Path(directory)) as etcd:
            by_hand = ByHand(etcd.host, etcd.port)
            by_hand.commit([], {f"2{WATCHED}": "0 0"})
            with ExitStack() as opened:
                arguments = [f"--endpoints={etcd.endpoint}", f"--configs={each}"]
                programs = [
                    opened.enter_context(
                        Program("watching_process", *arguments, f"--path={WATCHED}")
                    )
                    for _ in range(processes)
                ]
                for program in programs:
                    program.wait_for("ready")
                yield _measured(etcd, by_hand, programs, each)
            by_hand.close()


def _measured(etcd: Etcd, by_hand: ByHand, programs: Sequence[Program], each: int) -> Record:
    watchers = each * len(programs)
    time.sleep(SETTLE_S)
    idle = _Period(etcd, programs)
    time.sleep(IDLE_S)
    idle.end()
    foreign = _Period(etcd, programs)
    _change(by_hand, FOREIGN, watchers)
    foreign.end()
    read = _Period(etcd, programs)
    _change(by_hand, WATCHED, watchers)
    read.end()
    found: Record = {
        "processes": len(programs),
        "watchers": watchers,
        "etcd, processor time of a change, s": foreign.of_etcd / CHANGES,
        "etcd, processor time of a change that all read, s": read.of_etcd / CHANGES,
        "etcd, idle, cores": idle.of_etcd / IDLE_S,
        "etcd, memory, bytes": resident(etcd.process.pid),
    }
    if watchers:
        found |= {
            "watcher, processor time of a change, s": foreign.of_programs / CHANGES / watchers,
            "watcher, processor time of a change that it reads, s": (
                read.of_programs / CHANGES / watchers
            ),
            "watcher, idle, cores": idle.of_programs / IDLE_S / watchers,
            "process, memory, bytes": read.memory / len(programs),
            **_latencies(read.received, watchers),
        }
    return found


def _change(by_hand: ByHand, path: str, watchers: int) -> None:
    for number in range(CHANGES):
        value = f"{number} {time.monotonic()} "
        by_hand.commit([], {f"2{path}": value.ljust(SIZE, "x")})
        time.sleep(max(PAUSE_S, watchers * PAUSE_OF_ONE_S))
    time.sleep(SETTLE_S)


def _latencies(received: Sequence[tuple[str, float]], watchers: int) -> Record:
    """Return how long it took from a change to the watchers' iterations."""
    by_change: dict[str, list[float]] = defaultdict(list)
    for value, time_read in received:
        number, written, *_ = value.split()
        by_change[number].append(time_read - float(written))
    quantiles = statistics.quantiles(itertools.chain.from_iterable(by_change.values()), n=100)
    return {
        "p50, s": quantiles[49],
        "p99, s": quantiles[98],
        "all have it, s": statistics.median(map(max, by_change.values())),
        "iterations of a change": len(received) / CHANGES / watchers,
    }


class _Period:
    """Cost of a period of time, from its creation to ``end``.

    Attributes:
        of_etcd, of_programs: processor time, in seconds.
        memory: resident memory of the programs at its end, in bytes.
        received: values that watchers have read, with the times.
    """

    def __init__(self, etcd: Etcd, programs: Sequence[Program]) -> None:
        self._etcd = etcd
        self._programs = programs
        self.of_programs = -sum(each["processor time"] for each in self._reports())
        self.of_etcd = -processor_time(etcd.process.pid)
        self.memory = 0
        self.received: list[tuple[str, float]] = []

    def end(self) -> None:
        """End the period."""
        self.of_etcd += processor_time(self._etcd.process.pid)
        for report in self._reports():
            self.of_programs += report["processor time"]
            self.memory += report["memory"]
            self.received += report["received"]

    def _reports(self) -> list[Any]:
        for program in self._programs:
            program.send("report")
        return [json.loads(program.next_line()) for program in self._programs]
