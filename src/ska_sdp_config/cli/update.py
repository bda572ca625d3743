"""``ska-sdp update``: replace the value of a key or object."""

from __future__ import annotations

import click

from ska_sdp_config.cli.confirmation import Confirmation
from ska_sdp_config.cli.edit import edit_value
from ska_sdp_config.cli.entry import (
    ALIASES_OF_CHANGEABLE,
    CHANGEABLE,
    check_changeable,
    print_differences,
    replace,
    usage,
)
from ska_sdp_config.cli.objects import PB_STATE
from ska_sdp_config.cli.options import DRY_RUN_VALUES, FORCE, FORCE_STATUS, YES, flag
from ska_sdp_config.cli.output import Printer
from ska_sdp_config.cli.session import check_connection
from ska_sdp_config.cli.source import argument_text, argument_value
from ska_sdp_config.cli.targets import Target, TargetGroup

__all__ = ["command"]


def _update(
    target: Target,
    value: str | None,
    edit: bool,
    yes: bool,
    dry_run: bool,
    out: Printer,
    prefix: str,
    force: bool = False,
) -> None:
    ctx = click.get_current_context()
    if edit:
        if value is not None:
            ctx.fail("Both a value and --edit: leave one of them out.")
        edit_value(target, yes, dry_run, out, prefix, force)
        return
    if value is None:
        raise click.MissingParameter(ctx=ctx, param_hint="'VALUE'", param_type="argument")
    if force and target.kind is None:
        text = argument_text(value)
    else:
        check_changeable(target, prefix)
        check_connection()
        from ska_sdp_config.cli.validity import stored_text

        what = f"The value for {target.entry}"
        text = stored_text(target.entry, argument_value(value, what), prefix)
    confirmation = Confirmation(yes=yes, dry_run=dry_run, quiet=out.quiet)
    differences = replace(target, text, prefix, confirmation, force=force)
    print_differences(differences, out, dry_run=dry_run)


command = TargetGroup(
    "update",
    _update,
    "Replace the value of {}",
    options=[
        flag("--edit", text="Edit the value in a text editor, as 'ska-sdp edit' does."),
        YES,
        DRY_RUN_VALUES,
    ],
    # Optional, as there is none with --edit.
    extra_arguments=[click.Argument(["value"], metavar="[VALUE]", required=False)],
    key_options=[FORCE],
    kind_options={PB_STATE: [FORCE_STATUS]},
    kinds=CHANGEABLE,
    aliases=ALIASES_OF_CHANGEABLE,
    usage=[*usage(" VALUE"), "[options] --edit (OBJECT [ID]|KEY)"],
    help="Replace the value of a key, or of an object, or only the state of an object; a missing "
    "state is created. pb means pb-state, as processing blocks are immutable. VALUE is JSON or "
    "YAML, @FILE, or - for standard input. On a terminal, an execution block that a subarray "
    "links and the state of a processing block that has a live owner are changed only after "
    "confirmation.",
)
