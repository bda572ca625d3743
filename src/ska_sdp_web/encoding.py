"""JSON of documents, and the messages of server-sent events."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import msgspec

from ska_sdp_config.lmc.times import iso

__all__ = ["bounded", "encode", "message", "text_of", "topic_message", "when"]

MAX_NESTING = 30
"""Maximum nesting of a value from the database; a deeper part is replaced by a text."""

TOO_DEEP = "(nested too deeply)"


def encode(value: Any) -> bytes:
    """Return the JSON text of a value, on one line."""
    try:
        return msgspec.json.encode(value)
    except (UnicodeError, OverflowError, msgspec.MsgspecError):
        # A lone surrogate, or an integer of more than 64 bits, in a value from the database.
        return json.dumps(value, separators=(",", ":"), default=_decoded).encode()


def _decoded(value: Any) -> Any:
    """Return a part that was encoded before."""
    if isinstance(value, msgspec.Raw):
        return json.loads(bytes(value))
    raise TypeError(f"{type(value).__name__} is no JSON value")


def message(kind: str, data: bytes) -> bytes:
    """Return a server-sent event."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)


def topic_message(kind: str, topic: str, revision: int, now: datetime, **parts: bytes) -> bytes:
    """Return the event of a topic.

    Args:
        kind: kind of the event.
        topic: the topic.
        revision: revision of the database.
        now: the time.
        parts: further fields, as JSON.
    """
    head = b'{"topic":%b,"revision":%d,"time":%b' % (encode(topic), revision, encode(iso(now)))
    rest = b"".join(b',"%b":%b' % (name.encode(), part) for name, part in parts.items())
    return message(kind, head + rest + b"}")


def when(time: datetime | None) -> str | None:
    """Format a time in ISO 8601, UTC; None if it is unknown."""
    return None if time is None else iso(time)


def text_of(value: Any) -> str:
    """Return a JSON value as text over several lines.

    A browser would change large numbers, and the order of keys that are numbers.
    """
    return json.dumps(bounded(value), ensure_ascii=False, indent=2)


def bounded(value: Any, depth: int = MAX_NESTING) -> Any:
    """Return a JSON value without the parts that are nested too deeply."""
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        return TOO_DEEP
    if isinstance(value, dict):
        return {key: bounded(part, depth - 1) for key, part in value.items()}
    return [bounded(part, depth - 1) for part in value]
