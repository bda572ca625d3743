"""Format of recordings: read back, damaged and unfinished ones."""

from __future__ import annotations

import io
import json
from datetime import datetime, timezone

import pytest

from ska_sdp_config.cli.recording.format import (
    KEYS_PER_LINE,
    Changes,
    InvalidRecording,
    Part,
    Snapshot,
    lines_of,
    read_parts,
)

TIME = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
PARTS: list[Part] = [
    Snapshot(7, TIME, {f"/k/{number:04}": "{}" for number in range(2 * KEYS_PER_LINE + 1)}),
    Changes(8, TIME, {"/a": "1", "/b": "no JSON\n\u2028é\udcff", "/c": None}),
    Changes(10, TIME, {"/a": None}),
    Snapshot(3, TIME, {}, 10, "cdf818194e3a8c32", "/t"),
    Changes(4, TIME, {"/a": ""}),
]


def content() -> bytes:
    return b"".join(line for part in PARTS for line in lines_of(part))


def parts_of(data: bytes) -> list[tuple[Part, int]]:
    return list(read_parts(io.BytesIO(data)))


def test_parts_are_read_back_with_their_ends() -> None:
    found = parts_of(content())
    assert [part for part, _ in found] == PARTS
    ends = [end for _, end in found]
    assert ends[-1] == len(content())
    for number, end in enumerate(ends, 1):
        assert parts_of(content()[:end]) == found[:number]


def test_each_line_is_an_ascii_document_with_revision_and_time() -> None:
    lines = content().decode("ascii").splitlines()
    documents = [json.loads(line) for line in lines]
    assert documents[0] == {
        "format": 1,
        "revision": 7,
        "time": "2026-01-31T12:00:00.000Z",
        "keys": 2 * KEYS_PER_LINE + 1,
    }
    assert all({"revision", "time"} <= each.keys() for each in documents)
    assert documents[-1]["changes"] == {"/a": ""}


def test_unfinished_end_is_left_out() -> None:
    """A process that is killed may end the file at any byte."""
    complete = parts_of(content())
    ends = [end for _, end in complete]
    first = range(content().index(b"\n") + 1)
    for length in {*first, *range(0, len(content()), 7), *(end - 1 for end in ends)}:
        found = parts_of(content()[:length])
        assert found == complete[: sum(end <= length for end in ends)]


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        b"{}\n",
        b'{"format": 1',
        b'{"format":1}',
        b'{"format":"another',
        b'{"format":12,"revision":1,"time":"2026-01-31T12:00:00.000Z"',
        b'{"format":1,"revision":1,"time":"2026-01-31T12:00:00.000Z","other":',
        b'{"format":1,"revision":1,"time":"2026-01-31T12:00:00.000Z","cluster":"a"}',
        b"[1]\n",
        b"no JSON\n",
        b'{"format": 2, "revision": 1, "keys": 0}\n',
        b'{"format": 1, "revision": 1, "time": "soon", "keys": 0}\n',
        content() + b"no JSON\n",
        content() + b'{"revision": 9}\n',
        content() + b'{"revision": 9, "time": "2026-01-31T12:00:00Z", "changes": 5}\n',
        content() + b"5\n",
        content() + b"[" * 100_000 + b"\n",
        content() + b'{"revision": 1e999, "time": "2026-01-31T12:00:00Z", "changes": {}}\n',
        content() + b'{"revision": 9, "time": "2026-01-31T12:00:00Z", "changes": {"/a": 5}}\n',
        content() + b'{"gap": "9", "revision": 9, "time": "2026-01-31T12:00:00Z", "keys": 0}\n',
    ],
)
def test_other_file_is_invalid(data: bytes) -> None:
    with pytest.raises(InvalidRecording):
        parts_of(data)


def test_damaged_line_is_named() -> None:
    lines = content().splitlines(keepends=True)
    lines[2] = b"\0" * 20 + b"\n"
    with pytest.raises(InvalidRecording, match="is damaged in line 3"):
        parts_of(b"".join(lines))
