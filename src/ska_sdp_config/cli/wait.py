"""``ska-sdp wait``: wait until a field has a value."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import NamedTuple

import click

from ska_sdp_config.cli import values
from ska_sdp_config.cli.changes import Texts, changes
from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.options import TIMEOUT
from ska_sdp_config.cli.output import Entry, Printer
from ska_sdp_config.cli.targets import Target, TargetGroup

__all__ = ["Condition", "command"]


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


def _wait(target: Target, field: str, out: Printer, prefix: str, timeout: float | None) -> None:
    condition = Condition.read(field)
    entries: Texts = {}
    found: Entry | None = None
    with closing(changes(target, timeout, quiet=out.quiet, code=1)) as all_changes:
        for texts in all_changes:
            entries |= texts
            found = condition.find(target, entries)
            if found is not None:
                break
    if found is None:
        raise Failed("Stopped.")
    if not out.quiet:
        out.value(found)


command = TargetGroup(
    "wait",
    _wait,
    "Wait for a field of {}",
    options=[TIMEOUT],
    extra_arguments=[click.Argument(["field"], metavar="FIELD=VALUE")],
    usage=[
        "[options] OBJECT [ID] FIELD=VALUE",
        "[options] KEY FIELD=VALUE",
    ],
    help="Wait until a field has a value: a field of the state of an object, or else of its "
    "value. FIELD may be dotted, e.g. script.name; VALUE is text or JSON. The key need not exist "
    "yet. Exits with 0 when the field has the value, with 4 on timeout.",
)
