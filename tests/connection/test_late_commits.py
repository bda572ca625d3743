"""A commit that the network holds back, and delivers when nobody waits for it any more."""

from __future__ import annotations

import re
import threading
import urllib.request

import pytest

from tests.connection.conftest import ConnectTo, Through
from tests.services.versions import NEWER_FIRST, EtcdOf
from tests.waiting import wait_until


def transactions_handled(server: EtcdOf) -> int:
    """How many transactions the server has answered, by its own count."""
    with urllib.request.urlopen(f"http://{server.endpoint}/metrics", timeout=30) as page:
        metrics = page.read().decode()
    name = r'grpc_server_started_total\{grpc_method="Txn",grpc_service="etcdserverpb.KV",[^}]*\}'
    found = re.search(rf"^{name} ([0-9.e+]+)$", metrics, re.MULTILINE)
    return int(float(found[1])) if found else 0


@pytest.mark.parametrize("delivered", ["before settling", "after settling"])
def test_request_is_held_back(
    server: EtcdOf, through: Through, connect: ConnectTo, delivered: str
) -> None:
    """Before it is settled it takes effect, once; afterwards it does not, and is no loss."""
    network = through(server)
    # Half of it for the commit, half to settle it.
    backend = connect(network.endpoint, timeout=6)
    other = connect(server.endpoint)
    backend.create("/n", "0")
    runs = 0
    for txn in backend.txn():
        runs += 1
        value = int(txn.get("/n") or 0)
        if runs == 1:
            # Another connection is not held back, and settles it.
            network.hold(up=True)
            if delivered == "before settling":
                threading.Timer(0.2, network.release).start()
        txn.update("/n", str(value + 1))
    assert runs == 1
    assert other.get("/n")[0] == "1"
    if delivered == "after settling":
        other.update("/n", "0")
        before = transactions_handled(server)
        # Not the word that the client gave up, which followed.
        network.deliver(2.0)
        wait_until(lambda: transactions_handled(server) > before, what="the late commit arrives")
        # Its guard of what it read would hold, if that of its token did not fail.
        assert other.get("/n")[0] == "0"


@pytest.mark.long
@NEWER_FIRST
@pytest.mark.parametrize("way", ["request", "answer"])
def test_commit_is_lost_for_good(
    server: EtcdOf, through: Through, connect: ConnectTo, way: str
) -> None:
    network = through(server)
    backend = connect(network.endpoint, timeout=4)
    backend.create("/n", "0")
    for number in range(1, 3):
        runs = 0
        for txn in backend.txn():
            runs += 1
            value = int(txn.get("/n") or 0)
            network.discard(up=way == "request", down=way == "answer")
            txn.update("/n", str(value + 1))
        assert runs == 1
        assert backend.get("/n")[0] == str(number)
