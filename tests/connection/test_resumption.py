"""A watch goes on where it stood, whatever happens to its stream."""

from __future__ import annotations

import random
import threading

import pytest

from ska_sdp_config.backend.keys import EVERYTHING
from tests.backend.test_store_watch import Heard, commit, now
from tests.backend.test_transactions import compact
from tests.backend.test_watchers import looping
from tests.connection.conftest import ConnectTo, Through
from tests.connection.proxy import Proxy
from tests.connection.servers import EtcdOf
from tests.waiting import wait_until

PULSE = "ska_sdp_config.backend.etcd3.pulse"

REVISIONS = 900
VALUE = "x" * 8192


@pytest.fixture
def network(server: EtcdOf, through: Through) -> Proxy:
    """What stands between client and server."""
    return through(server)


def write_backlog(server: EtcdOf, connect: ConnectTo) -> int:
    """Write more than four mebibytes of history; give its first revision."""
    other = connect(server.endpoint)
    first = now(other) + 1
    for number in range(REVISIONS):
        commit(other, a=f"{number} {VALUE}")
    return first


def told_in_full(heard: Heard, first: int) -> bool:
    return [change.revision for change in heard.changes] == list(range(first, first + REVISIONS))


def test_backlog_over_four_mebibytes(server: EtcdOf, network: Proxy, connect: ConnectTo) -> None:
    first = write_backlog(server, connect)
    heard = Heard()
    connect(network.endpoint).store.watch(EVERYTHING, first, heard)
    wait_until(lambda: len(heard.changes) == REVISIONS)
    assert told_in_full(heard, first)
    assert not heard.gaps
    assert network.accepted == 1


def test_progress_that_overtakes_events_moves_nothing(
    server: EtcdOf, network: Proxy, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Progress is asked for all the time, and the stream is cut wherever it happens to be."""
    monkeypatch.setattr(f"{PULSE}.ASK_AFTER", -1.0)
    monkeypatch.setattr(f"{PULSE}.DOUBT_AFTER", 60.0)
    monkeypatch.setattr(f"{PULSE}.LOOK_EVERY", 0.005)
    first = write_backlog(server, connect)
    heard = Heard()
    backend = connect(network.endpoint)
    backend.get("/a")
    cuts = random.Random(7)
    pause = threading.Event()
    network.limit(30_000_000)
    backend.store.watch(EVERYTHING, first, heard)
    for _ in range(15):
        pause.wait(cuts.random() * 0.1)
        network.cut()
    network.limit(None)
    wait_until(lambda: len(heard.changes) >= REVISIONS)
    assert told_in_full(heard, first)
    assert not heard.gaps


def test_backlog_over_a_slow_line_comes_to_an_end(
    server: EtcdOf, network: Proxy, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no silence, as reads are answered; nor is it begun anew for ever.

    Either it comes through, or it is given up, and what it would have told is read.
    """
    monkeypatch.setattr(f"{PULSE}.ASK_AFTER", 0.1)
    monkeypatch.setattr(f"{PULSE}.DOUBT_AFTER", 0.4)
    monkeypatch.setattr(f"{PULSE}.SILENCE", 3.0)
    first = write_backlog(server, connect)
    backend = connect(network.endpoint)
    backend.get("/a")
    network.limit(4_000_000)
    heard = Heard()
    backend.store.watch(EVERYTHING, first, heard)
    wait_until(lambda: heard.gaps or len(heard.changes) == REVISIONS, within=20)
    assert told_in_full(heard, first) or heard.gaps == [first + REVISIONS - 1]
    told = len(heard.changes)
    commit(connect(server.endpoint), a="newest")
    wait_until(lambda: len(heard.changes) == told + 1)


@pytest.mark.parametrize("breaks", ["cut", "restart", "kill"])
def test_nothing_is_lost(server: EtcdOf, network: Proxy, connect: ConnectTo, breaks: str) -> None:
    backend, other = connect(network.endpoint), connect(server.endpoint)
    heard = Heard()
    first = now(backend) + 1
    backend.store.watch(EVERYTHING, first, heard)
    expected: list[tuple[str, str | None]] = []
    for number in range(4):
        if breaks == "cut":
            network.refuse(True)
            network.cut()
        elif breaks == "kill":
            server.kill()
            server.start()
        elif breaks == "restart":
            server.restart()
        for name in "ab":
            commit(other, **{name: str(number)})
            expected.append((f"1/{name}", str(number)))
        commit(other, a=None)
        expected.append(("1/a", None))
        network.refuse(False)
        heard.heard(*expected)
    assert not heard.gaps


def test_what_was_compacted_meanwhile_is_announced(
    server: EtcdOf, network: Proxy, connect: ConnectTo
) -> None:
    backend, other = connect(network.endpoint), connect(server.endpoint)
    commit(other, a="0")
    heard = Heard()
    backend.store.watch(EVERYTHING, now(backend) + 1, heard)
    with looping(connect(network.endpoint), lambda txn: txn.get("/a")) as loop:
        loop.saw("0")
        commit(other, a="1")
        heard.heard(("1/a", "1"))
        loop.saw("1")
        network.refuse(True)
        network.cut()
        for number in range(2, 20):
            commit(other, a=str(number))
        compact(other)
        network.refuse(False)
        wait_until(lambda: heard.gaps == [now(other)])
        loop.saw("19")
        commit(other, a="20")
        heard.heard(("1/a", "1"), ("1/a", "20"))
        loop.saw("20")
