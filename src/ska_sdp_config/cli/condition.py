"""Condition of ``wait``: that a field has a value, and what shows that it was mistyped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import click

from ska_sdp_config.cli.objects import locate
from ska_sdp_config.cli.output import Entry
from ska_sdp_config.cli.statuses import KNOWN_STATUSES
from ska_sdp_config.cli.suggestions import closest
from ska_sdp_config.cli.targets import Target
from ska_sdp_config.live import values
from ska_sdp_config.store.redaction import quoted_redacted

__all__ = ["Condition"]

MAX_FIELDS_NAMED = 30
"""Maximum number of fields in a message."""

MAX_VALUE_LENGTH = 200
"""Number of characters of a value in a message."""

Entries = Mapping[str, "str | None"]
"""Texts by path, None after a delete."""


class Condition(NamedTuple):
    """Condition that a field, of a dotted name, has a value, which is text or JSON."""

    field: str
    wanted: str

    @classmethod
    def read(cls, text: str) -> Condition:
        """Parse ``FIELD=VALUE``.

        Raises:
            UsageError: the text has another form.
        """
        field, equals, wanted = text.partition("=")
        if not field or not equals:
            raise click.UsageError(
                f"Invalid condition {quoted_redacted(text)}: expected FIELD=VALUE, "
                "e.g. status=FINISHED."
            )
        return cls(field, wanted)

    def find(self, target: Target, entries: Entries) -> Entry | None:
        """Return the entry that fulfils the condition: the state of an object, or its value.

        If both have the field, the state decides.
        """
        for path, value in _values(target, entries):
            found = values.look_up(value, self.field)
            if found is not values.ABSENT:
                return Entry(path, entries[path] or "") if self._holds(found) else None
        return None

    def present(self, target: Target, entries: Entries) -> str:
        """Return a sentence with the present value of the field."""
        stored = list(_values(target, entries))
        for path, value in stored:
            found = values.look_up(value, self.field)
            if found is not values.ABSENT:
                text = values.to_text(found)
                more = "…" if len(text) > MAX_VALUE_LENGTH else ""
                return f"At {path}, {self.field} is {text[:MAX_VALUE_LENGTH]}{more}."
        if not stored:
            return f"{target.absence}."
        return f"{stored[-1][0]} has no field {self.field!r}."

    def doubts(self, target: Target, entries: Entries, prefix: str) -> Iterator[str]:
        """Yield why the condition may never hold: an unknown field, or an unknown status.

        Nothing that is stored is wrong: other programs may write what is not known here.
        """
        stored = list(_values(target, entries))
        if stored and all(self._is_absent(value) for _, value in stored):
            names = self._siblings(target, stored, prefix)
            if self.field not in names:
                advice = _advice(self.field, names, "its fields are")
                yield f"{stored[-1][0]} has no field {self.field!r}: {advice}"
        place = locate(target.entry, prefix)
        known = KNOWN_STATUSES.get(place.kind, ()) if place and self.field == "status" else ()
        wanted = values.read(self.wanted)
        if known and wanted not in known and place is not None:
            advice = _advice(str(wanted), known, "known are")
            yield f"Unknown status {wanted!r} of {place.kind.about}: {advice}"

    def _is_absent(self, value: Any) -> bool:
        return values.look_up(value, self.field) is values.ABSENT

    def _siblings(self, target: Target, stored: list[tuple[str, Any]], prefix: str) -> list[str]:
        """Return the dotted names of the known fields beside the one of the condition."""
        from ska_sdp_config.cli.validity import known_fields

        parent, dot, _ = self.field.rpartition(".")
        names: dict[str, None] = {}
        for _, value in stored:
            beside = values.look_up(value, parent) if dot else value
            if isinstance(beside, dict):
                names |= dict.fromkeys(f"{parent}{dot}{name}" for name in beside)
        # A field that is not stored yet may be written later. One within such a field is unknown.
        modelled = [name for path in _paths(target) for name in known_fields(path, prefix)]
        first = self.field.partition(".")[0]
        if dot and not names and first in modelled:
            return [self.field]
        return [*names, *(name for name in modelled if name not in names and not dot)]

    def _holds(self, found: object) -> bool:
        wanted = values.read(self.wanted)
        # In Python True == 1, in JSON they differ.
        same = found == wanted and isinstance(found, bool) == isinstance(wanted, bool)
        return same or found == self.wanted


def _paths(target: Target) -> list[str]:
    """Return the paths whose values may have the field, the one that decides first."""
    return [f"{target.path}/state", target.entry] if target.kind else [target.path]


def _values(target: Target, entries: Entries) -> Iterator[tuple[str, Any]]:
    """Yield the paths that are stored, with their values."""
    for path in _paths(target):
        text = entries.get(path)
        if text is not None:
            yield path, values.read(text)


def _advice(word: str, names: list[str] | tuple[str, ...], introduction: str) -> str:
    meant = closest(word, names)
    question = f"did you mean {meant!r}? " if meant else ""
    if not names:
        return "it has no fields."
    more = ", …" if len(names) > MAX_FIELDS_NAMED else ""
    listed = ", ".join(names[:MAX_FIELDS_NAMED])
    text = f"{introduction} {listed}{more}."
    return f"{question}{text[0].upper() if question else text[0]}{text[1:]}"
