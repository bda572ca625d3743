"""``ska-sdp import``: import script definitions from a file or a URL."""

from __future__ import annotations

import click

from ska_sdp_config.cli.errors import Failed
from ska_sdp_config.cli.group import HELP, Group
from ska_sdp_config.cli.objects import SCRIPT
from ska_sdp_config.cli.options import ATOMIC, COMMON, DRY_RUN, SYNC
from ska_sdp_config.cli.output import Change
from ska_sdp_config.cli.printers import make_printer

__all__ = ["command"]


def _definitions(source: str) -> dict[str, str]:
    """Read and validate the whole file.

    Raises:
        Failed: it cannot be read, or is invalid.
    """
    from ska_sdp_config.cli.documents import parse
    from ska_sdp_config.cli.script_file import read_definitions
    from ska_sdp_config.cli.source import read_text

    text = read_text(source)
    try:
        return read_definitions(parse(text))
    except ValueError as exc:
        raise Failed(f"{source} was rejected, nothing was changed: {exc}.") from exc


def _import_scripts(
    source: str,
    prefix: str,
    sync: bool,
    dry_run: bool,
    atomic: bool,
    output: str | None,
    quiet: bool,
) -> None:
    from ska_sdp_config.cli.bulk import Goal
    from ska_sdp_config.cli.execute import execute_goal, preview

    out = make_printer(output, quiet)
    root = SCRIPT.path(prefix)
    definitions = _definitions(source)
    wanted = {root + key: definitions[key] for key in sorted(definitions)}
    goal = Goal(root, wanted, is_surplus=(lambda path: True) if sync else None)
    if not dry_run:
        execute_goal(goal, prefix, out, atomic=atomic, quiet=quiet)
        return
    differences, unchanged = preview(goal, prefix)
    out.changes([Change(each.word, each.path) for each in differences], unchanged)


PARAMS: list[click.Parameter] = [SYNC, DRY_RUN, ATOMIC, *COMMON]

_scripts = click.Command(
    "scripts",
    params=[click.Argument(["source"], metavar="FILE-OR-URL", type=click.Path()), *PARAMS],
    callback=_import_scripts,
    context_settings=HELP,
    help="Import script definitions from FILE-OR-URL, or from standard input if it is '-'. "
    "Prints each script that it creates, updates or deletes. An invalid file changes nothing.",
    short_help="Script definitions",
)

command = Group(
    name="import",
    help="Import definitions into the configuration database.",
    usage=["scripts [options] FILE-OR-URL"],
    params=PARAMS,
    commands=[_scripts],
)
