"""However often it breaks: nothing is missed, and nothing is left behind."""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from pathlib import Path

import pytest
from pyetcd import etcdrpc

from ska_sdp_config.backend import ConfigConnectionError, Etcd3Backend
from ska_sdp_config.backend.backend import Backend
from ska_sdp_config.backend.keys import Span, path_of_key
from ska_sdp_config.backend.stm import Txn
from ska_sdp_config.backend.store import AnswerLost, Put, Query
from tests.backend.test_watchers import looping
from tests.connection.conftest import ConnectTo, Through
from tests.connection.proxy import Proxy
from tests.connection.servers import raw
from tests.services.etcd import revive
from tests.services.versions import NEWER_FIRST, NEWER_ONLY, EtcdOf
from tests.waiting import wait_until

KEYS = 20
POOL = 8


Resources = tuple[int, int, Counter[str]]


def resources() -> Resources:
    """Threads and descriptors of this process, and the names of the threads that Python knows."""
    names = Counter(
        thread.name for thread in threading.enumerate() if thread.name.startswith("config-")
    )
    of_process = Path("/proc/self")
    tasks, descriptors = (len(list((of_process / each).iterdir())) for each in ("task", "fd"))
    return tasks, descriptors, names


def no_more_than(before: Resources) -> bool:
    now = resources()
    # gRPC's own pool of threads breathes with the load of the machine, within bounds; what a
    # cut leaves behind would add up.
    return now[0] <= before[0] + POOL and now[1] <= before[1] and not now[2] - before[2]


@pytest.fixture
def network(server: EtcdOf, through: Through) -> Proxy:
    """What stands between client and server."""
    return through(server)


def view(txn: Txn) -> dict[str, str | None]:
    """Two ranges, which are always written together."""
    one, other = txn.list_keys("/one/"), txn.list_keys("/other/")
    found = txn.get_many([*one, *other])
    values = [found[path] for path in one]
    assert values == [found[path] for path in other]
    return found


def newest(turns: list[object]) -> int:
    """The newest number in the last view."""
    seen = turns[-1] if turns else {}
    assert isinstance(seen, dict)
    return max((int(value) for value in seen.values()), default=-1)


def write(backend: Backend, number: int) -> None:
    """Change both ranges in one commit, if need be twice."""
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


def break_all_the_time(
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
        every: one in so many cuts is that of a stream which was at work.
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
            wait_until(lambda: loop.turns and loop.turns[-1] == expected, 30, what)

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
                    # The stream stands: it has told of something since the last cut. The server
                    # takes a tenth of a second to bring it up to date.
                    wait_until(lambda: newest(loop.turns) >= first, what="a stream to cut")
                wait_until(network.cut, what="a connection to cut")
            elif event == "compact":
                compact(server)
            else:
                server.kill()
                server.start()
            revive(server)

        # What is made once, such as gRPC's own threads, is made now.
        for event in ("cut", "restart", "cut"):
            happen(event)
        # Told of after the last cut, so that the stream that it is measured with stands.
        write(other, number)
        number += 1
        level("the view at the start")
        wait_until(lambda: network.connections == 1)
        before = resources()
        for event in events:
            happen(event)
        level("the view at the end")
        wait_until(lambda: network.connections == 1)
        wait_until(
            lambda: no_more_than(before),
            30,
            f"{before} or less, not {resources()}",
        )
        assert loop.error is None


@pytest.mark.long
@NEWER_FIRST
def test_two_hundred_cuts(
    server: EtcdOf, network: Proxy, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ska_sdp_config.backend.etcd3.watch.LONGEST_PAUSE", 0.005)
    break_all_the_time(
        server, network, connect, cuts=200, compactions=10, restarts=4, changes=2_000, every=4
    )


@pytest.mark.long
def test_a_thousand_cuts(server: EtcdOf, network: Proxy, connect: ConnectTo) -> None:
    break_all_the_time(
        server, network, connect, cuts=1_000, compactions=50, restarts=20, changes=100_000
    )


@NEWER_ONLY
def test_members_that_are_not_there(server: EtcdOf, connect: ConnectTo) -> None:
    """Each try opens another connection."""
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
def test_clients_come_and_go(server: EtcdOf) -> None:
    """Each with everything that a client can have."""

    def come_and_go() -> None:
        with Etcd3Backend(host=server.endpoint) as backend:
            backend.connection.listen(lambda state: None)
            write(backend, 1)
            backend.client_lease.current()
            with looping(backend, view) as loop, backend.lease(5):
                wait_until(lambda: loop.turns)

    come_and_go()
    before = resources()
    for _ in range(20):
        come_and_go()
    wait_until(lambda: no_more_than(before))
