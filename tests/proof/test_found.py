"""Regressions that the proofs have found, each in a minimal form."""

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
from tests.support.backends import Connect, compact, connect, put
from tests.support.in_time import in_time
from tests.support.proxy import Proxy
from tests.support.waiting import LATE, wait_until
from tests.support.watch_loops import looping

__all__ = ["connect"]


def test_listing_after_peek_and_compaction(connect: Connect) -> None:
    """A listing after a compaction raised KeyError for keys that had been peeked at before."""
    one, other = connect(), connect()
    put(one, **{"a": "1", "a/x": "1"})
    for txn in one.txn():
        assert txn.peek_keys("/") == ["/a"]
        put(other, **{"a/x": "2"})
        compact(other)
        assert txn.list_keys("/", recurse=1) == ["/a", "/a/x"]


def test_expired_lease_of_a_write_keeps_the_client_lease(connect: Connect) -> None:
    """A write with an expired lease cost the client its own lease, and so all keys of that."""
    backend, other = connect(), connect()
    own = backend.client_lease.current()
    lease = other.lease(ttl=60)
    lease.revoke()
    with pytest.raises(LeaseNotFound):  # noqa: PT012
        for txn in backend.txn():
            txn.create("/a", "1", lease.id)
    assert not backend.client_lease.is_lost
    assert backend.client_lease.current() is own
    assert backend.store.keep_lease(own.id, timeout=20)


def test_read_of_no_path_pins_no_revision(connect: Connect) -> None:
    """A read without paths, or of written paths only, cost a round trip and pinned a revision."""
    one, other = connect(), connect()
    put(one, a="1")
    for txn in one.txn():
        txn.delete("/b", must_exist=False)
        txn.create("/b", "1")
        assert txn.get_many([]) == {}
        assert txn.get_many(["/b"]) == {"/b": "1"}
        put(other, a="2")
        assert txn.get("/a") == "2"


def test_reads_are_repeatable_in_a_doomed_attempt(connect: Connect) -> None:
    """After a compaction, a listing with values replaced earlier reads."""
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


def test_change_is_detected_after_compaction_and_break(connect: Connect) -> None:
    """A watcher missed a change if its body was left in the attempt that it invalidated."""
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


def test_deletion_at_a_compacted_revision_is_detected(etcd_server: Callable[..., Etcd]) -> None:
    """Before 3.5.15, etcd loses a deletion if exactly its revision is compacted (issue 19179).

    A watch that resumes from that revision receives neither the deletion nor a compaction error.
    If it resumes one revision earlier, it receives the error.
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
        loop.expect(("1", None))
        with proxy.down():
            for txn in other.txn():
                txn.delete("/a")
                txn.create("/b", "1")
            revision = other.get("/b")[1].mod_revision
            etcdrpc.KVStub(channel).Compact(
                etcdrpc.CompactionRequest(revision=revision, physical=True)
            )
        with in_time(2 + LATE):
            wait_until(lambda: loop.results[-1] == (None, "1"))


CLOSE_AND_PREPARE = """
from ska_sdp_config.drivers.etcd.channel import ChannelClosed
from ska_sdp_config.drivers.etcd.grpc.channel import GrpcChannel
from ska_sdp_config.drivers.etcd.settings import Settings
channel = GrpcChannel(Settings.load(), "127.0.0.1:1")
channel.close()
try:
    channel.method("Watch", "Watch")
except ChannelClosed:
    print("closed")
"""


def test_call_on_a_closed_channel_is_rejected() -> None:
    """A watch that resumed while its Config was closed crashed the process in gRPC."""
    run = subprocess.run([sys.executable, "-c", CLOSE_AND_PREPARE], check=False, stdout=-1)
    assert run.returncode == 0
    assert b"closed" in run.stdout
