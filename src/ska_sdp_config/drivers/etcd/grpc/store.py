"""Store on etcd's gRPC API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd import limits
from ska_sdp_config.drivers.etcd.grpc import codec
from ska_sdp_config.drivers.etcd.grpc.connection import Etcd
from ska_sdp_config.drivers.etcd.grpc.watch import WatchStream
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.store.connection import Connection
from ska_sdp_config.store.interface import (
    NEVER,
    Commit,
    Conflict,
    Entry,
    Guard,
    KeyAt,
    LeaseNotFound,
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

__all__ = ["Etcd3Store"]


class Etcd3Store:
    """Store on an etcd cluster, over gRPC; see Store."""

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self.address = settings.address
        self.timeout = settings.timeout
        self._etcd = Etcd(settings, connection)
        self._watches = WatchStream(self._etcd)

    @property
    def closed(self) -> bool:
        """Whether it was closed; see Store."""
        return self._etcd.closed

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        """Read; see Store."""
        if len(queries) == 1 and not queries[0].span.end:
            # Most reads are of a single key, which fits a page.
            request = codec.range_request(queries[0], revision)
            page = self._etcd.call("KV", "Range", request, timeout)
            return Reply(revision or page.header.revision, [codec.entries(page)])
        return read_in_calls(
            lambda left: self._read(queries, revision, left), revision, timeout, self.address
        )

    def _read(self, queries: Sequence[Query], revision: int, left: Left) -> Reply:
        if len(queries) == 1:
            page = self._range(codec.range_request(queries[0], revision), left())
            revision = revision or page.header.revision
            return Reply(revision, [self._all_pages(queries[0], page, revision, left)])
        if not queries:
            return Reply(revision or self._newest_revision(left()), [])
        found: list[list[Entry] | None] = []
        for begin in range(0, len(queries), limits.MAX_RANGES_PER_CALL):
            some = queries[begin : begin + limits.MAX_RANGES_PER_CALL]
            request = codec.read_request(some, revision)
            response = self._etcd.call("KV", "Txn", request, left())
            # All further calls read at the revision of the first.
            revision = revision or response.header.revision
            for query, each in zip(some, response.responses, strict=True):
                page = each.response_range
                if page.more:
                    found.append(self._all_pages(query, page, revision, left))
                else:
                    found.append(codec.entries(page))
        return Reply(revision, found)

    def commit(
        self,
        guards: Sequence[Guard],
        writes: Sequence[Write],
        refetch: Sequence[Query] = (),
        *,
        timeout: float,
    ) -> Commit | Conflict:
        """Commit; see Store."""
        request = etcdrpc.TxnRequest(
            compare=[codec.compare(guard) for guard in guards],
            success=[codec.operation(write) for write in writes],
            failure=codec.reads(refetch),
        )
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
        request = etcdrpc.TxnRequest(
            compare=[codec.compare(KeyAt(writes[0].key, NEVER))],
            success=[codec.operation(write) for write in writes],
            failure=codec.reads(reads),
        )
        self._etcd.call("KV", "Txn", request, timeout)

    def watch(self, span: Span, from_revision: int, sink: Sink) -> Watch:
        """Watch; see Store."""
        return self._watches.add(span, from_revision, sink)

    def grant_lease(self, ttl: int, *, timeout: float) -> int:
        """Grant a lease; see Store."""
        request = etcdrpc.LeaseGrantRequest(TTL=ttl)
        lease: int = self._etcd.call("Lease", "LeaseGrant", request, timeout).ID
        return lease

    def keep_lease(self, lease: int, *, timeout: float) -> bool:
        """Keep a lease alive; see Store."""
        return self._etcd.keep_lease(lease, timeout)

    def revoke_lease(self, lease: int, *, timeout: float) -> None:
        """Revoke a lease; see Store."""
        try:
            request = etcdrpc.LeaseRevokeRequest(ID=lease)
            self._etcd.call("Lease", "LeaseRevoke", request, timeout)
        except LeaseNotFound:
            pass

    def close(self) -> None:
        """Close; see Store."""
        self._etcd.close()
        self._watches.join()

    def _newest_revision(self, timeout: float) -> int:
        request = etcdrpc.RangeRequest(key=b"0", count_only=True)
        revision: int = self._range(request, timeout).header.revision
        return revision

    def _range(self, request: Any, timeout: float) -> Any:
        return self._etcd.call("KV", "Range", request, timeout)

    def _all_pages(self, query: Query, page: Any, revision: int, left: Left) -> list[Entry]:
        """Return the entries of all pages, requesting each while the one before is decoded."""
        if not page.more:
            return codec.entries(page)
        found: list[Entry] = []
        while page.more:
            request = codec.range_request(query, revision, page.kvs[-1].key + b"\0")
            following = self._etcd.call_ahead("KV", "Range", request, left())
            found += codec.entries(page)
            page = following()
        return found + codec.entries(page)
