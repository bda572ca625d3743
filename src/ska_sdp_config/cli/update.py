"""``ska-sdp update``: replace the value of a key or object."""

from __future__ import annotations

import click

from ska_sdp_config.cli.edit import edit_value
from ska_sdp_config.cli.entry import CHANGEABLE, check_changeable, replace, usage
from ska_sdp_config.cli.interrupts import defer_interrupts
from ska_sdp_config.cli.options import FORCE, flag
from ska_sdp_config.cli.output import Printer
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.cli.source import argument_text, argument_value
from ska_sdp_config.cli.targets import Target, TargetGroup

__all__ = ["command"]


def _update(
    target: Target,
    value: str | None,
    edit: bool,
    out: Printer,
    prefix: str,
    force: bool = False,
) -> None:
    ctx = click.get_current_context()
    if edit:
        if value is not None:
            ctx.fail("Both a value and --edit: leave one of them out.")
        edit_value(target, out, prefix, force)
        return
    if value is None:
        raise click.MissingParameter(ctx=ctx, param_hint="'VALUE'", param_type="argument")
    if force:
        text = argument_text(value)
    else:
        from ska_sdp_config.cli.validity import stored_text

        check_changeable(target, prefix)
        what = f"The value for {target.entry}"
        text = stored_text(target.entry, argument_value(value, what), prefix)
    with open_backend(defer_interrupts()) as backend:
        changes = replace(backend, target, text, prefix)
    out.changes(changes, 0 if changes else 1)


command = TargetGroup(
    "update",
    _update,
    "Replace the value of {}",
    options=[flag("--edit", text="Edit the value in a text editor, as 'ska-sdp edit' does.")],
    # Optional, as there is none with --edit.
    extra_arguments=[click.Argument(["value"], metavar="[VALUE]", required=False)],
    key_options=[FORCE],
    kinds=CHANGEABLE,
    usage=[*usage(" VALUE"), "[options] --edit (OBJECT [ID]|KEY)"],
    help="Replace the value of a key, or of an object, or only the state of an object; a missing "
    "state is created. VALUE is JSON or YAML, @FILE, or - for standard input.",
)
