"""Change of the text at a path, as ``watch``, ``history`` and ``replay`` print it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from ska_sdp_config.live import values
from ska_sdp_config.lmc.entry import Entry
from ska_sdp_config.lmc.times import iso, read_time

__all__ = ["KeyChange", "describe", "document", "own_time", "time_column"]

MAX_LENGTH = 200
"""Number of characters of a value that a line shows."""

MAX_FIELDS = 12
"""Number of changed fields that a line shows."""

TIME_FIELDS = ("last_updated", "last_command_time", "last_command_milliseconds")
"""Fields that are shown only if no other has changed: the line begins with the time."""

TIME_WIDTH = len("2026-01-31T12:00:00.000Z")


FIRST_FIELDS = ("obsState", "last_command", "transaction_id")
"""Fields that are shown first, however many others there are."""


class KeyChange(NamedTuple):
    """Change of the text at a path.

    Attributes:
        path: the path.
        before: the text before, None if there was none.
        after: the text after, None after a delete.
        revision: revision of the database.
        time: the time to show, None if it is unknown.
    """

    path: str
    before: str | None
    after: str | None
    revision: int
    time: datetime | None = None


def own_time(text: str | None, before: str | None = None) -> datetime | None:
    """Return the time that a stored value has of its last write.

    Args:
        text: the text.
        before: the text before the write; a write that kept its time has none of its own.

    Returns:
        The time; None if there is none.
    """
    time = _stored_time(text)
    return None if time == _stored_time(before) else time


def _stored_time(text: str | None) -> datetime | None:
    value = None if text is None else values.read(text)
    if not isinstance(value, dict):
        return None
    # Entries store the milliseconds of the command in a field of their own.
    return read_time(value.get("last_updated")) or Entry.read(value).last_command_time


def time_column(time: datetime | None) -> str:
    """Format a time in a fixed width, blank if it is unknown."""
    return " " * TIME_WIDTH if time is None else iso(time)


def document(change: KeyChange) -> dict[str, Any]:
    """Return the form of a change in JSON and YAML."""
    sides = {"old": change.before, "new": change.after}
    read = {side: None if text is None else values.read(text) for side, text in sides.items()}
    return {"path": change.path, **read, "revision": change.revision}


def describe(change: KeyChange) -> str:
    """Describe a change in one line: ``created`` with the value, ``deleted``, or the fields."""
    if change.after is None:
        return "deleted"
    if change.before is None:
        return f"created {_cut(values.compact(_with_first_fields(change.after)))}"
    before, after = values.read(change.before), values.read(change.after)
    fields = list(_differences("", before, after))
    fields += _repeated_command(before, after, [name for name, _ in fields])
    shown = [(name, text) for name, text in fields if name not in TIME_FIELDS] or fields
    shown.sort(key=lambda field: _rank(field[0]))
    if not shown:
        return "written without a change"
    lines = [f"{name} {text}".lstrip() for name, text in shown]
    more = len(lines) - MAX_FIELDS
    return ", ".join([*lines[:MAX_FIELDS], *([f"{more} more fields"] if more > 0 else [])])


def _repeated_command(before: Any, after: Any, changed: list[str]) -> list[tuple[str, str]]:
    """Return the last command if it was sent again, so that it has not changed."""
    if "command_count" not in changed or "last_command" in changed or "last_command" not in after:
        return []
    return [("last_command", _cut(_format(after["last_command"])))]


def _with_first_fields(text: str) -> str:
    """Return a text with FIRST_FIELDS at its beginning."""
    value = values.read(text)
    if not isinstance(value, dict) or not value.keys() & set(FIRST_FIELDS):
        return text
    return json.dumps(
        dict(sorted(value.items(), key=lambda item: _rank(item[0]))), ensure_ascii=False
    )


def _rank(name: str) -> int:
    return FIRST_FIELDS.index(name) if name in FIRST_FIELDS else len(FIRST_FIELDS)


def _differences(name: str, before: Any, after: Any) -> Iterator[tuple[str, str]]:
    """Yield the dotted name and the change of each field that differs."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        # In Python True == 1, in JSON they differ.
        if json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True):
            yield from _replaced(name, before, after)
        return
    for key in [*after, *(key for key in before if key not in after)]:
        inner = f"{name}.{key}" if name else key
        if key not in before:
            yield inner, f"added {_cut(_format(after[key]))}"
        elif key not in after:
            yield inner, f"removed {_cut(_format(before[key]))}"
        else:
            yield from _differences(inner, before[key], after[key])


def _replaced(name: str, before: Any, after: Any) -> Iterator[tuple[str, str]]:
    """Yield the change of a value; if its sides were cut to equal texts, those of its elements."""
    old, new = _cut(_format(before)), _cut(_format(after))
    if old != new or not (isinstance(before, list) and isinstance(after, list)):
        yield name, f"{old} → {new}"
        return
    common = min(len(before), len(after))
    for number in range(common):
        yield from _differences(f"{name}[{number}]", before[number], after[number])
    for word, values_ in (("removed", before[common:]), ("added", after[common:])):
        for value in values_:
            yield name, f"{word} {_cut(_format(value))}"


def _format(value: Any) -> str:
    """Format a value: a word that is no JSON without quotes, anything else as JSON."""
    is_word = isinstance(value, str) and value and not any(each in value for each in ' ,"\n\t→')
    return (
        value if is_word and not values.is_json(value) else json.dumps(value, ensure_ascii=False)
    )


def _cut(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"
