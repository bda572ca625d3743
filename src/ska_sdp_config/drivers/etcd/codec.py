"""Conversion between the types of the store and etcd's protobuf messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd.fragments import request_fragments
from ska_sdp_config.drivers.etcd.limits import page_size
from ska_sdp_config.store.interface import (
    Change,
    Created,
    Entry,
    Guard,
    KeyAt,
    NoneCreatedSince,
    Put,
    Query,
    Write,
)

__all__ = [
    "changes",
    "commit_request",
    "entries",
    "newest_revision_request",
    "range_request",
    "read_request",
    "watch_request",
]

Message = Any
"""Protobuf message; the generated classes have no type hints."""

# Looking these up in the generated classes takes longer than building the comparison.
_EQUAL, _LESS = etcdrpc.Compare.EQUAL, etcdrpc.Compare.LESS
_MODIFIED, _CREATED = etcdrpc.Compare.MOD, etcdrpc.Compare.CREATE

_new = tuple.__new__


def range_request(query: Query, revision: int = 0, begin: bytes = b"") -> Message:
    """Return the request for a page of a query, beginning at a key."""
    span = query.span
    if not span.end:
        return etcdrpc.RangeRequest(key=_bytes(span.begin), revision=revision)
    return etcdrpc.RangeRequest(
        key=begin or _bytes(span.begin),
        range_end=_bytes(span.end),
        revision=revision,
        limit=page_size(query),
        keys_only=query.keys_only,
    )


def entries(response: Message) -> list[Entry]:
    """Return the entries of a response to a range request."""
    try:
        # Inlined: a page holds up to thousands of entries.
        return [
            _new(
                Entry,
                (
                    kv.key.decode(),
                    kv.value.decode(),
                    kv.create_revision,
                    kv.mod_revision,
                    kv.lease,
                ),
            )
            for kv in response.kvs
        ]
    except UnicodeDecodeError:
        return [_entry(kv) for kv in response.kvs]


def changes(events: Iterable[Message]) -> list[Change]:
    """Return the changes of watch events."""
    found = []
    for event in events:
        kv = event.kv
        entry = None if event.type else _entry(kv)
        found.append(Change(_text(kv.key), kv.mod_revision, entry))
    return found


def read_request(queries: Sequence[Query], revision: int = 0) -> Message:
    """Return the request for the first page of each query."""
    return etcdrpc.TxnRequest(success=_reads(queries, revision))


def commit_request(
    guards: Sequence[Guard], writes: Sequence[Write], refetch: Sequence[Query]
) -> Message:
    """Return the request to write if all guards hold, and to read otherwise."""
    return etcdrpc.TxnRequest(
        compare=[_compare(guard) for guard in guards],
        success=[_operation(write) for write in writes],
        failure=_reads(refetch),
    )


def watch_request(from_revision: int, *, in_parts: bool) -> Message:
    """Return the request to watch all keys, with large responses in parts if wanted."""
    # A zero byte means no end to etcd, so keys that are not valid UTF-8 are included.
    create = etcdrpc.WatchCreateRequest(key=b"\0", range_end=b"\0", start_revision=from_revision)
    if in_parts:
        request_fragments(create)
    return etcdrpc.WatchRequest(create_request=create)


def newest_revision_request() -> Message:
    """Return the request for the revision of the store only."""
    return etcdrpc.RangeRequest(key=b"0", count_only=True)


def _bytes(text: str) -> bytes:
    """Encode a key or a value, restoring bytes that are not valid UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def _entry(kv: Message) -> Entry:
    return Entry(_text(kv.key), _text(kv.value), kv.create_revision, kv.mod_revision, kv.lease)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        # Other programs may store binary data in a shared etcd.
        return data.decode(errors="surrogateescape")


def _reads(queries: Sequence[Query], revision: int = 0) -> list[Message]:
    return [etcdrpc.RequestOp(request_range=range_request(query, revision)) for query in queries]


def _compare(guard: Guard) -> Message:
    if isinstance(guard, KeyAt):
        return etcdrpc.Compare(
            result=_EQUAL,
            target=_MODIFIED,
            key=_bytes(guard.key),
            mod_revision=guard.modified,
        )
    if isinstance(guard, Created):
        return etcdrpc.Compare(
            result=_EQUAL,
            target=_CREATED,
            key=_bytes(guard.key),
            create_revision=guard.created,
        )
    if isinstance(guard, NoneCreatedSince):
        return etcdrpc.Compare(
            result=_LESS,
            target=_CREATED,
            key=_bytes(guard.span.begin),
            range_end=_bytes(guard.span.end),
            create_revision=guard.revision + 1,
        )
    raise TypeError(f"Not a guard: {guard!r}")


def _operation(write: Write) -> Message:
    if isinstance(write, Put):
        return etcdrpc.RequestOp(
            request_put=etcdrpc.PutRequest(
                key=_bytes(write.key),
                value=_bytes(write.value),
                lease=write.lease or 0,
                ignore_lease=write.lease is None,
            )
        )
    return etcdrpc.RequestOp(
        request_delete_range=etcdrpc.DeleteRangeRequest(
            key=_bytes(write.span.begin), range_end=_bytes(write.span.end)
        )
    )
