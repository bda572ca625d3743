"""Failover between members that stop, hang or are isolated."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ska_sdp_config.backend import ConfigConnectionError
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.transaction import Txn
from tests.connection.conftest import ConnectTo
from tests.services.versions import NEWER_FIRST, Start
from tests.support.cluster import Cluster
from tests.support.commit_faults import CommitFaults
from tests.support.in_time import in_time
from tests.support.waiting import LATE, wait_until
from tests.support.watch_loops import looping

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
def test_client_survives_loss_of_the_leader(
    cluster: Cluster, connect: ConnectTo, breaks: str
) -> None:
    """An isolated leader detects its isolation late."""
    leader = cluster.leader()
    # The client uses the first endpoint.
    order = [cluster.members[leader], cluster.members[leader - 1], cluster.members[leader - 2]]
    backend = connect(",".join(member.endpoint for member in order))
    other = connect(order[1].endpoint)
    backend.create("/a", "0")
    with looping(backend, value) as loop:
        loop.expect("0")
        if breaks == "isolate":
            cluster.isolate(leader)
        else:
            getattr(order[0], breaks)()
        wait_until(lambda: answers(other), what="the others elect a leader")
        other.update("/a", "1")
        # The watch detects the silence by itself, within five seconds.
        loop.expect("1")
        backend.update("/a", "2")
        loop.expect("2")
        if breaks == "pause":
            order[0].resume()
        elif breaks == "isolate":
            cluster.join()
        other.update("/a", "3")
        loop.expect("3")


@pytest.mark.long
def test_member_without_majority_is_replaced(cluster: Cluster, connect: ConnectTo) -> None:
    """The member answers but receives no changes; a watch that requires a leader fails."""
    alone, *others = cluster.members
    backend = connect(alone.endpoint)
    states: list[str] = []
    backend.create("/a", "0")
    backend.store.timeout = 1
    backend.connection.listen(states.append)
    with looping(backend, value) as loop:
        loop.expect("0")
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
        loop.expect("1")


def test_calls_survive_leader_change(cluster: Cluster, connect: ConnectTo) -> None:
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
        loop.expect("6")


@pytest.mark.long
def test_lost_answer_is_settled_although_the_leader_is_dead(
    cluster: Cluster, connect: ConnectTo
) -> None:
    """Until the election, a member loses what it forwards to the leader, without an answer."""
    leader = cluster.leader()
    followers = [cluster.members[leader - 1], cluster.members[leader - 2]]
    backend = connect(",".join(member.endpoint for member in followers))
    backend.create("/a", "0")
    network = CommitFaults(backend.store)
    for txn in backend.txn():
        txn.update("/a", "1")
        network.plan = ["request"]
        cluster.members[leader].kill()
    # The commit was lost, and settled by another one.
    assert network.plan == []
    assert network.count >= 2
    assert backend.get("/a")[0] == "1"


@pytest.mark.long
def test_threads_switch_member_once(start: Start, connect: ConnectTo) -> None:
    """With two members, a second switch would lead back to the one that hangs."""
    hanging, other = start(), start()
    backend = connect(f"{hanging.endpoint},{other.endpoint}", timeout=10)
    backend.create("/a", "of the first")
    connect(other.endpoint).create("/a", "of the second")
    hanging.pause()
    with in_time(10), ThreadPoolExecutor(8) as threads:
        values = list(threads.map(lambda _: backend.get("/a")[0], range(8)))
    assert values == ["of the second"] * 8


def test_unreachable_member_causes_no_delay(start: Start, connect: ConnectTo) -> None:
    gone, other = start(), start()
    gone.stop()
    backend = connect(f"{gone.endpoint},{other.endpoint}")
    with in_time(LATE):
        assert backend.get("/a")[0] is None
