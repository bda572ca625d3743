"""Commits that the network delivers after the client has timed out."""

from __future__ import annotations

import threading

import pytest

from tests.connection.conftest import ConnectTo
from tests.services.health import scrape
from tests.services.versions import NEWER_FIRST, EtcdOf
from tests.support.proxy import Proxy
from tests.support.waiting import wait_until


def transactions_handled(server: EtcdOf) -> float:
    """Return the number of transactions that the server has counted."""
    labels = {"grpc_method": "Txn", "grpc_service": "etcdserverpb.KV"}
    return scrape(server.endpoint).value("grpc_server_started_total", **labels)


@pytest.mark.parametrize("delivered", ["before settling", "after settling"])
def test_delayed_commit_takes_effect_at_most_once(
    server: EtcdOf, network: Proxy, connect: ConnectTo, delivered: str
) -> None:
    """It takes effect once if it arrives before the settlement, and not at all afterwards."""
    # Half of the timeout is for the commit, half for its settlement.
    backend = connect(network.endpoint, timeout=6)
    other = connect(server.endpoint)
    backend.create("/n", "0")
    for runs, txn in enumerate(backend.txn(), start=1):
        value = int(txn.get("/n") or 0)
        if runs == 1:
            # The settlement uses another connection, which is not held.
            network.hold(up=True)
            if delivered == "before settling":
                threading.Timer(0.2, network.release).start()
        txn.update("/n", str(value + 1))
    assert runs == 1
    assert other.get("/n")[0] == "1"
    if delivered == "after settling":
        other.update("/n", "0")
        before = transactions_handled(server)
        # Without the cancellation that the client sent later.
        network.deliver(2.0)
        wait_until(lambda: transactions_handled(server) > before, what="the late commit arrives")
        # The value that it read is there again: only the guard of its token fails.
        assert other.get("/n")[0] == "0"


@pytest.mark.long
@NEWER_FIRST
@pytest.mark.parametrize("lost", ["request", "answer"])
def test_lost_commit_is_settled(network: Proxy, connect: ConnectTo, lost: str) -> None:
    backend = connect(network.endpoint, timeout=4)
    backend.create("/n", "0")
    for number in range(1, 3):
        runs = 0
        for txn in backend.txn():
            runs += 1
            value = int(txn.get("/n") or 0)
            network.discard(up=lost == "request", down=lost == "answer")
            txn.update("/n", str(value + 1))
        assert runs == 1
        assert backend.get("/n")[0] == str(number)
