"""Databases under test, and their operations that bypass the library."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import ExitStack
from typing import Any

from pyetcd import etcdrpc

from ska_sdp_config.backends import Etcd3Backend, MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.committer import TokenCommitter
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.interface import Conflict, Delete, Query
from ska_sdp_config.store.keys import EVERYTHING, Span
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.cluster import raw
from tests.support.commit_faults import CommitFaults

from .reference import State, Stored

__all__ = [
    "DatabaseUnderTest",
    "EtcdUnderTest",
    "MemoryUnderTest",
    "Network",
    "observe",
]

ALL_PATHS = Span("0", ":")


class Network(CommitFaults):
    """Faults of the commits of a client, which can also time out at once.

    Attributes:
        is_impatient: whether commits time out at once.
    """

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend.store)
        self.is_impatient = False
        commit = backend.committer.commit

        def commit_in_time(*request: Any, **limit: Any) -> int | Conflict:
            if self.is_impatient:
                limit = {"deadline": Deadline(0.04, None, "an impatient client")}
            return commit(*request, **limit)

        backend.committer.commit = commit_in_time  # type: ignore[method-assign]


class DatabaseUnderTest(ABC):
    """Database and its clients.

    Attributes:
        loses_answers: whether commits can be lost.
        at_once: whether it commits within the timeout of an impatient client.
    """

    loses_answers = True
    at_once = False

    def __init__(self) -> None:
        self._clients = ExitStack()

    def connect(self) -> Backend:
        """Return a new client."""
        return self._clients.enter_context(self._client())

    def disconnect(self) -> None:
        """Close all clients."""
        self._clients.close()

    def clear(self) -> None:
        """Delete everything."""
        with self._client() as client:
            client.store.commit([], [Delete(EVERYTHING)], timeout=20)

    @abstractmethod
    def compact(self) -> int:
        """Compact the history up to the newest revision, and return that."""

    @abstractmethod
    def _client(self) -> Backend: ...


class MemoryUnderTest(DatabaseUnderTest):
    """Database in memory.

    Args:
        loses_answers: whether commits use tokens and can be lost, as on a network.
    """

    def __init__(self, *, loses_answers: bool = False) -> None:
        super().__init__()
        self.loses_answers = self.at_once = loses_answers
        self._database = Database()

    def clear(self) -> None:
        self._database.clear()

    def compact(self) -> int:
        with self._database.lock:
            self._database.compact(self._database.revision)
            return self._database.revision

    def _client(self) -> Backend:
        client = MemoryBackend(self._database)
        if self.loses_answers:
            client.committer = TokenCommitter(client.store, client.client_lease)
        return client


class EtcdUnderTest(DatabaseUnderTest):
    """Database of an etcd server."""

    def __init__(self, server: Etcd) -> None:
        super().__init__()
        self._server = server

    def compact(self) -> int:
        with raw(self._server.endpoint) as channel:
            kv = etcdrpc.KVStub(channel)
            # Not at the revision of a deletion, which has a fault in etcd: see test_found.py.
            put = kv.Put(etcdrpc.PutRequest(key=b"compacted"), timeout=30)
            revision: int = put.header.revision
            kv.Compact(etcdrpc.CompactionRequest(revision=revision), timeout=30)
        return revision

    def _client(self) -> Backend:
        return Etcd3Backend(host=self._server.host, port=self._server.port)


def observe(client: Backend) -> tuple[int, State]:
    """Return the newest revision and its state."""
    reply = client.store.read([Query(ALL_PATHS)], timeout=20)
    state = {
        entry.key[entry.key.index("/") :]: Stored(
            entry.value, entry.created, entry.modified, entry.lease
        )
        for entry in reply.found[0] or ()
    }
    return reply.revision, state
