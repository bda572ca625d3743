"""Parts of large watch responses, joined to whole revisions.

etcd sends up to 1000 revisions in one response. Fragmented, each part that arrives shows that the
stream is alive, and the revisions that are complete are delivered without waiting for the rest.
But etcd recomputes the size of a part for each event, which takes seconds for thousands of events.
So parts are requested only after a stream that was too slow, or a response that was too large for
the server's gateway or for its client.

The generated messages are older than the fields, which are written and read as unknown fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.unknown_fields import UnknownFieldSet

__all__ = ["is_fragment", "request_fragments", "whole_revisions"]

FRAGMENT_REQUESTED = b"\x40\x01"
"""Encoded field 8 of WatchCreateRequest: ``fragment = true``."""

FRAGMENT_FIELD = 7
"""Number of the field ``fragment`` of WatchResponse."""


def request_fragments(create_request: Any) -> None:
    """Let a request to create a watch ask for large responses in parts."""
    create_request.MergeFromString(FRAGMENT_REQUESTED)


def is_fragment(response: Any) -> bool:
    """Return whether another part of a watch response follows."""
    # Newer generated messages know the field.
    if getattr(response, "fragment", False):
        return True
    fields = UnknownFieldSet(response)
    found = (fields[index] for index in range(len(fields)))
    return any(field.field_number == FRAGMENT_FIELD and bool(field.data) for field in found)


def whole_revisions(parts: Iterable[tuple[Any, bool]]) -> Iterator[Any]:
    """Yield watch responses with all events of their revisions, one for each part.

    Args:
        parts: responses, each with whether another part follows.
    """
    held: list[Any] = []
    for response, is_followed in parts:
        if held or is_followed:
            held += response.events
            count = _complete(held) if is_followed else len(held)
            del response.events[:]
            response.events.extend(held[:count])
            del held[:count]
        yield response


def _complete(events: list[Any]) -> int:
    """Return the number of events before those of the last revision, which may be incomplete."""
    count = len(events)
    while count and events[count - 1].kv.mod_revision == events[-1].kv.mod_revision:
        count -= 1
    return count
