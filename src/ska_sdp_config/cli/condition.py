"""Condition of ``wait``: that a field has a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import click

from ska_sdp_config.cli import values
from ska_sdp_config.cli.output import Entry
from ska_sdp_config.cli.targets import Target

__all__ = ["Condition"]


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
            raise click.UsageError(f"Invalid condition {text!r}: expected FIELD=VALUE.")
        return cls(field, wanted)

    def find(self, target: Target, entries: Mapping[str, str | None]) -> Entry | None:
        """Return the entry that fulfils the condition: the state of an object, or its value.

        If both have the field, the state decides.
        """
        state = f"{target.path}/state"
        for path in [state, target.entry] if target.kind else [target.path]:
            text = entries.get(path)
            if text is None:
                continue
            found = values.look_up(values.read(text), self.field)
            if found is values.ABSENT:
                continue
            return Entry(path, text) if self._holds(found) else None
        return None

    def _holds(self, found: object) -> bool:
        wanted = values.read(self.wanted)
        # In Python True == 1, in JSON they differ.
        same = found == wanted and isinstance(found, bool) == isinstance(wanted, bool)
        return same or found == self.wanted
