"""Everything that the page shows: the live copy, and the documents of the topics followed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import groupby
from typing import NamedTuple, Protocol

from ska_sdp_config.live.received import Received
from ska_sdp_config.live.system import Applied, LiveSystem
from ska_sdp_config.lmc.rows import SubarrayRow
from ska_sdp_web.documents.graph import DeploymentsOf
from ska_sdp_web.documents.kinds import KINDS
from ska_sdp_web.documents.log import Log
from ska_sdp_web.documents.objects import eb_document, object_document
from ska_sdp_web.documents.overview import Counts, overview_document
from ska_sdp_web.documents.subarray import subarray_document
from ska_sdp_web.documents.table import Table
from ska_sdp_web.documents.timeline import Begin, Item, Timeline
from ska_sdp_web.encoding import encode, topic_message
from ska_sdp_web.topics import Topic

__all__ = ["Model", "Update"]

ROWS_AT_ONCE = 500
"""Number of rows of a table that are made while other topics wait: some tens of milliseconds."""

LOGGER = logging.getLogger(__name__)

_KIND_OF = {kind.one: kind for kind in KINDS}


class _Part(Protocol):
    """Part that is derived from the live copy."""

    def replace(self) -> None:
        """Derive it again, from all texts."""

    def update(self, changed: Iterable[str]) -> None:
        """Derive again what depends on changed paths."""


class Update(NamedTuple):
    """Message for the viewers of a topic.

    Attributes:
        topic: the topic.
        is_whole: whether it replaces all earlier ones of the topic.
        text: the event.
    """

    topic: Topic
    is_whole: bool
    text: bytes


class Model:
    """Documents of the topics that viewers follow. Without I/O; for one thread.

    Args:
        prefix: prefix of all paths, for commands.
        address: address of the database.
        examples: example of the message of each command that has one.
        on_timeline: called with the ID of a subarray and a revision when the timeline of the
            subarray up to the revision is to be read; ``set_past`` takes the result.
    """

    def __init__(
        self,
        prefix: str = "",
        address: str = "",
        examples: Mapping[str, str] | None = None,
        on_timeline: Callable[[str, int], None] = lambda subarray_id, revision: None,
    ) -> None:
        self.system = LiveSystem()
        self._prefix, self._address = prefix, address
        self._examples = examples or {}
        self._on_timeline = on_timeline
        self._tables = {kind.topic: Table(kind, self.system) for kind in KINDS}
        self._counts = Counts(self.system)
        self._deployments = DeploymentsOf(self.system)
        self._parts: list[_Part] = [*self._tables.values(), self._counts, self._deployments]
        self._log = Log()
        self._timelines: dict[str, Timeline] = {}
        self._followers: Counter[Topic] = Counter()
        self._sent: dict[Topic, bytes | None] = {}

    def follow(self, topic: Topic, now: datetime) -> Update | None:
        """Begin to derive a topic for one more viewer; return its whole document.

        None if it cannot be derived yet: it follows.
        """
        self._followers[topic] += 1
        if topic.kind == "subarray" and topic.key not in self._timelines:
            self._make_timeline(topic.key, now)
        return self.whole(topic, now)

    def unfollow(self, topic: Topic) -> None:
        """Derive a topic for one viewer less."""
        self._followers[topic] -= 1
        if self._followers[topic] <= 0:
            del self._followers[topic]
            self._sent.pop(topic, None)
            if topic.kind == "subarray":
                self._timelines.pop(topic.key, None)

    def whole(self, topic: Topic, now: datetime) -> Update | None:
        """Return the whole document of a topic.

        None before the first reading of the database, and for a table that is not complete.
        """
        table = self._tables.get(topic.kind)
        if not self.system.revision or (table is not None and not table.is_complete):
            return None
        data = self._data(topic)
        if topic in self._followers and topic.kind not in (*self._tables, "log"):
            self._sent[topic] = data
        return self._update(topic, data, now)

    def set_past(
        self,
        subarray_id: str,
        revision: int,
        begin: Begin,
        items: Iterable[Item],
        now: datetime,
    ) -> list[Update]:
        """Set the past of a timeline that was requested; return what follows."""
        timeline = self._timelines.get(subarray_id)
        # Another one was begun meanwhile, after a gap.
        if timeline is None or timeline.revision != revision:
            return []
        timeline.set_past(begin, items)
        return self._changed([Topic("subarray", subarray_id)], now)

    def apply(self, received: Iterable[Received], now: datetime) -> list[Update]:
        """Apply what was received, oldest first; return the messages that follow."""
        is_replaced = False
        changed: set[str] = set()
        for _, group in groupby(received, lambda each: (type(each), each.revision)):
            # Revision by revision: a timeline has each obsState, also a short one.
            applied = self.system.apply(group, now)
            is_replaced = is_replaced or applied.is_replaced
            changed |= applied.paths
            self._log.add(applied.changes)
            self._continue_timelines(applied, now)
        for part in self._parts:
            if is_replaced:
                part.replace()
            elif changed:
                part.update(changed)
        updates = []
        for name in (*self._tables, "log"):
            updates += self._rows(Topic(name), now, is_replaced=is_replaced)
        small = [topic for topic in self._followers if topic.kind not in (*self._tables, "log")]
        return updates + self._changed(small, now)

    @property
    def is_incomplete(self) -> bool:
        """Whether a table that is followed has missing rows, which ``advance`` makes."""
        tables = [table for _, table in self._followed_tables()]
        return bool(self.system.revision) and not all(each.is_complete for each in tables)

    def advance(self, now: datetime) -> list[Update]:
        """Make some rows of the tables that are followed; return those that are complete now."""
        updates = []
        for topic, table in self._followed_tables():
            if self.system.revision and not table.is_complete:
                table.advance(ROWS_AT_ONCE)
                table.take_changes()
                whole = self.whole(topic, now)
                if whole is not None:
                    updates.append(whole)
        return updates

    def _followed_tables(self) -> list[tuple[Topic, Table]]:
        return [
            (topic, self._tables[topic.kind])
            for topic in self._followers
            if topic.kind in self._tables
        ]

    def _rows(self, topic: Topic, now: datetime, *, is_replaced: bool) -> list[Update]:
        table = self._tables.get(topic.kind)
        rows = (table or self._log).take_changes()
        if topic not in self._followers or (table is not None and not table.is_complete):
            return []
        if is_replaced:
            whole = self.whole(topic, now)
            return [whole] if whole is not None else []
        if rows is None:
            return []
        name, revision = topic.kind, self.system.revision
        return [Update(topic, False, topic_message("rows", name, revision, now, rows=rows))]

    def _changed(self, topics: Iterable[Topic], now: datetime) -> list[Update]:
        """Return the documents that have changed since they were last sent."""
        updates = []
        for topic in topics:
            data = self._data(topic)
            if topic not in self._sent or self._sent[topic] != data:
                self._sent[topic] = data
                updates.append(self._update(topic, data, now))
        return updates

    def _update(self, topic: Topic, data: bytes | None, now: datetime) -> Update:
        name = f"{topic.kind}/{topic.key}" if topic.key else topic.kind
        if data is None:
            return Update(topic, True, topic_message("gone", name, self.system.revision, now))
        text = topic_message("whole", name, self.system.revision, now, data=data)
        return Update(topic, True, text)

    def _data(self, topic: Topic) -> bytes | None:
        """Return the document of a topic as JSON, None if its object does not exist."""
        try:
            return self._derive(topic)
        except Exception:
            # Whatever a program stores, the other topics are shown.
            LOGGER.exception("The topic %s cannot be derived; report it.", topic)
            return self._sent.get(topic)

    def _derive(self, topic: Topic) -> bytes | None:
        kind, key = topic
        if kind in self._tables:
            return self._tables[kind].document()
        if kind == "log":
            return self._log.document()
        overview = self.system.overview
        if overview is None:
            return None
        if kind == "overview":
            return encode(overview_document(self.system, overview, self._counts, self._address))
        if kind == "subarray":
            return self._subarray(key, overview.subarrays)
        document = (
            eb_document(self.system, key, overview.subarrays)
            if kind == "eb"
            else object_document(
                self.system,
                _KIND_OF[kind],
                key,
                self._deployments,
                overview.subarrays,
                self._prefix,
            )
        )
        return None if document is None else encode(document)

    def _subarray(self, key: str, rows: Iterable[SubarrayRow]) -> bytes | None:
        row = next((each for each in rows if each.subarray_id == key), None)
        timeline = self._timelines.get(key)
        if row is None or timeline is None:
            return None
        return encode(
            subarray_document(
                self.system, row, timeline, self._deployments, self._log, self._examples
            )
        )

    def _continue_timelines(self, applied: Applied, now: datetime) -> None:
        for topic in [topic for topic in self._followers if topic.kind == "subarray"]:
            timeline = self._timelines.get(topic.key)
            if timeline is None or applied.is_replaced:
                self._make_timeline(topic.key, now)
            elif topic.key in applied.subarrays:
                snapshot = self.system.snapshots.get(topic.key)
                timeline.update(snapshot, self.system.revision, now)

    def _make_timeline(self, subarray_id: str, now: datetime) -> None:
        if self.system.revision:
            snapshot = self.system.snapshots.get(subarray_id)
            revision = self.system.revision
            self._timelines[subarray_id] = Timeline(snapshot, revision, now)
            self._on_timeline(subarray_id, revision)
