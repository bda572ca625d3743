"""Store on etcd's JSON gateway."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from ska_sdp_config.drivers.etcd import limits
from ska_sdp_config.drivers.etcd.gateway import codec
from ska_sdp_config.drivers.etcd.gateway.gateway import Gateway
from ska_sdp_config.drivers.etcd.gateway.watch import Watches
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

__all__ = ["GatewayStore"]

NO_KEY = Span("0")
"""Key that is counted only to read the revision."""


class GatewayStore:
    """Store on an etcd cluster, over its JSON gateway; see Store."""

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self.address = settings.address
        self.timeout = settings.timeout
        self._gateway = Gateway(settings, connection)
        self._watches = Watches(self._gateway)

    @property
    def closed(self) -> bool:
        """Whether it was closed; see Store."""
        return self._gateway.closed

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        """Read; see Store."""
        return read_in_calls(
            lambda left: self._read(queries, revision, left), revision, timeout, self.address
        )

    def _read(self, queries: Sequence[Query], revision: int, left: Left) -> Reply:
        if len(queries) == 1:
            page = self._range(codec.range_request(queries[0], revision), left())
            revision = revision or codec.revision_of(page)
            return Reply(revision, [self._all_pages(queries[0], page, revision, left)])
        if not queries:
            answer = self._range(codec.count(NO_KEY), left())
            return Reply(revision or codec.revision_of(answer), [])
        found: list[list[Entry] | None] = []
        for begin in range(0, len(queries), limits.MAX_RANGES_PER_CALL):
            some = queries[begin : begin + limits.MAX_RANGES_PER_CALL]
            request = {"success": codec.reads(some, revision)}
            answer = self._gateway.call("kv/txn", request, left())
            # All further calls read at the revision of the first.
            revision = revision or codec.revision_of(answer)
            for query, page in zip(some, codec.ranges(answer), strict=True):
                found.append(self._all_pages(query, page, revision, left))
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
        request = {
            "compare": [codec.compare(guard) for guard in guards],
            "success": [codec.operation(write) for write in writes],
            "failure": codec.reads(refetch),
        }
        try:
            answer = self._gateway.call_once("kv/txn", request, timeout)
        except LeaseNotFound as exc:
            raise LeaseNotFound(*leases_of(writes)) from exc
        revision = codec.revision_of(answer)
        if answer.get("succeeded"):
            return Commit(revision)
        pages = codec.ranges(answer)
        return Conflict(
            Reply(revision, [None if page.get("more") else codec.entries(page) for page in pages])
        )

    def check_access(
        self, reads: Sequence[Query], writes: Sequence[Put], *, timeout: float
    ) -> None:
        """Check permissions and space; see Store, and Etcd3Store for how."""
        request = {
            "compare": [codec.compare(KeyAt(writes[0].key, NEVER))],
            "success": [codec.operation(write) for write in writes],
            "failure": codec.reads(reads),
        }
        self._gateway.call("kv/txn", request, timeout)

    def watch(self, span: Span, from_revision: int, sink: Sink) -> Watch:
        """Watch; see Store."""
        return self._watches.add(span, from_revision, sink)

    def grant_lease(self, ttl: int, *, timeout: float) -> int:
        """Grant a lease; see Store."""
        return int(self._gateway.call("lease/grant", {"TTL": str(ttl)}, timeout)["ID"])

    def keep_lease(self, lease: int, *, timeout: float) -> bool:
        """Keep a lease alive; see Store."""
        answer = self._gateway.call("lease/keepalive", {"ID": str(lease)}, timeout)
        return int(answer["result"].get("TTL", 0)) > 0

    def revoke_lease(self, lease: int, *, timeout: float) -> None:
        """Revoke a lease; see Store."""
        with suppress(LeaseNotFound):
            self._gateway.call("lease/revoke", {"ID": str(lease)}, timeout)

    def close(self) -> None:
        """Close; see Store."""
        self._gateway.close()
        self._watches.close()

    def _range(self, request: codec.Json, timeout: float) -> codec.Json:
        return self._gateway.call("kv/range", request, timeout)

    def _all_pages(self, query: Query, page: codec.Json, revision: int, left: Left) -> list[Entry]:
        found = codec.entries(page)
        while page.get("more"):
            following = found[-1].key + "\0"
            page = self._range(codec.range_request(query, revision, following), left())
            found += codec.entries(page)
        return found
