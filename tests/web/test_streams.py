"""Messages that wait for a viewer are bounded, however slow it is."""

from __future__ import annotations

import asyncio

import pytest

from ska_sdp_web import streams
from ska_sdp_web.model import Update
from ska_sdp_web.streams import MAX_WAITING_BYTES, Stream
from ska_sdp_web.topics import Topic

OVERVIEW, PBS = Topic("overview"), Topic("pbs")
ROWS = b"r" * (MAX_WAITING_BYTES // 4)


def take(stream: Stream) -> bytes:
    return asyncio.run(stream.take())


def test_only_the_newest_document_waits() -> None:
    stream = Stream([OVERVIEW])
    for number in range(1000):
        stream.put(Update(OVERVIEW, True, b"<%d>" % number))
        stream.put_general("connection", b"(%d)" % number)
    assert sorted(take(stream)) == sorted(b"<999>(999)")


def test_time_is_sent_with_other_messages_too(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream([OVERVIEW])
    stream.put(Update(OVERVIEW, True, b"one"))
    assert take(stream) == b"one"
    monkeypatch.setattr(streams, "ALIVE_INTERVAL_S", 0.0)
    stream.put(Update(OVERVIEW, True, b"two"))
    assert take(stream).startswith(b"twoevent: alive")


def test_rows_before_the_whole_table_are_dropped() -> None:
    stream = Stream([PBS])
    stream.put(Update(PBS, False, b"early"))
    stream.put(Update(PBS, True, b"whole,"))
    stream.put(Update(PBS, False, b"one,"))
    stream.put(Update(PBS, False, b"two"))
    assert take(stream) == b"whole,one,two"
    assert not stream.lagging


def test_too_many_waiting_rows_are_dropped_until_the_whole_table() -> None:
    stream = Stream([PBS])
    stream.put(Update(PBS, True, b"whole"))
    for _ in range(20):
        stream.put(Update(PBS, False, ROWS))
    assert stream.lagging == {PBS}
    assert b"event: alive" in take(stream)
    stream.put(Update(PBS, True, b"again,"))
    stream.put(Update(PBS, False, b"row"))
    assert take(stream) == b"again,row"


def test_large_whole_table_does_not_count_as_lagging() -> None:
    stream = Stream([PBS])
    stream.put(Update(PBS, True, b"w" * 2 * MAX_WAITING_BYTES))
    stream.put(Update(PBS, False, b"row"))
    assert not stream.lagging
