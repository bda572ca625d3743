"""Format of recordings: a JSON document a line.

The first line begins a snapshot: ``{"format": 1, "revision": …, "time": …, "cluster": …,
"prefix": …, "keys": …}``; earlier versions wrote no ``cluster`` and no ``prefix``. Lines with some
of its texts by path follow, ``{"revision": …, "time": …, "snapshot": {…}}``, until there are as
many as ``keys`` says. Then each line has all changes of one revision: ``{"revision": …, "time":
…, "changes": {…}}``, null for a deleted path. A line that has ``gap`` in place of ``format``
begins another snapshot: the changes after the revision ``gap`` were lost. ``time`` is that of the
receipt.

The documents are ASCII: bytes that are not UTF-8 are lone surrogates, which JSON escapes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from ska_sdp_config.live.values import is_json
from ska_sdp_config.lmc.times import iso, read_time

__all__ = ["Changes", "InvalidRecording", "Part", "Snapshot", "lines_of", "read_parts"]

FORMAT = 1

KEYS_PER_LINE = 200
"""Number of texts of a snapshot in a line."""

_LINE_ERRORS = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""Errors raised by a line that is not part of a recording."""

NO_RECORDING = 'is no recording: its first line is not {"format": 1, "revision": …}'


class InvalidRecording(ValueError):
    """A file is no recording, or a line of it is damaged. The message follows its name."""


class Snapshot(NamedTuple):
    """Contents of the database.

    Attributes:
        revision: the revision.
        time: time of receipt.
        texts: all texts by path.
        gap: last revision before lost changes; None at the beginning of a recording.
        cluster: ID of the cluster, empty if it is unknown.
        prefix: prefix of the recorded paths, None if it is unknown.
    """

    revision: int
    time: datetime
    texts: Mapping[str, str]
    gap: int | None = None
    cluster: str = ""
    prefix: str | None = None


class Changes(NamedTuple):
    """All changes of one revision: texts by path, None after a delete; see Snapshot."""

    revision: int
    time: datetime
    texts: Mapping[str, str | None]


Part = Snapshot | Changes


def lines_of(part: Part) -> Iterator[bytes]:
    """Yield the lines of a part."""
    stamp = {"revision": part.revision, "time": iso(part.time)}
    if isinstance(part, Changes):
        yield _line({**stamp, "changes": dict(part.texts)})
        return
    begin = {"format": FORMAT} if part.gap is None else {"gap": part.gap}
    origin: dict[str, Any] = {"cluster": part.cluster} if part.cluster else {}
    if part.prefix is not None:
        origin["prefix"] = part.prefix
    yield _line({**begin, **stamp, **origin, "keys": len(part.texts)})
    items = iter(sorted(part.texts.items()))
    while some := dict(islice(items, KEYS_PER_LINE)):
        yield _line({**stamp, "snapshot": some})


def read_parts(lines: Iterable[bytes]) -> Iterator[tuple[Part, int]]:
    """Yield the complete parts of a recording, each with the position of its end in bytes.

    An unfinished part at the end, which a killed process leaves, is left out.

    Raises:
        InvalidRecording: it is no recording, or a line is damaged; names the line.
    """
    end = 0
    begun: dict[str, Any] | None = None
    texts: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            if number == 1:
                _check_unfinished(line)
            return
        end += len(line)
        try:
            document = json.loads(line)
            if number == 1:
                _check_format(document)
            if "keys" in document:
                begun, texts = document, {}
            elif "snapshot" in document:
                texts.update(_texts(document["snapshot"], str))
            else:
                yield Changes(*_stamp(document), _texts(document["changes"], str | None)), end
            if begun is not None and len(texts) >= begun["keys"]:
                origin = str(begun.get("cluster") or ""), _prefix(begun)
                yield Snapshot(*_stamp(begun), texts, _gap(begun), *origin), end
                begun = None
        except InvalidRecording:
            raise
        except _LINE_ERRORS as exc:
            text = NO_RECORDING if number == 1 else f"is damaged in line {number}"
            raise InvalidRecording(text) from exc


def _line(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def _stamp(document: Mapping[str, Any]) -> tuple[int, datetime]:
    time = read_time(document["time"])
    if time is None:
        raise ValueError("its time is invalid")
    return int(document["revision"]), time


def _prefix(document: Mapping[str, Any]) -> str | None:
    prefix = document.get("prefix")
    if prefix is not None and not isinstance(prefix, str):
        raise TypeError("its prefix is no text")
    return prefix


def _gap(document: Mapping[str, Any]) -> int | None:
    gap = document.get("gap")
    if gap is not None and not isinstance(gap, int):
        raise TypeError("its gap is no revision")
    return gap


def _texts(value: Any, type_: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(each, type_) for each in value.values()):
        raise TypeError("its texts are no mapping of paths to texts")
    return value


def _check_format(document: Any) -> None:
    """Check the first line.

    Raises:
        InvalidRecording: it is that of another format.
    """
    found = document.get("format") if isinstance(document, dict) else None
    if not isinstance(found, int) or "keys" not in document:
        raise InvalidRecording(NO_RECORDING)
    if found != FORMAT:
        raise InvalidRecording(f"has format {found}, and this program reads {FORMAT}")


def _check_unfinished(line: bytes) -> None:
    """Check an unfinished first line: it must be a beginning of that of a recording.

    The file of another program must not be overwritten.

    Raises:
        InvalidRecording: it is not.
    """
    shape = re.sub(rb"\d+", b"1", line)
    begin = b'{"format":%d,' % FORMAT
    is_begin = line[: len(begin)] == begin[: len(line)] and any(
        shape[: len(each)] == each[: len(shape)] for each in _BEGINNINGS
    )
    if not is_begin:
        raise InvalidRecording(NO_RECORDING)
    text = line.decode(errors="replace")
    if is_json(text):
        # Only the end of the line is missing.
        _check_format(json.loads(text))


_BEGINNINGS = [
    b'{"format":1,"revision":1,"time":"1-1-1T1:1:1.1Z",' + field
    for field in (b'"cluster":"', b'"prefix":"', b'"keys":')
]
"""Possible beginnings of the first line, with 1 in place of each number."""
