"""``ska-sdp wait``: wait until a field has a value."""

from __future__ import annotations

from contextlib import closing

import click

from ska_sdp_config.cli.changes import Texts, changes
from ska_sdp_config.cli.condition import Condition
from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.options import TIMEOUT
from ska_sdp_config.cli.output import Entry, Printer
from ska_sdp_config.cli.targets import Target, TargetGroup

__all__ = ["command"]


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
