"""Repeated connection failures lose no changes and leak no resources."""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from pathlib import Path

import pytest
from pyetcd import etcdrpc

from ska_sdp_config.backend import ConfigConnectionError, Etcd3Backend
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.store.interface import AnswerLost, Put, Query
from ska_sdp_config.store.keys import Span, path_of_key
from tests.connection.conftest import ConnectTo
from tests.services.etcd import revive
from tests.services.versions import NEWER_FIRST, NEWER_ONLY, EtcdOf, size_for
from tests.support.cluster import raw
from tests.support.proxy import Proxy
from tests.support.waiting import wait_until
from tests.support.watch_loops import looping

KEYS = 20
CHANGES_PER_FAULT = 20
"""Changes before each fault of the longest test: each key changes once."""

POOL = 8


Resources = tuple[int, int, Counter[str]]


def resources() -> Resources:
    """Return the threads and descriptors of this process, and the names of Python threads."""
    names = Counter(
        thread.name for thread in threading.enumerate() if thread.name.startswith("config-")
    )
    of_process = Path("/proc/self")
    tasks, descriptors = (len(list((of_process / each).iterdir())) for each in ("task", "fd"))
    return tasks, descriptors, names


def no_more_than(before: Resources) -> bool:
    now = resources()
    # gRPC's own pool of threads varies within bounds; a leak at each cut would exceed them.
    return now[0] <= before[0] + POOL and now[1] <= before[1] and not now[2] - before[2]


def view(txn: Txn) -> dict[str, str | None]:
    """Read two ranges that are always written together."""
    one, other = txn.list_keys("/one/"), txn.list_keys("/other/")
    found = txn.get_many([*one, *other])
    values = [found[path] for path in one]
    assert values == [found[path] for path in other]
    return found


def newest(results: list[object]) -> int:
    """Return the newest number in the last view."""
    seen = results[-1] if results else {}
    assert isinstance(seen, dict)
    return max((int(value) for value in seen.values()), default=-1)


def write(backend: Backend, number: int) -> None:
    """Write both ranges in one commit, again if its answer is lost."""
    key = f"{number % KEYS:03}"
    puts = [Put(f"2/one/{key}", str(number)), Put(f"2/other/{key}", str(number))]
    while True:
        try:
            backend.store.commit([], puts, timeout=10)
        except AnswerLost:
            continue
        return


def compact(server: EtcdOf) -> None:
    with raw(server.endpoint) as channel:
        keys = etcdrpc.KVStub(channel)
        now = keys.Range(etcdrpc.RangeRequest(key=b"x"), timeout=10).header.revision
        keys.Compact(etcdrpc.CompactionRequest(revision=now), timeout=10)


def break_repeatedly(
    server: EtcdOf,
    network: Proxy,
    connect: ConnectTo,
    *,
    cuts: int,
    compactions: int,
    restarts: int,
    changes: int,
    every: int = 1,
) -> None:
    """Break the connection of one client while another one writes; compare at the end.

    Args:
        every: before one in so many cuts, wait until the stream delivers.
    """
    dice = random.Random(cuts)
    backend, other = connect(network.endpoint), connect(server.endpoint)
    events = ["cut"] * cuts + ["compact"] * compactions + ["restart"] * restarts
    dice.shuffle(events)
    each = -(-changes // len(events))
    number = 0
    cut_numbers = itertools.count()
    with looping(backend, view) as loop:

        def level(what: str) -> None:
            reply = other.store.read([Query(Span.prefix("2/"))], timeout=10)
            expected = {path_of_key(entry.key): entry.value for entry in reply.found[0] or ()}
            wait_until(lambda: loop.results and loop.results[-1] == expected, 30, what)

        def happen(event: str) -> None:
            nonlocal number
            first = number
            for _ in range(each):
                try:
                    write(other, number)
                except ConfigConnectionError:
                    revive(server)
                    write(other, number)
                number += 1
            if event == "cut":
                if not next(cut_numbers) % every:
                    # The stream has delivered since the last cut, for which the server takes
                    # a tenth of a second.
                    wait_until(lambda: newest(loop.results) >= first, what="a stream to cut")
                wait_until(network.cut, what="a connection to cut")
            elif event == "compact":
                compact(server)
            else:
                server.kill()
                server.start()
            revive(server)

        # Creates resources that are created once, such as gRPC's own threads.
        for event in ("cut", "restart", "cut"):
            happen(event)
        # Delivered after the last cut, so the stream is open during the measurement.
        write(other, number)
        number += 1
        level("the view at the start")
        wait_until(lambda: network.connections == 1)
        before = resources()
        for event in events:
            happen(event)
        level("the view at the end")
        wait_until(lambda: network.connections == 1)
        wait_until(lambda: no_more_than(before), 30, f"{before} or less, not {resources()}")
        assert loop.error is None


@pytest.mark.long
@NEWER_FIRST
def test_watchers_survive_two_hundred_cuts(
    server: EtcdOf, network: Proxy, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ska_sdp_config.drivers.etcd.attempts.WATCH_BACKOFF_MAX_S", 0.005)
    break_repeatedly(
        server, network, connect, cuts=200, compactions=10, restarts=4, changes=2_000, every=4
    )


@pytest.mark.long
def test_watchers_survive_a_thousand_cuts(
    server: EtcdOf, network: Proxy, connect: ConnectTo
) -> None:
    cuts, compactions, restarts = (size_for(server, each) for each in (1_000, 50, 20))
    faults = cuts + compactions + restarts
    break_repeatedly(
        server,
        network,
        connect,
        cuts=cuts,
        compactions=compactions,
        restarts=restarts,
        changes=CHANGES_PER_FAULT * faults,
    )


@NEWER_ONLY
def test_unreachable_members_leak_nothing(server: EtcdOf, connect: ConnectTo) -> None:
    """Each attempt opens another connection."""
    backend = connect("127.0.0.1:1,127.0.0.1:2", timeout=0.3)
    connect(server.endpoint).get("/a")

    def tries() -> None:
        with pytest.raises(ConfigConnectionError):
            backend.get("/a")

    tries()
    before = resources()
    for _ in range(6):
        tries()
    wait_until(lambda: no_more_than(before))


@NEWER_ONLY
def test_closed_clients_leak_nothing(server: EtcdOf) -> None:
    """Each client uses a listener, leases and a watcher."""

    def use_client() -> None:
        with Etcd3Backend(host=server.endpoint) as backend:
            backend.connection.listen(lambda state: None)
            write(backend, 1)
            backend.client_lease.current()
            with looping(backend, view) as loop, backend.lease(5):
                wait_until(lambda: loop.results)

    use_client()
    before = resources()
    for _ in range(20):
        use_client()
    wait_until(lambda: no_more_than(before))
