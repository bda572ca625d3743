"""Several members: whichever of them is gone, hangs or is cut off, the others serve."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ska_sdp_config.backend import ConfigConnectionError
from ska_sdp_config.backend.backend import Backend
from ska_sdp_config.backend.stm import Txn
from tests.backend.test_watchers import looping
from tests.connection.conftest import ConnectTo
from tests.connection.servers import Cluster
from tests.in_time import in_time
from tests.services.versions import NEWER_FIRST, Start
from tests.waiting import LATE, wait_until

pytestmark = NEWER_FIRST


def value(txn: Txn) -> str | None:
    return txn.get("/a")


def answers(backend: Backend) -> bool:
    try:
        backend.get("/a")
    except ConfigConnectionError:
        return False
    return True


@pytest.mark.long
@pytest.mark.parametrize("breaks", ["kill", "pause", "isolate"])
def test_leader_in_use_goes(cluster: Cluster, connect: ConnectTo, breaks: str) -> None:
    """It ends, hangs, or is cut off from the others and does not know it at first."""
    leader = cluster.leader()
    # The first one that is named is used.
    order = [cluster.members[leader], cluster.members[leader - 1], cluster.members[leader - 2]]
    backend = connect(",".join(member.endpoint for member in order))
    other = connect(order[1].endpoint)
    backend.create("/a", "0")
    with looping(backend, value) as loop:
        loop.saw("0")
        if breaks == "isolate":
            cluster.isolate(leader)
        else:
            getattr(order[0], breaks)()
        wait_until(lambda: answers(other), what="the others choose a leader")
        other.update("/a", "1")
        # The watch notices by itself, and within five seconds, that nothing comes.
        loop.saw("1")
        backend.update("/a", "2")
        loop.saw("2")
        if breaks == "pause":
            order[0].resume()
        elif breaks == "isolate":
            cluster.join()
        other.update("/a", "3")
        loop.saw("3")


@pytest.mark.long
def test_member_without_a_majority_is_no_connection(cluster: Cluster, connect: ConnectTo) -> None:
    """It answers, but it knows of no change: a watch that asks for a leader breaks."""
    alone, *others = cluster.members
    backend = connect(alone.endpoint)
    states: list[str] = []
    backend.create("/a", "0")
    backend.store.timeout = 1
    backend.connection.listen(states.append)
    with looping(backend, value) as loop:
        loop.saw("0")
        for member in others:
            member.pause()
        with in_time(6):
            wait_until(lambda: "suspended" in states)
        with pytest.raises(ConfigConnectionError, match=r"(?i)leader|did not answer"):
            backend.get("/a")
        for member in others:
            member.resume()
        wait_until(lambda: answers(backend))
        wait_until(lambda: states[-1] == "connected")
        connect(others[0].endpoint).update("/a", "1")
        loop.saw("1")


def test_change_of_the_leader_is_bridged(cluster: Cluster, connect: ConnectTo) -> None:
    backend = connect(cluster.endpoints)
    backend.create("/n", "0")
    with looping(backend, lambda txn: txn.get("/n")) as loop:
        leader = cluster.leader()
        for turn in range(1, 7):
            to = (leader + turn) % 3
            mover = threading.Thread(target=cluster.hand_over, args=(to,))
            mover.start()
            for txn in backend.txn():
                txn.update("/n", str(int(txn.get("/n") or 0) + 1))
            mover.join()
        loop.saw("6")


@pytest.mark.long
def test_many_threads_that_find_it_silent_change_member_once(
    start: Start, connect: ConnectTo
) -> None:
    """With two members, a second change would lead back to the one that hangs."""
    hanging, other = start(), start()
    backend = connect(f"{hanging.endpoint},{other.endpoint}", timeout=10)
    backend.create("/a", "of the first")
    connect(other.endpoint).create("/a", "of the second")
    hanging.pause()
    with in_time(10), ThreadPoolExecutor(8) as threads:
        values = list(threads.map(lambda _: backend.get("/a")[0], range(8)))
    assert values == ["of the second"] * 8


def test_member_that_is_not_there_costs_no_time(start: Start, connect: ConnectTo) -> None:
    gone, other = start(), start()
    gone.stop()
    backend = connect(f"{gone.endpoint},{other.endpoint}")
    with in_time(LATE):
        assert backend.get("/a")[0] is None
