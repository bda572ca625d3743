"""Store on an etcd cluster."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd import codec, limits
from ska_sdp_config.drivers.etcd.channel import MakeChannel
from ska_sdp_config.drivers.etcd.client import EtcdClient
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.drivers.etcd.watch import StoreWatch
from ska_sdp_config.store.connection import Connection
from ska_sdp_config.store.errors import LeaseNotFound
from ska_sdp_config.store.interface import (
    NEVER,
    Commit,
    Conflict,
    Entry,
    Guard,
    KeyAt,
    Put,
    Query,
    Reply,
    Sink,
    Watch,
    Write,
    leases_of,
)
from ska_sdp_config.store.keys import Span
from ska_sdp_config.store.paged_read import Left, read_in_calls

__all__ = ["EtcdStore"]


class EtcdStore:
    """Store on an etcd cluster, over either transport; see Store.

    Args:
        settings: endpoints and credentials.
        connection: receives requests, responses and failures.
        make_channel: creates channels of the transport.
    """

    def __init__(
        self, settings: Settings, connection: Connection, make_channel: MakeChannel
    ) -> None:
        self.address = settings.address
        self.timeout = settings.timeout
        self._etcd = EtcdClient(settings, connection, make_channel)
        self._watch = StoreWatch(self._etcd)

    @property
    def closed(self) -> bool:
        """Whether it was closed; see Store."""
        return self._etcd.closed

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        """Read; see Store."""
        return read_in_calls(
            lambda left: self._read(queries, revision, left), revision, timeout, self.address
        )

    def _read(self, queries: Sequence[Query], revision: int, left: Left) -> Reply:
        if not queries:
            newest = self._range(codec.newest_revision_request(), left())
            return Reply(revision or newest.header.revision, [])
        if len(queries) == 1:
            page = self._range(codec.range_request(queries[0], revision), left())
            revision = revision or page.header.revision
            return Reply(revision, [self._all_pages(queries[0], page, revision, left)])
        found: list[list[Entry] | None] = []
        for begin in range(0, len(queries), limits.MAX_RANGES_PER_CALL):
            some = queries[begin : begin + limits.MAX_RANGES_PER_CALL]
            request = codec.read_request(some, revision)
            response = self._etcd.call("KV", "Txn", request, left())
            # All further calls read at the revision of the first.
            revision = revision or response.header.revision
            for query, each in zip(some, response.responses, strict=True):
                found.append(self._all_pages(query, each.response_range, revision, left))
        return Reply(revision, found)

    def cluster_id(self, *, timeout: float) -> str:
        """Return the ID of the cluster; see Store."""
        newest = self._range(codec.newest_revision_request(), timeout)
        return f"{newest.header.cluster_id:x}"

    def commit(
        self,
        guards: Sequence[Guard],
        writes: Sequence[Write],
        refetch: Sequence[Query] = (),
        *,
        timeout: float,
    ) -> Commit | Conflict:
        """Commit; see Store."""
        request = codec.commit_request(guards, writes, refetch)
        try:
            response = self._etcd.call_once("KV", "Txn", request, timeout)
        except LeaseNotFound as exc:
            raise LeaseNotFound(*leases_of(writes)) from exc
        revision = response.header.revision
        if response.succeeded:
            return Commit(revision)
        pages = [each.response_range for each in response.responses]
        return Conflict(
            Reply(revision, [None if page.more else codec.entries(page) for page in pages])
        )

    def check_access(
        self, reads: Sequence[Query], writes: Sequence[Put], *, timeout: float
    ) -> None:
        """Check permissions and space; see Store.

        etcd checks both branches of a transaction, whichever is taken. The guard never holds, so
        that nothing is written and the call is idempotent.
        """
        request = codec.commit_request([KeyAt(writes[0].key, NEVER)], writes, reads)
        self._etcd.call("KV", "Txn", request, timeout)

    def watch(
        self, span: Span, from_revision: int, sink: Sink, *, is_lossless: bool = False
    ) -> Watch:
        """Watch; see Store."""
        return self._watch.add(span, from_revision, sink, is_lossless=is_lossless)

    def grant_lease(self, ttl: int, *, timeout: float) -> int:
        """Grant a lease; see Store."""
        request = etcdrpc.LeaseGrantRequest(TTL=ttl)
        lease: int = self._etcd.call("Lease", "LeaseGrant", request, timeout).ID
        return lease

    def keep_lease(self, lease: int, *, timeout: float) -> bool:
        """Keep a lease alive; see Store."""
        request = etcdrpc.LeaseKeepAliveRequest(ID=lease)
        left: int = self._etcd.call("Lease", "LeaseKeepAlive", request, timeout).TTL
        return left > 0

    def revoke_lease(self, lease: int, *, timeout: float) -> None:
        """Revoke a lease; see Store."""
        with suppress(LeaseNotFound):
            request = etcdrpc.LeaseRevokeRequest(ID=lease)
            self._etcd.call("Lease", "LeaseRevoke", request, timeout)

    def close(self) -> None:
        """Close; see Store."""
        self._etcd.close()
        self._watch.join()

    def _range(self, request: Any, timeout: float) -> Any:
        return self._etcd.call("KV", "Range", request, timeout)

    def _all_pages(self, query: Query, page: Any, revision: int, left: Left) -> list[Entry]:
        found = codec.entries(page)
        while page.more and not query.limit:
            page = self._range(
                codec.range_request(query, revision, page.kvs[-1].key + b"\0"), left()
            )
            found += codec.entries(page)
        return found
