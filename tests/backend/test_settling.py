"""Settlement of commits whose answer was lost."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ska_sdp_config.backend import CommitUnknown, ConfigConnectionError
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.committer import TokenCommitter
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.interface import Commit, Conflict, Put, Reply
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.backends import ConnectTo, put
from tests.support.commit_faults import CommitFaults
from tests.support.in_time import in_time, on_time
from tests.support.waiting import LATE


def increment(backend: Backend) -> int:
    """Increment a counter; return the number of runs of the body."""
    runs = 0
    for txn in backend.txn():
        runs += 1
        txn.update("/n", str(int(txn.get("/n") or "") + 1))
    return runs


def make_twins(backend: Backend) -> list[TokenCommitter]:
    """Return committers with equal token names, as in two copies of a virtual machine."""
    twins = [TokenCommitter(backend.store, backend.client_lease) for _ in range(2)]
    twins[1]._name = twins[0]._name
    return twins


@pytest.mark.parametrize(
    "plan",
    [
        ["answer"],
        ["request"],
        ["late"],
        ["answer", "answer"],
        ["answer", "request"],
        ["request", "answer"],
        ["late", "answer", "request"],
        ["request", "fine", "answer"],
        ["resent"],
        ["request", "resent", "resent"],
        ["request", "request", "resent", "fine"],
        ["applied when full"],
        ["request", "fine", "applied when full"],
    ],
    ids=" then ".join,
)
def test_lost_commit_takes_effect_once(
    etcd_backend: Backend, network: CommitFaults, plan: list[str]
) -> None:
    network.plan = list(plan)
    assert increment(etcd_backend) == 1
    assert not network.plan
    assert etcd_backend.get("/n")[0] == "1"
    assert increment(etcd_backend) == 1
    assert etcd_backend.get("/n")[0] == "2"


@pytest.mark.parametrize("fate", ["fine", "answer", "request"])
def test_commit_that_arrives_during_its_settlement_takes_effect_once(
    etcd_backend: Backend, network: CommitFaults, monkeypatch: pytest.MonkeyPatch, fate: str
) -> None:
    read = etcd_backend.store.read

    def read_and_deliver(*arguments: Any, **options: Any) -> Reply:
        reply = read(*arguments, **options)
        if network.held:
            assert isinstance(network.deliver(network.held.pop()), Commit)
        return reply

    monkeypatch.setattr(etcd_backend.store, "read", read_and_deliver)
    network.plan = ["late", fate]
    assert increment(etcd_backend) == 1
    assert not network.plan
    assert etcd_backend.get("/n")[0] == "1"
    assert increment(etcd_backend) == 1
    assert etcd_backend.get("/n")[0] == "2"


@pytest.mark.parametrize("is_first", [True, False], ids=["first commit", "later commit"])
def test_resent_commit_keeps_lease(
    etcd_backend: Backend, network: CommitFaults, is_first: bool
) -> None:
    lease = etcd_backend.client_lease.take()
    etcd_backend.delete("/owner", must_exist=False)
    etcd_backend.create("/owner", "1", lease)
    if is_first:
        # The token does not exist before its first commit.
        vars(etcd_backend.committer)["_free"].clear()
    network.plan = ["resent"]
    assert increment(etcd_backend) == 1
    assert etcd_backend.client_lease.current() is lease
    assert not etcd_backend.client_lease.is_lost
    assert etcd_backend.get("/owner")[0] == "1"
    # The token is still usable.
    assert increment(etcd_backend) == 1


def test_resent_conflict_is_conflict(etcd_backend: Backend, network: CommitFaults) -> None:
    for runs, txn in enumerate(etcd_backend.txn(), start=1):
        value = int(txn.get("/n") or "")
        if runs == 1:
            etcd_backend.update("/n", "5")
            network.plan = ["resent"]
        txn.update("/n", str(value + 1))
    assert (runs, etcd_backend.get("/n")[0]) == (2, "6")


def test_commit_that_arrives_after_settlement_has_no_effect(
    etcd_backend: Backend, network: CommitFaults
) -> None:
    network.plan = ["late"]
    increment(etcd_backend)
    etcd_backend.update("/n", "0")
    etcd_backend.update("/n", "7")
    outcome = network.deliver(network.held.pop())
    assert isinstance(outcome, Conflict)
    assert etcd_backend.get("/n")[0] == "7"


def test_late_commit_fails_although_reads_are_current(
    etcd_backend: Backend, network: CommitFaults
) -> None:
    network.plan = ["late", "fine"]
    assert increment(etcd_backend) == 1
    assert isinstance(network.deliver(network.held.pop()), Conflict)
    assert etcd_backend.get("/n")[0] == "1"


def test_unknown_outcome_raises_without_retry(own_etcd: Etcd, etcd_client: ConnectTo) -> None:
    with etcd_client(host=own_etcd.endpoint, timeout=3) as backend:
        put(backend, n="0")
        runs = 0
        with pytest.raises(CommitUnknown, match=r"127\.0\.0\.1.*not known"):  # noqa: PT012
            for txn in backend.txn():
                runs += 1
                txn.update("/n", str(int(txn.get("/n") or "") + 1))
                own_etcd.pause()
        assert runs == 1
        own_etcd.resume()
        assert backend.get("/n")[0] in ("0", "1")
        increment(backend)
        # A commit that was in transit has taken effect before, or never does.
        assert backend.get("/n")[0] in ("1", "2")
        before = int(backend.get("/n")[0] or "")
        increment(backend)
        assert backend.get("/n")[0] == str(before + 1)


@pytest.mark.parametrize("fate", ["request", "silence"])
def test_commit_that_never_arrives_times_out(
    etcd_backend: Backend, network: CommitFaults, fate: str
) -> None:
    """As with a proxy that drops large requests: each settlement proves the loss."""
    network.plan = [fate, "fine"] * 1000
    runs = 0
    usual, etcd_backend.store.timeout = etcd_backend.store.timeout, 2
    with in_time(2 + LATE), pytest.raises(ConfigConnectionError) as raised:  # noqa: PT012
        for txn in etcd_backend.txn():
            runs += 1
            txn.update("/n", "1")
    etcd_backend.store.timeout = usual
    # A settlement has at least a quarter of the timeout, too little on a loaded machine.
    on_time(not isinstance(raised.value, CommitUnknown), str(raised.value))
    assert re.search(r"within 2 s.*nothing was written", str(raised.value))
    assert runs == 1
    # There are pauses between the attempts.
    assert network.count < 60
    network.plan.clear()
    assert etcd_backend.get("/n")[0] == "0"
    assert increment(etcd_backend) == 1
    assert etcd_backend.get("/n")[0] == "1"


@pytest.mark.parametrize("carried_out", [False, True])
@pytest.mark.parametrize("settling", [False, True])
def test_interrupted_commit_keeps_lease(
    etcd_backend: Backend, network: CommitFaults, carried_out: bool, settling: bool
) -> None:
    """Its outcome is not known, so its token is not used again."""
    lease = etcd_backend.client_lease.current()
    fates = ["request"] if settling else []
    network.plan = [*fates, "interrupted late" if carried_out else "interrupted early"]
    with pytest.raises(KeyboardInterrupt):
        increment(etcd_backend)
    assert increment(etcd_backend) == 1
    assert etcd_backend.client_lease.current() is lease
    assert not etcd_backend.client_lease.is_lost
    assert etcd_backend.get("/n")[0] == str(1 + (carried_out and not settling))


@pytest.mark.parametrize("fate", ["fine", "request"])
def test_commit_of_twin_process_is_not_mistaken_for_own(
    etcd_backend: Backend, network: CommitFaults, fate: str
) -> None:
    twins = make_twins(etcd_backend)
    lease = etcd_backend.client_lease.take()
    for number, plan in enumerate(["fine", fate]):
        network.plan = [plan]
        deadline = Deadline(20, None, etcd_backend.address)
        twins[number].commit([], [Put("1/n", f"of {number}")], [], deadline=deadline)
        assert etcd_backend.get("/n")[0] == f"of {number}"
    assert etcd_backend.client_lease.current() is lease
    assert not etcd_backend.client_lease.is_lost
