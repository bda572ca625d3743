"""Topics of the event stream."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["MAX_TOPICS", "Topic", "parse_topic"]

MAX_TOPICS = 20
"""Number of topics that a stream may have."""

_WHOLE = ("overview", "pbs", "deployments", "flows", "log")
_WITH_ID = ("subarray", "pb", "eb", "deployment", "flow")


class Topic(NamedTuple):
    """A topic: its kind, and the ID of its object, empty for a kind without one."""

    kind: str
    key: str = ""


def parse_topic(text: str) -> Topic | None:
    """Return the topic of a text such as ``overview`` or ``pb/{id}``, None for another text."""
    kind, slash, key = text.partition("/")
    if kind in _WHOLE and not slash:
        return Topic(kind)
    return Topic(kind, key) if kind in _WITH_ID and key else None
