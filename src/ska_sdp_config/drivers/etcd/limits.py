"""Sizes of requests to etcd, the same over gRPC and over the gateway."""

from __future__ import annotations

from ska_sdp_config.store.interface import Query

__all__ = ["MAX_RANGES_PER_CALL", "page_size"]

MAX_RANGES_PER_CALL = 100
"""Number of ranges read in one transaction; etcd's ``--max-txn-ops`` is 128 by default."""

VALUES_PER_PAGE = 2_000
KEYS_PER_PAGE = 20_000


def page_size(query: Query) -> int:
    """Return the maximum number of entries to request at a time."""
    return query.limit or (KEYS_PER_PAGE if query.keys_only else VALUES_PER_PAGE)
