"""The databases that the proofs run on, and what a test may do to them behind the library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple, Protocol

import grpc
from pyetcd import etcdrpc

from ska_sdp_config.backends import Etcd3Backend, MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.committer import Budget, Committer, TokenCommitter
from ska_sdp_config.store.interface import Conflict, Delete, Guard, Query, Write
from ska_sdp_config.store.keys import Span
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.commit_faults import CommitFaults

from .reference import State, Stored

__all__ = [
    "EVERYTHING",
    "DatabaseUnderTest",
    "EtcdUnderTest",
    "MemoryUnderTest",
    "Network",
    "observe",
]

EVERYTHING = Span("\0", "\U0010ffff")
ALL_PATHS = Span("0", ":")


class Network(CommitFaults):
    """Commits of a client that are lost, and that it can give up at once.

    Attributes:
        impatience: whether the client gives up at once.
    """

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend.store)
        self.impatience = backend.committer = Impatient(backend.committer)


class Seconds(NamedTuple):
    """The same time for each call; see Budget."""

    left: float

    def next_call(self) -> float:
        return self.left


class Impatient:
    """Commits in almost no time; see Committer.

    Attributes:
        on: whether it is so impatient just now.
    """

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self.on = False

    def commit(
        self,
        guards: Sequence[Guard],
        writes: Sequence[Write],
        refetch: Sequence[Query],
        *,
        deadline: Budget,
    ) -> int | Conflict:
        budget = Seconds(0.04) if self.on else deadline
        return self._committer.commit(guards, writes, refetch, deadline=budget)


class DatabaseUnderTest(Protocol):
    """A database, and its clients.

    Attributes:
        loses_answers: whether commits can be lost on the way.
        at_once: whether it acts within the blink of an eye in which the impatient give up.
    """

    loses_answers: bool
    at_once: bool

    def connect(self) -> Backend:
        """Get a new client."""

    def network(self, client: Backend) -> Network:
        """Get what stands between a client and its database, from now on."""

    def clear(self) -> None:
        """Make it empty."""

    def compact(self) -> int:
        """Forget what was before the newest revision, and get that."""

    def disconnect(self) -> None:
        """Close all clients."""


class MemoryUnderTest:
    """The database of the process.

    Args:
        loses_answers: whether commits go through tokens and can be lost, as on a network.
    """

    def __init__(self, *, loses_answers: bool = False) -> None:
        self.loses_answers = loses_answers
        self.at_once = loses_answers
        self._database = Database()
        self._clients = ExitStack()

    def connect(self) -> Backend:
        client = self._clients.enter_context(MemoryBackend(self._database))
        if self.loses_answers:
            client.committer = TokenCommitter(client.store, client.client_lease)
        return client

    def network(self, client: Backend) -> Network:
        return Network(client)

    def clear(self) -> None:
        self._database.clear()

    def compact(self) -> int:
        with self._database.lock:
            self._database.compact(self._database.revision)
            return self._database.revision

    def disconnect(self) -> None:
        self._clients.close()


class EtcdUnderTest:
    """A real etcd."""

    loses_answers = True
    at_once = False

    def __init__(self, server: Etcd, channel: grpc.Channel) -> None:
        self._server = server
        self._kv: Any = etcdrpc.KVStub(channel)
        self._clients = ExitStack()

    @classmethod
    @contextmanager
    def on(cls, server: Etcd) -> Iterator[EtcdUnderTest]:
        with grpc.insecure_channel(f"{server.host}:{server.port}") as channel:
            yield cls(server, channel)

    def connect(self) -> Backend:
        return self._clients.enter_context(
            Etcd3Backend(host=self._server.host, port=self._server.port)
        )

    def network(self, client: Backend) -> Network:
        return Network(client)

    def clear(self) -> None:
        with Etcd3Backend(host=self._server.host, port=self._server.port) as client:
            client.store.commit([], [Delete(EVERYTHING)], timeout=20)

    def compact(self) -> int:
        # A put makes sure that the revision is none of a delete: that is a fault of etcd's own,
        # see test_found.py.
        put = self._kv.Put(etcdrpc.PutRequest(key=b"compacted"), timeout=30)
        revision: int = put.header.revision
        self._kv.Compact(etcdrpc.CompactionRequest(revision=revision), timeout=30)
        return revision

    def disconnect(self) -> None:
        self._clients.close()


def observe(client: Backend) -> tuple[int, State]:
    """Get the newest revision, and what is stored there at all paths."""
    reply = client.store.read([Query(ALL_PATHS)], timeout=20)
    state = {
        entry.key[entry.key.index("/") :]: Stored(
            entry.value, entry.created, entry.modified, entry.lease
        )
        for entry in reply.found[0] or ()
    }
    return reply.revision, state
