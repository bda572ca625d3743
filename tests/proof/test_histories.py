"""Concurrent transactions of threads and processes, while the network fails."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from ska_sdp_config.backends import Etcd3Backend
from ska_sdp_config.store.keys import EVERYTHING
from ska_sdp_sim.stack.etcd import Etcd
from tests.proof.work import run_threads
from tests.services.etcd import crash, may_have_lost_commits, revive
from tests.services.versions import EtcdOf, size_for
from tests.support.logs import EtcdLog, MemoryLog
from tests.support.proxy import Proxy
from tests.support.serializability import Event, Record, check
from tests.support.size import sized

from .concurrency import amid, amid_faults, in_processes
from .databases import MemoryUnderTest, Network

FAULT_INTERVAL_S = 0.25
"""Time between two faults, in which most transactions end."""

FEW_PROCESSES, FEW_TRANSACTIONS = 3, 70
MANY_PROCESSES, MANY_TRANSACTIONS = 8, 240
"""Processes with two threads each, and transactions of each thread."""

FEW_TRANSACTIONS_IN_MEMORY = 500
MANY_TRANSACTIONS_IN_MEMORY = 3_500
"""Transactions of each of six threads, with a fault of a client every 2 ms."""

MIN_CUTS_PER_TRANSACTION = 0.01
"""Connections cut per transaction that make the result meaningful."""


def run_in_process(name: int, host: str, port: int, threads: int, count: int) -> list[Record]:
    with Etcd3Backend(host=host, port=port) as client:
        return run_threads([client] * threads, count, f"{name}-")


def judge(records: list[Record], events: list[Event]) -> None:
    """Check the history, and that it is worth checking."""
    assert check(records, events) == []
    outcomes = Counter(record.outcome for record in records)
    assert outcomes["committed"] >= 0.9 * len(records), outcomes
    assert sum(record.attempts for record in records) > len(records), "there was no conflict"


def in_memory(count: int) -> None:
    database, log = MemoryUnderTest(loses_answers=True), MemoryLog()
    clients = [database.connect() for _ in range(3)]
    networks = [Network(client) for client in clients]
    clients[0].store.watch(EVERYTHING, 1, log)
    chance = random.Random(1)

    def trouble() -> None:
        network = chance.choice(networks)
        # Commits must not be lost faster than they can be settled.
        network.plan = network.plan or [chance.choice(["answer", "request", "late", "fine"])]
        while network.held and chance.random() < 0.5:
            network.deliver(network.held.pop(0))
        if chance.random() < 0.2:
            database.compact()

    records = amid(trouble, 0.002, lambda: run_threads(clients * 2, count))
    database.disconnect()
    judge(records, log.events)


def on_etcd(server: Etcd, processes: int, count: int, restart: Callable[[], None]) -> None:
    with (
        EtcdLog(server.endpoint, partial(revive, server)) as log,
        Proxy(server.host, server.port) as proxy,
    ):
        faults: list[Callable[[], object]] = [
            lambda: proxy.cut("answers lost"),
            lambda: proxy.cut("requests late"),
            log.compact,
            proxy.cut,
            lambda: proxy.cut("requests late"),
            restart,
        ]
        work = partial(in_processes, processes, run_in_process, proxy.host, proxy.port, 2, count)
        records = amid_faults(server, faults, FAULT_INTERVAL_S, work)
        assert proxy.cuts > MIN_CUTS_PER_TRANSACTION * len(records), "too few connections were cut"
        events = log.finish()
    if check(records, events) and may_have_lost_commits(server):
        pytest.skip("etcd lost commits in a crash: this run proves nothing")
    judge(records, events)


def test_threads_in_memory_are_serializable() -> None:
    in_memory(FEW_TRANSACTIONS_IN_MEMORY)


@pytest.mark.long
def test_processes_on_etcd_are_serializable(etcd_server: Callable[..., Etcd]) -> None:
    on_etcd(etcd_server(), FEW_PROCESSES, FEW_TRANSACTIONS, lambda: None)


@pytest.mark.long
def test_many_threads_in_memory_are_serializable() -> None:
    in_memory(sized(MANY_TRANSACTIONS_IN_MEMORY))


@pytest.mark.long
def test_many_processes_on_etcd_are_serializable(server: EtcdOf) -> None:
    count = size_for(server, MANY_TRANSACTIONS)
    on_etcd(server, MANY_PROCESSES, count, lambda: crash(server))
