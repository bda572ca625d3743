"""Everything that the page shows: the live copy, and the documents of the topics followed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from itertools import groupby
from typing import NamedTuple, Protocol

from ska_sdp_config.live.received import Received
from ska_sdp_config.live.system import Applied, LiveSystem
from ska_sdp_web.documents.effect import Effect
from ska_sdp_web.documents.graph import DeploymentsOf
from ska_sdp_web.documents.kinds import KINDS
from ska_sdp_web.documents.log import Log
from ska_sdp_web.documents.objects import eb_document, object_document
from ska_sdp_web.documents.overview import Counts, overview_document
from ska_sdp_web.documents.subarray import SubarrayDocuments
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


class _Sent(NamedTuple):
    """Last message of a topic.

    Attributes:
        kind: ``whole``, ``gone`` or ``failed``.
        data: the document as JSON, empty if there is none.
        update: the message.
    """

    kind: str
    data: bytes
    update: Update


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
        self._on_timeline = on_timeline
        self._tables = {kind.topic: Table(kind, self.system) for kind in KINDS}
        self._counts = Counts(self.system)
        self._deployments = DeploymentsOf(self.system)
        self._log = Log()
        self._subarrays = SubarrayDocuments(
            self.system, self._deployments, self._log, examples or {}
        )
        self._parts: list[_Part] = [*self._tables.values(), self._counts, self._deployments]
        self._timelines: dict[str, Timeline] = {}
        self._followers: Counter[Topic] = Counter()
        self._sent: dict[Topic, _Sent] = {}
        self._wholes: dict[Topic, tuple[tuple[bytes, ...], Update]] = {}

    def follow(self, topics: Collection[Topic], now: datetime) -> None:
        """Begin to derive topics for one more viewer."""
        # All are counted before one can fail: when the viewer leaves, all are subtracted.
        self._followers.update(topics)
        for topic in topics:
            if topic.kind == "subarray" and topic.key not in self._timelines:
                self._make_timeline(topic.key, now)

    def unfollow(self, topic: Topic) -> None:
        """Derive a topic for one viewer less."""
        self._followers[topic] -= 1
        if self._followers[topic] <= 0:
            del self._followers[topic]
            self._sent.pop(topic, None)
            self._wholes.pop(topic, None)
            if topic.kind == "subarray":
                self._timelines.pop(topic.key, None)

    def whole(self, topic: Topic, now: datetime) -> Update | None:
        """Return the whole document of a topic.

        None before the first reading of the database, and for a table that is not complete: it
        follows.
        """
        if not self.system.revision:
            return None
        source = self._source(topic)
        if source is None:
            sent = self._sent.get(topic)
            return sent.update if sent is not None else self._derive(topic, now).update
        if isinstance(source, Table) and not source.is_complete:
            return None
        parts = source.parts()
        kept = self._wholes.get(topic)
        if kept is None or kept[0] is not parts:
            # All viewers that wait for it share one text.
            kept = self._wholes[topic] = parts, self._in_parts(topic, parts, now)
        return kept[1]

    def awaits_past(self, subarray_id: str, revision: int) -> bool:
        """Return whether a past that was requested is still of use. For any thread."""
        timeline = self._timelines.get(subarray_id)
        return timeline is not None and timeline.revision == revision

    def set_past(
        self,
        subarray_id: str,
        revision: int,
        begin: Begin,
        items: Iterable[Item],
        now: datetime,
    ) -> list[Update]:
        """Set the past of a timeline that was requested; return what follows."""
        # Another one was begun meanwhile, after a gap.
        if not self.awaits_past(subarray_id, revision):
            return []
        self._timelines[subarray_id].set_past(begin, items)
        return self._changed([Topic("subarray", subarray_id)], now)

    def set_past_failure(
        self, subarray_id: str, revision: int, error: str, now: datetime
    ) -> list[Update]:
        """Note that the past of a timeline could not be read; return what follows."""
        if not self.awaits_past(subarray_id, revision):
            return []
        self._timelines[subarray_id].set_failure(error)
        return self._changed([Topic("subarray", subarray_id)], now)

    def apply(self, received: Iterable[Received], now: datetime) -> list[Update]:
        """Apply what was received, oldest first; return the messages that follow."""
        effect = Effect()
        for _, group in groupby(received, lambda each: (type(each), each.revision)):
            # Revision by revision: a timeline has each obsState, also a short one.
            applied = self.system.apply(group, now)
            effect.add(applied)
            self._log.add(applied.changes)
            self._continue_timelines(applied, now)
        for part in self._parts:
            if effect.is_replaced:
                part.replace()
            elif effect.paths:
                part.update(effect.paths)
        updates = []
        for name in (*self._tables, "log"):
            updates += self._rows(Topic(name), now, is_replaced=effect.is_replaced)
        concerned = [
            topic
            for topic in self._followers
            if self._source(topic) is None
            and effect.concerns(topic, self._subarrays.drawn(topic.key))
        ]
        return updates + self._changed(concerned, now)

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

    def _source(self, topic: Topic) -> Table | Log | None:
        """Return the table or log of a topic, None for a topic with a small document."""
        return self._log if topic.kind == "log" else self._tables.get(topic.kind)

    def _followed_tables(self) -> list[tuple[Topic, Table]]:
        found = [(topic, self._tables.get(topic.kind)) for topic in self._followers]
        return [(topic, table) for topic, table in found if table is not None]

    def _rows(self, topic: Topic, now: datetime, *, is_replaced: bool) -> list[Update]:
        source = self._source(topic)
        assert source is not None
        rows = source.take_changes()
        is_incomplete = isinstance(source, Table) and not source.is_complete
        if topic not in self._followers or is_incomplete:
            return []
        if is_replaced:
            whole = self.whole(topic, now)
            return [whole] if whole is not None else []
        if rows is None:
            return []
        return [Update(topic, False, self._message("rows", topic, now, rows=rows))]

    def _in_parts(self, topic: Topic, parts: tuple[bytes, ...], now: datetime) -> Update:
        texts = [self._message("whole", topic, now, data=parts[0])]
        texts += [self._message("rows", topic, now, rows=part) for part in parts[1:]]
        return Update(topic, True, b"".join(texts))

    def _changed(self, topics: Iterable[Topic], now: datetime) -> list[Update]:
        """Return the documents that have changed since they were last sent."""
        updates = []
        for topic in topics:
            before = self._sent.get(topic)
            after = self._derive(topic, now)
            if before is None or before.update is not after.update:
                updates.append(after.update)
        return updates

    def _derive(self, topic: Topic, now: datetime) -> _Sent:
        """Derive a small topic; an unchanged one has the same message as before."""
        data, before = b"", self._sent.get(topic)
        try:
            found = self._data(topic)
        except Exception:
            # Whatever a program stores, the other topics are shown.
            if before is None or before.kind != "failed":
                LOGGER.exception("The topic %r cannot be derived; report it.", topic)
            kind = "failed"
        else:
            kind, data = ("gone", b"") if found is None else ("whole", found)
        if before is not None and (before.kind, before.data) == (kind, data):
            return before
        parts = {"data": data} if data else {}
        sent = _Sent(kind, data, Update(topic, True, self._message(kind, topic, now, **parts)))
        if topic in self._followers:
            self._sent[topic] = sent
        return sent

    def _message(self, kind: str, topic: Topic, now: datetime, **parts: bytes) -> bytes:
        name = f"{topic.kind}/{topic.key}" if topic.key else topic.kind
        return topic_message(kind, name, self.system.revision, now, **parts)

    def _data(self, topic: Topic) -> bytes | None:
        """Return the document of a topic as JSON, None if its object does not exist."""
        kind, key = topic
        overview = self.system.overview
        if overview is None or "/" in key:
            return None
        if kind == "overview":
            return encode(overview_document(self.system, overview, self._counts, self._address))
        rows = overview.subarrays
        if kind == "subarray":
            row = next((each for each in rows if each.subarray_id == key), None)
            timeline = self._timelines.get(key)
            if row is None or timeline is None:
                return None
            return encode(self._subarrays.document(row, timeline))
        if kind == "eb":
            document = eb_document(self.system, key, rows)
        else:
            of_kind = _KIND_OF[kind]
            document = object_document(
                self.system, of_kind, key, self._deployments, rows, self._prefix
            )
        return None if document is None else encode(document)

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
            if snapshot is not None:
                self._on_timeline(subarray_id, revision)
