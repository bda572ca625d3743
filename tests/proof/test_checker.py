"""Checker of histories."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from ska_sdp_config.engine.read_set import Reads
from ska_sdp_config.store.interface import Guard
from ska_sdp_config.store.keys import EVERYTHING
from tests.proof.work import run_threads
from tests.support.listing import Listing
from tests.support.logs import MemoryLog
from tests.support.serializability import Event, Record, check

from .databases import MemoryUnderTest


def wrote(name: str, revision: int, writes: dict[str, str | None], **more: object) -> Record:
    record = Record(name, float(revision), revision + 0.5, "committed", revision, mark=name)
    record.writes = {**writes, "/mark": name}
    vars(record).update(more)
    return record


def read(name: str, revision: int, **more: object) -> Record:
    record = Record(name, float(revision), revision + 0.5, "committed", revision)
    vars(record).update(more)
    return record


def log(*records: Record) -> list[Event]:
    return [
        Event(record.revision, path, value)
        for record in records
        for path, value in record.writes.items()
    ]


ONE = wrote("one", 2, {"/a": "1"})


def test_serializable_history_has_no_violation() -> None:
    two = wrote("two", 3, {"/a": "2", "/b": "x"}, values={"/a": "1", "/b": None})
    three = wrote(
        "three", 4, {"/a": None, "/no": None}, lists={Listing("/"): ["/a", "/b", "/mark"]}
    )
    reader = read("reader", 3, values={"/a": "2", "/b": "x"})
    failed = Record("failed", 3.0, 3.1, "failed", mark="failed")
    unknown = Record("unknown", 3.0, mark="unknown")
    records = [reader, failed, three, ONE, two, unknown]
    events = [event for event in log(ONE, two, three) if event.path != "/no"]
    assert check(records, events) == []


@pytest.mark.parametrize(
    ("records", "events", "violation"),
    [
        ([ONE, wrote("two", 3, {"/a": "2"}, values={"/a": None})], None, "two read None at /a"),
        ([ONE, read("two", 2, values={"/a": "0"})], None, "two read '0' at /a"),
        ([ONE, read("two", 2, lists={Listing("/"): ["/mark"]})], None, "two listed"),
        ([ONE], [], r"reports its commit at 2, not at \[\]"),
        ([ONE], [*log(ONE), Event(3, "/mark", "one")], "more than once"),
        ([ONE], [*log(ONE), Event(3, "/a", "stray")], "of no transaction"),
        ([ONE], log(ONE)[1:], "meant to write"),
        ([ONE], [*log(ONE), Event(2, "/b", "more")], "meant to write"),
        ([Record("f", 1.0, 2.0, "failed", mark="f")], [Event(2, "/mark", "f")], "failed, and"),
        (
            [ONE, wrote("two", 3, {"/a": "2"}), read("late", 2, began=5.0, values={"/a": "1"})],
            None,
            "late is of 2, but two had ended",
        ),
        (
            [Record("unknown", 1.0, mark="u", values={"/a": "x"}, writes={"/mark": "u"})],
            [Event(5, "/mark", "u")],
            "unknown read 'x'",
        ),
    ],
    ids=[
        "lost update",
        "read at another revision",
        "listing at another revision",
        "lost commit",
        "commit executed twice",
        "write without transaction",
        "partial commit",
        "additional write",
        "failure that took effect",
        "stale read",
        "wrong read of unknown outcome",
    ],
)
def test_violation_is_found(
    records: list[Record], events: list[Event] | None, violation: str
) -> None:
    (found,) = check(records, log(*records) if events is None else events)
    assert re.search(violation, found)


@pytest.mark.parametrize("kept", ["KeyAt", "NoneCreatedSince", ""])
def test_missing_guards_are_detected(kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    guards = Reads.guards

    def some(self: Reads) -> Iterator[Guard]:
        return (guard for guard in guards(self) if type(guard).__name__ == kept)

    monkeypatch.setattr(Reads, "guards", some)
    database, changes = MemoryUnderTest(), MemoryLog()
    clients = [database.connect() for _ in range(4)]
    clients[0].store.watch(EVERYTHING, 1, changes)
    records: list[Record] = []
    # The right two transactions have to meet, which takes a random time.
    for number in range(50):
        records += run_threads(clients, 100, f"{number}-")
        if check(records, changes.events):
            break
    else:
        pytest.fail("no violation was found")
    database.disconnect()
