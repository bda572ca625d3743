"""Conversion between the types of the store and the JSON of etcd's gateway.

It is proto3 JSON: bytes are base64, 64-bit numbers are strings, and default values are omitted.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from typing import Any

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
    "Json",
    "changes",
    "compare",
    "count",
    "create_watch",
    "entries",
    "operation",
    "range_request",
    "ranges",
    "reads",
    "revision_of",
    "written_since",
]

Json = dict[str, Any]
"""JSON object."""


def range_request(query: Query, revision: int = 0, begin: str | None = None) -> Json:
    """Return the request for a page of a query, beginning at a key."""
    span = query.span
    if not span.end:
        return {"key": _encode(span.begin), "revision": str(revision)}
    return {
        **_span(Span(begin or span.begin, span.end)),
        "revision": str(revision),
        "limit": str(page_size(query)),
        "keys_only": query.keys_only,
    }


def count(span: Span, revision: int = 0) -> Json:
    """Return the request for the number of keys of a span."""
    return {**_span(span), "revision": str(revision), "count_only": True}


def written_since(span: Span, revision: int) -> Json:
    """Return the request for a key of a span written at or after a revision."""
    return {
        **_span(span),
        "min_mod_revision": str(revision),
        "limit": "1",
        "keys_only": True,
    }


def revision_of(answer: Json) -> int:
    """Return the revision of the store in a response."""
    return int(answer["header"]["revision"])


def entries(answer: Json) -> list[Entry]:
    """Return the entries of a response to a range request."""
    return [_entry(kv) for kv in answer.get("kvs", ())]


def ranges(answer: Json) -> list[Json]:
    """Return the responses to the range requests of a transaction."""
    return [each.get("response_range", {}) for each in answer.get("responses", ())]


def changes(events: Iterable[Json]) -> list[Change]:
    """Return the changes of watch events."""
    found = []
    for event in events:
        kv = event["kv"]
        entry = None if event.get("type") == "DELETE" else _entry(kv)
        found.append(Change(_decode(kv["key"]), int(kv["mod_revision"]), entry))
    return found


def compare(guard: Guard) -> Json:
    """Return the comparison that checks a guard."""
    if isinstance(guard, KeyAt):
        return {
            "key": _encode(guard.key),
            "target": "MOD",
            "result": "EQUAL",
            "mod_revision": str(guard.modified),
        }
    if isinstance(guard, Created):
        return {
            "key": _encode(guard.key),
            "target": "CREATE",
            "result": "EQUAL",
            "create_revision": str(guard.created),
        }
    if isinstance(guard, NoneCreatedSince):
        return {
            **_span(guard.span),
            "target": "CREATE",
            "result": "LESS",
            "create_revision": str(guard.revision + 1),
        }
    raise TypeError(f"Not a guard: {guard!r}")


def operation(write: Write) -> Json:
    """Return the operation of a write."""
    if isinstance(write, Put):
        return {
            "request_put": {
                "key": _encode(write.key),
                "value": _encode(write.value),
                "lease": str(write.lease or 0),
                "ignore_lease": write.lease is None,
            }
        }
    return {"request_delete_range": _span(write.span)}


def reads(queries: Sequence[Query], revision: int = 0) -> list[Json]:
    """Return the operations that read queries."""
    return [{"request_range": range_request(query, revision)} for query in queries]


def create_watch(span: Span, from_revision: int) -> Json:
    """Return the request to watch a span."""
    return {
        "create_request": {
            **_span(span),
            "start_revision": str(from_revision),
            # Without this, a large backlog exceeds the message limit of the gateway.
            "fragment": True,
        }
    }


def _span(span: Span) -> Json:
    if not span.end:
        return {"key": _encode(span.begin)}
    # A zero byte means no end to etcd, so keys that are not valid UTF-8 are included.
    end = "\0" if span == EVERYTHING else span.end
    return {"key": _encode(span.begin), "range_end": _encode(end)}


def _entry(kv: Json) -> Entry:
    return Entry(
        _decode(kv["key"]),
        _decode(kv.get("value", "")),
        int(kv["create_revision"]),
        int(kv["mod_revision"]),
        int(kv.get("lease", 0)),
    )


def _encode(text: str) -> str:
    return b64encode(text.encode(errors="surrogateescape")).decode("ascii")


def _decode(data: str) -> str:
    # Other programs may store binary data in a shared etcd.
    return b64decode(data).decode(errors="surrogateescape")
