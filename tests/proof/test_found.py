"""What the proofs have found, each in as few steps as show it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import grpc
import pytest
from pyetcd import etcdrpc

from ska_sdp_config.backends import Etcd3Backend
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.errors import LeaseNotFound
from ska_sdp_sim.stack.etcd import Etcd
from tests.backend.conftest import Connect, connect
from tests.in_time import in_time
from tests.support.backends import compact, put
from tests.support.watching import looping
from tests.waiting import LATE, wait_until

from .proxy import Proxy

__all__ = ["connect"]


def test_compaction_after_a_peek(connect: Connect) -> None:
    """A listing that met a compaction raised KeyError for what had been peeked at before."""
    one, other = connect(), connect()
    put(one, **{"a": "1", "a/x": "1"})
    for txn in one.txn():
        assert txn.peek_keys("/") == ["/a"]
        put(other, **{"a/x": "2"})
        compact(other)
        assert txn.list_keys("/", recurse=1) == ["/a", "/a/x"]


def test_ended_lease_of_a_write_is_not_the_clients(connect: Connect) -> None:
    """Naming a lease that had ended cost the client its own, and in time all that it owned."""
    backend, other = connect(), connect()
    own = backend.client_lease.current()
    lease = other.lease(ttl=60)
    lease.revoke()
    with pytest.raises(LeaseNotFound):  # noqa: PT012  the loop belongs to it
        for txn in backend.txn():
            txn.create("/a", "1", lease.id)
    assert not backend.client_lease.is_lost
    assert backend.client_lease.current() is own
    assert backend.store.keep_lease(own.id, timeout=5)


def test_reads_repeat_in_an_attempt_that_cannot_commit(connect: Connect) -> None:
    """After a compaction a listing with values replaced what had been read before."""
    one, other = connect(), connect()
    put(one, **{"a": "1", "a/x": "1"})
    runs = 0
    for txn in one.txn():
        runs += 1
        seen = txn.get("/a/x")
        if runs == 1:
            put(other, **{"a": "2", "a/x": "2"})
            compact(other)
        txn.list_values("/a/")
        assert txn.get("/a/x") == seen
    assert runs == 2


def test_change_is_heard_of_that_met_a_compaction_and_a_break(connect: Connect) -> None:
    """A watcher slept through a change if the body was left in the attempt that met it."""
    backend, other = connect(), connect()
    put(other, a="1")
    seen = []
    for watcher in Watcher(backend, lambda txn: txn, timeout=10):
        for txn in watcher.txn():
            seen.append(txn.get("/a"))
            if len(seen) == 1:
                put(other, a="2")
                compact(other)
            txn.get("/b")
            break
        if len(seen) == 2:
            break
    assert seen == ["1", "2"]


def test_delete_at_the_revision_of_a_compaction(etcd_server: Callable[..., Etcd]) -> None:
    """Before 3.5.15 etcd forgets a delete, if just its revision is compacted (its issue 19179).

    A watch that resumes from that revision is not told of the delete, nor of a gap. If it
    resumes one revision earlier, it is told of the gap.
    """
    server = etcd_server()

    def both(txn: Txn) -> tuple[str | None, str | None]:
        return txn.get("/a"), txn.get("/b")

    with (
        Proxy(server.host, server.port) as proxy,
        Etcd3Backend(host=proxy.host, port=proxy.port) as backend,
        Etcd3Backend(host=server.host, port=server.port) as other,
        grpc.insecure_channel(f"{server.host}:{server.port}") as channel,
        looping(backend, both) as loop,
    ):
        put(other, a="1")
        loop.saw(("1", None))
        with proxy.down():
            for txn in other.txn():
                txn.delete("/a")
                txn.create("/b", "1")
            revision = other.get("/b")[1].mod_revision
            etcdrpc.KVStub(channel).Compact(
                etcdrpc.CompactionRequest(revision=revision, physical=True)
            )
        with in_time(2 + LATE):
            wait_until(lambda: loop.turns[-1] == (None, "1"))


CLOSE_AND_PREPARE = """
from ska_sdp_config.drivers.etcd.grpc.channel import Channel
from ska_sdp_config.drivers.etcd.settings import Settings
channel = Channel(Settings.load(), "127.0.0.1:1")
channel.close()
try:
    channel.method("Watch", "Watch")
except ValueError as exc:
    print(exc)
"""


def test_call_on_a_channel_that_is_closed() -> None:
    """A watch that resumed while its Config was closed crashed the process, in gRPC."""
    run = subprocess.run([sys.executable, "-c", CLOSE_AND_PREPARE], check=False, stdout=-1)
    assert run.returncode == 0
    assert b"closed" in run.stdout
