"""``ska-sdp wait``: wait until a field has a value."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from importlib import import_module

import click

from ska_sdp_config.cli.changes import Texts, changes
from ska_sdp_config.cli.condition import Condition
from ska_sdp_config.cli.errors import Failed, TimedOut
from ska_sdp_config.cli.options import TIMEOUT
from ska_sdp_config.cli.output import Entry, Printer, note
from ska_sdp_config.cli.session import check_connection
from ska_sdp_config.cli.targets import Target, TargetGroup
from ska_sdp_config.store.redaction import quoted_redacted

__all__ = ["command"]


def _wait(
    target: Target, field: Sequence[str], out: Printer, prefix: str, timeout: float | None
) -> None:
    if not field:
        ctx = click.get_current_context()
        raise click.MissingParameter(ctx=ctx, param_hint="'FIELD=VALUE'", param_type="argument")
    first, *more = field
    name, equals, wanted = first.partition("=")
    if more and name and wanted:
        raise click.UsageError(
            f"Unexpected {quoted_redacted(' '.join(more))} after {quoted_redacted(first)}: "
            "quote a value with spaces."
        )
    if more and (more[0].startswith("=") or equals):
        raise click.UsageError(
            f"Invalid condition {quoted_redacted(' '.join(field))}: expected FIELD=VALUE without "
            "spaces, e.g. status=FINISHED."
        )
    condition = Condition.read(" ".join(field))
    if not out.quiet:
        check_connection()
        # Before the timeout begins: doubts needs it, its import takes long, and a command that
        # does not end soon after its timeout is killed without the present value.
        import_module("ska_sdp_config.cli.validity")
    entries: Texts = {}
    found: Entry | None = None
    with closing(changes(target, timeout, quiet=out.quiet, code=1)) as all_changes:
        try:
            for number, texts in enumerate(all_changes):
                entries |= texts
                found = condition.find(target, entries)
                if found is not None:
                    break
                if not (number or out.quiet):
                    for doubt in condition.doubts(target, entries, prefix):
                        note(f"Warning: {doubt} Waiting nevertheless.")
        except TimedOut as exc:
            raise TimedOut(f"{exc} {condition.present(target, entries)}") from exc
    if found is None:
        raise Failed("Stopped.")
    if not out.quiet:
        out.value(found)


command = TargetGroup(
    "wait",
    _wait,
    "Wait for a field of {}",
    options=[TIMEOUT],
    # Several words, and optional, so that the error on "status FINISHED" or on a missing ID can
    # say what is wrong.
    extra_arguments=[click.Argument(["field"], nargs=-1, metavar="FIELD=VALUE")],
    usage=[
        "[options] OBJECT [ID] FIELD=VALUE",
        "[options] KEY FIELD=VALUE",
    ],
    help="Wait until a field has a value: a field of the state of an object, or else of its "
    "value. FIELD may be dotted, e.g. script.name; VALUE is text or JSON. The key need not exist "
    "yet. A field or a status that is not known gives a warning. Exits with 0 when the field has "
    "the value, with 4 on timeout; the message has the present value.",
)
