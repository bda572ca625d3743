"""The store's terms in the JSON of etcd's gateway, and back.

Bytes are base64 there, 64-bit numbers are strings, and what has its default value is left out.
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
"""An object of JSON."""


def range_request(query: Query, revision: int = 0, begin: str | None = None) -> Json:
    """Get the request for a page of a query, from a key on."""
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
    """Get the request for the number of keys of a span."""
    return {**_span(span), "revision": str(revision), "count_only": True}


def written_since(span: Span, revision: int) -> Json:
    """Get the request for one of the keys of a span that were written at or after a revision."""
    return {
        **_span(span),
        "min_mod_revision": str(revision),
        "limit": "1",
        "keys_only": True,
    }


def revision_of(answer: Json) -> int:
    """Get the revision of the store that an answer is of."""
    return int(answer["header"]["revision"])


def entries(answer: Json) -> list[Entry]:
    """Get the entries of an answer to a range request."""
    return [_entry(kv) for kv in answer.get("kvs", ())]


def ranges(answer: Json) -> list[Json]:
    """Get the answers to the range requests of a transaction."""
    return [each.get("response_range", {}) for each in answer.get("responses", ())]


def changes(events: Iterable[Json]) -> list[Change]:
    """Get the changes that a watch tells of."""
    found = []
    for event in events:
        kv = event["kv"]
        entry = None if event.get("type") == "DELETE" else _entry(kv)
        found.append(Change(_decode(kv["key"]), int(kv["mod_revision"]), entry))
    return found


def compare(guard: Guard) -> Json:
    """Get the comparison that says what a guard says."""
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
    """Get the operation that a write is."""
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
    """Get the operations that read queries."""
    return [{"request_range": range_request(query, revision)} for query in queries]


def create_watch(span: Span, from_revision: int) -> Json:
    """Get the request to watch a span."""
    return {
        "create_request": {
            **_span(span),
            "start_revision": str(from_revision),
            # In pieces, a backlog stays below what the gateway may pass on.
            "fragment": True,
        }
    }


def _span(span: Span) -> Json:
    if not span.end:
        return {"key": _encode(span.begin)}
    # A zero byte is etcd's word for no end: others may use keys that are no text.
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
    # Others' data in a shared store may be no text, which is no reason to stop working.
    return b64decode(data).decode(errors="surrogateescape")
