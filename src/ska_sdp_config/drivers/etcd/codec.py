"""Conversion between the types of the store and etcd's protobuf messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pyetcd import etcdrpc

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
from ska_sdp_config.store.keys import EVERYTHING, Span

__all__ = [
    "changes",
    "compare",
    "create_watch",
    "data_of",
    "entries",
    "operation",
    "range_request",
    "read_request",
    "reads",
    "written_since",
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
        return etcdrpc.RangeRequest(key=data_of(span.begin), revision=revision)
    return etcdrpc.RangeRequest(
        key=begin or data_of(span.begin),
        range_end=data_of(span.end),
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


def compare(guard: Guard) -> Message:
    """Return the comparison that checks a guard."""
    if isinstance(guard, KeyAt):
        return etcdrpc.Compare(
            result=_EQUAL,
            target=_MODIFIED,
            key=data_of(guard.key),
            mod_revision=guard.modified,
        )
    if isinstance(guard, Created):
        return etcdrpc.Compare(
            result=_EQUAL,
            target=_CREATED,
            key=data_of(guard.key),
            create_revision=guard.created,
        )
    if isinstance(guard, NoneCreatedSince):
        return etcdrpc.Compare(
            result=_LESS,
            target=_CREATED,
            key=data_of(guard.span.begin),
            range_end=data_of(guard.span.end),
            create_revision=guard.revision + 1,
        )
    raise TypeError(f"Not a guard: {guard!r}")


def operation(write: Write) -> Message:
    """Return the operation of a write."""
    if isinstance(write, Put):
        return etcdrpc.RequestOp(
            request_put=etcdrpc.PutRequest(
                key=data_of(write.key),
                value=data_of(write.value),
                lease=write.lease or 0,
                ignore_lease=write.lease is None,
            )
        )
    return etcdrpc.RequestOp(
        request_delete_range=etcdrpc.DeleteRangeRequest(
            key=data_of(write.span.begin), range_end=data_of(write.span.end)
        )
    )


def reads(queries: Sequence[Query], revision: int = 0) -> list[Message]:
    """Return the operations that read queries."""
    return [etcdrpc.RequestOp(request_range=range_request(query, revision)) for query in queries]


def read_request(queries: Sequence[Query], revision: int = 0) -> Message:
    """Return the request for the first page of each query."""
    return etcdrpc.TxnRequest(success=reads(queries, revision))


def create_watch(span: Span, from_revision: int) -> Message:
    """Return the request to watch a span."""
    # A zero byte means no end to etcd, so keys that are not valid UTF-8 are included.
    end = b"\0" if span == EVERYTHING else data_of(span.end)
    return etcdrpc.WatchRequest(
        create_request=etcdrpc.WatchCreateRequest(
            key=data_of(span.begin), range_end=end, start_revision=from_revision
        )
    )


def written_since(span: Span, revision: int) -> Message:
    """Return the operation that finds a key of a span written at or after a revision.

    For all keys, it finds none without a search: the revision of the response shows the same.
    """
    end = b"" if span == EVERYTHING else data_of(span.end)
    return etcdrpc.RequestOp(
        request_range=etcdrpc.RangeRequest(
            key=data_of(span.begin),
            range_end=end,
            keys_only=True,
            limit=1,
            min_mod_revision=revision,
        )
    )


def data_of(text: str) -> bytes:
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
